// Makes, keeps and knows API keys.
#include "actors/edge/keys.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "messages/grammar/ids.hpp"
#include "persistence/durable.hpp"

namespace souk::edge {

namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view key_prefix = "souk_";
constexpr std::size_t key_characters = 48;  // the prefix, and 32 bytes in base64url without padding
constexpr std::string_view hex_digits = "0123456789abcdef";

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

std::string base64url(const std::array<unsigned char, 32>& bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned held = 0, bits = 0;
  for (const auto byte : bytes) {
    held = held << 8 | byte;
    for (bits += 8; bits >= 6; bits -= 6) out += letters[held >> (bits - 6) & 63U];
  }
  return out += letters[held << (6 - bits) & 63U];
}

std::string to_hex(const key_hash& hash) {
  std::string out;
  for (const auto byte : hash) {
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
  }
  return out;
}

std::optional<key_hash> parse_hex(std::string_view text) {
  key_hash out{};
  if (text.size() != 2 * out.size()) return std::nullopt;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto high = hex_digits.find(text[2 * i]), low = hex_digits.find(text[2 * i + 1]);
    if (high == hex_digits.npos || low == hex_digits.npos) return std::nullopt;
    out[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return out;
}

// The same time for every key, wherever the first difference is.
bool equal(const key_hash& a, const key_hash& b) {
  unsigned differ = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differ |= static_cast<unsigned>(a[i] ^ b[i]);
  return differ == 0;
}

key_row row_of(const json& from) {
  static constexpr std::array<std::string_view, 7> known{"id", "role", "user", "note", "made", "revoked", "hash"};
  for (const auto& [name, value] : from.items())
    if (std::find(known.begin(), known.end(), name) == known.end() || !value.is_string())
      throw keys_wrong("'" + name + "' is not known, or no text");
  key_row row;
  row.id = from.value("id", "");
  row.user = from.value("user", "");
  row.note = from.value("note", "");
  const auto role = parse_role(from.value("role", ""));
  const auto hash = parse_hex(from.value("hash", ""));
  const auto made = parse_moment(from.value("made", ""));
  const auto revoked = from.contains("revoked") ? parse_moment(from.value("revoked", "")) : moment{};
  if (row.id.empty() || !role || !hash || !made || !revoked)
    throw keys_wrong("key '" + row.id + "' lacks its id, role, hash or moment");
  if ((*role == role::customer) != is_name(row.user))
    throw keys_wrong("key '" + row.id + "': a customer's names its user, and no other does");
  row.role = *role;
  row.hash = *hash;
  row.made = *made;
  row.revoked = *revoked;
  return row;
}

std::string text_of(const std::vector<key_row>& rows) {
  json all = json::array();
  for (const auto& row : rows) {
    json one{{"id", row.id}, {"role", to_text(row.role)}};
    if (!row.user.empty()) one["user"] = row.user;
    if (!row.note.empty()) one["note"] = row.note;
    one["made"] = to_text(row.made);
    if (row.revoked.ms) one["revoked"] = to_text(row.revoked);
    one["hash"] = to_hex(row.hash);
    all.push_back(std::move(one));
  }
  std::string out = "{\"keys\": [";
  for (const auto& one : all)
    out += (out.back() == '[' ? "\n  " : ",\n  ") + one.dump(-1, ' ', false, json::error_handler_t::replace);
  return out + "\n]}\n";
}

struct descriptor {
  int number;
  ~descriptor() {
    if (number >= 0) ::close(number);
  }
};

// One changes the file at a time. The lock is a file of its own: the one with the keys is replaced.
class changing {
public:
  explicit changing(const std::string& file)
      : file_(file), lock_{::open((file + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)} {
    if (lock_.number < 0 || ::flock(lock_.number, LOCK_EX) != 0) fail(file_ + ".lock");
  }

  void write(const std::vector<key_row>& rows) const {
    const auto text = text_of(rows);
    const auto fresh = file_ + ".new";
    {
      ::unlink(fresh.c_str());  // half of one, from a crash
      const descriptor out{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
      if (out.number < 0) fail(fresh);
      for (std::string_view rest = text; !rest.empty();) {
        const auto n = ::write(out.number, rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail(fresh);
        rest.remove_prefix(static_cast<std::size_t>(n));
      }
      if (::fsync(out.number) != 0) fail(fresh);
    }
    if (::rename(fresh.c_str(), file_.c_str()) != 0) fail(file_);
    persistence::make_durable(std::filesystem::absolute(file_).parent_path());
  }

private:
  const std::string& file_;
  descriptor lock_;
};

}  // namespace

std::optional<role> parse_role(std::string_view name) {
  const auto at = std::find(role_names.begin(), role_names.end(), name);
  if (at == role_names.end()) return std::nullopt;
  return static_cast<role>(at - role_names.begin());
}

std::string id_of_key(const key_hash& hash) { return to_hex(hash).substr(0, 12); }

key_hash hash_of_key(std::string_view key) {
  key_hash hash{};
  // Looked up once: finding the algorithm takes longer than the hash.
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (!sha256 || EVP_Digest(key.data(), key.size(), hash.data(), nullptr, sha256, nullptr) != 1)
    throw std::runtime_error("libcrypto does not make a SHA-256");
  return hash;
}

std::vector<key_row> read_keys(const std::string& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0) {
    if (errno == ENOENT) return {};
    throw keys_wrong(file + ": " + std::strerror(errno));
  }
  if ((about.st_mode & 077) != 0) throw keys_wrong(file + ": others may read or write it; it must have mode 0600");
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) throw keys_wrong(file + ": cannot be read");
  std::vector<key_row> rows;
  try {
    const auto all = json::parse(text.str());
    if (!all.is_object() || all.size() != 1 || !all.contains("keys") || !all["keys"].is_array())
      throw keys_wrong("must be an object with one list, \"keys\"");
    for (const auto& one : all["keys"]) {
      if (!one.is_object()) throw keys_wrong("each key must be an object");
      rows.push_back(row_of(one));
    }
  } catch (const json::parse_error& why) {
    // Not the library's own words: it quotes the file.
    throw keys_wrong(file + ": is not JSON at byte " + std::to_string(why.byte));
  } catch (const json::exception&) {
    throw keys_wrong(file + ": has something where it should not be");
  } catch (const keys_wrong& why) {
    throw keys_wrong(file + ": " + why.what());
  }
  return rows;
}

std::vector<made_key> add_keys(const std::string& file, std::vector<key_row> wanted) {
  const changing change{file};
  auto rows = read_keys(file);
  std::vector<made_key> made;
  for (auto& row : wanted) {
    std::array<unsigned char, 32> secret{};
    // Never less than asked for, up to 256 bytes.
    if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) fail("no random bytes");
    auto& one = made.emplace_back(made_key{std::string{key_prefix} + base64url(secret), std::move(row)});
    one.row.hash = hash_of_key(one.key);
    one.row.id = id_of_key(one.row.hash);
    rows.push_back(one.row);
  }
  change.write(rows);
  return made;
}

made_key add_key(const std::string& file, key_row wanted) { return add_keys(file, {std::move(wanted)}).front(); }

bool revoke_key(const std::string& file, std::string_view id, moment at) {
  const changing change{file};
  auto rows = read_keys(file);
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.id == id; });
  if (found == rows.end()) return false;
  if (!found->revoked.ms) {
    found->revoked = at;
    change.write(rows);
  }
  return true;
}

