// Reads node configurations.
#include "node-config/config.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

namespace souk::config {

namespace {

using nlohmann::json;

// What the file says, and on which line each of its keys and elements stands.
struct document {
  json all;
  std::string file;
  std::map<std::string, int> lines;  // by path: "nodes.north.keeps[2]"

  [[noreturn]] void fail(const std::string& path, const std::string& text, std::string_view called) const {
    const auto found = lines.find(path);
    throw wrong(file + ':' + std::to_string(found == lines.end() ? 1 : found->second) + ": " + std::string{called} +
                ' ' + text);
  }
};

// One object of the file: every key is asked for by name, what nobody asked for is unknown.
class section {
public:
  section(const json& of, const document& in, std::string path) : of_(of), in_(in), path_(std::move(path)) {
    if (!of_.is_object()) fail("", "must be an object");
  }

  [[noreturn]] void fail(const std::string& key, const std::string& text) const {
    const auto where = path_to(key);
    // What is not there is missed where its object begins.
    in_.fail(in_.lines.contains(where) ? where : path_, text, where.empty() ? "the configuration" : where);
  }
  [[noreturn]] void fail_at(const std::string& key, std::size_t element, const std::string& text) const {
    const auto where = path_to(key) + '[' + std::to_string(element) + ']';
    in_.fail(where, text, where);
  }

  bool has(const std::string& key) const { return of_.contains(key); }
  void text(const std::string& key, std::string& into) {
    if (const auto* one = find(key)) {
      if (!one->is_string()) fail(key, "must be text");
      into = one->get<std::string>();
    }
  }
  template <class Integer>
  void whole(const std::string& key, std::int64_t least, std::int64_t most, Integer& into) {
    const auto* one = find(key);
    if (!one) return;
    const bool fits = one->is_number_integer() &&
                      (!one->is_number_unsigned() || one->get<std::uint64_t>() <= std::uint64_t{INT64_MAX}) &&
                      one->get<std::int64_t>() >= least && one->get<std::int64_t>() <= most;
    if (!fits) fail(key, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    into = static_cast<Integer>(one->get<std::int64_t>());
  }
  void texts(const std::string& key, std::vector<std::string>& into) {
    const auto* one = find(key);
    if (!one) return;
    if (!one->is_array()) fail(key, "must be a list");
    for (std::size_t i = 0; i < one->size(); ++i) {
      if (!(*one)[i].is_string()) fail_at(key, i, "must be text");
      into.push_back((*one)[i].get<std::string>());
    }
  }
  template <class Read>
  void object(const std::string& key, Read&& read) {
    if (const auto* one = find(key)) {
      section inner{*one, in_, path_to(key)};
      read(inner);
      inner.done();
    }
  }
  // Every key is a name of the file's own.
  template <class Read>
  void each(Read&& read) {
    for (const auto& [key, value] : of_.items()) {
      section inner{*find(key), in_, path_to(key)};
      read(key, inner);
    }
  }
  void done() const {
    for (const auto& [key, value] : of_.items())
      if (!known_.contains(key)) fail(key, "is not known");
  }

private:
  std::string path_to(const std::string& key) const { return path_ + (path_.empty() || key.empty() ? "" : ".") + key; }
  const json* find(const std::string& key) {
    known_.insert(key);
    const auto found = of_.find(key);
    return found == of_.end() ? nullptr : &*found;
  }

  const json& of_;
  const document& in_;
  std::string path_;
  std::set<std::string> known_;
};

// Counts the lines that the library has read.
class counting_reader {
public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  counting_reader(const char* at, int* lines) : at_(at), lines_(lines) {}
  reference operator*() const { return *at_; }
  counting_reader& operator++() {
    *lines_ += *at_ == '\n';
    ++at_;
    return *this;
  }
  counting_reader operator++(int) {
    auto before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const counting_reader& a, const counting_reader& b) { return a.at_ == b.at_; }
  friend bool operator!=(const counting_reader& a, const counting_reader& b) { return a.at_ != b.at_; }

private:
  const char* at_;
  int* lines_;
};

// Notes the line of every key and every element, and the first key that is there twice: the library keeps the last of
// two, and which one was meant is not for us to guess.
class line_notes {
public:
  line_notes(document& into, const int& line) : into_(into), line_(line) {}

