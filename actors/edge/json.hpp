// Reads the bodies of requests strictly: what is not exactly what a route asks for is named, member by member.
//
//   document body{request.body};              // 400: not JSON, a member twice, too deep
//   flaws found;
//   fields in{body, found};
//   const auto name = in.text("name", 256);
//   const auto amount = in.amount("amount");
//   in.done();                                // 422: what `found` names, unknown members among it
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"

namespace souk::edge {

// What is wrong, and with which member: "items[2].quantity". No member: with the body as a whole.
struct flaw {
  std::string member;
  std::string text;
};
using flaws = std::vector<flaw>;

// A body that is one JSON value, as it was written: numbers keep whether they were whole.
class document {
public:
  static constexpr std::size_t depth_max = 16;
  // No body of ours has more than ten. Bounded because each new member is compared with all before it.
  static constexpr std::size_t members_max = 64;

  enum class kind : std::uint8_t { null, boolean, whole, huge, fraction, text, object, array };
  struct node {
    document::kind kind{};
    bool read = false;        // a route asked for it
    std::uint32_t next = 0;   // the following member or element; 0: none
    std::uint32_t first = 0;  // of an object's members or an array's elements; 0: none
    std::int64_t whole = 0;
    std::string name;  // of a member
    std::string text;
  };

  // Never throws for what it reads: what is wrong stands in trouble().
  explicit document(std::string_view json);

  const std::optional<flaw>& trouble() const { return trouble_; }
  bool trouble_is_duplicate() const { return duplicate_; }

private:
  friend class fields;
  struct listener;

  std::vector<node> nodes_;  // the first is the root
  std::optional<flaw> trouble_;
  bool duplicate_ = false;
};

// The members of one object. Each reading marks its member as known and writes down what is wrong with it; the value
// is then a default that nobody uses, because a body with flaws is refused as a whole.
class fields {
public:
  fields(document& of, flaws& found);

  // Characters, not bytes; at least one, none of them a control character.
  std::string text(std::string_view name, std::size_t most);
  std::optional<std::string> maybe_text(std::string_view name, std::size_t most);
  // 1 to 64 letters, digits, -_.:
  std::string id(std::string_view name);
  std::optional<std::string> maybe_id(std::string_view name);
  struct range {
    std::int64_t least, most;
  };
  std::int64_t whole(std::string_view name, range allowed);
  std::optional<std::int64_t> maybe_whole(std::string_view name, range allowed);
  money amount(std::string_view name, std::int64_t least = 1) { return {whole(name, {least, money_max.minor})}; }
  std::optional<money> maybe_amount(std::string_view name, std::int64_t least = 1);
  std::optional<bool> maybe_flag(std::string_view name);
  std::optional<moment> maybe_moment(std::string_view name);
  moment when(std::string_view name);
  // An object in this object: read(inner) and then inner.done().
  void object(std::string_view name, const std::function<void(fields&)>& read);
  // An array of 1 to `most` objects.
  void each(std::string_view name, std::size_t most, const std::function<void(fields&)>& read);

  // Something that only the route can know is wrong with this member.
  void blame(std::string_view name, std::string text);
  // Whatever nobody asked for is unknown.
  void done();

private:
  fields(document& of, flaws& found, std::uint32_t at, std::string path);
  document::node* member(std::string_view name, bool required);
  void check_text(std::string_view name, const std::string& text, std::size_t most);

  document& of_;
  flaws& flaws_;
  std::uint32_t at_;
  bool is_object_;
  std::string path_;  // "" or "items[2]."
};

// Appends text as a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD.
void append_quoted(std::string& out, std::string_view text);

}  // namespace souk::edge
