// The page cache that SQLite is given: it cuts off what is there, and does not look for what is not.
#include "persistence/sqlite/page_cache.hpp"

#include "persistence/sqlite/store_file.hpp"
#include "tests/catch.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using namespace souk::persistence;
using namespace souk::tests;

TEST_CASE("which pages a cache may hold is known from what was fetched, moved and cut off") {
  page_numbers pages;
  CHECK_FALSE(pages.may_reach(1));
  pages.fetched(3);
  pages.fetched(9);
  CHECK(pages.may_reach(9));
  CHECK_FALSE(pages.may_reach(10));
  SECTION("two pages swap their numbers by way of one that no page has") {
    pages.moved(3, 262'145);
    CHECK(pages.may_reach(10));
    pages.moved(9, 3);
    pages.moved(262'145, 9);
    CHECK(pages.may_reach(9));
    CHECK_FALSE(pages.may_reach(10));
  }
  SECTION("a page that stays where it was put is not forgotten") {
    pages.moved(9, 20);
    pages.cut_off(30);
    CHECK(pages.may_reach(20));
    pages.cut_off(15);
    CHECK_FALSE(pages.may_reach(15));
    CHECK(pages.may_reach(14));
  }
  SECTION("what was cut off may come again") {
    pages.cut_off(5);
    CHECK_FALSE(pages.may_reach(5));
    pages.fetched(7);
    CHECK(pages.may_reach(7));
    pages.cut_off(0);
    CHECK_FALSE(pages.may_reach(1));
  }
}

TEST_CASE("a store that grows, shrinks, is rolled back and grows again holds together") {
  static constexpr std::string_view schema[]{
      "CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
      "CREATE INDEX word_by_text ON word(text)"};
  temporary_folder folder;
  open_options options;
  options.path = folder.file("words.db");
  options.cache_kib = 256;
  store_file file{options, schema};
  auto add = file.prepare("INSERT INTO word VALUES(?1, hex(randomblob(?2)))");
  auto check = file.prepare("PRAGMA integrity_check");
  std::int64_t kept = 0;
  for (int round = 0; round < 6; ++round) {
    file.begin();
    for (int i = 0; i < 3'000; ++i) add.run(++kept, std::int64_t{round % 2 ? 20 : 200});
    file.commit();
    file.begin();
    for (int i = 0; i < 500; ++i) add.run(kept + 1 + i, std::int64_t{150});
    file.rollback();
    if (round == 3) {
      file.begin();
      file.prepare("DELETE FROM word WHERE id % 3 > 0").run();
      file.commit();
      file.prepare("VACUUM").run();
    }
    CHECK(check.first([](auto row) { return row.string(0); }) == "ok");
  }
  CHECK(file.prepare("SELECT count(*) FROM word").first([](auto row) { return row.integer(0); }) == 4'000 + 2 * 3'000);
}
