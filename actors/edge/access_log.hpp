// The access log: one line of JSON for each request that reached the gateway. No ids, no names, no amounts, no keys:
// the route is its pattern, the caller is his role.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "messages/grammar/moment.hpp"

namespace souk::edge {

struct access_line {
  moment at;
  std::string_view method;  // "other" when no route has it
  std::string_view route;   // "/v1/users/{id}"; empty: none
  unsigned status = 0;
  std::int64_t micros = 0;  // from its coming to its answer; of a stream, to its beginning
  std::size_t bytes = 0;    // of the answer's body
  std::string trace;        // 32 digits: the caller's, or one of its own
  std::string_view role;    // empty: nobody needed a key, or none was good
};

// Lines wait in memory for a second at most while somebody tends it, so that nobody waits for a disk. Thread-safe.
class access_log {
public:
  // Appends to the file. Throws std::system_error.
  explicit access_log(std::string file);
  ~access_log();
  access_log(const access_log&) = delete;
  access_log& operator=(const access_log&) = delete;

  void write(const access_line& line);
  // Once a second: writes what waits; opens the file anew when it was renamed. What the disk refuses is lost, and said
  // once in the log.
  void tend();

private:
  void open();
  void empty();

  const std::string file_;
  std::mutex mutex_;
  int descriptor_ = -1;
  std::string waiting_;
  bool refused_ = false;
};

}  // namespace souk::edge
