// The tree checks itself: who may see whom, who speaks what, and that every domain has all of its parts.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

#include "tests/catch.hpp"

namespace fs = std::filesystem;

namespace {

const fs::path top = SOUK_SOURCE_DIR;

std::string read(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool is_source(const fs::path& file) { return file.extension() == ".hpp" || file.extension() == ".cpp"; }

// Sources of a room with their content, by their path from the top.
std::map<std::string, std::string> sources(const std::vector<std::string>& rooms) {
  std::map<std::string, std::string> found;
  for (const auto& room : rooms)
    for (const auto& one : fs::recursive_directory_iterator{top / room})
      if (one.is_regular_file() && is_source(one.path()))
        found.emplace(fs::relative(one.path(), top).generic_string(), read(one.path()));
  return found;
}
const std::vector<std::string> product_rooms{"messages", "persistence", "actors", "node-config", "tools"};
const std::vector<std::string> all_rooms{"messages", "persistence", "actors", "node-config", "tools", "tests"};

std::vector<std::string> includes(const std::string& content, const std::string& open) {
  std::vector<std::string> found;
  const std::string mark = "#include " + open;
  for (auto at = content.find(mark); at != content.npos; at = content.find(mark, at + 1)) {
    if (at > 0 && content[at - 1] != '\n') continue;
    const auto from = at + mark.size();
    found.push_back(content.substr(from, content.find_first_of("\">", from) - from));
  }
  return found;
}
// What a pattern finds, everywhere or between two words.
std::set<std::string> matches(const std::string& content, const char* pattern) {
  std::set<std::string> found;
  const std::regex each{pattern};
  for (std::sregex_iterator one{content.begin(), content.end(), each}, end; one != end; ++one) found.insert((*one)[1]);
  return found;
}
std::set<std::string> listed(const std::string& content, const std::string& from, const std::string& to,
                             const char* pattern) {
  const auto at = content.find(from);
  REQUIRE(at != content.npos);
  const auto begin = at + from.size();
  return matches(content.substr(begin, content.find(to, begin) - begin), pattern);
}
bool within(const std::string& path, const std::string& folder) { return path.rfind(folder, 0) == 0; }
bool within_any(const std::string& path, const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(), [&](const auto& one) { return within(path, one); });
}

// The room that a file belongs to, and what it may see. The longest name counts.
const std::map<std::string, std::vector<std::string>> arrows{
    {"messages/grammar/", {"messages/grammar/"}},
    {"messages/", {"messages/"}},
    {"node-config/", {"node-config/", "messages/grammar/"}},
    {"persistence/", {"persistence/", "messages/"}},
    {"actors/domains/", {"actors/domains/", "persistence/", "messages/"}},
    {"actors/sagas/", {"actors/sagas/", "messages/"}},
    {"actors/runtime/", {"actors/runtime/", "actors/domains/", "actors/sagas/", "persistence/", "messages/"}},
    {"actors/edge/", {"actors/edge/", "actors/runtime/", "actors/sagas/", "persistence/", "messages/"}},
    {"tools/", {"tools/", "actors/", "persistence/", "messages/", "node-config/"}},
};
const std::vector<std::string>* seen_from(const std::string& path) {
  const std::vector<std::string>* best = nullptr;
  std::size_t length = 0;
  for (const auto& [room, sees] : arrows)
    if (within(path, room) && room.size() > length) best = &sees, length = room.size();
  return best;
}

// The names between the braces of domain_names in letter.hpp: the list that all others follow.
std::vector<std::string> domains() {
  std::string list;
  for (const auto& [path, content] : sources({"messages"})) {
    const auto at = content.find("domain_names{");
    if (at != content.npos) list = content.substr(at, content.find("};", at) - at);
  }
  std::vector<std::string> found;
  const std::regex name{"\"([a-z_]+)\""};
  for (std::sregex_iterator one{list.begin(), list.end(), name}, end; one != end; ++one) found.push_back((*one)[1]);
  return found;
}

}  // namespace

TEST_CASE("the top level has only the rooms and the usual single files", "[C.2]") {
  const std::set<std::string> folders{"actors", "messages", "persistence", "node-config", "tests", "tools"};
  const std::set<std::string> files{"CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE"};
  for (const auto& one : fs::directory_iterator{top}) {
    const auto name = one.path().filename().string();
    if (name.front() == '.') continue;
    INFO(name);
    CHECK((one.is_directory() ? folders : files).count(name) == 1);
  }
  for (const auto& name : folders) CHECK(fs::is_directory(top / name));
}

