// Prints small tables and figures for people: aligned columns, thousands with commas, pence as pounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace souk::tools {

enum class side { left, right };

struct column {
  std::string title;  // where no column has one, there is no title line
  side align = side::left;
};

class table {
public:
  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}

  // One cell a column; what is missing is blank, what is too much is an error of the caller.
  table& row(std::vector<std::string> cells);

  // Lines ending in \n, two blanks between columns, none at a line's end. indent: blanks before each.
  std::string text(std::size_t indent = 0) const;

private:
  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Columns a UTF-8 text takes, counting code points (enough for names in European scripts).
std::size_t width_of(std::string_view text);

std::string grouped(std::int64_t number);  // -1234567 is "-1,234,567"
std::string grouped(std::uint64_t number);
template <class Integer>
std::string grouped(Integer number) {
  if constexpr (static_cast<Integer>(-1) < Integer{0})
    return grouped(static_cast<std::int64_t>(number));
  else
    return grouped(static_cast<std::uint64_t>(number));
}

std::string pounds(std::int64_t pence);  // 151511070 is "1,515,110.70"

}  // namespace souk::tools
