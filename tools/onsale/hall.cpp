// Builds the small hall, and reads others strictly.
#include "tools/onsale/hall.hpp"

#include <fstream>
#include <iterator>
#include <set>

#include "actors/edge/json.hpp"
#include "messages/reservation.hpp"

namespace souk::onsale {

hall small_hall() {
  struct row {
    const char* name;
    const char* category;
    std::int64_t price;
  };
  static constexpr row rows[]{
      {"A", "I", 6'500}, {"B", "I", 6'500}, {"C", "II", 4'500}, {"D", "II", 4'500}, {"E", "III", 2'500}};
  hall all;
  for (const auto& one : rows)
    for (int n = 1; n <= 12; ++n)
      all.push_back(
          {one.name + ("-" + std::to_string(n)), "Stalls", one.name, std::to_string(n), one.category, one.price});
  return all;
}

hall read_hall(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  const auto fail = [&](const edge::flaw& what) {
    throw unreadable(file.string() + ": " + (what.member.empty() ? "the file" : what.member) + ' ' + what.text);
  };
  edge::document body{text};
  if (const auto& trouble = body.trouble()) fail(*trouble);
  edge::flaws found;
  edge::fields members{body, found};
  hall all;
  std::set<std::string> known;
  members.each("seats", reservation::seats_max, [&](edge::fields& one) {
    all.push_back({one.id("id"), one.text("section", 64), one.text("row", 64), one.text("number", 64),
                   one.text("category", 64), one.amount("price", 0).minor});
    if (!known.insert(all.back().id).second) one.blame("id", "is there twice");
  });
  members.done();
  if (!found.empty()) fail(found.front());
  return all;
}

}  // namespace souk::onsale
