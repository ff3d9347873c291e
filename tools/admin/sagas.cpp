// Sagas for operators: finds them, tells their story, and mends those that stand still.
#include <cstdlib>
#include <iostream>

#include "messages/grammar/ids.hpp"
#include "tools/admin/console.hpp"

namespace souk::tools {

// The options that say which sagas are meant.
static std::string query_of_sagas(const wish& wanted) {
  static const std::string yes = "true", no;
  auto text = query_of_page(wanted);
  for (const auto& [name, value] : {std::pair<const char*, const std::string&>{"state", wanted.state},
                                    {"flow", wanted.flow},
                                    {"reason", wanted.reason},
                                    {"user", wanted.user},
                                    {"product", wanted.product},
                                    {"reason_has", wanted.reason_has},
                                    {"overdue", wanted.overdue ? yes : no},
                                    {"older_than", wanted.older_than},
                                    {"kind", wanted.kind},
                                    {"name", wanted.name},
                                    {"prefix", wanted.prefix}})
    if (!value.empty()) text += '&' + std::string{name} + '=' + percent_encoded(value);
  return text;
}

// A search may stop on its way and say where to go on: one that was found is not known to be the only one before the
// end, nor while a store is silent.
std::string resolved(console& node, const std::string& letters,
                     const std::function<void(const std::string&)>& further) {
  constexpr std::size_t id_letters = 13;
  if (checked(letters).size() >= id_letters) return letters;
  const auto target = "/v1/admin/sagas?limit=10&prefix=" + letters;
  auto found = ordered_json::array();
  std::string silent;
  for (std::string after;;) {
    const auto page = node.ask("GET", target + (after.empty() ? "" : "&starting_after=" + percent_encoded(after)));
    for (const auto& one : page.at("data")) found.push_back(one.at("id"));
    silent = silent_in(page);
    after = console::cell(page, "next");
    if (found.size() > 1 || !silent.empty() || !page.value("has_more", false) || after.empty()) break;
    if (further) further(after);
  }
  if (found.size() > 1) throw refusal{3, "several sagas begin with " + letters + ": " + listed(found)};
  if (!silent.empty())
    throw refusal{1, silent + " does not answer, and may keep another saga that begins with " + letters +
                         ": give the whole id" + (found.empty() ? "" : ", if it is " + listed(found))};
  if (found.empty()) throw refusal{3, "no saga begins with " + letters};
  return found[0].get<std::string>();
}

namespace admin {

namespace {

std::string signed_amount(std::int64_t minor) { return (minor < 0 ? "-" : "+") + pounds(std::abs(minor)); }

void show_effects(const ordered_json& of) {
  if (!of.contains("effects")) return;
  std::cout << "\nwhat it has in effect\n";
  table rows{{{"step"}, {"desk"}, {"is"}, {"what"}}};
  for (const auto& one : of.at("effects")) {
    std::string what;
    if (one.contains("amount")) what = signed_amount(one["amount"].get<std::int64_t>());
    if (one.contains("goods"))
      for (const auto& line : one["goods"])
        what += (what.empty() ? "" : ", ") + std::to_string(line.value("units", std::int64_t{0})) + " x " +
                console::cell(line, "product");
    rows.row({console::cell(one, "step"), console::cell(one, "desk"), console::cell(one, "is"), what});
  }
  std::cout << rows.text(2);
}

// Which thing it is, as a table shows it: 2 x tea.
std::string named(const ordered_json& lock) {
  auto text = console::cell(lock, "kind") + ' ';
  if (lock.contains("units")) text += console::cell(lock, "units") + " x ";
  text += console::cell(lock, "name");
  if (lock.contains("amount")) text += ' ' + pounds(lock["amount"].get<std::int64_t>());
  return text;
}
std::string how_held(const ordered_json& lock) {
  auto text = console::cell(lock, "is");
  if (lock.contains("until")) text += ", until " + console::cell(lock, "until");
  if (lock.value("cancellation_waits", false)) text += ", and somebody wants it back";
  return text;
}
std::string ids_of(const ordered_json& lock) {
  std::string text;
  if (lock.contains("waiting"))
    for (const auto& id : lock["waiting"]) text += (text.empty() ? "" : " ") + id.get<std::string>();
  return text;
}
constexpr const char* nobody_waits =
    "who asks waits for a desk's answer, never for a saga to let go: what is not left is refused at once";

void show_holds(const ordered_json& of) {
  if (!of.contains("holds") || of["holds"].empty()) return;
  std::cout << "\nwhat it holds until its pivot has decided\n";
  table rows{{{"what"}, {"is"}, {"for", side::right}, {"step"}, {"desk"}, {"asked for by"}}};
  for (const auto& one : of["holds"])
    rows.row({named(one), how_held(one), duration(one.value("held_ms", std::int64_t{0})), console::cell(one, "step"),
              console::cell(one, "desk"), ids_of(one)});
  std::cout << rows.text(2);
}

void show_wait(const ordered_json& of) {
  if (!of.contains("waits") || of["waits"].value("for", "") == "operator") return;
  const auto& it = of["waits"];
  std::cout << "\nit waits " << (it.value("for", "") == "event" ? "to hear of " : "for ") << listed(it.at("desks"))
            << " at " << (it.value("undoing", false) ? "undo " : "") << console::cell(it, "step") << ", since "
            << duration(it.value("waited_ms", std::int64_t{0}));
  if (it.contains("asked")) std::cout << ", asked " << console::cell(it, "asked") << " times";
  if (it.contains("without_answer")) std::cout << "; without an answer " << console::cell(it, "without_answer");
  if (it.contains("until")) std::cout << ", at the latest at " << console::cell(it, "until");
  std::cout << '\n';
}

void show_dry_run(const ordered_json& said) {
  std::cout << "nothing is done yet. " << console::cell(said, "repair") << " of " << console::cell(said, "id")
            << " would:\n";
  for (const auto& move : said.at("moves")) std::cout << "  " << move.get<std::string>() << '\n';
  std::cout << "  end it as " << console::cell(said, "ends") << '\n';
  show_effects(said);
  std::cout << "\nif every desk says yes\n";
  table rows{{{""}, {"now", side::right}, {"then", side::right}}};
  const auto amount = [](const ordered_json& of, const char* member) {
    return of.at(member).is_null() ? std::string{"?"} : pounds(of[member].get<std::int64_t>());
  };
  for (const auto& one : said.at("money"))
    rows.row({"wallet of " + console::cell(one, "user"), amount(one, "now"), amount(one, "then")});
  for (const auto& one : said.at("stock"))
    rows.row({"stock of " + console::cell(one, "product"), console::cell(one, "now"), console::cell(one, "then")});
  std::cout << rows.text(2);
}

void repair(console& node, const wish& wanted, const std::string& what) {
  if (wanted.why.empty()) throw refusal{2, "a repair needs --reason TEXT, for the audit log"};
  if (wanted.id.empty()) return mend_several(node, wanted, what);
  const auto id = resolved(node, wanted.id);
  const auto said = node.ask("POST", "/v1/admin/sagas/" + id + '/' + what, reasoned(wanted));
  if (node.json()) return node.print(said);
  if (wanted.dry_run) return show_dry_run(said);
  const auto& line = said.at("line");
  if (console::cell(line, "reason") == wanted.why) {
    std::cout << what << " of " << id;
  } else {  // somebody was here before, with a reason of his own
    const auto by = console::cell(line, "by");
    std::cout << "it was done already: " << console::cell(line, "repair") << (by.empty() ? "" : " by " + by) << " ("
              << console::cell(line, "reason") << ')';
  }
  std::cout << " is " << named_line(line) << "; follow it with: souk admin saga " << id << '\n';
}

}  // namespace

void sagas(console& node, const wish& wanted) {
  auto all = node.ask("GET", "/v1/admin/sagas" + query_of_sagas(wanted));
  for (auto& one : all.at("data")) {
    if (node.json()) break;
    one["age"] = duration(one.value("age_ms", std::int64_t{0}));
    if (one.contains("parked")) {
      one["reason"] = one["parked"]["reason"];
      if (one["parked"].value("undoing", false)) one["step"] = "undo " + console::cell(one, "step");
    }
  }
  node.show(all,
            {{"id", "id"},
             {"flow", "flow"},
             {"saga", "saga"},
             {"at", "step"},
             {"reason", "reason"},
             {"user", "user"},
             {"age", "age", side::right}},
            wanted.state.empty() || wanted.state == "open" ? "no saga is under way" : "no saga is like that");
}

void saga(console& node, const wish& wanted) {
  const auto all = node.ask("GET", "/v1/admin/sagas/" + resolved(node, wanted.id));
  if (node.json()) return node.print(all);
  std::cout << console::cell(all, "id") << "  " << console::cell(all, "flow") << "  " << console::cell(all, "state")
            << "  " << console::cell(all, "saga") << "  user " << console::cell(all, "user") << "  "
            << pounds(all.value("total", std::int64_t{0})) << "  " << duration(all.value("age_ms", std::int64_t{0}))
            << '\n';
  if (all.contains("traceparent")) std::cout << "traceparent " << console::cell(all, "traceparent") << '\n';
  table steps{{{"ms", side::right}, {"step"}, {"what"}, {"desk"}, {"reason"}}};
  const auto asked_of = [](const ordered_json& one) {
    std::string text;
    // Who keeps the desk now: it may have been another one that was asked then.
    for (std::size_t i = 0; one.contains("desks") && i < one["desks"].size(); ++i) {
      text += (i ? ", " : "") + one["desks"][i].get<std::string>();
      if (one.contains("nodes") && i < one["nodes"].size())
        text += " (now at " + one["nodes"][i].get<std::string>() + ')';
    }
    return text;
  };
  for (const auto& one : all.at("timeline")) {
    auto why = console::cell(one, "reason");
    if (one.contains("repair"))
      why = console::cell(one, "repair") + ": " + console::cell(one, "because") +
            (one.contains("by") ? " (" + console::cell(one, "by") + ')' : "");
    steps.row({console::cell(one, "ms"), console::cell(one, "step"), console::cell(one, "what"), asked_of(one), why});
  }
  std::cout << steps.text();
  show_effects(all);
  show_holds(all);
  show_wait(all);
  if (!all.contains("parked")) return;
  std::cout << "\nit is parked since " << console::cell(all, "parked.since")
            << ". What may be done (--dry-run shows it)\n";
  table rows{{{"repair"}, {""}}};
  for (const auto& [name, may] : all["parked"]["repairs"].items())
    rows.row({name, may.value("allowed", false)
                        ? "souk admin " + name + ' ' + console::cell(all, "id") + " --reason TEXT"
                        : "no: " + console::cell(may, "because")});
  std::cout << rows.text(2);
}

void locks(console& node, const wish& wanted) {
  auto all = node.ask("GET", "/v1/admin/locks" + query_of_sagas(wanted));
  for (auto& one : all.at("data")) {
    if (node.json()) break;
    one["what"] = named(one);
    one["how"] = how_held(one);
    one["for"] = duration(one.value("held_ms", std::int64_t{0}));
    one["others"] = ids_of(one);
  }
  node.show(all,
            {{"what", "what"},
             {"is", "how"},
             {"for", "for", side::right},
             {"saga", "saga"},
             {"design", "flow"},
             {"which is", "saga_is"},
             {"step", "step"},
             {"desk", "desk"},
             {"asked for by", "others"}},
            "no saga holds anything like that");
  if (node.json()) return;
  if (const auto unheard = all.value("unheard", std::int64_t{0}))
    std::cout << "of " << grouped(unheard) << " of " << console::cell(all, "sagas")
              << " sagas nobody has said yet what they hold beside their orders\n";
  if (!all.at("data").empty()) std::cout << nobody_waits << '\n';
}

void retry(console& node, const wish& wanted) {
  if (wanted.id.find('/') == std::string::npos) return repair(node, wanted, "retry");
  retry_outbox(node, wanted);
}

void compensate(console& node, const wish& wanted) { repair(node, wanted, "compensate"); }
void skip(console& node, const wish& wanted) { repair(node, wanted, "skip"); }
void fail(console& node, const wish& wanted) { repair(node, wanted, "fail"); }

void audit(console& node, const wish& wanted) {
  auto target = "/v1/admin/audit" + query_of_page(wanted);
  if (!wanted.prefix.empty()) target += "&saga=" + resolved(node, wanted.prefix);
  auto all = node.ask("GET", target);
  for (auto& one : all.at("data")) {
    if (node.json()) break;
    one["hash"] = console::cell(one, "hash").substr(0, 12);
    if (one.value("undoing", false)) one["step"] = "undo " + console::cell(one, "step");
    if (one.contains("letter")) one["saga"] = one["letter"];
  }
  node.show(all,
            {{"at", "at"},
             {"store", "store"},
             {"line", "seq", side::right},
             {"by", "by"},
             {"repair", "repair"},
             {"saga or letter", "saga"},
             {"design", "flow"},
             {"stood at", "step"},
             {"why", "reason"},
             {"hash", "hash"}},
            "nobody ever repaired anything, or paused a design");
}

void verify_audit(console& node, const wish&) {
  const auto said = node.ask("GET", "/v1/admin/audit/verify");
  const bool whole = said.value("whole", false);
  if (node.json()) {
    node.print(said);
  } else {
    for (const auto& one : said.at("data")) {
      std::cout << "store " << console::cell(one, "store") << ": " << console::cell(one, "lines")
                << " lines, newest hash " << (console::cell(one, "head").empty() ? "none" : console::cell(one, "head"))
                << '\n';
      for (const auto& trouble : one.at("troubles")) std::cout << "  " << trouble.get<std::string>() << '\n';
    }
    std::cout << (whole ? "the audit log is whole\n" : "");
  }
  if (!whole) throw refusal{1, "the audit log is broken"};
}

}  // namespace admin

}  // namespace souk::tools
