// souk certs makes what nodes show each other, once, and readable by nobody else.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/catch.hpp"
#include "tests/shell.hpp"
#include "tests/temporary.hpp"
#include "tests/text.hpp"

using namespace souk::tests;

namespace {

spoken certs(const std::string& words) { return said_by(std::string{SOUK_BINARY} + " certs " + words + " 2>&1"); }

mode_t mode_of(const std::string& file) {
  struct stat about {};
  ::stat(file.c_str(), &about);
  return about.st_mode & 07777;
}

}  // namespace

TEST_CASE("souk certs makes an authority and nodes' certificates, and says until when they hold") {
  temporary_folder folder;
  const auto at = folder.file("papers");
  const auto authority = certs(at + " --ca");
  INFO(authority.text);
  REQUIRE(authority.code == 0);
  CHECK(authority.text.find("made " + at + "/ca.crt and " + at + "/ca.key, until 20") == 0);
  const auto nodes = certs(at + " anna ben --days 30");
  INFO(nodes.text);
  REQUIRE(nodes.code == 0);
  CHECK(nodes.text.find("made " + at + "/anna.crt") == 0);
  CHECK(nodes.text.find("made " + at + "/ben.crt") != std::string::npos);
  for (const auto* name : {"/ca.key", "/anna.key", "/ben.key"}) CHECK(mode_of(at + name) == 0600);
  for (const auto* name : {"/ca.crt", "/anna.crt", "/ben.crt"}) CHECK(mode_of(at + name) == 0644);
  CHECK(slurp(at + "/anna.key") != slurp(at + "/ben.key"));
}

TEST_CASE("souk certs asked again changes nothing, and never writes over what is there") {
  temporary_folder folder;
  const auto at = folder.file("papers");
  REQUIRE(certs(at + " --ca anna").code == 0);
  const auto key = slurp(at + "/anna.key"), ca = slurp(at + "/ca.key");
  const auto again = certs(at + " --ca anna ben");
  INFO(again.text);
  CHECK(again.code == 0);
  CHECK(again.text.find("kept " + at + "/ca.crt") == 0);
  CHECK(again.text.find("kept " + at + "/anna.crt") != std::string::npos);
  CHECK(again.text.find("made " + at + "/ben.crt") != std::string::npos);
  CHECK(slurp(at + "/anna.key") == key);
  CHECK(slurp(at + "/ca.key") == ca);

  SECTION("one file without the other is in the way") {
    std::filesystem::remove(at + "/anna.key");
    const auto half = certs(at + " anna");
    CHECK(half.code == 4);
    CHECK(half.text == "souk certs: " + at + "/anna.crt: is there, without " + at + "/anna.key\n");
  }
  SECTION("so is another node's key") {
    std::filesystem::copy_file(at + "/ben.key", at + "/anna.key", std::filesystem::copy_options::overwrite_existing);
    const auto other = certs(at + " anna");
    CHECK(other.code == 4);
    CHECK(other.text == "souk certs: " + at + "/anna.key: is not the key of " + at + "/anna.crt\n");
  }
  SECTION("and a certificate of another authority") {
    const auto elsewhere = folder.file("elsewhere");
    REQUIRE(certs(elsewhere + " --ca").code == 0);
    std::filesystem::copy_file(elsewhere + "/ca.crt", at + "/ca.crt",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy_file(elsewhere + "/ca.key", at + "/ca.key",
                               std::filesystem::copy_options::overwrite_existing);
    const auto other = certs(at + " anna");
    CHECK(other.code == 4);
    CHECK(other.text.find(at + "/anna.crt: is there already, and not of the authority in " + at + "/ca.crt") !=
          std::string::npos);
    CHECK(slurp(at + "/anna.key") == key);
  }
}

TEST_CASE("souk certs says what is wrong, and with which file") {
  temporary_folder folder;
  const auto at = folder.file("papers");
  CHECK(certs(at).code == 2);
  CHECK(certs(at + " ../anna").code == 2);
  CHECK(certs(at + " ca").code == 2);
  CHECK(certs(at + " --ca --days 0").code == 2);
  const auto early = certs(at + " anna");
  CHECK(early.code == 1);
  CHECK(early.text == "souk certs: " + at + "/ca.crt: is not there; the authority is made first, with --ca\n");
  std::ofstream{folder.file("file")} << "no directory";
  const auto nowhere = certs(folder.file("file") + "/papers --ca");
  CHECK(nowhere.code == 1);
  CHECK(nowhere.text.find(folder.file("file") + "/papers: cannot be made") != std::string::npos);
  REQUIRE(certs(at + " --ca").code == 0);
  std::ofstream{at + "/ca.key"} << "spoiled";
  CHECK(certs(at + " anna").text == "souk certs: " + at + "/ca.key: holds no private key without a password in PEM\n");
  CHECK_FALSE(std::filesystem::exists(at + "/anna.crt"));
}