TEST_CASE("arrows between the rooms point one way", "[C.2][C.5]") {
  for (const auto& [path, content] : sources(product_rooms)) {
    const auto* sees = seen_from(path);
    REQUIRE(sees);
    for (const auto& seen : includes(content, "\"")) {
      INFO(path << " includes " << seen);
      CHECK(within_any(seen, *sees));
      CHECK(fs::exists(top / seen));
    }
  }
}

TEST_CASE("CAF is spoken in the runtime only, and by the edge's gateway and console", "[C.1][C.5]") {
  for (const auto& [path, content] : sources(product_rooms)) {
    const bool may = within_any(path, {"actors/runtime/", "actors/edge/gateway", "actors/edge/console"});
    INFO(path);
    CHECK((may || includes(content, "<caf/").empty()));
  }
}

TEST_CASE("SQL is spoken in persistence only: nobody else opens a store's file", "[C.1][C.3]") {
  const std::regex sql{"\"[^\"\\n]*\\b(SELECT [a-z*(]|INSERT INTO|UPDATE [a-z]+ SET|DELETE FROM|PRAGMA )"};
  for (const auto& [path, content] : sources(product_rooms)) {
    // A disk and a memory that fail on purpose stand below SQLite, not before a store.
    if (within_any(path, {"persistence/", "tools/sim/disk/"})) continue;
    INFO(path);
    CHECK(includes(content, "<sqlite3").empty());
    CHECK_FALSE(std::regex_search(content, sql));
  }
}

TEST_CASE("Boost is spoken in one file for each of its uses, behind a header without it") {
  const std::set<std::string> may{"actors/edge/http.cpp", "actors/edge/tunnel.cpp"};
  std::set<std::string> speakers;
  for (const auto& [path, content] : sources(product_rooms))
    if (!includes(content, "<boost/").empty()) speakers.insert(path);
  CHECK(speakers == may);
}

TEST_CASE("TLS is spoken in two files, and hashes in two, behind headers without them") {
  const std::set<std::string> may{"actors/edge/tls.cpp", "actors/edge/certificates.cpp", "actors/edge/keys.cpp",
                                  "persistence/logs/audit_log.cpp"};
  std::set<std::string> speakers;
  for (const auto& [path, content] : sources(product_rooms))
    if (!includes(content, "<openssl/").empty()) speakers.insert(path);
  CHECK(speakers == may);
}

TEST_CASE("each driver is spoken in its own sink, behind a header without it", "[S2.10]") {
  const std::map<std::string, std::string> sinks{{"<librdkafka/", "actors/edge/sinks/kafka.cpp"},
                                                 {"<mongoc", "actors/edge/sinks/mongodb.cpp"},
                                                 {"<bson", "actors/edge/sinks/mongodb.cpp"}};
  for (const auto& [path, content] : sources(product_rooms))
    for (const auto& [driver, sink] : sinks) {
      INFO(path << " speaks " << driver);
      CHECK((path == sink || includes(content, driver).empty()));
    }
}

TEST_CASE("no step and no domain knows where it runs: the engine sees no store and no actor", "[C.5][S4.5]") {
  for (const auto& [path, content] : sources({"actors/sagas", "actors/domains"})) {
    INFO(path);
    CHECK(content.find("caf::") == content.npos);
    CHECK((within(path, "actors/domains/") || content.find("persistence/") == content.npos));
  }
}

TEST_CASE("whoever sees the planted bugs is compiled with them, and each bug is planted somewhere", "[C.5]") {
  const std::string header = "messages/grammar/planted.hpp";
  const auto compiled = listed(read(top / "CMakeLists.txt"), "set(PLANTED_SOURCES", ")", "([^\\s]+\\.cpp)");
  std::set<std::string> seeing;
  std::string all;
  for (const auto& [path, content] : sources(product_rooms)) {
    const auto seen = includes(content, "\"");
    if (std::find(seen.begin(), seen.end(), header) == seen.end()) continue;
    INFO(path << " means another thing to those that are not compiled with bugs");
    CHECK(fs::path{path}.extension() == ".cpp");
    seeing.insert(path);
    all += content;
  }
  CHECK(seeing == compiled);
  const auto bugs = listed(read(top / header), "enum class bug : std::uint8_t {", "none", "([a-z_]+),");
  CHECK(bugs.size() >= 15);
  CHECK(bugs == listed(read(top / header), "planted_bugs{{", "}};", "\\{\"([a-z_]+)\""));
  for (const auto& name : bugs) {
    INFO(name);
    CHECK(all.find("planted(bug::" + name + ")") != all.npos);
  }
}

