// Aligns cells and groups digits.
#include "tools/table.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace souk::tools {

namespace {

// As unsigned, so that the most negative number has an opposite too.
std::uint64_t magnitude(std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  return number < 0 ? 0 - bits : bits;
}

std::string sign(std::int64_t number) { return number < 0 ? "-" : ""; }

}  // namespace

table& table::row(std::vector<std::string> cells) {
  if (cells.size() > columns_.size()) throw std::invalid_argument("a table row with too many cells");
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
  return *this;
}

std::string table::text(std::size_t indent) const {
  std::vector<std::string> titles;
  for (const column& each : columns_) titles.push_back(each.title);
  std::vector<const std::vector<std::string>*> lines;
  if (std::any_of(titles.begin(), titles.end(), [](const auto& title) { return !title.empty(); }))
    lines.push_back(&titles);
  for (const auto& cells : rows_) lines.push_back(&cells);

  std::vector<std::size_t> widths(columns_.size());
  for (const auto* cells : lines)
    for (std::size_t i = 0; i < cells->size(); ++i) widths[i] = std::max(widths[i], width_of((*cells)[i]));

  std::string out;
  for (const auto* cells : lines) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i < cells->size(); ++i) {
      const std::string& cell = (*cells)[i];
      const std::string blanks(widths[i] - width_of(cell), ' ');
      if (i > 0) line += "  ";
      line += columns_[i].align == side::right ? blanks + cell : cell + blanks;
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + '\n';
  }
  return out;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;  // not a continuation byte
  }));
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3;) digits.insert(i -= 3, ",");
  return digits;
}

std::string grouped(std::int64_t number) { return sign(number) + grouped(magnitude(number)); }

std::string pounds(std::int64_t pence) {
  const std::uint64_t all = magnitude(pence);
  const std::uint64_t rest = all % 100;
  return sign(pence) + grouped(all / 100) + (rest < 10 ? ".0" : ".") + std::to_string(rest);
}

}  // namespace souk::tools
