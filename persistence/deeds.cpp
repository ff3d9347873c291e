// Reads and writes deeds, and moves the files of the stores that they are about.
#include "persistence/deeds.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/pack.hpp"
#include "persistence/backup.hpp"
#include "persistence/durable.hpp"
#include "persistence/sqlite/checked_pages.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view first_line = "souk deeds 1 ";
const std::string given_mark = ".given-", coming_mark = ".coming-";

fs::path with(const fs::path& store, const std::string& mark, std::int64_t turn) {
  return store.string() + mark + std::to_string(turn);
}
fs::path wal_of(const fs::path& store) { return store.string() + "-wal"; }

// What changes when a WAL is begun anew, wiped or cut off: its size and its header.
std::string state_of(const fs::path& wal) {
  std::ifstream in{wal, std::ios::binary};
  std::string header(wal_header_bytes, '\0');
  in.read(header.data(), static_cast<std::streamsize>(header.size()));
  std::error_code none;
  return header + std::to_string(fs::file_size(wal, none));
}

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path{"."}; }

// Files beside the store whose name goes on with the mark, by the number after it.
template <class Visit>
void each_marked(const fs::path& store, const std::string& mark, Visit&& visit) {
  const auto begin = store.filename().string() + mark;
  if (!fs::is_directory(folder_of(store))) return;
  for (const auto& one : fs::directory_iterator{folder_of(store)}) {
    const auto name = one.path().filename().string();
    if (!name.starts_with(begin)) continue;
    std::int64_t turn = 0;
    const auto read = std::from_chars(name.data() + begin.size(), name.data() + name.size(), turn);
    if (read.ec == std::errc{}) visit(one.path(), turn, read.ptr == name.data() + name.size());
  }
}

}  // namespace

std::string shard_of(const deed& of) {
  const auto known = of.domain < domain_count;
  return (known ? std::string{domain_names[of.domain]} : std::to_string(of.domain)) + '/' + std::to_string(of.shard);
}

const deed* deeds::find(std::uint32_t domain, std::uint32_t shard) const {
  const auto at = std::find_if(list.begin(), list.end(),
                               [&](const deed& one) { return one.domain == domain && one.shard == shard; });
  return at == list.end() ? nullptr : &*at;
}

void deeds::put(const deed& one) {
  std::erase_if(list, [&](const deed& old) { return old.domain == one.domain && old.shard == one.shard; });
  list.push_back(one);
}

std::optional<deeds> read_deeds(const fs::path& data) {
  const auto path = data / deeds_name;
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    const int why = errno;
    std::error_code unknown;
    if (fs::status(path, unknown).type() == fs::file_type::not_found) return std::nullopt;
    // One that cannot be read is no empty one: whoever took it for that would write over it.
    throw std::system_error(why, std::generic_category(), path.string());
  }
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) throw std::system_error(EIO, std::generic_category(), path.string());
  const auto all = text.str();
  const auto end = all.find('\n');
  try {
    if (all.starts_with(first_line) && end != all.npos) {
      const std::string_view packed = std::string_view{all}.substr(end + 1);
      if (all.substr(first_line.size(), end - first_line.size()) == std::to_string(fingerprint(packed)))
        return unpack<deeds>(packed);
    }
  } catch (const damaged_bytes&) {
  }
  throw store_damaged(
      path.string() +
          ": it is not what was written, and without it nobody knows what this node has given away: put "
          "it back, or restore a backup of the node",
      SQLITE_CORRUPT);
}

void write_deeds(const fs::path& data, const deeds& all) {
  const auto packed = pack(all);
  write_durably(data / deeds_name, std::string{first_line} + std::to_string(fingerprint(packed)) + '\n' + packed);
}

deeds_lock::deeds_lock(const fs::path& data) {
  const auto path = data / "deeds.lock";
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  // Who has it writes a few lines, or opens a store. Only somebody who stands still in the middle of that has it for
  // long.
  constexpr int tries = 200;
  for (int i = 0; file_ >= 0 && i < tries; ++i) {
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
    if (errno != EWOULDBLOCK && errno != EINTR) break;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  const int why = errno;
  if (file_ >= 0) ::close(file_);
  throw std::system_error(
      why, std::generic_category(),
      path.string() + (why == EWOULDBLOCK ? ": another process holds it, because it opens a store or "
                                            "stands still: ask again, or end it"
                                          : ""));
}
deeds_lock::~deeds_lock() {
  if (file_ >= 0) ::close(file_);
}

fs::path given(const fs::path& store, std::int64_t turn) { return with(store, given_mark, turn); }
fs::path coming(const fs::path& store, std::int64_t turn) { return with(store, coming_mark, turn); }

// The store first: without its file nobody writes into its WAL any more. Whoever finds the WAL alone in its old place
// knows where it belongs.
void set_aside(const fs::path& store, std::int64_t turn) {
  const auto to = given(store, turn);
  if (fs::exists(store) && fs::exists(to))
    throw std::runtime_error(store.string() + " is there again beside " + to.filename().string() +
                             ", which was given away: look which of them has what, and put the other one elsewhere");
  if (fs::exists(store)) fs::rename(store, to);
  if (fs::exists(wal_of(store)) && fs::exists(to)) fs::rename(wal_of(store), wal_of(to));
  make_durable(folder_of(store));
}

void put_in_place(const fs::path& store, std::int64_t turn) {
  fs::remove(wal_of(store));
  fs::rename(coming(store, turn), store);
  make_durable(folder_of(store));
}

void forget_coming(const fs::path& store, std::int64_t but) {
  std::vector<fs::path> old;
  each_marked(store, coming_mark, [&](const fs::path& file, std::int64_t turn, bool) {
    if (turn != but) old.push_back(file);
  });
  for (const auto& file : old) fs::remove(file);
}

void forget_given(const fs::path& store) {
  std::vector<fs::path> old;
  each_marked(store, given_mark, [&](const fs::path& file, std::int64_t, bool) { old.push_back(file); });
  for (const auto& file : old) fs::remove(file);
}

std::vector<std::int64_t> given_turns(const fs::path& store) {
  std::vector<std::int64_t> turns;
  each_marked(store, given_mark, [&](const fs::path&, std::int64_t turn, bool whole) {
    if (whole) turns.push_back(turn);
  });
  return turns;
}

checksum checksum_of(const fs::path& file) {
  checksum sum;
  std::ifstream in{file, std::ios::binary};
  if (!in) throw std::system_error(errno, std::generic_category(), file.string());
  std::vector<char> block(1 << 20);
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    sum.add({block.data(), static_cast<std::size_t>(in.gcount())});
  }
  if (in.bad()) throw std::system_error(errno, std::generic_category(), file.string());
  return sum;
}

// Byte by byte, also when somebody who stands still has it locked. He may have stood still in the middle of moving
// pages from the WAL: those are in the WAL as well, until he wakes and begins it anew or wipes it.
void copy_whole(const fs::path& given, const fs::path& to) {
  // Whoever still had it open may have moved its WAL to the store meanwhile: then the one copied has what neither
  // shows.
  for (auto before = state_of(wal_of(given));; before = state_of(wal_of(given))) {
    copy_durably(given, to);
    fs::remove(wal_of(to));
    if (fs::exists(wal_of(given))) copy_durably(wal_of(given), wal_of(to));
    if (state_of(wal_of(given)) == before) break;
  }
  finish_copy(to);
  make_durable(to);
}

bool stands_alone(const fs::path& store) {
  return fs::exists(store) && (!fs::exists(wal_of(store)) || fs::file_size(wal_of(store)) == 0);
}

}  // namespace souk::persistence
