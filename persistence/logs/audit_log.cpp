// Chains what operators did, and follows the chain.
#include "persistence/logs/audit_log.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "messages/grammar/pack.hpp"

namespace souk::persistence {

namespace {

constexpr std::size_t troubles_max = 20;

std::string sha256(std::string_view content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(content.data(), content.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("libcrypto does not make a SHA-256");
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

// The columns beside the content are there to be found by; what they say is in the content as well.
order::audit_line read(statement::row row) {
  auto line = unpack<order::audit_line>(row.text(2));
  line.hash = row.string(3);
  return line;
}

}  // namespace

std::string hash_of(const order::audit_line& line) {
  auto content = line;
  content.hash.clear();
  return sha256(pack(content));
}

std::string audit_log::schema() {
  return "CREATE TABLE audit(seq INTEGER PRIMARY KEY, about INTEGER NOT NULL, content BLOB NOT NULL,"
         " hash TEXT NOT NULL) STRICT;"
         "CREATE INDEX audit_about ON audit(about, seq);"
         "CREATE TABLE audit_head(id INTEGER PRIMARY KEY CHECK(id=1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;"
         "INSERT INTO audit_head VALUES(1,0,'');";
}

audit_log::audit_log(store_file& file)
    : append_(file.prepare("INSERT INTO audit VALUES(?1,?2,?3,?4)")),
      move_head_(file.prepare("UPDATE audit_head SET seq=?1, hash=?2")),
      head_(file.prepare("SELECT seq, hash FROM audit_head")),
      of_(file.prepare("SELECT seq, about, content, hash FROM audit WHERE about=?1 ORDER BY seq")),
      list_(file.prepare("SELECT seq, about, content, hash FROM audit WHERE seq<?1 ORDER BY seq DESC LIMIT ?2")),
      list_of_(file.prepare(
          "SELECT seq, about, content, hash FROM audit WHERE about=?3 AND seq<?1 ORDER BY seq DESC LIMIT ?2")),
      all_(file.prepare("SELECT seq, about, content, hash FROM audit ORDER BY seq")),
      repaired_(file.prepare("SELECT about, lines, repairs FROM (SELECT about, count(*) AS lines, coalesce((SELECT"
                             " repairs FROM orders WHERE id=about),0) AS repairs FROM audit WHERE about<>0 GROUP BY"
                             " about) WHERE lines<>repairs")),
      paused_(file.prepare("SELECT content FROM paused")) {}

audit_log::head audit_log::newest() {
  return head_.first([](auto row) { return head{row.integer(0), row.string(1)}; }).value_or(head{});
}

order::audit_line audit_log::append(order::audit_line fresh) {
  const auto before = newest();
  fresh.seq = before.seq + 1;
  fresh.before = before.hash;
  fresh.hash = hash_of(fresh);
  auto content = fresh;
  content.hash.clear();
  const auto packed = pack(content);
  append_.run(fresh.seq, fresh.about.value, blob{packed}, fresh.hash);
  move_head_.run(fresh.seq, fresh.hash);
  return fresh;
}

std::vector<order::audit_line> audit_log::of(number about) {
  std::vector<order::audit_line> found;
  of_.each([&](auto row) { found.push_back(read(row)); }, about.value);
  return found;
}

std::vector<order::audit_line> audit_log::list(const order::read_audit& wanted, std::uint32_t limit) {
  std::vector<order::audit_line> found;
  const auto before = wanted.before ? wanted.before : INT64_MAX;
  const auto take = [&](auto row) { found.push_back(read(row)); };
  if (wanted.about)
    list_of_.each(take, before, limit, wanted.about.value);
  else
    list_.each(take, before, limit);
  return found;
}

order::audit_state audit_log::verify() {
  order::audit_state state;
  std::int64_t expected = 1;
  std::string before;
  std::map<order::flow, order::audit_line> last;  // that paused or resumed it
  const auto trouble = [&](std::int64_t seq, const std::string& what) {
    if (state.troubles.size() < troubles_max) state.troubles.push_back("line " + std::to_string(seq) + ' ' + what);
  };
  all_.each([&](auto row) {
    const auto seq = row.integer(0);
    for (; expected < seq; ++expected) {
      trouble(expected, "is missing");
      before.clear();  // what it said is not known: the next one is compared with itself only
    }
    ++expected;
    ++state.lines;
    const auto hash = row.string(3);
    try {
      const auto line = read(row);
      if (line.seq != seq || line.about.value != row.integer(1) || hash_of(line) != hash)
        trouble(seq, "was edited: it is not what its hash says");
      else if (line.before != before && (seq == 1 || !before.empty()))
        trouble(seq, "does not follow the line before it: one of the two was exchanged");
      if (line.what == order::remedy::pause || line.what == order::remedy::resume) last[line.flow] = line;
    } catch (const damaged_bytes&) {
      trouble(seq, "was edited: it cannot be read");
    }
    before = hash;
  });
  const auto head = newest();
  for (; expected <= head.seq; ++expected) trouble(expected, "is missing: the log was cut off before it");
  if (state.troubles.empty() && (head.seq != state.lines || head.hash != before))
    trouble(head.seq, "is the newest by the log's head, which has another hash, or there are more lines than it knows");
  if (state.troubles.empty()) compare_with_store(state, last);
  state.head = before;
  return state;
}

// A chain that holds may have been cut and closed again. Cases of which no line is left are found by a walk through all
// of them (persistence/audit).
void audit_log::compare_with_store(order::audit_state& state, const std::map<order::flow, order::audit_line>& last) {
  const auto trouble = [&](std::string what) {
    if (state.troubles.size() < troubles_max) state.troubles.push_back(std::move(what));
  };
  repaired_.each([&](auto row) {
    trouble("case " + to_text(number{row.integer(0)}) + " was repaired " + std::to_string(row.integer(2)) +
            " times, the log has " + std::to_string(row.integer(1)) + " lines of it");
  });
  std::map<order::flow, order::pausing> paused;
  paused_.each([&](auto row) {
    auto one = unpack<order::pausing>(row.text(0));
    paused.emplace(one.flow, std::move(one));
  });
  const auto name = [](order::flow flow) { return "design " + std::to_string(static_cast<int>(flow)); };
  for (const auto& [flow, one] : paused) {
    const auto line = last.find(flow);
    if (line == last.end() || line->second.what != order::remedy::pause || line->second.at != one.since ||
        line->second.by != one.by || line->second.reason != one.reason)
      trouble(name(flow) + " is paused, and the log's newest line of it says otherwise");
  }
  for (const auto& [flow, line] : last)
    if (line.what == order::remedy::pause && !paused.contains(flow))
      trouble(name(flow) + " is not paused, and line " + std::to_string(line.seq) + " says that it is");
}

}  // namespace souk::persistence
