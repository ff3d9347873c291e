// Says which commands the console has, and runs one.
#include "tools/admin.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "tools/admin/console.hpp"
#include "tools/admin/prompt.hpp"
#include "tools/command_line.hpp"

namespace souk::tools {

namespace {

int run(const wish& wanted, void (*what)(console&, const wish&)) {
  try {
    console node{wanted};
    what(node, wanted);
    return 0;
  } catch (const refusal& no) {
    std::cerr << "souk admin: " << no.text << '\n';
    return no.exit_code;
  } catch (const edge::http_unreachable& why) {
    std::cerr << "souk admin: cannot reach " << wanted.node << ": " << why.what() << '\n';
    return 5;
  } catch (const ordered_json::exception& why) {
    std::cerr << "souk admin: " << wanted.node << " answers like no node: " << why.what() << '\n';
    return 1;
  }
}

}  // namespace

void add_admin(CLI::App& app, int& exit_code) {
  auto* verbs = app.add_subcommand("admin", "looks into a running node; without a command, a prompt for them");
  verbs->require_subcommand(0, 1)->fallthrough();
  const auto wanted = std::make_shared<wish>();
  verbs->callback([verbs, wanted, &exit_code] {
    if (!verbs->get_subcommands().empty()) return;
    if (!::isatty(STDIN_FILENO)) throw CLI::RequiredError("A subcommand");
    exit_code = admin::prompt(*verbs, *wanted);
  });
  if (const char* node = std::getenv("SOUK_NODE"); node && *node) wanted->node = node;
  verbs->add_option("--node", wanted->node, "where it listens ($SOUK_NODE)")->capture_default_str();
  add_key_option(*verbs, wanted->key);
  verbs->add_option("-o", wanted->output, "text, json, or jsonl: a line for each thing of a list")
      ->check(CLI::IsMember({"text", "json", "jsonl"}))
      ->capture_default_str();
  const auto add = [&](const char* name, const char* help, void (*what)(console&, const wish&)) {
    auto* one = verbs->add_subcommand(name, help)->fallthrough();
    one->callback([wanted, what, &exit_code] { exit_code = run(*wanted, what); });
    return one;
  };
  const auto limited = [&](CLI::App* one) {
    one->add_option("--limit", wanted->limit, "at most so many")
        ->check(CLI::Range(1U, limit_max))
        ->capture_default_str();
    return one;
  };
  const auto paged = [&](CLI::App* one) {
    one->add_option("--after", wanted->after, "go on after this one, as the page before says");
    return limited(one);
  };
  auto* list = paged(add("sagas", "sagas of every design: those that are open, or as the options say", admin::sagas));
  list->add_option("--state", wanted->state, "open, running, compensating, parked, completed or compensated");
  list->add_option("--reason", wanted->reason, "why it stands still, or turned back");
  const auto about = [&](CLI::App* one) {
    one->add_option("--flow,--design", wanted->flow, "a saga's name, as `souk plans` has it");
    one->add_option("--user", wanted->user, "whose it is");
    one->add_option("--product", wanted->product, "an order of it");
  };
  const auto filtered = [&](CLI::App* one) {
    about(one);
    one->add_option("--reason-has", wanted->reason_has, "a text in why it stands still, or in what that is about");
    one->add_option("--older-than", wanted->older_than, "90s, 5m or 2h");
    one->add_flag("--overdue", wanted->overdue, "older than their design's limit");
  };
  filtered(list);
  list->add_option("PREFIX", wanted->prefix, "the first letters of an id");
  add("saga", "the story of one, what it has in effect, and what may be done", admin::saga)
      ->add_option("ID", wanted->id, "its id, or the first letters")
      ->required();
  auto* held = paged(
      add("locks", "what the sagas that are under way hold, since when, and who has asked for the same", admin::locks));
  held->add_option("--kind", wanted->kind, "order, stock, coupon, money, payment, cart, place or seat");
  held->add_option("--name", wanted->name, "which: a product, a coupon, a user");
  held->add_option("--state", wanted->state, "open, running, compensating or parked");
  filtered(held);
  held->add_option("PREFIX", wanted->prefix, "the first letters of a saga's id");
  const auto explained = [&](CLI::App* one, const char* dry_run) {
    one->add_option("--reason", wanted->why, "why, for the audit log");
    one->add_option("--by", wanted->by, "who, for the audit log ($SOUK_OPERATOR, $USER)");
    one->add_flag("--dry-run", wanted->dry_run, dry_run);
  };
  const auto mends = [&](const char* name, const char* help, void (*what)(console&, const wish&), const char* id) {
    auto* one = add(name, help, what);
    one->add_option("ID", wanted->id, id);
    explained(one, "show what would become of money and stock, or of several how many, and do nothing");
    filtered(one);
    one->add_option("--state", wanted->state, "parked: all of them");
  };
  const char* a_saga = "a parked saga: its id, or the first letters; none: all that are as the options say";
  mends("retry", "has a parked saga try again, or gives a dead letter its tries again", admin::retry,
        "a parked saga, or a letter named SOURCE/SEQ as outbox shows it; none: all that are as the options say");
  mends("compensate", "turns a parked saga back, if it has not passed its pivot", admin::compensate, a_saga);
  mends("skip", "the step at which it is parked is settled otherwise", admin::skip, a_saga);
  mends("fail", "ends it as failed; what is in effect is written off", admin::fail, a_saga);
  add("designs", "the designs, how their sagas are, and which are paused", admin::designs);
  const auto holds = [&](const char* name, const char* help, void (*what)(console&, const wish&)) {
    auto* one = add(name, help, what);
    one->add_option("DESIGN", wanted->id, "its name, as `designs` has it")->required();
    explained(one, "do nothing");
  };
  holds("pause", "takes no new orders of a design; those that run go on", admin::pause);
  holds("resume", "takes new orders of a design again", admin::resume);
  holds("drain", "pauses it, and says how many still run until none does", admin::drain);
  add("check", "what the audit that goes on in the background found, and what it cannot ask", admin::check);
  auto* log_of_repairs = paged(verbs->add_subcommand("audit", "what operators did, and why, newest first"));
  log_of_repairs->fallthrough()->add_option("--saga", wanted->prefix, "of one: its id, or the first letters");
  auto* verify = log_of_repairs->add_subcommand("verify", "follows the chain of hashes")->fallthrough();
  log_of_repairs->callback([wanted, verify, &exit_code] {
    exit_code = run(*wanted, verify->parsed() ? admin::verify_audit : admin::audit);
  });
  add("nodes", "this node, and the others as it sees them", admin::nodes);
  auto* moves = add("move", "moves a shard to another node, with all that belongs to it", admin::move);
  moves->add_option("SHARD", wanted->id, "a domain and its shard: wallet/1")->required();
  moves->add_option("NODE", wanted->to, "who is to keep it, by its name in the configuration")->required();
  moves->add_option("--reason", wanted->why, "why, for the log and for `nodes`");
  moves->add_option("--by", wanted->by, "who, likewise ($SOUK_OPERATOR, $USER)");
  moves->add_option("--from-data", wanted->from_data,
                    "the directory of a keeper who is not there: that very directory, not a copy, where NODE can "
                    "rename what is in it");
  add("actors", "desks, coordinators and the cashier with their figures", admin::actors);
  add("top", "how the node is, once a second, on the whole screen", admin::top);
  using command = void (*)(console&, const wish&);
  const auto revives = [&](CLI::App* letters, const char* letter, command shows, command revive) {
    auto* again =
        letters->fallthrough()->add_subcommand("retry", "gives a dead letter its tries again, or all of them");
    auto* one = again->fallthrough()->add_option("LETTER", wanted->id, letter);
    auto* all = again->add_flag("--all", wanted->all, "every dead letter, or those that are as the options say");
    again->add_option("--error-has", wanted->error_has, "a text in its error")->needs(all->excludes(one));
    explained(again, "show which it is, or how many, and do nothing");
    letters->callback([wanted, again, shows, revive, &exit_code] {
      if (again->parsed() && wanted->id.empty() && !wanted->all) throw CLI::RequiredError("LETTER or --all");
      exit_code = run(*wanted, again->parsed() ? revive : shows);
    });
    return again;
  };
  revives(paged(verbs->add_subcommand("outbox", "events that the platform has not taken")),
          "SOURCE/SEQ, as outbox shows it", admin::outbox, admin::retry_outbox);
  auto* log = verbs->add_subcommand("event-log", "its topics, partitions and subscribers, and events in trouble");
  auto* again =
      revives(limited(log), "PARTITION-SUBSCRIBER-EVENT, as event-log shows it", admin::event_log, admin::retry_event);
  again->add_option("--subscriber", wanted->subscriber, "who did not take it: wallet/0, or wallet")->needs("--all");
  auto* follow =
      limited(add("tail", "orders as they come, and again when they are otherwise, until interrupted", admin::tail));
  follow->add_option("--every", wanted->every_s, "seconds between two looks")->check(CLI::Range(0.05, 3600.0));
  follow->add_option("--since", wanted->since, "from so long ago on: 90s, 10m or 2h; or an order's id: after that one");
  follow->add_option("--state", wanted->state, "PENDING, COMPLETED, FAILED or CANCELLED; parked or compensating");
  follow->add_option("--reason", wanted->reason, "why it failed");
  about(follow);
}

}  // namespace souk::tools
