// Mends several sagas at once: first counts what a filter means, then goes through it a page at a time.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <set>

#include "tools/admin/console.hpp"
#include "tools/progress.hpp"

namespace souk::tools::admin {

namespace {

// What came of all pages.
struct sum {
  std::int64_t matched = 0, done = 0, repeated = 0;
  std::string as_of;  // what was counted is what is mended, however long it takes
  ordered_json sagas = ordered_json::array(), refused = ordered_json::array();
  std::set<std::string> silent;  // stores of orders

  void add(const ordered_json& page) {
    as_of = page.at("as_of").get<std::string>();
    matched += page.at("matched").get<std::int64_t>();
    done += page.at("done").get<std::int64_t>();
    repeated += page.at("repeated").get<std::int64_t>();
    for (const auto& one : page.at("sagas")) sagas.push_back(one);
    for (const auto& one : page.at("refused")) refused.push_back(one);
    for (const auto& one : page.value("silent", ordered_json::array())) silent.insert(one.get<std::string>());
  }
};

// One key for the whole of it: a page whose answer was lost is asked again, and repairs nothing twice.
sum go_through(console& node, ordered_json body, bool dry, const std::string& key, progress* shown) {
  constexpr int a_page = 100, a_page_to_count = 1'000;
  body["limit"] = dry ? a_page_to_count : a_page;
  if (dry) body["dry_run"] = true;
  for (sum all;;) {
    const auto page = node.post_patiently("/v1/admin/repairs", body, key);
    all.add(page);
    if (shown) shown->advance(page.at("matched").get<std::uint64_t>());
    if (!page.at("has_more").get<bool>()) return all;
    body["as_of"] = all.as_of;
    body["starting_after"] = page.at("next");
  }
}

std::string sagas_of(std::int64_t n) { return grouped(n) + (n == 1 ? " saga" : " sagas"); }

void tell_refused(const sum& all) {
  if (all.refused.empty()) return;
  constexpr std::size_t shown_max = 20;
  table rows{{{"refused"}, {"because"}}};
  for (std::size_t i = 0; i < std::min(all.refused.size(), shown_max); ++i)
    rows.row({console::cell(all.refused[i], "saga"), console::cell(all.refused[i], "because")});
  std::cout << rows.text();
  if (all.refused.size() > shown_max) std::cout << "and " << all.refused.size() - shown_max << " more\n";
}

// What would become of money and stock, all of them together; each saga is rehearsed, so of many only the first are.
struct outlook {
  struct figure {
    std::int64_t now = 0, change = 0;
    bool known = true;
  };
  std::map<std::string, figure> money, stock;
  std::map<std::string, std::int64_t> money_lost, stock_lost;  // what is in effect and is written off
  std::map<std::string, std::int64_t> ends;
  std::size_t rehearsed = 0;

