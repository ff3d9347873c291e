// Mends several sagas at once: first counts what a filter means, then goes through it a page at a time.
#include <algorithm>
#include <iostream>
#include <random>

#include "tools/admin/console.hpp"
#include "tools/progress.hpp"

namespace souk::tools::admin {

namespace {

// What came of all pages.
struct sum {
  std::int64_t matched = 0, done = 0, repeated = 0;
  std::string as_of;  // what was counted is what is mended, however long it takes
  ordered_json sagas = ordered_json::array(), refused = ordered_json::array();

  void add(const ordered_json& page) {
    as_of = page.at("as_of").get<std::string>();
    matched += page.at("matched").get<std::int64_t>();
    done += page.at("done").get<std::int64_t>();
    repeated += page.at("repeated").get<std::int64_t>();
    for (const auto& one : page.at("sagas")) sagas.push_back(one);
    for (const auto& one : page.at("refused")) refused.push_back(one);
  }
};

// One key for the whole of it: a page whose answer was lost is asked again, and repairs nothing twice.
std::string fresh_key() {
  std::random_device dice;
  return "several-" + std::to_string(std::uint64_t{dice()} << 32 | dice());
}

ordered_json ask_patiently(console& node, const ordered_json& body, const std::string& key) {
  constexpr int tries = 3;
  for (int i = 1;; ++i) {
    try {
      return node.ask("POST", "/v1/admin/repairs", body, key);
    } catch (const edge::http_unreachable&) {
      if (i == tries) throw;
    }
  }
}

sum go_through(console& node, ordered_json body, bool dry, const std::string& key, progress* shown) {
  constexpr int a_page = 100, a_page_to_count = 1'000;
  body["limit"] = dry ? a_page_to_count : a_page;
  if (dry) body["dry_run"] = true;
  for (sum all;;) {
    const auto page = ask_patiently(node, body, key);
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
                                    {"user", wanted.user}}) {
    if (value.empty()) continue;
    body[name] = value;
    any = true;
  }
  if (!any)
    throw refusal{2, what +
                         " needs an ID, or says which parked sagas are meant: --state parked, --design,"
                         " --reason-has, --older-than, --user or --overdue"};
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
  if (node.json())
    return node.print({{"repair", what},
                       {"dry_run", wanted.dry_run},
                       {"matched", all.matched},
                       {"done", all.done},
                       {"repeated", all.repeated},
                       {"sagas", all.sagas},
                       {"refused", all.refused}});
  if (wanted.dry_run)
    std::cout << "nothing is done yet. " << what << " would go to " << sagas_of(all.done) << " of "
              << grouped(all.matched) << '\n';
  else
    std::cout << what << ": " << sagas_of(all.done) << ", each with a line in the audit log; refused "
              << grouped(static_cast<std::int64_t>(all.refused.size())) << '\n';
  tell_refused(all);
  if (!wanted.dry_run && !all.refused.empty()) throw refusal{4, "some of them may not " + what};
}

}  // namespace souk::tools::admin
