// Proves that seat plans are read seat by seat, that nothing ambiguous gets through, and that real halls come to what
// was counted apart.
//
// The comparison with real halls needs ../shared/data/seats beside the checkout; where it is absent it is skipped.
#include "tools/seats/hall.hpp"

#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/catch.hpp"
#include "tests/shell.hpp"
#include "tests/temporary.hpp"
#include "tests/text.hpp"

using namespace souk;
using namespace souk::seats;
using souk::tests::quoted;
using souk::tests::slurp;

namespace {

const std::filesystem::path source_dir = SOUK_SOURCE_DIR;

// Seats, what was refused, and notes, as one comparable text.
std::string shown(const hall& of) {
  std::string out = of.key + '\n';
  for (const auto& one : of.seats)
    out += one.id + '|' + one.section + '|' + one.row + '|' + one.number + '|' + one.category + '\n';
  for (const auto& one : of.refused) out += "refused " + one.where + " (" + one.name + "): " + one.reason + '\n';
  for (const auto& one : of.notes) out += "note " + one + '\n';
  return out;
}
std::string read(const std::string& text) { return shown(read_hall(quoted(text))); }

// A pretix plan of one row.
std::string one_row(const std::string& seats) {
  return "{'name':'P','categories':[{'name':'I'}],'zones':[{'name':'Z','rows':[{'row_number':'A','seats':[" + seats +
         "]}]}]}";
}

std::string trouble(const std::string& text) {
  try {
    read_hall(quoted(text));
  } catch (const unreadable& why) {
    return why.what();
  }
  return "read";
}

tests::spoken run_souk(const std::string& words) {
  return tests::said_by(std::string{SOUK_BINARY} + ' ' + words + " 2>&1");
}

}  // namespace

TEST_CASE("a pretix plan is known by its guids when they are unique and can be ids", "[S2.1][seats]") {
  CHECK(read("{'name':'Small','categories':[{'name':'I'},{'name':'II'}],'zones':["
             "{'name':'Floor','rows':[{'row_number':'A','seats':["
             "{'seat_number':'1','seat_guid':'F-A-1','uuid':'u1','category':'I'},"
             "{'seat_number':'2','seat_guid':'F-A-2','uuid':'u2','category':'III'}]},"
             "{'row_number':'A','seats':[{'seat_number':3,'seat_guid':'F-A-3'}]},"
             "{'row_number':'B','seats':[]}]},"
             "{'name':'Drawing','areas':[{'shape':'circle'}]}]}") ==
        "seat_guid\nF-A-1|Floor|A|1|I\nF-A-2|Floor|A|2|III\nF-A-3|Floor|A|3|\n"
        "note category II has no seats\nnote category III is used but not declared\n");
}

TEST_CASE("a pretix plan whose guids do not identify its seats is known by the uuids", "[S2.2][seats]") {
  CHECK(read(one_row("{'seat_number':'1','seat_guid':'g','uuid':'a'},{'seat_number':'1','seat_guid':'g','uuid':'b'},"
                     "{'seat_number':'2','seat_guid':'h','uuid':'c'}")) ==
        "uuid\na|Z|A|1|\nb|Z|A|1|\nc|Z|A|2|\n"
        "note seat_guid is not unique (2 values for 3 seats, one used 2 times): the uuid identifies the seat\n"
        "note category I has no seats\n"
        "note 1 names (section, row, number) are those of several seats: only the id tells them apart\n");
  CHECK(read(one_row("{'seat_number':'1','uuid':'a','category':'I'}")) ==
        "uuid\na|Z|A|1|I\nnote not every seat has a seat_guid: the uuid identifies the seat\n");
  CHECK(read(one_row("{'seat_number':'1','uuid':'a','seat_guid':'links 1','category':'I'}")) ==
        "uuid\na|Z|A|1|I\nnote not every seat_guid can be an id: the uuid identifies the seat\n");
}

TEST_CASE("a seat without an id or a number, and two with one id, are refused by name", "[S2.2][seats]") {
  const auto text = read(
      one_row("{'seat_number':'1','uuid':'a','category':'I'},{'seat_number':'2','uuid':'b'},{'seat_number':'3','uuid':"
              "'b'},{'seat_number':'4'},{'uuid':'c'},{'seat_number':'6','uuid':'x y'}"));
  CHECK(text ==
        "uuid\na|Z|A|1|I\n"
        "refused zones[0].rows[0].seats[1] (Z, row A, number 2): its id b is also that of zones[0].rows[0].seats[2]\n"
        "refused zones[0].rows[0].seats[2] (Z, row A, number 3): its id b is also that of zones[0].rows[0].seats[1]\n"
        "refused zones[0].rows[0].seats[3] (Z, row A, number 4): it has no uuid\n"
        "refused zones[0].rows[0].seats[4] (Z, row A, number ): it has no seat_number\n"
        "refused zones[0].rows[0].seats[5] (Z, row A, number 6): its id 'x y' is not 1 to 64 letters, digits, - _ . or "
        ":\n"
        "note not every seat has a seat_guid: the uuid identifies the seat\n");
}

