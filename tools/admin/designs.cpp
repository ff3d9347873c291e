// Designs: how their sagas are, and whether new orders of one are taken; and what the background audit found.
#include <chrono>
#include <iostream>
#include <thread>

#include "tools/admin/console.hpp"
#include "tools/progress.hpp"

namespace souk::tools::admin {

namespace {

const ordered_json& design_of(const ordered_json& all, const std::string& name) {
  for (const auto& one : all.at("data"))
    if (one.at("design") == name) return one;
  throw refusal{3, "there is no design " + name};
}

ordered_json hold_back(console& node, const wish& wanted, const char* what) {
  if (wanted.why.empty()) throw refusal{2, "say why: --reason TEXT, for the audit log and for whoever is turned away"};
  return node.ask("POST", "/v1/admin/designs/" + checked(wanted.id) + '/' + what, reasoned(wanted));
}

void tell(console& node, const wish& wanted, const char* what, const char* done) {
  const auto said = hold_back(node, wanted, what);
  if (node.json()) return node.print(said);
  std::cout << wanted.id << (wanted.dry_run ? " would be " : " is ") << done;
  if (!said.at("lines").empty() && !wanted.dry_run) std::cout << ", by " << named_line(said["lines"][0]);
  std::cout << '\n';
}

}  // namespace

void designs(console& node, const wish&) {
  auto all = node.ask("GET", "/v1/admin/designs");
  for (auto& one : all.at("data")) {
    if (node.json()) break;
    one["limit"] = duration(one.value("limit_s", std::int64_t{0}) * 1'000);
    if (one.contains("oldest_ms")) one["oldest"] = duration(one["oldest_ms"].get<std::int64_t>());
    if (!one.contains("paused")) continue;
    one["held"] = (one["paused"].contains("by") ? "by " + console::cell(one, "paused.by") + ": " : "") +
                  console::cell(one, "paused.reason");
  }
  const auto right = side::right;
  node.show(all,
            {{"design", "design"},
             {"running", "running", right},
             {"compensating", "compensating", right},
             {"parked", "parked", right},
             {"overdue", "overdue", right},
             {"limit", "limit", right},
             {"oldest", "oldest", right},
             {"completed", "completed", right},
             {"failed", "failed", right},
             {"paused", "held"}},
            "there are no designs");
}

void pause(console& node, const wish& wanted) { tell(node, wanted, "pause", "paused: what runs goes on"); }
void resume(console& node, const wish& wanted) { tell(node, wanted, "resume", "not paused"); }

// Pauses it, and then says how many still run, until none does: nobody knows that of a store that does not answer.
// Parked ones wait for an operator, not for us.
void drain(console& node, const wish& wanted) {
  if (wanted.dry_run) return tell(node, wanted, "pause", "paused and drained");
  const auto paused = hold_back(node, wanted, "pause");
  constexpr auto between = std::chrono::milliseconds{500};
  ordered_json now;
  for (std::string before;; std::this_thread::sleep_for(between)) {
    const auto all = node.ask("GET", "/v1/admin/designs");
    now = design_of(all, wanted.id);
    const auto run = now.at("running").get<std::int64_t>() + now.at("compensating").get<std::int64_t>();
    const auto silent = silent_in(all);
    if (run == 0 && silent.empty()) break;
    const auto text = grouped(run) + " still run" +
                      (silent.empty() ? "" : "; " + silent + " does not answer: nobody knows what runs there");
    if (text != before && !node.json()) std::cout << text << std::endl;
    before = text;
  }
  if (node.json()) return node.print({{"design", wanted.id}, {"lines", paused.at("lines")}, {"now", now}});
  std::cout << wanted.id << " is paused and none of it runs";
  if (const auto parked = now.at("parked").get<std::int64_t>())
    std::cout << "; " << grouped(parked) << " are parked: souk admin sagas --state parked --design " << wanted.id;
  std::cout << '\n';
}

void check(console& node, const wish&) {
  const auto said = node.ask("GET", "/v1/admin/check");
  const auto verdict = console::cell(said, "verdict");
  if (node.json()) {
    node.print(said);
  } else {
    table rows{{{"invariant"}, {"holds"}}};
    for (const auto& one : said.at("invariants"))
      rows.row({console::cell(one, "name"), !one.value("holds", true) ? "NO" : said.contains("ended") ? "yes" : "?"});
    std::cout << rows.text();
    for (const auto& one : said.at("invariants"))
      for (const auto& row : one.at("rows")) std::cout << "  " << row.get<std::string>() << '\n';
    std::cout << "\n  round " << console::cell(said, "rounds") << ", " << console::cell(said, "rows") << " rows, ended "
              << (said.contains("ended") ? console::cell(said, "ended") : "not yet") << ": " << verdict << '\n';
    if (said.contains("nodes")) {
      std::cout << '\n';
      node.show({{"data", said.at("nodes")}},
                {{"node", "name"},
                 {"verdict", "verdict"},
                 {"round", "rounds", side::right},
                 {"rows", "rows", side::right},
                 {"broken", "flaws", side::right},
                 {"ended", "ended"}},
                "");
    }
    for (const auto& one : said.at("silent")) std::cout << "  " << one.get<std::string>() << " was silent\n";
    std::cout << "\n  not asked of a running node, because these need all books at one instant (souk check):\n";
    for (const auto& one : said.at("not_asked")) std::cout << "    " << one.get<std::string>() << '\n';
  }
  if (verdict == "broken") throw refusal{1, "the books do not balance"};
}

}  // namespace souk::tools::admin
