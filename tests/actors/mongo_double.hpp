// A double of a MongoDB server on the level of its wire: it takes hello and update in OP_MSG, keeps documents in
// memory, and fails as it is told. It knows nothing of the driver that is tested; only BSON is read by the same
// library.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace souk::tests {

class mongo_double {
public:
  using json = nlohmann::json;

  enum class kind { alone, replica_set };
  explicit mongo_double(kind what = kind::alone) : kind_(what) { up(); }
  ~mongo_double() { down(); }
  mongo_double(const mongo_double&) = delete;
  mongo_double& operator=(const mongo_double&) = delete;

  std::uint16_t port() const { return port_; }
  void down();  // refuses connections and drops those that there are
  void up();    // on the same port again

  // What the next update is answered, instead of being done properly.
  enum class mishap {
    none,
    hang_up,            // nothing is done, the connection is closed
    hang_up_when_done,  // all is done, nobody is told
    not_primary,        // nothing is done, the command fails
    no_majority,        // all is done here, but on too few others
    shutting_down,      // the first document is refused because of the server
  };
  void next(mishap what);
  void refuse(const std::string& id);       // documents of this _id are against the collection's rules
  void document_bytes_max(std::int64_t n);  // as it tells its clients

  std::map<std::string, json> documents() const;  // by _id
  std::vector<std::string> arrivals() const;      // _ids as they were written, again if they were
  std::vector<json> updates() const;              // the update commands without their documents

private:
  void listen_on(std::uint16_t port);
  void accept_all(int listener);
  void serve(int connection);
  json answer(const json& command, const std::vector<json>& updates, bool& hang_up);
  json update(const std::vector<json>& updates, bool& hang_up);

  const kind kind_;
  mutable std::mutex mutex_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::thread accepting_;
  std::vector<std::thread> serving_;
  std::set<int> connections_;
  mishap next_ = mishap::none;
  std::int64_t document_bytes_max_ = 16 * 1024 * 1024;
  std::set<std::string> refused_;
  std::map<std::string, json> documents_;
  std::vector<std::string> arrivals_;
  std::vector<json> updates_;
};

}  // namespace souk::tests
