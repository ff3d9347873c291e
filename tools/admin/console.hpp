// What the console's commands share: what was wished, the node that is asked, and how its answers are shown.
#pragma once

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
  double every_s = 1;
  std::string state, flow, reason, user, product, older_than, prefix, reason_has;  // of sagas
  bool overdue = false;
  std::string kind, name;  // of locks
  std::string why, by, since;
  bool dry_run = false;
  std::string to, from_data;  // of a shard that moves
};

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

  // The answer for scripts, as one object or a line for each thing in "data"; or some members of each as a table.
  struct shown {
    std::string title;
    std::string member;  // or a path into it: parked.step
    side align = side::left;
  };
  void show(const ordered_json& answer, const std::vector<shown>& columns, const std::string& none) const;
  void print(const ordered_json& answer) const;
  bool json() const { return output_ != "text"; }

  static std::string cell(const ordered_json& of, const std::string& member);

private:
  std::string output_;
  std::string key_;
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
// The options that say which sagas are meant, as a query.
std::string query_of_sagas(const wish& wanted);
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
void retry_event(console&, const wish&);
// A dead letter, of either kind, gets its tries again.
void retry_letter(console&, const wish&, const std::string& which, const std::string& under);
void tail(console&, const wish&);
void top(console&, const wish&);
}  // namespace admin

}  // namespace souk::tools