TEST_CASE("a ticketland hall keeps its names as written, also a blank row, and says what is free seating",
          "[S2.1][seats]") {
  const auto text = quoted(
      "{'type':'schema','objects':[{'type':'stage','objectId':9},"
      "{'type':'section','objectId':1,'name':'Партер','freeSeating':'true','sectionId':7},"
      "{'type':'section','objectId':2,'name':'VIP','freeSeating':false,'hidden':true,'sectionId':8},"
      "{'type':'seat','objectId':1,'attrs':{'sectionId':7,'section':'Партер','row':' ','seat':'730'}},"
      "{'type':'seat','objectId':3,'attrs':{'sectionId':6,'section':'Партер','row':' ','seat':'731'}},"
      "{'type':'seat','objectId':4,'attrs':{'sectionId':7,'section':'VIP','row':' ','seat':'732'}},"
      "{'type':'seat','objectId':5}]}");
  const auto of = read_hall(text);
  CHECK(shown(of) ==
        "objectId\n1|Партер| |730|7\n3|Партер| |731|6\n"
        "refused objects[5] (VIP, row  , number 732): its section is 'VIP', but sectionId 7 is 'Партер'\n"
        "refused objects[6] (, row , number ): it has no attrs\n"
        "note sectionId '6' is used but not declared\n"
        "note section Партер has free seating, and yet 1 numbered places: they are kept as seats\n"
        "note section VIP has no seats\n");
  CHECK(of.free_seating == std::vector<std::string>{"Партер"});
  CHECK(trouble(
            "{'objects':[{'type':'section','sectionId':1,'name':'a'},{'type':'section','sectionId':1,'name':'b'}]}") ==
        "objects[1] is a second section with the sectionId 1");
}

TEST_CASE("a nest of levels, sections and rows has meta data that is no row, and rows that are empty",
          "[S2.1][seats]") {
  const auto of = read_hall(
      quoted("{'Stage':{'S1':{'data':{'section_id':1},'B':{'10':{'disabled':false},'2':{'reserved':true}},'A':{}}},"
             "'Loge':{'S1':{'B':{'2':{'elected':false,'disabled':true}}}}}"));
  CHECK(shown(of) ==
        "place\nStage:S1:B:10|Stage/S1|B|10|\nStage:S1:B:2|Stage/S1|B|2|\nLoge:S1:B:2|Loge/S1|B|2|\n"
        "note 1 seats are reserved in the file\nnote 1 seats are disabled in the file\n");
  CHECK(of.row_records == 3);
  CHECK(of.empty_rows == 1);
  const auto counted = count(of);
  CHECK(counted.per_section == tally{{"Stage/S1", 2}, {"Loge/S1", 1}});
  CHECK(counted.per_row.size() == 2);
  // Put together, two different places may read the same: neither is sold as the other.
  CHECK(read("{'L':{'S:A':{'1':{'2':{}}},'S':{'A:1':{'2':{}},'A':{'1':{}}}}}") ==
        "place\nL:S:A:1|L/S|A|1|\n"
        "refused L.S:A.1.2 (L/S:A, row 1, number 2): its id L:S:A:1:2 is also that of L.S.A:1.2\n"
        "refused L.S.A:1.2 (L/S, row A:1, number 2): its id L:S:A:1:2 is also that of L.S:A.1.2\n");
}