  void add(const ordered_json& said) {
    ++rehearsed;
    ends[console::cell(said, "ends")] += 1;
    const auto take = [](std::map<std::string, figure>& into, const ordered_json& rows, const char* whose) {
      for (const auto& one : rows) {
        auto& it = into[console::cell(one, whose)];
        it.known = it.known && one.at("now").is_number() && one.at("then").is_number();
        if (!it.known) continue;
        it.now = one["now"].get<std::int64_t>();
        it.change += one["then"].get<std::int64_t>() - it.now;
      }
    };
    take(money, said.at("money"), "user");
    take(stock, said.at("stock"), "product");
  }
  // Which steps are left as they are it says among its moves. What left a wallet or a shelf is negative.
  void write_off(const ordered_json& said) {
    const std::string leave = "leave ";
    std::set<std::string> left;
    for (const auto& move : said.at("moves"))
      if (const auto text = move.get<std::string>(); text.starts_with(leave)) left.insert(text.substr(leave.size()));
    for (const auto& one : said.at("effects")) {
      const auto is = console::cell(one, "is");
      if ((is != "in effect" && is != "not known") || !left.count(console::cell(one, "step"))) continue;
      if (console::cell(one, "desk").starts_with("wallet/"))
        money_lost[console::cell(said.at("money").at(0), "user")] -= one.value("amount", std::int64_t{0});
      for (const auto& line : one.value("goods", ordered_json::array()))
        stock_lost[console::cell(line, "product")] -= line.value("units", std::int64_t{0});
    }
  }
  ordered_json json() const {
    const auto rows = [](const std::map<std::string, figure>& of, const char* whose) {
      auto all = ordered_json::array();
      for (const auto& [name, it] : of)
        all.push_back({{whose, name},
                       {"now", it.known ? ordered_json(it.now) : ordered_json()},
                       {"then", it.known ? ordered_json(it.now + it.change) : ordered_json()}});
      return all;
    };
    const auto lost = [](const std::map<std::string, std::int64_t>& of, const char* whose, const char* what) {
      auto all = ordered_json::array();
      for (const auto& [name, n] : of) all.push_back({{whose, name}, {what, n}});
      return all;
    };
    ordered_json out{
        {"rehearsed", rehearsed}, {"ends", ends}, {"money", rows(money, "user")}, {"stock", rows(stock, "product")}};
    if (!money_lost.empty() || !stock_lost.empty())
      out["written_off"] = {{"money", lost(money_lost, "user", "amount")},
                            {"stock", lost(stock_lost, "product", "units")}};
    return out;
  }
};

outlook rehearse(console& node, const wish& wanted, const std::string& what, const ordered_json& sagas) {
  constexpr std::size_t rehearsed_max = 200;
  constexpr std::chrono::seconds patience{15};  // a desk that does not answer takes seconds for each
  const auto n = std::min(sagas.size(), rehearsed_max);
  const auto end = std::chrono::steady_clock::now() + patience;
  outlook all;
  progress shown{"rehearse", n, standard_error(true)};
  for (std::size_t i = 0; i < n && std::chrono::steady_clock::now() < end; ++i) {
    try {
      const auto said =
          node.ask("POST", "/v1/admin/sagas/" + sagas[i].get<std::string>() + '/' + what, reasoned(wanted));
      all.add(said);
      if (what == "fail") all.write_off(said);
    } catch (const refusal& no) {
      if (no.exit_code != 3 && no.exit_code != 4) break;  // else it stands still no more
    }
    shown.advance(1);
  }
  shown.finish();
  return all;
}

void show(const outlook& all, std::size_t of) {
  std::cout << "if every desk says yes";
  if (all.rehearsed < of) std::cout << ", of " << all.rehearsed << " of them that were rehearsed";
  std::cout << ':';
  for (const auto& [how, n] : all.ends) std::cout << ' ' << n << " would end as " << how << '.';
  std::cout << '\n';
  constexpr std::size_t shown_max = 20;
  bool any = false;
  table rows{{{""}, {"now", side::right}, {"then", side::right}}};
  const auto add = [&](const std::string& of_what, const auto& some, auto&& text) {
    std::size_t left = shown_max;
    for (const auto& [name, it] : some) {
      if (it.known && !it.change) continue;
      any = true;
      if (!left--) {
        rows.row({"and more", "", ""});
        break;
      }
      rows.row({of_what + name, it.known ? text(it.now) : "?", it.known ? text(it.now + it.change) : "?"});
    }
  };
  add("wallet of ", all.money, [](std::int64_t n) { return pounds(n); });
  add("stock of ", all.stock, [](std::int64_t n) { return grouped(n); });
  std::cout << (any ? rows.text(2) : "  money and stock stay as they are\n");
  if (all.money_lost.empty() && all.stock_lost.empty()) return;
  table lost{{{"written off"}, {"", side::right}}};
  const auto write = [&](const std::string& of_what, const auto& some, auto&& text) {
    std::size_t left = shown_max;
    for (const auto& [name, n] : some) {
      if (!left--) {
        lost.row({"and more", ""});
        break;
      }
      lost.row({of_what + name, text(n)});
    }
  };
  write("money of ", all.money_lost, [](std::int64_t n) { return pounds(n); });
  write("units of ", all.stock_lost, [](std::int64_t n) { return grouped(n); });
  std::cout << lost.text(2);
}

}  // namespace

void mend_several(console& node, const wish& wanted, const std::string& what) {
  auto body = reasoned(wanted);
  body["repair"] = what;
  bool any = wanted.overdue;
  if (wanted.overdue) body["overdue"] = true;
  for (const auto& [name, value] : {std::pair<const char*, const std::string&>{"state", wanted.state},
                                    {"flow", wanted.flow},
                                    {"reason_has", wanted.reason_has},
                                    {"older_than", wanted.older_than},
                                    {"user", wanted.user},
                                    {"product", wanted.product}}) {
    if (value.empty()) continue;
    body[name] = value;
    any = true;
  }
  if (!any)
    throw refusal{2, what +
                         " needs an ID, or says which parked sagas are meant: --state parked, --design,"
                         " --reason-has, --older-than, --user, --product or --overdue"};
  const auto counted = go_through(node, body, true, {}, nullptr);
  auto all = counted;
  if (!wanted.dry_run) {
    if (!node.json())
      std::cout << sagas_of(counted.matched) << " stand still like that; " << grouped(counted.done) << " of them may "
                << what << '\n';
    body["as_of"] = counted.as_of;
    progress shown{what, static_cast<std::uint64_t>(counted.matched), standard_error(true)};
    all = go_through(node, body, false, fresh_key(), &shown);
    shown.finish();
  }
  for (const auto& one : all.silent) std::cerr << one << " does not answer: the sagas that it keeps stay as they are\n";
  outlook expected;
  if (wanted.dry_run) expected = rehearse(node, wanted, what, all.sagas);
  if (node.json()) {
    ordered_json out({{"repair", what},
                      {"dry_run", wanted.dry_run},
                      {"matched", all.matched},
                      {"done", all.done},
                      {"repeated", all.repeated},
                      {"sagas", all.sagas},
                      {"refused", all.refused}});
    if (!all.silent.empty()) out["silent"] = all.silent;
    if (wanted.dry_run) out["if_every_desk_says_yes"] = expected.json();
    return node.print(out);
  }
  if (wanted.dry_run)
    std::cout << "nothing is done yet. " << what << " would go to " << sagas_of(all.done) << " of "
              << grouped(all.matched) << '\n';
  else
    std::cout << what << ": " << sagas_of(all.done) << ", each with a line in the audit log; refused "
              << grouped(static_cast<std::int64_t>(all.refused.size())) << '\n';
  if (wanted.dry_run && !all.sagas.empty()) show(expected, all.sagas.size());
  tell_refused(all);
  if (!wanted.dry_run && !all.refused.empty()) throw refusal{4, "some of them may not " + what};
}

}  // namespace souk::tools::admin
