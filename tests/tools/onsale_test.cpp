// An on-sale in a node of its own: halls are read strictly, a storm adds up, and played again it is the same storm.
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <thread>

#include "tests/catch.hpp"
#include "tests/temporary.hpp"
#include "tests/text.hpp"
#include "tools/onsale/board.hpp"
#include "tools/onsale/line.hpp"
#include "tools/onsale/storm.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

std::string written(const temporary_folder& in, const std::string& text) {
  const auto path = in.file("hall.json");
  std::ofstream{path} << text;
  return path;
}

// Those who vanish give back what they held only then; who means to pay has paid by then on the slowest machine.
constexpr std::int64_t hold_seconds = 4;

onsale::result storm(const temporary_folder& data, unsigned users) {
  onsale::booth booth{data.path() / "data"};
  onsale::storm_options how;
  how.users = users;
  how.hold_seconds = hold_seconds;
  return onsale::play(onsale::small_hall(), booth, how);
}

std::string differences(const onsale::result& all) {
  std::string text;
  for (const auto& one : all.comparisons)
    if (!one.holds()) text += one.what + ": " + one.differs + '\n';
  return text;
}

}  // namespace

TEST_CASE("a hall is read as it stands in its file, or refused by the member that is wrong", "[S2.1]") {
  temporary_folder folder;
  const auto hall = onsale::read_hall(
      written(folder, R"({"seats":[{"id":"A1","section":"S","row":"A","number":"1","category":"I","price":5}]})"));
  REQUIRE(hall.size() == 1);
  CHECK(hall[0].id == "A1");
  CHECK(hall[0].price == 5);
  const auto trouble = [&](const std::string& text) {
    try {
      onsale::read_hall(written(folder, text));
    } catch (const onsale::unreadable& why) {
      return std::string{why.what()};
    }
    return std::string{};
  };
  CHECK(trouble("{").find("hall.json") != std::string::npos);
  CHECK(trouble(R"({"seats":[{"id":"A1"}]})").find("seats[0].section") != std::string::npos);
  const std::string seat = R"({"id":"A1","section":"S","row":"A","number":"1","category":"I","price":5})";
  CHECK(trouble(R"({"seats":[)" + seat + ',' + seat + "]}").find("seats[1].id") != std::string::npos);
  CHECK(onsale::small_hall().size() == 60);
}

TEST_CASE("a seat plan is priced by its categories in their order, and sold whole or not at all", "[S2.1][S2.2]") {
  temporary_folder folder;
  const auto plan = [&](const std::string& seats) {
    return written(
        folder, quoted("{'name':'P','zones':[{'name':'Floor','rows':[{'row_number':'A','seats':[" + seats + "]}]}]}"));
  };
  const std::string second = "{'seat_number':'2','seat_guid':'b','category':'II'}";
  const std::string three = "{'seat_number':'1','seat_guid':'a','category':'I'}," + second +
                            ",{'seat_number':'3','seat_guid':'c','category':'III'}";
  const auto hall = onsale::read_hall(plan(three), {900, 500});
  REQUIRE(hall.size() == 3);
  CHECK(hall[0].price == 900);
  CHECK(hall[1].price == 500);
  CHECK(hall[2].price == 500);
  CHECK(hall[2].category == "III");
  CHECK_THROWS_WITH(onsale::read_hall(plan(three + ',' + second)), Catch::Contains("cannot be sold"));
  const auto nest = onsale::read_hall(written(folder, quoted("{'Circle':{'L':{'A':{'1':{},'2':{}}}},"
                                                             "'Stalls':{'L':{'A':{'1':{}}}}}")));
  REQUIRE(nest.size() == 3);
  CHECK(nest[1].category == "Circle");
  CHECK(nest[1].price == onsale::usual_prices[0]);
  CHECK(nest[2].price == onsale::usual_prices[1]);
}

TEST_CASE("every real hall can be put on sale, and the concert on a real date", "[S2.1]") {
  const auto data = std::filesystem::path{SOUK_SOURCE_DIR} / "../shared/data";
  if (!std::filesystem::exists(data / "seats")) {
    WARN("skipped: " << data << " is not there");
    return;
  }
  const std::map<std::string, std::size_t> halls{{"seatmap-canvas-stadium.pretix.json", 738},
                                                 {"ticketland-hall.json", 1'115},
                                                 {"vbc-concert-hall.json", 1'867},
                                                 {"vbc-playhouse.json", 347}};
  const auto dates = data / "concerts/nyphil-2024-25_TO_NOW.json";
  onsale::storm_options how;
  how.users = 30;
  how.hold_seconds = hold_seconds;
  for (const auto& [file, seats] : halls) {
    INFO(file);
    const auto hall = onsale::read_hall(data / "seats" / file);
    CHECK(hall.size() == seats);
    how.seed += 1;
    how.when = onsale::read_occasion(dates, how.seed);
    temporary_folder folder;
    onsale::booth booth{folder.path() / "data"};
    const auto all = onsale::play(hall, booth, how);
    INFO(differences(all));
    CHECK(all.holds());
    CHECK(all.sold > 10);
    const auto listed = booth.get("/v1/concerts?limit=10").body["data"][0]["schedules"][0];
    CHECK(listed["id"] == how.when->schedule + '-' + std::to_string(how.seed));
    CHECK(listed["starts"] == how.when->starts);
  }
}

TEST_CASE("visitors are looked after by place, and whoever takes a second number does not keep others waiting",
          "[S2.8]") {
  std::vector<onsale::visitor> all(3);
  all[0].place = 2;
  all[1].place = 3;
  all[2].place = 1;
  onsale::line line{all};
  auto* first = line.next();
  CHECK(first == &all[2]);
  first->place = 9;
  line.back(*first);
  CHECK(line.next() == &all[0]);
  line.gone();
  CHECK(line.next() == &all[1]);
  std::thread comes_back{[&] {
    line.gone();
    CHECK(line.next() == first);
    line.gone();
  }};
  comes_back.join();
  CHECK(line.next() == nullptr);
}

TEST_CASE("a storm of visitors sells a hall, and the same storm again finds everything sold to the same",
          "[S2.3][S2.6][S2.8][S2.10][S2.11]") {
  temporary_folder folder;
  const auto first = storm(folder, 150);
  INFO(differences(first));
  CHECK(first.holds());
  CHECK(first.sold == 60);
  const auto again = storm(folder, 150);
  INFO(differences(again));
  CHECK(again.holds());
  CHECK(again.sold == 60);
  CHECK(again.taken == first.taken);
  CHECK(again.ends.at("a seat") == first.ends.at("a seat"));

  onsale::booth booth{folder.path() / "data"};
  onsale::board board{booth, "date-" + std::to_string(onsale::storm_options{}.seed), 60};
  std::optional<onsale::board::payment> somebody_pays{board};
  CHECK(board.read().sold.size() == 60);
  CHECK_FALSE(board.glance()->sold_out);
  somebody_pays.reset();
  CHECK(board.read().sold_out);
}
