// Events that the platform or a subscriber has not taken, and dead letters, which get their tries again.
#include <iostream>
#include <set>
#include <utility>

#include "tools/admin/console.hpp"
#include "tools/progress.hpp"

namespace souk::tools::admin {

namespace {

std::string name_in_outbox(const ordered_json& one) {
  return std::to_string(one.value("source", 0)) + '/' + std::to_string(one.value("seq", std::int64_t{0}));
}

// What is in the lists of each partition, as one list.
ordered_json gathered(const ordered_json& log, const char* member) {
  ordered_json all{{"data", ordered_json::array()}};
  for (const auto& partition : log.at("data"))
    for (auto one : partition.at(member)) {
      one["partition"] = partition.at("partition");
      all["data"].push_back(std::move(one));
    }
  return all;
}

}  // namespace

void outbox(console& node, const wish& wanted) {
  auto all = node.ask("GET", "/v1/admin/outbox" + query_of_page(wanted));
  for (auto& one : all.at("data")) one["letter"] = name_in_outbox(one);
  const auto untold = all.value("untold", ordered_json::array());
  const bool whole = untold.empty() && silent_in(all).empty();
  node.show(all,
            {{"letter", "letter"},
             {"order", "order"},
             {"tries", "tries", side::right},
             {"dead", "dead"},
             {"next", "next"},
             {"error", "error"}},
            !wanted.after.empty() ? "there are no more"
            : whole               ? "the platform has taken everything that it was offered"
                                  : "no event was rejected");
  for (const auto& one : untold) {
    const auto n = one.at("events").get<std::int64_t>();
    node.note(console::cell(one, "desk") + ": " + grouped(n) + (n == 1 ? " event is" : " events are") +
              " not told yet: the platform is out of reach, or slow");
  }
}

void event_log(console& node, const wish& wanted) {
  auto log = node.ask("GET", "/v1/admin/event-log" + query_of_page(wanted));
  if (node.json()) {
    node.print(log);
    return node.note_more(log);
  }
  auto troubles = gathered(log, "troubles");
  troubles["has_more"] = std::exchange(log["has_more"], false);  // it is of letters alone
  const auto right = side::right;
  const console::shown partition{"partition", "partition", right};
  node.show(log,
            {partition,
             {"newest", "newest", right},
             {"oldest kept", "oldest", right},
             {"held", "held", right},
             {"dead", "dead", right}},
            "no partitions");
  std::cout << '\n';
  node.show(gathered(log, "topics"), {{"topic", "topic"}, partition, {"events", "events", right}},
            "nothing was told since the log's desks were seated");
  std::cout << '\n';
  node.show(gathered(log, "subscribers"),
            {{"subscriber", "subscriber"}, partition, {"position", "position", right}, {"lag", "lag", right}},
            "nobody has subscribed");
  std::cout << '\n';
  node.show(troubles,
            {{"letter", "letter"},
             {"subscriber", "subscriber"},
             {"topic", "topic"},
             {"order", "order"},
             {"tries", "tries", right},
             {"dead", "dead"},
             {"next", "next"},
             {"error", "error"}},
            "every event was taken");
}

namespace {

const std::string in_outbox = "outbox", in_event_log = "event-log";

std::string path_of(const std::string& where, const std::string& letter) {
  const auto slash = where == in_outbox ? letter.find('/') : letter.npos;
  const auto name = slash == letter.npos ? checked(letter)
                                         : checked(letter.substr(0, slash)) + '/' + checked(letter.substr(slash + 1));
  return "/v1/admin/" + where + '/' + name + "/retry";
}

void retry_letter(console& node, const wish& wanted, const std::string& where) {
  const auto& which = wanted.id;
  const auto said = node.ask("POST", path_of(where, which), reasoned(wanted), fresh_key());
  if (node.json()) return node.print(said);
  if (!said.value("dead", true)) {
    std::cout << "the letter " << which << " is not given up: it will be tried again anyway\n";
  } else if (wanted.dry_run) {
    std::cout << "nothing is done yet. The letter " << which << " of order " << console::cell(said, "order")
              << " would be tried again, after " << console::cell(said, "tries")
              << " tries: " << console::cell(said, "error") << '\n';
  } else {
    std::cout << "the letter " << which << " will be tried again, by " << named_line(said.at("line")) << '\n';
  }
}

// What is listed at once, or page after page, as far as the node goes on.
struct shelf {
  std::vector<std::string> dead;  // as far as they are meant
  bool more = false;              // are there than it lists
  std::string silent;
};
shelf look(console& node, const wish& wanted, const std::string& where) {
  shelf found;
  const auto is_meant = [&](const ordered_json& one) {
    const auto who = console::cell(one, "subscriber");
    return one.value("dead", false) && console::cell(one, "error").find(wanted.error_has) != std::string::npos &&
           (wanted.subscriber.empty() || who == wanted.subscriber || who.starts_with(wanted.subscriber + '/'));
  };
  wish page = wanted;
  page.limit = limit_max;
  do {
    const auto all = node.ask("GET", "/v1/admin/" + where + query_of_page(page));
    const auto list = where == in_outbox ? all : gathered(all, "troubles");
    for (const auto& one : list.at("data"))
      if (is_meant(one)) found.dead.push_back(where == in_outbox ? name_in_outbox(one) : console::cell(one, "letter"));
    found.more = all.value("has_more", false);
    if (where == in_event_log) found.silent = silent_in(all);  // of the outbox one desk has all letters
    page.after = console::cell(all, "next");
  } while (found.more && !page.after.empty());
  return found;
}

std::string letters(std::int64_t n) { return grouped(n) + (n == 1 ? " dead letter" : " dead letters"); }

// Each alone, with a line of its own in the audit log. Those behind what is listed are listed when it is gone; whoever
// is dead again meanwhile had his chance.
void retry_all(console& node, const wish& wanted, const std::string& where) {
  const auto key = fresh_key();
  std::set<std::string> tried;
  auto names = ordered_json::array();
  std::int64_t done = 0, gone = 0;
  shelf now;
  for (;;) {
    now = look(node, wanted, where);
    std::vector<std::string> fresh;
    for (auto& one : now.dead)
      if (tried.insert(one).second) fresh.push_back(std::move(one));
    for (const auto& one : fresh) names.push_back(one);
    if (fresh.empty() || wanted.dry_run) break;
    progress shown{"retry", fresh.size(), standard_error(true)};
    const auto stop_here = [&] {
      shown.finish();
      std::cerr << letters(done) << " will be tried again; then it went wrong, and the rest stays as it is\n";
    };
    for (const auto& one : fresh) {
      try {
        const auto said = node.post_patiently(path_of(where, one), reasoned(wanted), key + '-' + one);
        ++(said.contains("line") ? done : gone);
      } catch (const refusal& no) {
        constexpr int not_there = 3;
        if (no.exit_code != not_there) stop_here(), throw;
        ++gone;
      } catch (const edge::http_unreachable&) {
        stop_here();
        throw;
      }
      shown.advance(1);
    }
    shown.finish();
  }
  if (!now.silent.empty()) std::cerr << now.silent << " does not answer: the letters that it keeps stay as they are\n";
  if (now.more) std::cerr << "there are more letters than are listed: those stay as they are\n";
  if (node.json())
    return node.print(
        {{"retry", where}, {"dry_run", wanted.dry_run}, {"letters", names}, {"done", done}, {"gone", gone}});
  if (names.empty())
    std::cout << "no dead letter is like that\n";
  else if (wanted.dry_run)
    std::cout << "nothing is done yet. " << letters(static_cast<std::int64_t>(names.size()))
              << " would be tried again\n";
  else
    std::cout << letters(done) << " will be tried again, each with a line in the audit log"
              << (gone ? "; " + grouped(gone) + " needed it no more" : "") << '\n';
}

void retry_some(console& node, const wish& wanted, const std::string& where) {
  if (wanted.why.empty()) throw refusal{2, "a repair needs --reason TEXT, for the audit log"};
  return wanted.all ? retry_all(node, wanted, where) : retry_letter(node, wanted, where);
}

}  // namespace

void retry_outbox(console& node, const wish& wanted) { retry_some(node, wanted, in_outbox); }
void retry_event(console& node, const wish& wanted) { retry_some(node, wanted, in_event_log); }

}  // namespace souk::tools::admin
