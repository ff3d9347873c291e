// Reads node configurations.
#include "node-config/config.hpp"

#include <charconv>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <vector>

namespace souk::config {

namespace {

using nlohmann::json;

// One object of the file: every key is asked for by name, what nobody asked for is unknown.
class section {
public:
  section(const json& of, std::string file, std::string path)
      : of_(of), file_(std::move(file)), path_(std::move(path)) {
    if (!of_.is_object()) fail("", "must be an object");
  }

  [[noreturn]] void fail(const std::string& key, const std::string& text) const {
    const auto dot = path_.empty() || key.empty() ? "" : ".";
    const auto where = path_ + dot + key;
    throw wrong(file_ + ": " + (where.empty() ? "the configuration" : where) + ' ' + text);
  }

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
  template <class Read>
  void object(const std::string& key, Read&& read) {
    if (const auto* one = find(key)) {
      section inner{*one, file_, (path_.empty() ? "" : path_ + '.') + key};
      read(inner);
      inner.done();
    }
  }
  void done() const {
    for (const auto& [key, value] : of_.items())
      if (!known_.contains(key)) fail(key, "is not known");
  }

private:
  const json* find(const std::string& key) {
    known_.insert(key);
    const auto found = of_.find(key);
    return found == of_.end() ? nullptr : &*found;
  }

  const json& of_;
  std::string file_, path_;
  std::set<std::string> known_;
};

// The library keeps the last of two equal keys; which one was meant is not for us to guess.
json parse(std::string_view text, const std::string& name) {
  std::vector<std::set<std::string>> keys;
  std::string twice;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second && twice.empty())
      twice = parsed.get<std::string>();
    return true;
  };
  try {
    auto all = json::parse(text, watch, true, true);  // comments are welcome
    if (!twice.empty()) throw wrong(name + ": " + twice + " is there twice");
    return all;
  } catch (const json::exception& why) {
    throw wrong(name + ": is not JSON: " + why.what());
  }
}

void set_desks(const std::string& text, const std::function<void(const std::string&)>& fail, desks& into) {
  if (text != "detached" && text != "scheduled") fail("must be detached or scheduled");
  into = text == "detached" ? desks::detached : desks::scheduled;
}

}  // namespace

void read_text(std::string_view text, const std::string& name, node& into) {
  const auto all = parse(text, name);
  section root{all, name, ""};
  root.text("data", into.data);
  if (into.data.empty()) root.fail("data", "must name a directory");
  root.object("http", [&](section& http) {
    http.text("host", into.http.host);
    if (into.http.host.empty()) http.fail("host", "must name a host");
    http.whole("port", 0, 65'535, into.http.port);
    http.whole("threads", 1, 64, into.http.threads);
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
  read_payment_provider(provider, name + ": payment_provider", into);
  root.object("event_log", [&](section& log) { log.whole("keep_hours", 0, 10 * 365 * 24, into.event_log.keep_hours); });
  root.object("limits", [&](section& limits) {
    auto& l = into.limits;
    limits.whole("orders_in_flight", 1, 1'000'000, l.orders_in_flight);
    limits.whole("connections", 1, 100'000, l.connections);
    limits.whole("body_bytes", 1'024, 64 * 1024 * 1024, l.body_bytes);
    limits.whole("header_bytes", 1'024, 1024 * 1024, l.header_bytes);
    limits.whole("wait_ms", 0, 30'000, l.wait_ms);
    limits.whole("idle_seconds", 1, 3'600, l.idle_seconds);
  });
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
  if (const auto* text = given("SOUK_PLATFORM")) into.platform = text;
  if (const auto* text = given("SOUK_DESKS"))
    set_desks(
        text, [](const std::string& why) { throw wrong("SOUK_DESKS: " + why); }, into.desks);
  if (const auto* text = given("SOUK_PAYMENT_PROVIDER")) read_payment_provider(text, "SOUK_PAYMENT_PROVIDER", into);
}

void read_address(std::string_view text, const std::string& name, node& into) {
  const auto colon = text.rfind(':');
  std::uint16_t port = 0;
  const auto digits = colon == text.npos ? std::string_view{} : text.substr(colon + 1);
  const auto [end, why] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  auto host = text.substr(0, colon == text.npos ? 0 : colon);
  const bool six = host.starts_with('[') && host.ends_with(']');
  if (six) host = host.substr(1, host.size() - 2);
  if (digits.empty() || why != std::errc{} || end != digits.data() + digits.size() ||
      (!six && host.find(':') != host.npos))
    throw wrong(name + ": '" + std::string{text} + "' must be HOST:PORT");
  if (!host.empty()) into.http.host = host;
  into.http.port = port;
}

void read_payment_provider(std::string_view text, const std::string& name, node& into) {
  constexpr std::string_view scheme = "http://";
  const bool is_address = text.starts_with(scheme) && text.size() > scheme.size() && text[scheme.size()] != '/' &&
                          text.find_first_of(" ?#@") == text.npos;
  if (text != "internal" && !is_address)
    throw wrong(name + " '" + std::string{text} + "' must be internal or http://HOST:PORT/PATH");
  into.payment_provider = text;
}

}  // namespace souk::config
