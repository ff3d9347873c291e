// Proves that concert dates become the moments they mean, on the clock of their place, or none at all.
//
// The comparison with two real seasons needs ../shared/data/concerts beside the checkout; where it is absent it is
// skipped.
#include "tools/seats/dates.hpp"

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/catch.hpp"
#include "tests/text.hpp"

using namespace souk::seats;
using souk::tests::quoted;
using souk::tests::slurp;

namespace {

std::string shown(const calendar& of) {
  std::string out;
  for (const auto& programme : of.programmes)
    for (const auto& one : programme.concerts) {
      out += one.id + ' ';
      out += one.starts ? to_text(*one.starts) : "none";
      out += '\n';
    }
  for (const auto& one : of.refused) out += "refused " + one.where + " (" + one.name + "): " + one.reason + '\n';
  for (const auto& one : of.notes) out += "note " + one + '\n';
  return out;
}

std::string concert_on(const std::string& date, const std::string& time,
                       const std::string& location = "Manhattan, NY") {
  return "{'eventType':'Tour','Venue':'Hall','Location':'" + location + "','Date':'" + date + "','Time':'" + time +
         "'}";
}
std::string programme_of(const std::string& concerts, const std::string& id = "7") {
  return "{'id':'x','programID':'" + id + "','season':'s','orchestra':'o','works':[{'ID':'1'},{'interval':'I'}]," +
         "'concerts':[" + concerts + "]}";
}
std::string read(const std::string& programmes) {
  return shown(read_dates(quoted("{'programs':[" + programmes + "]}")));
}
// The start of one concert, or why it has none.
std::string start(const std::string& date, const std::string& time, const std::string& location = "Manhattan, NY") {
  const auto of = read_dates(quoted("{'programs':[" + programme_of(concert_on(date, time, location)) + "]}"));
  if (!of.refused.empty()) return of.refused[0].reason;
  const auto& one = of.programmes.at(0).concerts.at(0);
  return one.starts ? to_text(*one.starts) : of.notes.at(0).substr(of.notes.at(0).find(": ") + 2);
}
std::string trouble(const std::string& text) {
  try {
    read_dates(quoted(text));
  } catch (const unreadable& why) {
    return why.what();
  }
  return "read";
}

}  // namespace

TEST_CASE("an evening in New York starts five hours before UTC in winter and four in summer", "[S2.1][seats]") {
  CHECK(start("2024-09-12T04:00:00Z", "7:30PM") == "2024-09-12T23:30:00.000Z");
  CHECK(start("2025-01-02T05:00:00Z", "7:30PM") == "2025-01-03T00:30:00.000Z");
  CHECK(start("2025-01-02T05:00:00Z", "12:00PM") == "2025-01-02T17:00:00.000Z");
  CHECK(start("2025-01-02T05:00:00Z", "12:30AM") == "2025-01-02T05:30:00.000Z");
  // The clock changes at two in the morning: midnight still has the old offset, the evening the new one.
  CHECK(start("2024-11-03T04:00:00Z", "2:00PM") == "2024-11-03T19:00:00.000Z");
  CHECK(start("2025-03-09T05:00:00Z", "2:00PM") == "2025-03-09T18:00:00.000Z");
  CHECK(start("2025-03-09T05:00:00Z", "1:59AM") == "2025-03-09T06:59:00.000Z");
  CHECK(start("2025-03-09T05:00:00Z", "3:00AM") == "2025-03-09T07:00:00.000Z");
  CHECK(start("2024-11-03T04:00:00Z", "12:59AM") == "2024-11-03T04:59:00.000Z");
  CHECK(start("2024-11-03T04:00:00Z", "2:00AM") == "2024-11-03T07:00:00.000Z");
  // Month's ends of both kinds: 2026 has its Sundays on the first.
  CHECK(start("2026-03-08T05:00:00Z", "8:00PM") == "2026-03-09T00:00:00.000Z");
  CHECK(start("2026-11-01T04:00:00Z", "8:00PM") == "2026-11-02T01:00:00.000Z");
  CHECK(start("2026-10-31T04:00:00Z", "8:00PM") == "2026-11-01T00:00:00.000Z");
}

TEST_CASE("a time that the clock skips or shows twice is no moment", "[S2.1][seats]") {
  CHECK(start("2025-03-09T05:00:00Z", "2:30AM") == "the clock is put forward over this time");
  CHECK(start("2024-11-03T04:00:00Z", "1:30AM") == "the clock shows this time twice");
}

TEST_CASE("a concert on tour starts by the clock of its place, and an unknown place gives no start", "[S2.1][seats]") {
  CHECK(start("2025-07-12T04:00:00Z", "6:00PM", "Vail, CO") == "2025-07-13T00:00:00.000Z");
  CHECK(start("2025-06-26T04:00:00Z", "7:30PM", "Seoul, KOREA") == "2025-06-26T10:30:00.000Z");
  CHECK(start("2025-06-28T04:00:00Z", "7:30PM", "Incheon, South Korea") == "2025-06-28T10:30:00.000Z");
  CHECK(start("2025-07-01T04:00:00Z", "7:30PM", "Shanghai, CHINA") == "2025-07-01T11:30:00.000Z");
  CHECK(start("2025-07-01T04:00:00Z", "7:30PM", "Paris, FRANCE") == "the clock of 'Paris, FRANCE' is not known");
}

