// An on-sale in a node of its own: halls are read strictly, a storm adds up, and played again it is the same storm.
#include <fstream>

#include "tests/catch.hpp"
#include "tests/temporary.hpp"
#include "tools/onsale/storm.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

std::string written(const temporary_folder& in, const std::string& text) {
  const auto path = in.file("hall.json");
  std::ofstream{path} << text;
  return path;
}

onsale::result storm(const temporary_folder& data, unsigned users) {
  onsale::booth booth{data.path() / "data"};
  onsale::storm_options how;
  how.users = users;
  how.hold_seconds = 1;
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
}