TEST_CASE("every domain has all of its parts under one name", "[C.3]") {
  const auto roster = read(top / "actors/runtime/roster.cpp");
  const auto letter = read(top / "messages/letter.cpp") + read(top / "messages/letter.hpp");
  const auto names = domains();
  CHECK(names.size() >= 8);
  for (const auto& name : names) {
    INFO(name);
    for (const auto& part :
         {"messages/" + name + ".hpp", "persistence/" + name + ".hpp", "persistence/" + name + ".cpp",
          "actors/domains/" + name + ".hpp", "actors/domains/" + name + ".cpp"}) {
      INFO(part);
      CHECK(fs::exists(top / part));
    }
    CHECK(roster.find("case domain::" + name + ":") != roster.npos);
    CHECK(letter.find("at(d::" + name + ",") != letter.npos);
  }
  // And nothing stands there that is no domain.
  std::set<std::string> known(names.begin(), names.end());
  known.insert("brain");
  for (const auto& one : fs::directory_iterator{top / "actors/domains"}) {
    INFO(one.path());
    CHECK(known.count(one.path().stem().string()) == 1);
  }
}

TEST_CASE("every source opens with a sentence that says what it is for") {
  for (const auto& [path, content] : sources(all_rooms)) {
    INFO(path);
    CHECK(content.rfind("// ", 0) == 0);
    const auto comment_end = content.find("\n#");
    const auto opening = content.substr(0, comment_end);
    CHECK(opening.find_first_of(".:") != opening.npos);
    CHECK((path.back() != 'h' || content.find('\t') == content.npos));
    if (fs::path{path}.extension() == ".hpp") CHECK(content.find("#pragma once") != content.npos);
  }
}

TEST_CASE("the tree speaks of the product, and nothing is left lying about") {
  // Put together here, so that this file does not name them.
  const std::vector<std::string> banned{
      "TO"
      "DO",
      "FIX"
      "ME",
      "/work/"
      "shared",
      "clau"
      "de",
      "chat"
      "gpt",
      "co"
      "pilot",
      "as an "
      "AI"};
  for (const auto& one : fs::recursive_directory_iterator{top}) {
    if (!one.is_regular_file()) continue;
    const auto path = fs::relative(one.path(), top).generic_string();
    if (path.front() == '.' || one.file_size() > 1'000'000) continue;
    const auto content = read(one.path());
    for (const auto& word : banned) {
      INFO(path << " says " << word);
      CHECK(content.find(word) == content.npos);
    }
  }
}

TEST_CASE("whatever has a crash point is compiled into the executable that can be told to die there") {
  const std::string header = "messages/grammar/crash_point.hpp";
  const auto compiled = listed(read(top / "CMakeLists.txt"), "set(CRASHING_SOURCES", ")", "([^\\s]+\\.cpp)");
  std::string all;
  for (const auto& [path, content] : sources({"messages", "persistence", "actors"})) {
    INFO(path);
    if (path == header || content.find("may_crash(") == content.npos) continue;
    CHECK(compiled.contains(path));
    for (const auto& which : matches(content, "may_crash\\(([^;]*)\\);")) all += which + '\n';
  }
  const auto used = matches(all, "crash_point::(\\w+)");
  CHECK(used == matches(read(top / header), "crash_point_row\\{crash_point::(\\w+)"));
  CHECK(used.size() >= 30);
}

TEST_CASE("every rule has a test that carries its number") {
  std::string all;
  for (const auto& [path, content] : sources({"tests"}))
    if (!within(path, "tests/house/")) all += content;
  // The rules of the house itself are proved here.
  all += read(top / "tests/house/house_test.cpp")
             .substr(0, read(top / "tests/house/house_test.cpp").find("every rule has a test"));
  for (const std::string rule :
       {"S4.1", "S4.2", "S4.3", "S4.4", "S4.5", "C.1",  "C.2",  "C.3",  "C.4",   "C.5",  "C.6",
        "S0.1", "S0.2", "S0.3", "S0.4", "S0.5", "S0.6", "S0.7", "S0.8", "S1.1",  "S1.2", "S1.3",
        "S1.4", "S1.5", "S1.6", "S3.1", "S3.2", "S3.3", "S3.4", "S3.5", "S3.6",  "S3.7", "S2.1",
        "S2.2", "S2.3", "S2.4", "S2.5", "S2.6", "S2.7", "S2.8", "S2.9", "S2.10", "S2.11"}) {
    INFO(rule);
    CHECK(all.find('[' + rule + ']') != all.npos);
  }
}

TEST_CASE("test names are sentences, and no two are the same") {
  std::map<std::string, std::string> names;
  const std::regex test{"TEST_CASE\\(\"([^\"]+)\""};
  for (const auto& [path, content] : sources({"tests"})) {
    for (std::sregex_iterator one{content.begin(), content.end(), test}, end; one != end; ++one) {
      const std::string name = (*one)[1];
      INFO(path << ": " << name);
      CHECK(std::count(name.begin(), name.end(), ' ') >= 2);
      CHECK(names.emplace(name, path).second);
    }
  }
}