TEST_CASE("a concert without a time is kept without a start", "[S2.1][seats]") {
  CHECK(read(programme_of(concert_on("2025-10-28T04:00:00Z", "None"))) ==
        "7-20251028 none\nnote 7-20251028 at Hall has no start: the file gives no time\n");
}

TEST_CASE("dates that are not midnight in New York and times that are none are refused", "[seats]") {
  const std::string no_midnight = "its Date '2024-09-12T05:00:00Z' is not midnight in New York";
  CHECK(start("2024-09-12T05:00:00Z", "7:30PM") == no_midnight);
  CHECK(start("2006-09-12T04:00:00Z", "7:30PM") == "its Date '2006-09-12T04:00:00Z' is not midnight in New York");
  for (const std::string date : {"2024-13-12T04:00:00Z", "2024-02-30T05:00:00Z", "2024-09-12", "", "soon"})
    CHECK(start(date, "7:30PM") == "its Date '" + date + "' is not midnight in New York");
  for (const std::string time :
       {"7:30", "19:30PM", "0:30AM", "7:60PM", "7:30 PM", "7.30PM", ":30PM", "7:3PM", "a:30PM"})
    CHECK(start("2024-09-12T04:00:00Z", time) == "its Time '" + time + "' is not like 8:00PM");
}

TEST_CASE("programmes or concerts with one id are refused by name", "[seats]") {
  const auto evening = concert_on("2024-09-12T04:00:00Z", "7:30PM");
  CHECK(read(programme_of(evening) + ',' + programme_of(evening)) ==
        "refused programs[0] (programme 7): its id 7 is used 2 times\n"
        "refused programs[1] (programme 7): its id 7 is used 2 times\n");
  CHECK(read(programme_of(evening + ',' + concert_on("2024-09-13T04:00:00Z", "8:00PM") + ',' + evening)) ==
        "7-20240913-2000 2024-09-14T00:00:00.000Z\n"
        "refused programs[0].concerts[0] (2024-09-12 7:30PM at Hall): its id 7-20240912-1930 is used 2 times\n"
        "refused programs[0].concerts[2] (2024-09-12 7:30PM at Hall): its id 7-20240912-1930 is used 2 times\n");
  CHECK(read(programme_of("", "a b")) ==
        "refused programs[0] (programme a b): its id 'a b' is not 1 to 64 letters, digits, - _ . or :\n");
}

TEST_CASE("a file without programmes is refused with what is wrong", "[seats]") {
  CHECK(trouble("[]") == "not concert dates: it has no programs");
  CHECK(trouble("{'programs':7}") == "programs must be a list, not a number");
  CHECK(trouble("{'programs':[]}") == "there are no programmes");
  CHECK(trouble("{'programs':[{'programID':'1'}]}") == "programs[0] has no concerts");
  CHECK(trouble("{'programs':[{'concerts':[]}]}") == "programs[0] has no programID");
  CHECK(trouble("{'programs':[{'programID':'1','concerts':[{'Time':'8:00PM'}]}]}") ==
        "programs[0].concerts[0] has no Date");
}

TEST_CASE("two real seasons come to the reference, in every figure", "[S2.1][seats]") {
  const auto dir = std::filesystem::path{SOUK_SOURCE_DIR} / "../shared/data/concerts";
  if (!std::filesystem::exists(dir / "reference.json")) {
    WARN("skipped: " << dir.string() << " is absent");
    return;
  }
  const auto reference = nlohmann::json::parse(slurp(dir / "reference.json"));
  const auto of = read_dates(slurp(dir / "nyphil-2024-25_TO_NOW.json"));
  CHECK(of.refused.empty());
  const auto counts = nlohmann::json(to_json(of).at("counts"));
  for (const char* name : {"programs", "distinct_guid_ids", "concerts", "distinct_dates", "first_date", "last_date",
                           "venues", "locations", "works", "intermissions"}) {
    INFO(name);
    CHECK(counts.at(name) == reference.at("total").at(name));
  }
  for (const char* name :
       {"concerts_per_season", "concerts_per_event_type", "concerts_per_venue", "concerts_per_date"}) {
    INFO(name);
    CHECK(counts.at(name) == reference.at(name));
  }
  // All but the two without a time have a start, and the notes say why those have none.
  CHECK(counts.at("concerts_with_start") == 250);
  CHECK(of.notes.size() == 3);  // and the one programme without works
  std::set<std::string> ids;
  for (const auto& programme : of.programmes)
    for (const auto& one : programme.concerts) ids.insert(one.id);
  CHECK(ids.size() == 252);
  CHECK(to_text(*of.programmes.at(0).concerts.at(0).starts) == "2024-09-12T23:30:00.000Z");
}