TEST_CASE("a file that is no seat plan is refused with the place that is wrong", "[seats]") {
  CHECK(trouble("{'zones':[") ==
        "not JSON: parse error at line 1, column 11: syntax error while parsing value - "
        "unexpected end of input; expected '[', '{', or a literal");
  CHECK(trouble("[]").starts_with("not a seat plan"));
  CHECK(trouble("{}").starts_with("not a seat plan"));
  CHECK(trouble("7").starts_with("not a seat plan"));
  CHECK(trouble("{'a':{'b':7}}").starts_with("not a seat plan"));
  CHECK(trouble("{'zones':7}") == "zones must be a list, not a number");
  CHECK(trouble("{'zones':[]}") == "a pretix seating plan without any seat");
  CHECK(trouble("{'zones':[{'rows':[{}]}]}") == "zones[0].rows[0] has no seats");
  CHECK(trouble(one_row("7")) == "zones[0].rows[0].seats[0] must be an object, not a number");
  CHECK(trouble(one_row("{'seat_number':{}}")) ==
        "zones[0].rows[0].seats[0].seat_number must be a text, not an object");
  CHECK(trouble("{'L':{'S':{'A':{'1':{'reserved':'maybe'}}}}}") ==
        "L.S.A.1.reserved must be true or false, not \"maybe\"");
  CHECK(trouble("{'L':{'S':{'A':{'1':[]}}}}") == "L.S.A.1 must be an object, not a list");
  // The library would keep the last of them, and a seat would be lost.
  CHECK(trouble("{'L':{'S':{'A':{'1':{},'1':{}}}}}") == "L.S.A.1 is there twice");
  CHECK(trouble("{'zones':[{},{'rows':[{'seats':[{'uuid':'a'},{'uuid':'b','uuid':'c'}]}]}]}") ==
        "zones[1].rows[0].seats[1].uuid is there twice");
  std::string deep(100'000, '[');
  CHECK(trouble(deep).ends_with("is nested too deep"));
  CHECK(trouble("{'L':{'S':{'A':{'\xff':{}}}}}").starts_with("not JSON"));
}

TEST_CASE("souk seats says what it read, and its exit code whether all of it can be used", "[seats]") {
  const souk::tests::temporary_folder folder;
  const auto put = [&](const std::string& text) {
    std::ofstream{folder.file("plan.json")} << quoted(text);
    return folder.file("plan.json");
  };
  const auto good = run_souk("seats -o json " + put(one_row("{'seat_number':'1','seat_guid':'g','category':'I'}")));
  CHECK(good.code == 0);
  const auto said = json::parse(good.text);
  CHECK(said.at("seats") == json::parse(quoted("[{'id':'g','section':'Z','row':'A','number':'1','category':'I'}]")));
  CHECK(said.at("counts").at("seats_per_row") == json::parse(quoted("[{'section':'Z','row':'A','seats':1}]")));
  const auto partly = run_souk("seats " + put(one_row("{'seat_number':'1'},{'seat_number':'2','seat_guid':'g'}")));
  CHECK(partly.code == 1);
  CHECK(partly.text.find("(Z, row A, number 1) is refused: it has no uuid") != std::string::npos);
  const auto broken = run_souk("seats " + put("{'zones':7}"));
  CHECK(broken.code == 1);
  CHECK(broken.text.find("plan.json: zones must be a list, not a number") != std::string::npos);
  CHECK(run_souk("seats " + folder.file("nothing.json")).code == 3);
  CHECK(run_souk("seats " + folder.path().string()).code == 1);
  CHECK(run_souk("seats").code == 2);
}

TEST_CASE("four real halls come to the reference, in every figure", "[S2.1][seats]") {
  const auto dir = source_dir / "../shared/data/seats";
  if (!std::filesystem::exists(dir / "reference.json")) {
    WARN("skipped: " << dir.string() << " is absent");
    return;
  }
  const auto reference = json::parse(slurp(dir / "reference.json"));
  std::int64_t total = 0;
  for (const auto& [file, expected] : reference.at("plans").items()) {
    INFO(file);
    const auto text = slurp(dir / file);
    REQUIRE(text.size() == reference.at("files").at(file).at("bytes"));
    const auto of = read_hall(text);
    CHECK(of.refused.empty());
    CHECK(of.format == expected.at("format"));
    const auto said = to_json(of);
    const auto& counts = said.at("counts");
    total += counts.at("seats").get<std::int64_t>();
    // Every figure that the reference has under the name that we print it with; these at least.
    std::set<std::string> compared;
    for (const auto& [name, figure] : expected.items()) {
      if (!counts.contains(name)) continue;
      INFO(name);
      CHECK(nlohmann::json(counts.at(name)) == nlohmann::json(figure));
      compared.insert(name);
    }
    for (const char* name : {"seats", "sections", "rows", "seats_per_section", "distinct_section_row_seat_labels",
                             "labels_used_more_than_once"})
      CHECK(compared.count(name) == 1);
    if (expected.contains("seats_per_category")) CHECK(compared.count("seats_per_category") == 1);
    if (expected.contains("free_seating_sections"))
      CHECK(said.at("free_seating_sections") == expected.at("free_seating_sections"));
    std::set<std::string> ids;
    for (const auto& one : of.seats) ids.insert(one.id);
    CHECK(ids.size() == of.seats.size());
    std::int64_t in_rows = 0;
    for (const auto& row : counts.at("seats_per_row")) in_rows += row.at("seats").get<std::int64_t>();
    CHECK(in_rows == counts.at("seats"));
  }
  CHECK(total == reference.at("total_seats"));

  const auto stadium = read_hall(slurp(dir / "seatmap-canvas-stadium.pretix.json"));
  CHECK(stadium.key == "uuid");
  CHECK(stadium.name == "Plan");
  CHECK(stadium.notes ==
        std::vector<std::string>{"seat_guid is not unique (318 values for 738 seats, one used 8 times): the uuid "
                                 "identifies the seat",
                                 "category Category III has no seats",
                                 "126 names (section, row, number) are those of several seats: only the id tells them "
                                 "apart"});
}
