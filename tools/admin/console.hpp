// What the console's commands share: what was wished, the node that is asked, and how its answers are shown.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "actors/edge/http.hpp"
#include "tools/table.hpp"

namespace souk::tools {

using nlohmann::ordered_json;

struct wish {
  std::string node = "http://127.0.0.1:8080";
  std::string key;
  std::string output = "text";
  std::string id;
  unsigned limit = 100;
  std::string after;  // where a list goes on
  double every_s = 1;
  std::string state, flow, reason, user, product, older_than, prefix, reason_has;  // of sagas
  bool overdue = false;
  std::string kind, name;  // of locks
  std::string why, by, since;
  bool dry_run = false;
  bool all = false;  // dead letters
  std::string subscriber, error_has;
  std::string to, from_data;  // of a shard that moves
};

inline constexpr unsigned limit_max = 1'000;  // that the node allows

// The node said no, or the wish makes no sense; the exit code says which.
struct refusal {
  int exit_code;
  std::string text;
};

class console {
public:
  explicit console(const wish& wanted);

  // Asks; whatever is no success is thrown.
  ordered_json ask(const char* method, const std::string& target, const ordered_json& body = nullptr,
                   const std::string& idempotency_key = {});
  // The same, and once more if no answer came: what comes twice under one key is done once.
  ordered_json post_patiently(const std::string& target, const ordered_json& body, const std::string& idempotency_key);

  // The answer for scripts, as one object or a line for each thing in "data"; or some members of each as a table.
  struct shown {
    std::string title;
    std::string member;  // or a path into it: parked.step
    side align = side::left;
  };
  void show(const ordered_json& answer, const std::vector<shown>& columns, const std::string& none) const;
  void print(const ordered_json& answer) const;
  // What is to be known beside a list: below it for people, apart from it for scripts that read lines. An object has it
  // all in itself.
  void note(const std::string& text) const;
  void note_more(const ordered_json& answer) const;
  bool json() const { return output_ != "text"; }

  static std::string cell(const ordered_json& of, const std::string& member);

private:
  std::string output_;
  std::string key_;
  unsigned limit_;
  edge::http_client client_;
};

// An idempotency key that nobody has used.
std::string fresh_key();
// Who gives commands here, as far as the environment knows.
std::string user_of_this_machine();
// The body of what is done with a reason: why, by whom, and whether only as a rehearsal.
ordered_json reasoned(const wish& wanted);
// line 3 of the audit log (5f0c8ad1e2b4)
std::string named_line(const ordered_json& line);
// An id goes into a path: whatever is none is nothing that the node could know.
std::string checked(const std::string& id);
// Whatever it is, it goes into a query.
std::string percent_encoded(const std::string& text);
// ["order/0","order/1"]: "order/0, order/1"
std::string listed(const ordered_json& texts);
// Who did not answer, likewise; nothing if all did.
std::string silent_in(const ordered_json& answer);
// How many are wanted, and after which, as a query.
std::string query_of_page(const wish& wanted);
// The whole id of the saga that begins with these letters, or a refusal that says why it is not known. further: told
// how far was looked, before it looks further.
std::string resolved(console& node, const std::string& letters,
                     const std::function<void(const std::string&)>& further = {});
// 1200: "1.2 s"; 7500000: "2 h 5 min"
std::string duration(std::int64_t ms);

// The commands.
namespace admin {
void sagas(console&, const wish&);
void saga(console&, const wish&);
void locks(console&, const wish&);
void retry(console&, const wish&);  // a saga, several by a filter, or a dead letter named SOURCE/SEQ
void compensate(console&, const wish&);
void skip(console&, const wish&);
void fail(console&, const wish&);
void mend_several(console&, const wish&, const std::string& what);
void designs(console&, const wish&);
void pause(console&, const wish&);
void resume(console&, const wish&);
void drain(console&, const wish&);
void check(console&, const wish&);
void audit(console&, const wish&);
void verify_audit(console&, const wish&);
void actors(console&, const wish&);
void nodes(console&, const wish&);
void move(console&, const wish&);  // a shard
void outbox(console&, const wish&);
void event_log(console&, const wish&);
// Dead letters get their tries again: one, or all of them.
void retry_outbox(console&, const wish&);
void retry_event(console&, const wish&);
void tail(console&, const wish&);
void top(console&, const wish&);
}  // namespace admin

}  // namespace souk::tools