  bool operator()(json::parse_event_t event, const json& parsed) {
    using at = json::parse_event_t;
    switch (event) {
      case at::object_start:
      case at::array_start: open_.push_back({next_path(), event == at::array_start, 0, {}, {}}); break;
      case at::object_end:
      case at::array_end: open_.pop_back(); break;
      case at::value: next_path(); break;
      case at::key: {
        auto& mine = open_.back();
        mine.key = mine.path + (mine.path.empty() ? "" : ".") + parsed.get<std::string>();
        if (!mine.keys.insert(mine.key).second && twice_.empty()) {
          twice_ = mine.key;
          into_.lines[mine.key] = line_;
        }
        into_.lines.emplace(mine.key, line_);
        break;
      }
    }
    return true;
  }
  const std::string& twice() const { return twice_; }

private:
  struct frame {
    std::string path;
    bool is_list;
    std::size_t elements;
    std::string key;
    std::set<std::string> keys;
  };
  // Of the value that comes now.
  std::string next_path() {
    if (open_.empty()) return {};
    auto& mine = open_.back();
    if (!mine.is_list) return mine.key;
    auto path = mine.path + '[' + std::to_string(mine.elements++) + ']';
    into_.lines.emplace(path, line_);
    return path;
  }

  document& into_;
  const int& line_;
  std::string twice_;
  std::vector<frame> open_;
};

document parse(std::string_view text, const std::string& name) {
  document found{{}, name, {}};
  int line = 1;
  line_notes notes{found, line};
  try {
    const counting_reader begin{text.data(), &line}, end{text.data() + text.size(), &line};
    found.all = json::parse(
        begin, end, [&](int, json::parse_event_t event, json& parsed) { return notes(event, parsed); }, true,
        true);  // comments are welcome
  } catch (const json::exception& why) {
    throw wrong(name + ": is not JSON: " + why.what());
  }
  if (!notes.twice().empty()) found.fail(notes.twice(), "is there twice", notes.twice());
  return found;
}

std::string trouble_with_provider(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  const bool is_address = text.starts_with(scheme) && text.size() > scheme.size() && text[scheme.size()] != '/' &&
                          text.find_first_of(" ?#@") == text.npos;
  if (text == "internal" || is_address) return {};
  return '\'' + std::string{text} + "' must be internal or http://HOST:PORT/PATH";
}

struct host_and_port {
  std::string host;
  std::uint16_t port = 0;
};
std::optional<host_and_port> split_address(std::string_view text) {
  const auto colon = text.rfind(':');
  host_and_port found;
  const auto digits = colon == text.npos ? std::string_view{} : text.substr(colon + 1);
  const auto [end, why] = std::from_chars(digits.data(), digits.data() + digits.size(), found.port);
  auto host = text.substr(0, colon == text.npos ? 0 : colon);
  const bool six = host.starts_with('[') && host.ends_with(']');
  if (six) host = host.substr(1, host.size() - 2);
  if (digits.empty() || why != std::errc{} || end != digits.data() + digits.size() ||
      (!six && host.find(':') != host.npos))
    return std::nullopt;
  found.host = host;
  return found;
}

void set_desks(const std::string& text, const std::function<void(const std::string&)>& fail, desks& into) {
  if (text != "detached" && text != "scheduled") fail("must be detached or scheduled");
  into = text == "detached" ? desks::detached : desks::scheduled;
}

constexpr std::uint32_t nobody = UINT32_MAX;

bool is_node_name(const std::string& name) {
  return !name.empty() && name.size() <= 32 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == name.npos;
}

void read_member(const std::string& name, section& of, const node& common, member& into) {
  into.name = name;
  if (!is_node_name(name)) of.fail("", "is no node's name: small letters, digits and '-', at most 32");
  std::string address;
  of.text("address", address);
  const auto at = split_address(address);
  if (!at || at->host.empty() || at->port == 0) of.fail("address", "must be HOST:PORT, where the other nodes reach it");
  into.host = at->host;
  into.port = at->port;
  into.http_host = common.http.host;
  of.object("http", [&](section& http) {
    http.text("host", into.http_host);
    if (into.http_host.empty()) http.fail("host", "must name a host");
    http.whole("port", 0, 65'535, into.http_port);
  });
  of.object("admin", [&](section& admin) {
    into.admin_host = "127.0.0.1";
    admin.text("host", into.admin_host);
    if (into.admin_host.empty()) admin.fail("host", "must name a host");
    admin.whole("port", 0, 65'535, into.admin_port);
  });
  of.text("access_log", into.access_log);
  into.data = common.data + '/' + name;
  of.text("data", into.data);
  if (into.data.empty()) of.fail("data", "must name a directory");
  of.text("certificate", into.certificate);
  of.text("key", into.key);
  of.text("ca", into.ca);
  const bool all = !into.certificate.empty() && !into.key.empty() && !into.ca.empty();
  if (!all && !is_loopback(into.host))
    of.fail("address", "is not this machine's alone: the node must name its certificate, its key and the ca");
  if (!all && (of.has("certificate") || of.has("key") || of.has("ca")))
    of.fail("certificate", "goes together with key and ca: name all of them or none");
  of.texts("keeps", into.keeps);
  of.done();
}

// Puts one of the things that a node keeps where it belongs: "wallet", "wallet/0", "coordinator".
class placing {
public:
  placing(const node& of, placement& into) : of_(of), into_(into) {
    for (std::size_t d = 0; d < domain_count; ++d) into_.desks[d].assign(of_.shards[d], nobody);
    into_.coordinators.assign(of_.coordinators, nobody);
  }

  // Empty, or what is wrong with it.
  std::string put(const std::string& what, std::uint32_t keeper) {
    const auto slash = what.find('/');
    const auto name = what.substr(0, slash);
    auto* pool = pool_of(name);
    if (!pool) return "'" + what + "' is not known: it must be a domain or coordinator, with or without /SHARD";
    if (slash == what.npos) {
      for (std::uint32_t shard = 0; shard < pool->size(); ++shard)
        if (auto trouble = put(name, *pool, shard, keeper); !trouble.empty()) return trouble;
      return {};
    }
    std::uint32_t shard = 0;
    const auto* end = what.data() + what.size();
    const auto read = std::from_chars(what.data() + slash + 1, end, shard);
    if (read.ec != std::errc{} || read.ptr != end || shard >= pool->size())
      return "'" + what + "' is not there: " + name + " has " + std::to_string(pool->size()) +
             (pool->size() == 1 ? " shard" : " shards");
    return put(name, *pool, shard, keeper);
  }
  // The first that nobody keeps, or nothing.
  std::string missing() const {
    const auto first = [](std::string_view name, const std::vector<std::uint32_t>& pool) -> std::string {
      const auto at = std::find(pool.begin(), pool.end(), nobody);
      return at == pool.end() ? "" : std::string{name} + '/' + std::to_string(at - pool.begin());
    };
    for (std::size_t d = 0; d < domain_count; ++d)
      if (auto one = first(to_text(static_cast<domain>(d)), into_.desks[d]); !one.empty()) return one;
    return first("coordinator", into_.coordinators);
  }

private:
  std::vector<std::uint32_t>* pool_of(const std::string& name) {
    if (name == "coordinator") return &into_.coordinators;
    const auto at = std::find(domain_names.begin(), domain_names.end(), name);
    return at == domain_names.end() ? nullptr : &into_.desks[static_cast<std::size_t>(at - domain_names.begin())];
  }
  std::string put(const std::string& name, std::vector<std::uint32_t>& pool, std::uint32_t shard,
                  std::uint32_t keeper) {
    if (pool[shard] != nobody)
      return "keeps " + name + '/' + std::to_string(shard) + ", which " + into_.nodes[pool[shard]] + " keeps already";
    pool[shard] = keeper;
    return {};
  }

  const node& of_;
  placement& into_;
};

// Two nodes must not have one place, nor one port.
std::string conflict_of(const member& a, const member& b) {
  if (a.host == b.host && a.port == b.port) return "address";
  if (a.data == b.data) return "data";
  if (a.http_port && a.http_port == b.http_port && a.http_host == b.http_host) return "http";
  if (!a.access_log.empty() && a.access_log == b.access_log) return "access_log";
  if (a.admin_port && a.admin_port == b.admin_port && a.admin_host == b.admin_host) return "admin";
  return {};
}

void read_nodes(section& root, node& into) {
  root.object("nodes", [&](section& nodes) {
    into.members.clear();
    into.placement = {};
    nodes.each([&](const std::string& name, section& of) {
      read_member(name, of, into, into.members.emplace_back());
      into.placement.nodes.push_back(name);
    });
    if (into.members.empty()) nodes.fail("", "must name at least one node");
    if (into.members.size() > 64) nodes.fail("", "must be at most 64");
    placing place{into, into.placement};
    std::uint32_t keeper = 0;
    nodes.each([&](const std::string& name, section& of) {
      const auto& mine = into.members[keeper];
      for (std::size_t i = 0; i < mine.keeps.size(); ++i)
        if (const auto trouble = place.put(mine.keeps[i], keeper); !trouble.empty()) of.fail_at("keeps", i, trouble);
      for (std::uint32_t other = 0; other < keeper; ++other)
        if (const auto key = conflict_of(into.members[other], mine); !key.empty())
          of.fail(key, "is that of " + into.members[other].name);
      if (mine.tls() != into.members.front().tls())
        of.fail("certificate",
                "is for all nodes or for none: " + name + " and " + into.members.front().name + " differ");
      ++keeper;
    });
    if (const auto missing = place.missing(); !missing.empty()) nodes.fail("", "leave " + missing + " to nobody");
  });
}

}  // namespace

void read_text(std::string_view text, const std::string& name, node& into) {
  const auto found = parse(text, name);
  section root{found.all, found, ""};
  root.text("data", into.data);
  if (into.data.empty()) root.fail("data", "must name a directory");
  root.object("http", [&](section& http) {
    http.text("host", into.http.host);
    if (into.http.host.empty()) http.fail("host", "must name a host");
    http.whole("port", 0, 65'535, into.http.port);
    http.whole("threads", 1, 64, into.http.threads);
  });
  root.object("admin", [&](section& admin) {
    into.admin.host = "127.0.0.1";
    admin.text("host", into.admin.host);
    if (into.admin.host.empty()) admin.fail("host", "must name a host");
    admin.whole("port", 0, 65'535, into.admin.port);
  });
  root.text("keys", into.keys);
  root.text("access_log", into.access_log);
  root.object("log", [&](section& log) {
    static constexpr std::array<std::string_view, 3> names{"automatic", "text", "json"};
    std::string format{names[static_cast<std::size_t>(into.log)]};
    log.text("format", format);
    const auto at = std::find(names.begin(), names.end(), format);
    if (at == names.end()) log.fail("format", "must be automatic, text or json");
    into.log = static_cast<log_format>(at - names.begin());
  });
  root.object("shards", [&](section& shards) {
    for (std::size_t d = 0; d < domain_count; ++d) {
      const auto which = static_cast<domain>(d);
      // They keep one position a source; more than one of them would count, book and send everything again.
      // And the list of concerts decides whose a date is.
      const bool one =
          which == domain::ranking || which == domain::platform || which == domain::payment || which == domain::concert;
      shards.whole(std::string{to_text(which)}, 1, one ? 1 : 256, into.shards[d]);
    }
  });
  root.whole("coordinators", 1, 64, into.coordinators);
  root.whole("threads", 0, 256, into.threads);
  root.text("platform", into.platform);
  std::string how = into.desks == desks::detached ? "detached" : "scheduled";
  root.text("desks", how);
  set_desks(
      how, [&](const std::string& text_of_it) { root.fail("desks", text_of_it); }, into.desks);
  root.text("currency", into.currency);
  if (into.currency.size() != 3 || into.currency.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos)
    root.fail("currency", "must be three capital letters (ISO 4217)");
  std::string provider = into.payment_provider;
  root.text("payment_provider", provider);
  if (const auto trouble = trouble_with_provider(provider); !trouble.empty()) root.fail("payment_provider", trouble);
  into.payment_provider = provider;
  root.object("event_log", [&](section& log) { log.whole("keep_hours", 0, 10 * 365 * 24, into.event_log.keep_hours); });
  root.object("watch", [&](section& watch) {
    watch.whole("rows_per_second", 0, 1'000'000, into.watch.rows_per_second);
    watch.object("overdue_seconds", [&](section& overdue) {
      for (std::size_t i = 0; i < designs.size(); ++i)
        overdue.whole(std::string{designs[i]}, 1, 1'000'000, into.watch.overdue_seconds[i]);
    });
  });
  root.object("limits", [&](section& limits) {
    auto& l = into.limits;
    limits.whole("orders_in_flight", 1, 1'000'000, l.orders_in_flight);
    limits.whole("connections", 1, 100'000, l.connections);
    limits.whole("body_bytes", 1'024, 64 * 1024 * 1024, l.body_bytes);
    limits.whole("header_bytes", 1'024, 1024 * 1024, l.header_bytes);
    limits.whole("wait_ms", 0, 30'000, l.wait_ms);
    limits.whole("idle_seconds", 1, 3'600, l.idle_seconds);
  });
  read_nodes(root, into);
  root.done();
}

void read_file(const std::string& path, node& into) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  // A directory opens like a file; only reading shows that it is none.
  if (!in || !(text << in.rdbuf())) throw wrong(path + ": cannot be read");
  read_text(text.str(), path, into);
}

void read_environment(const std::function<const char*(const char*)>& look, node& into) {
  const auto given = [&](const char* name) -> const char* {
    const char* text = look(name);
    return text && *text ? text : nullptr;
  };
  if (const auto* text = given("SOUK_DATA")) into.data = text;
  if (const auto* text = given("SOUK_HTTP")) read_address(text, "SOUK_HTTP", into);
  if (const auto* text = given("SOUK_ADMIN")) read_admin_address(text, "SOUK_ADMIN", into);
  if (const auto* text = given("SOUK_KEYS")) into.keys = text;
  if (const auto* text = given("SOUK_PLATFORM")) into.platform = text;
  if (const auto* text = given("SOUK_DESKS"))
    set_desks(
        text, [](const std::string& why) { throw wrong("SOUK_DESKS: " + why); }, into.desks);
  if (const auto* text = given("SOUK_PAYMENT_PROVIDER")) read_payment_provider(text, "SOUK_PAYMENT_PROVIDER", into);
}

void read_address(std::string_view text, const std::string& name, node& into) {
  const auto found = split_address(text);
  if (!found) throw wrong(name + ": '" + std::string{text} + "' must be HOST:PORT");
  if (!found->host.empty()) into.http.host = found->host;
  into.http.port = found->port;
}

void read_admin_address(std::string_view text, const std::string& name, node& into) {
  const auto found = split_address(text);
  if (!found) throw wrong(name + ": '" + std::string{text} + "' must be HOST:PORT");
  into.admin.host = found->host.empty() ? "127.0.0.1" : found->host;
  into.admin.port = found->port;
}

void read_payment_provider(std::string_view text, const std::string& name, node& into) {
  if (const auto trouble = trouble_with_provider(text); !trouble.empty()) throw wrong(name + ' ' + trouble);
  into.payment_provider = text;
}

void choose_node(const std::string& name, node& into) {
  std::string names;
  for (const auto& one : into.members) names += (names.empty() ? "" : ", ") + one.name;
  if (into.members.empty()) {
    if (!name.empty()) throw wrong("node '" + name + "': the configuration names no nodes");
    return;
  }
  if (name.empty()) throw wrong("which node is this? --node or SOUK_NODE_NAME must be one of " + names);
  const auto at = into.placement.find(name);
  if (at == into.members.size()) throw wrong("node '" + name + "' is not in the configuration: there are " + names);
  const auto& mine = into.members[at];
  into.name = mine.name;
  into.data = mine.data;
  into.http.host = mine.http_host;
  into.http.port = mine.http_port;
  if (!mine.access_log.empty()) into.access_log = mine.access_log;
  if (mine.admin_host.empty()) return;
  into.admin.host = mine.admin_host;
  into.admin.port = mine.admin_port;
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

}  // namespace souk::config
