// Prints a store.
#include "persistence/sqlite/contents.hpp"

#include <vector>

namespace souk::persistence {

std::string contents(store_file& file) {
  std::vector<std::string> tables;
  file.prepare("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name").each([&](auto row) {
    tables.push_back(row.string(0));
  });
  auto width = file.prepare("SELECT count(*) FROM pragma_table_info(?1)");
  std::string all;
  for (const auto& table : tables) {
    const auto columns = static_cast<int>(*width.first([](auto row) { return row.integer(0); }, table));
    all += table + '\n';
    file.prepare("SELECT * FROM \"" + table + '"').each([&](auto row) {
      for (int i = 0; i < columns; ++i) all += (i ? "|" : "  ") + (row.null(i) ? "NULL" : row.string(i));
      all += '\n';
    });
  }
  return all;
}

}  // namespace souk::persistence
