// Asks a node, and prints what it says.
#include "tools/admin/console.hpp"

#include <cctype>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string_view>

#include "messages/grammar/ids.hpp"
#include "tools/command_line.hpp"

namespace souk::tools {

static edge::http_client connect(const std::string& node) {
  const auto at = edge::parse_url(node);
  if (!at) throw refusal{2, "'" + node + "' is no http://HOST:PORT"};
  return {at->host, at->port};
}

console::console(const wish& wanted)
    : output_(wanted.output), key_(wanted.key), limit_(wanted.limit), client_(connect(wanted.node)) {}

ordered_json console::ask(const char* method, const std::string& target, const ordered_json& wanted,
                          const std::string& idempotency_key) {
  auto headers = headers_with(key_);
  if (!idempotency_key.empty()) headers.emplace_back("idempotency-key", idempotency_key);
  headers.emplace_back("accept", "application/json");
  if (!wanted.is_null()) headers.emplace_back("content-type", "application/json");
  const auto said =
      client_.request(method, target, headers, wanted.is_null() ? "" : wanted.dump(), std::chrono::seconds{10});
  auto body = ordered_json::parse(said.body, nullptr, false);
  if (said.status >= 200 && said.status < 300 && !body.is_discarded()) return body;
  const auto word = [&](const char* name) {
    return body.is_object() && body.contains(name) && body[name].is_string() ? body[name].get<std::string>() : "";
  };
  auto text = word("title");
  if (const auto detail = word("detail"); !detail.empty()) text += (text.empty() ? "" : ": ") + detail;
  if (text.empty()) text = "HTTP " + std::to_string(said.status);
  const auto code = [&] {
    switch (said.status) {
      case 400: return 2;
      case 404: return 3;
      case 409: return 4;
      case 422: return word("reason") == "key_reused" ? 4 : 2;
      default: return 1;
    }
  };
  throw refusal{code(), text};
}

ordered_json console::post_patiently(const std::string& target, const ordered_json& body,
                                     const std::string& idempotency_key) {
  constexpr int tries = 3;
  for (int i = 1;; ++i) {
    try {
      return ask("POST", target, body, idempotency_key);
    } catch (const edge::http_unreachable&) {
      if (i == tries) throw;
    }
  }
}

void console::show(const ordered_json& answer, const std::vector<shown>& columns, const std::string& none) const {
  for (const auto& one : answer.value("silent", ordered_json::array()))
    std::cerr << one.get<std::string>() << " does not answer: what it keeps is missing here\n";
  if (json()) {
    print(answer);
    return note_more(answer);
  }
  const auto& data = answer.at("data");
  if (data.empty()) {
    const bool more = answer.value("has_more", false);
    std::cout << (more ? "none among those that were looked at" : none) << '\n';
    return note_more(answer);
  }
  std::vector<column> heads;
  for (const auto& one : columns) heads.push_back({one.title, one.align});
  table rows{heads};
  for (const auto& one : data) {
    std::vector<std::string> cells;
    for (const auto& what : columns) cells.push_back(cell(one, what.member));
    rows.row(std::move(cells));
  }
  std::cout << rows.text();
  note_more(answer);
}

void console::note(const std::string& text) const {
  if (output_ == "text") std::cout << text << '\n';
  if (output_ == "jsonl") std::cerr << text << '\n';
}

void console::note_more(const ordered_json& answer) const {
  if (!answer.value("has_more", false)) return;
  const auto next = cell(answer, "next");
  note("there are more" + (!next.empty() ? ": --after " + next : limit_ < limit_max ? ": raise --limit" : ""));
}

void console::print(const ordered_json& answer) const {
  if (output_ == "jsonl" && answer.is_object() && answer.contains("data")) {
    for (const auto& one : answer.at("data")) std::cout << one.dump() << '\n';
    std::cout << std::flush;
    return;
  }
  std::cout << answer.dump() << std::endl;
}

std::string console::cell(const ordered_json& of, const std::string& member) {
  const auto dot = member.find('.');
  const auto found = of.find(member.substr(0, dot));
  if (found == of.end() || found->is_null()) return {};
  if (dot != member.npos) return cell(*found, member.substr(dot + 1));
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_integer()) return grouped(found->get<std::int64_t>());
  return found->dump();
}

std::string fresh_key() {
  std::random_device dice;
  return "admin-" + std::to_string(std::uint64_t{dice()} << 32 | dice());
}

std::string user_of_this_machine() {
  for (const char* name : {"SOUK_OPERATOR", "USER"})
    if (const char* who = std::getenv(name); who && *who) return who;
  return {};
}

ordered_json reasoned(const wish& wanted) {
  ordered_json body{{"reason", wanted.why}};
  if (auto by = wanted.by.empty() ? user_of_this_machine() : wanted.by; !by.empty()) body["by"] = std::move(by);
  if (wanted.dry_run) body["dry_run"] = true;
  return body;
}

std::string named_line(const ordered_json& line) {
  return "line " + console::cell(line, "seq") + " of the audit log (" + console::cell(line, "hash").substr(0, 12) + ')';
}

std::string checked(const std::string& id) {
  if (!is_name(id)) throw refusal{3, "'" + id + "' is no id"};
  return id;
}

std::string percent_encoded(const std::string& text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain)
      out += c;
    else
      ((out += '%') += digits[byte >> 4]) += digits[byte & 15];
  }
  return out;
}

std::string listed(const ordered_json& texts) {
  std::string all;
  for (const auto& one : texts) all += (all.empty() ? "" : ", ") + one.get<std::string>();
  return all;
}

std::string silent_in(const ordered_json& answer) { return listed(answer.value("silent", ordered_json::array())); }

std::string query_of_page(const wish& wanted) {
  auto text = "?limit=" + std::to_string(wanted.limit);
  if (!wanted.after.empty()) text += "&starting_after=" + percent_encoded(wanted.after);
  return text;
}

std::string duration(std::int64_t ms) {
  const auto two = [](std::int64_t whole, const char* unit, std::int64_t part, const char* of) {
    return std::to_string(whole) + ' ' + unit + (part ? ' ' + std::to_string(part) + ' ' + of : "");
  };
  if (ms < 1'000) return std::to_string(ms) + " ms";
  if (ms < 60'000) return std::to_string(ms / 1'000) + '.' + std::to_string(ms % 1'000 / 100) + " s";
  const auto minutes = ms / 60'000;
  if (minutes < 60) return two(minutes, "min", ms % 60'000 / 1'000, "s");
  if (minutes < 24 * 60) return two(minutes / 60, "h", minutes % 60, "min");
  return two(minutes / (24 * 60), "d", minutes / 60 % 24, "h");
}

}  // namespace souk::tools
