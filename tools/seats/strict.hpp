// Reads JSON files that others wrote: nothing is guessed, and what is wrong is named with its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace souk::seats {

// The file as a whole makes no sense; the text says where: "zones[0].rows[3].seats must be a list, not a number".
struct unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using json = nlohmann::ordered_json;  // members stay in the order of the file

inline constexpr std::size_t depth_max = 32;
inline constexpr std::size_t members_max = 10'000;  // of one object: each new one is compared with those before it

// Throws unreadable: not JSON, or a member twice, where the library would silently keep the last.
json read_json(std::string_view text);

// A value and the way to it from the top of its file. The JSON outlives it.
class place {
public:
  explicit place(const json& top) : value_(&top) {}

  const std::string& path() const { return path_; }
  const json& value() const { return *value_; }

  bool has(const char* name) const { return value_->contains(name); }
  place at(const char* name) const;                    // required
  std::optional<place> maybe(const char* name) const;  // null is absent
  std::vector<place> each() const;                     // of a list
  struct member;
  std::vector<member> members() const;  // of an object
  const place& object() const;          // itself, when it is one

  // As it is written; a whole number is taken as its digits.
  std::string text() const;
  std::string maybe_text(const char* name) const;  // absent: empty
  bool maybe_true(const char* name) const;         // true, or the text "true", as one editor writes it

  [[noreturn]] void fail(const std::string& why) const;

private:
  place(const json& value, std::string path) : value_(&value), path_(std::move(path)) {}
  place inside(const json& value, const std::string& name) const;

  const json* value_;
  std::string path_;  // empty: the top
};
struct place::member {
  std::string name;
  place value;
};

// How often something was seen, in the order of its first appearance.
using tally = std::vector<std::pair<std::string, std::int64_t>>;
void add(tally& to, const std::string& name, std::int64_t n = 1);
json to_json(const tally& of);

}  // namespace souk::seats
