// Listens to the JSON parser and keeps a flat tree; the library's own tree forgets duplicates and how numbers were
// written, and is slower.
#include "actors/edge/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace souk::edge {

struct document::listener {
  struct level {
    std::uint32_t node = 0;
    std::uint32_t last = 0;  // child; 0: none yet
    std::uint32_t children = 0;
  };

  document& of;
  std::string name;  // of the member whose value comes next
  std::vector<level> open;

  explicit listener(document& d) : of(d) { open.reserve(depth_max); }

  std::string path() const {
    std::string text;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const auto& at = open[i];
      if (of.nodes_[at.node].kind == kind::array) {
        // Deeper levels are counted already; the one that is being read is not.
        text += '[' + std::to_string(i + 1 < open.size() ? at.children - 1 : at.children) + ']';
      } else {
        const auto& child = i + 1 < open.size() ? of.nodes_[at.last].name : name;
        text += (text.empty() || child.empty() ? "" : ".") + child;
      }
    }
    return text;
  }
  bool fail(std::string text) {
    if (!of.trouble_) of.trouble_ = flaw{path(), std::move(text)};
    return false;
  }
  std::uint32_t put(node&& what) {
    const auto at = static_cast<std::uint32_t>(of.nodes_.size());
    what.name = std::move(name);
    name.clear();
    of.nodes_.push_back(std::move(what));
    if (!open.empty()) {
      auto& parent = open.back();
      (parent.last ? of.nodes_[parent.last].next : of.nodes_[parent.node].first) = at;
      parent.last = at;
      ++parent.children;
    }
    return at;
  }
  bool put_whole(kind as, std::int64_t value) {
    put({as, false, 0, 0, value, {}, {}});
    return true;
  }
  bool enter(kind as) {
    if (open.size() == depth_max) return fail("nests deeper than " + std::to_string(depth_max) + " levels");
    open.push_back({put({as, false, 0, 0, 0, {}, {}}), 0, 0});
    return true;
  }

  bool null() { return put_whole(kind::null, 0); }
  bool boolean(bool value) { return put_whole(kind::boolean, value); }
  bool number_integer(std::int64_t value) { return put_whole(kind::whole, value); }
  bool number_unsigned(std::uint64_t value) {
    return value > INT64_MAX ? put_whole(kind::huge, 0) : put_whole(kind::whole, static_cast<std::int64_t>(value));
  }
  bool number_float(double, const std::string& written) {
    return put_whole(written.find_first_of(".eE") == written.npos ? kind::huge : kind::fraction, 0);
  }
  bool string(std::string& text) {
    put({kind::text, false, 0, 0, 0, {}, std::move(text)});
    return true;
  }
  bool binary(std::vector<std::uint8_t>&) { return fail("is binary"); }
  bool start_object(std::size_t) { return enter(kind::object); }
  bool start_array(std::size_t) { return enter(kind::array); }
  bool end_object() { return end(); }
  bool end_array() { return end(); }
  bool end() {
    open.pop_back();
    return true;
  }
  bool key(std::string& text) {
    const auto& parent = open.back();
    name = std::move(text);
    for (auto at = of.nodes_[parent.node].first; at; at = of.nodes_[at].next)
      if (of.nodes_[at].name == name) {
        of.duplicate_ = true;
        return fail("is there twice");
      }
    return parent.children < members_max || fail("is one member too many");
  }
  // The library's own words may quote broken bytes; ours do not.
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& what) {
    const std::string_view text{what.what()};
    const auto* about = text.find("UTF-8") != text.npos      ? "is not valid UTF-8"
                        : text.find("overflow") != text.npos ? "has a number beyond all ranges"
                                                             : "is not valid JSON";
    return fail(std::string{about} + " near byte " + std::to_string(position));
  }
};

document::document(std::string_view json) {
  // The library takes a NUL for the end and would not see what follows it.
  if (json.find('\0') != json.npos) {
    trouble_ = {"", "has a NUL byte"};
    return;
  }
  nodes_.reserve(16);
  listener heard{*this};
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &heard) && !trouble_) trouble_ = {"", "is not valid JSON"};
}

fields::fields(document& of, flaws& found) : fields(of, found, 0, {}) {
  if (!is_object_) flaws_.push_back({"", "must be a JSON object"});
}

fields::fields(document& of, flaws& found, std::uint32_t at, std::string path)
    : of_(of),
      flaws_(found),
      at_(at),
      is_object_(at < of.nodes_.size() && of.nodes_[at].kind == document::kind::object),
      path_(std::move(path)) {}

document::node* fields::member(std::string_view name, bool required) {
  if (is_object_) {
    for (auto at = of_.nodes_[at_].first; at; at = of_.nodes_[at].next) {
      auto& one = of_.nodes_[at];
      if (one.name != name) continue;
      one.read = true;
      return &one;
    }
    if (required) blame(name, "is missing");
  }
  return nullptr;
}