// A hash is as good as random in each of its bytes.
std::size_t key_ring::hashed::operator()(const key_hash& hash) const {
  std::size_t out = 0;
  std::memcpy(&out, hash.data(), sizeof out);
  return out;
}

key_ring::mark key_ring::mark_of(const std::string& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0) return {};
  return {about.st_ino, about.st_size, about.st_ctim.tv_sec * 1'000'000'000 + about.st_ctim.tv_nsec};
}

std::shared_ptr<const key_ring::table> key_ring::read(const std::string& file) {
  auto made = std::make_shared<table>();
  for (auto& row : read_keys(file))
    if (!row.revoked.ms)
      made->by_hash.emplace(row.hash,
                            std::make_shared<const identity>(identity{row.role, std::move(row.user), row.hash}));
  return made;
}

key_ring::key_ring(std::string file) : file_(std::move(file)), seen_(mark_of(file_)) {
  if (seen_.inode) now_ = read(file_);
}

bool key_ring::any() const {
  const std::shared_lock hold{mutex_};
  return now_ != nullptr;
}

std::shared_ptr<const identity> key_ring::find(std::string_view authorization) const {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() != scheme.size() + key_characters) return nullptr;
  for (std::size_t i = 0; i < scheme.size(); ++i)
    if ((static_cast<unsigned char>(authorization[i]) | 0x20) != static_cast<unsigned char>(scheme[i])) return nullptr;
  return find(hash_of_key(authorization.substr(scheme.size())));
}

std::shared_ptr<const identity> key_ring::find(const key_hash& hash) const {
  const std::shared_lock hold{mutex_};
  if (!now_) return nullptr;
  // Time may tell which bucket a guess fell into: that is something about hashes, from which nobody gets to a key. The
  // comparison with a stored one takes the same time for all.
  const auto bucket = now_->by_hash.bucket_count() ? now_->by_hash.bucket(hash) : 0;
  std::shared_ptr<const identity> found;
  for (auto one = now_->by_hash.begin(bucket); one != now_->by_hash.end(bucket); ++one)
    if (equal(one->first, hash)) found = one->second;
  return found;
}

void key_ring::look() {
  const auto now = mark_of(file_);
  {
    const std::shared_lock hold{mutex_};
    if (now == seen_) return;
  }
  std::shared_ptr<const table> fresh;
  try {
    // A file that is gone: nobody's key counts any more.
    fresh = now.inode ? read(file_) : std::make_shared<const table>();
    spdlog::info("the keys were read again: {} in force", fresh->by_hash.size());
  } catch (const std::exception& trouble) {
    spdlog::error("the keys stay as they were: {}", trouble.what());
  }
  const std::unique_lock hold{mutex_};
  seen_ = now;
  if (fresh)
    now_ = std::move(fresh);
  else if (!now_)
    now_ = std::make_shared<const table>();  // whoever made the file wants the door closed
}

}  // namespace souk::edge
