// Walks JSON with its path in hand.
#include "tools/seats/strict.hpp"

#include <algorithm>
#include <unordered_set>

namespace souk::seats {

namespace {

// Where the parser is: the library says line and column of what is no JSON, but nothing of a member that is there
// twice.
class watcher {
public:
  void on(json::parse_event_t event, const json& parsed) {
    using event_t = json::parse_event_t;
    switch (event) {
      case event_t::object_start: open(false); break;
      case event_t::array_start: open(true); break;
      case event_t::object_end:
      case event_t::array_end: frames_.pop_back(); break;
      case event_t::key: {
        auto& object = frames_.back();
        object.name = parsed.get<std::string>();
        if (!object.seen.insert(object.name).second) throw unreadable(path() + " is there twice");
        if (object.seen.size() > members_max) throw unreadable(path() + " is one member too many");
        break;
      }
      case event_t::value: count(); break;
    }
  }

private:
  struct frame {
    bool is_list = false;
    std::size_t elements = 0;
    std::string name;  // of the member that is being read
    std::unordered_set<std::string> seen;
  };

  void count() {
    if (!frames_.empty() && frames_.back().is_list) ++frames_.back().elements;
  }
  void open(bool is_list) {
    count();
    if (frames_.size() == depth_max) throw unreadable(path() + " is nested too deep");
    frames_.push_back({is_list, 0, {}, {}});
  }
  std::string path() const {
    std::string out;
    for (const auto& one : frames_)
      out += one.is_list ? '[' + std::to_string(one.elements ? one.elements - 1 : 0) + ']'
                         : (out.empty() ? "" : ".") + one.name;
    return out;
  }

  std::vector<frame> frames_;
};

std::string kind_of(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  return value.is_string() ? "a text" : std::string{"a "} + value.type_name();
}

}  // namespace

json read_json(std::string_view text) {
  watcher watch;
  try {
    return json::parse(text, [&](int, json::parse_event_t event, json& parsed) {
      watch.on(event, parsed);
      return true;
    });
  } catch (const json::exception& why) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    const std::string said = why.what();
    const auto end = said.find("] ");
    throw unreadable("not JSON: " + (end == said.npos ? said : said.substr(end + 2)));
  }
}

void place::fail(const std::string& why) const { throw unreadable((path_.empty() ? "the file" : path_) + ' ' + why); }

place place::inside(const json& value, const std::string& name) const {
  return {value, path_.empty() || name.starts_with('[') ? path_ + name : path_ + '.' + name};
}

const place& place::object() const {
  if (!value_->is_object()) fail("must be an object, not " + kind_of(*value_));
  return *this;
}

place place::at(const char* name) const {
  const auto found = object().value_->find(name);
  if (found == value_->end()) fail(std::string{"has no "} + name);
  return inside(*found, name);
}

std::optional<place> place::maybe(const char* name) const {
  const auto found = object().value_->find(name);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return inside(*found, name);
}

std::vector<place> place::each() const {
  if (!value_->is_array()) fail("must be a list, not " + kind_of(*value_));
  std::vector<place> all;
  all.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) all.push_back(inside((*value_)[i], '[' + std::to_string(i) + ']'));
  return all;
}

std::vector<place::member> place::members() const {
  std::vector<member> all;
  for (const auto& [name, value] : object().value_->items()) all.push_back({name, inside(value, name)});
  return all;
}

std::string place::text() const {
  if (value_->is_string()) return value_->get<std::string>();
  if (value_->is_number_integer()) return value_->dump();
  fail("must be a text, not " + kind_of(*value_));
}

std::string place::maybe_text(const char* name) const {
  const auto found = maybe(name);
  return found ? found->text() : "";
}

bool place::maybe_true(const char* name) const {
  const auto found = maybe(name);
  if (!found) return false;
  const auto& value = found->value();
  if (value.is_boolean()) return value.get<bool>();
  if (value == "true" || value == "false") return value == "true";
  found->fail("must be true or false, not " + value.dump(-1, ' ', false, json::error_handler_t::replace));
}

void add(tally& to, const std::string& name, std::int64_t n) {
  const auto found = std::find_if(to.begin(), to.end(), [&](const auto& one) { return one.first == name; });
  found == to.end() ? (void)to.emplace_back(name, n) : (void)(found->second += n);
}

json to_json(const tally& of) {
  auto out = json::object();
  for (const auto& [name, n] : of) out[name] = n;
  return out;
}

}  // namespace souk::seats