void fields::blame(std::string_view name, std::string text) {
  static constexpr std::size_t flaws_max = 32;  // one is enough to refuse the body; nobody reads thousands
  if (flaws_.size() < flaws_max) flaws_.push_back({path_ + std::string{name}, std::move(text)});
}

void fields::check_text(std::string_view name, const std::string& text, std::size_t most) {
  std::size_t characters = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return blame(name, "has a control character");
    if ((byte & 0xc0) != 0x80) ++characters;
  }
  if (characters == 0 || characters > most) blame(name, "must have 1 to " + std::to_string(most) + " characters");
}

std::optional<std::string> fields::maybe_text(std::string_view name, std::size_t most) {
  auto* one = member(name, false);
  if (!one) return std::nullopt;
  if (one->kind != document::kind::text)
    blame(name, "must be text");
  else
    check_text(name, one->text, most);
  return std::move(one->text);
}

std::string fields::text(std::string_view name, std::size_t most) {
  return member(name, true) ? *maybe_text(name, most) : std::string{};
}

std::optional<std::string> fields::maybe_id(std::string_view name) {
  auto* one = member(name, false);
  if (!one) return std::nullopt;
  if (one->kind != document::kind::text || !is_name(one->text))
    blame(name, "must be an id: 1 to 64 letters, digits and -_.:");
  return std::move(one->text);
}

std::string fields::id(std::string_view name) { return member(name, true) ? *maybe_id(name) : std::string{}; }

std::optional<bool> fields::maybe_flag(std::string_view name) {
  const auto* one = member(name, false);
  if (!one) return std::nullopt;
  if (one->kind != document::kind::boolean) blame(name, "must be true or false");
  return one->whole != 0;
}

std::optional<std::int64_t> fields::maybe_whole(std::string_view name, range allowed) {
  using k = document::kind;
  const auto* one = member(name, false);
  if (!one) return std::nullopt;
  const auto outside = [&] {
    blame(name, "must be from " + std::to_string(allowed.least) + " to " + std::to_string(allowed.most));
    return allowed.least;
  };
  switch (one->kind) {
    case k::whole: return one->whole < allowed.least || one->whole > allowed.most ? outside() : one->whole;
    case k::huge: return outside();
    case k::fraction: blame(name, "must be written as a whole number, without fraction or exponent"); break;
    default: blame(name, "must be a whole number");
  }
  return allowed.least;
}

std::int64_t fields::whole(std::string_view name, range allowed) {
  return member(name, true) ? *maybe_whole(name, allowed) : allowed.least;
}

std::optional<money> fields::maybe_amount(std::string_view name, std::int64_t least) {
  const auto minor = maybe_whole(name, {least, money_max.minor});
  return minor ? std::optional{money{*minor}} : std::nullopt;
}

std::optional<moment> fields::maybe_moment(std::string_view name) {
  const auto* one = member(name, false);
  if (!one) return std::nullopt;
  const auto when = one->kind == document::kind::text ? parse_moment(one->text) : std::nullopt;
  if (!when) blame(name, "must be a time like 2026-01-31T12:00:00Z (RFC 3339)");
  return when;
}

moment fields::when(std::string_view name) {
  return member(name, true) ? maybe_moment(name).value_or(moment{}) : moment{};
}

void fields::object(std::string_view name, const std::function<void(fields&)>& read) {
  const auto* one = member(name, true);
  if (!one) return;
  if (one->kind != document::kind::object) return blame(name, "must be an object");
  fields inner{of_, flaws_, static_cast<std::uint32_t>(one - of_.nodes_.data()), path_ + std::string{name} + '.'};
  read(inner);
  inner.done();
}

void fields::each(std::string_view name, std::size_t most, const std::function<void(fields&)>& read) {
  const auto* list = member(name, true);
  if (!list) return;
  std::size_t n = 0;
  if (list->kind == document::kind::array)
    for (auto at = list->first; at; at = of_.nodes_[at].next) ++n;
  if (n == 0 || n > most) return blame(name, "must be an array of 1 to " + std::to_string(most) + " objects");
  std::size_t i = 0;
  for (auto at = list->first; at; at = of_.nodes_[at].next, ++i) {
    const auto path = path_ + std::string{name} + '[' + std::to_string(i) + ']';
    if (of_.nodes_[at].kind != document::kind::object) {
      blame(std::string{name} + '[' + std::to_string(i) + ']', "must be an object");
      continue;
    }
    fields inner{of_, flaws_, at, path + '.'};
    read(inner);
    inner.done();
  }
}

void fields::done() {
  if (!is_object_) return;
  for (auto at = of_.nodes_[at_].first; at; at = of_.nodes_[at].next)
    if (!of_.nodes_[at].read) blame(of_.nodes_[at].name, "is not known here");
}

void append_quoted(std::string& out, std::string_view text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (plain) {
    out += '"';
    out += text;
    out += '"';
  } else {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

}  // namespace souk::edge
