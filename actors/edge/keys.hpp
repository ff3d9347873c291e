// API keys: a file of their hashes, kept beside the stores and read again when it changes.
//
//   {"keys": [{"id": "5f0c8ad1e2b4", "role": "customer", "user": "anna", "note": "...", "made": "2026-01-01T00:00:00Z",
//              "hash": "<SHA-256 of the key, hex>", "revoked": "2026-02-01T00:00:00Z"?}]}
//
// A key is shown once, when it is made: souk_ and 43 characters of base64url, 32 bytes from the system. 256 random bits
// need no salt and no slow hash.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "actors/edge/access.hpp"
#include "messages/grammar/moment.hpp"

namespace souk::edge {

// The file is there and cannot be believed; the text names it and says why.
struct keys_wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using key_hash = std::array<unsigned char, 32>;  // SHA-256
key_hash hash_of_key(std::string_view key);
std::string id_of_key(const key_hash& hash);  // its first 12 digits: names a key without giving it away

struct key_row {
  std::string id;
  edge::role role{};
  std::string user;  // of a customer's
  std::string note;  // whose it is, for people
  moment made;
  moment revoked;  // 0: in force
  key_hash hash{};
};

// The file as the command line changes it: under a lock, written beside and renamed, mode 0600.
// Throws keys_wrong, std::system_error.
std::vector<key_row> read_keys(const std::string& file);  // none when it is not there
struct made_key {
  std::string key;  // nobody sees it again
  key_row row;
};
made_key add_key(const std::string& file, key_row wanted);
std::vector<made_key> add_keys(const std::string& file, std::vector<key_row> wanted);
// False when there is none of that id. Twice is once.
bool revoke_key(const std::string& file, std::string_view id, moment at);

// The keys that a node believes. Thread-safe.
class key_ring {
public:
  // file: may be missing, then there are no keys yet. Throws keys_wrong.
  explicit key_ring(std::string file);

  // Once there was a file there are keys, even if all of them are revoked or the file is gone: a door that was closed
  // does not open by itself.
  bool any() const;
  // Whose the key in an Authorization header is: nobody's, when it is unknown or revoked.
  std::shared_ptr<const identity> find(std::string_view authorization) const;
  std::shared_ptr<const identity> find(const key_hash& hash) const;
  // Reads the file again when it is another than before. A file that cannot be believed changes nothing and is said in
  // the log, once.
  void look();

private:
  struct hashed {
    std::size_t operator()(const key_hash& hash) const;
  };
  struct table {
    std::unordered_map<key_hash, std::shared_ptr<const identity>, hashed> by_hash;
  };
  struct mark {
    std::uint64_t inode = 0;
    std::int64_t size = 0, changed_ns = 0;
    friend bool operator==(const mark&, const mark&) = default;
  };
  static mark mark_of(const std::string& file);
  static std::shared_ptr<const table> read(const std::string& file);

  const std::string file_;
  mutable std::shared_mutex mutex_;
  std::shared_ptr<const table> now_;  // none: there never was a file
  mark seen_;
};

}  // namespace souk::edge
