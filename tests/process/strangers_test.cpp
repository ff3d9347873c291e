// Whoever knocks at a node's tunnel without a certificate gets nothing, costs next to nothing, and holds up nobody.
#include <cstring>
#include <thread>

#include "tests/actors/sockets.hpp"
#include "tests/process/cluster.hpp"
#include "tests/sanitizer.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

// With a sanitizer it is not looked at.
double resident(const shop_of_three& shop, const std::string& node) {
  if (keeps_what_was_freed) return 0;
  const auto text = ask(shop.http(node), "GET", "/metrics").body;
  const auto at = text.find("\nprocess_resident_memory_bytes ");
  REQUIRE(at != text.npos);
  return std::stod(text.substr(at + std::strlen("\nprocess_resident_memory_bytes ")));
}

// Says it, and hears that nobody wants to talk to him; not a byte of CAF's.
bool is_refused(std::uint16_t port, const std::string& bytes) {
  auto knocks = plain_socket::to(port);
  (void)::send(knocks.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  std::string heard;
  char part[512];
  for (ssize_t n = 0; (n = ::recv(knocks.fd(), part, sizeof part, 0)) != 0;) {
    if (n < 0) return errno == ECONNRESET && heard.find("CAF") == heard.npos;
    heard.append(part, static_cast<std::size_t>(n));
  }
  return heard.find("CAF") == heard.npos && heard.size() < 64;  // a TLS alert at most
}

// The header of CAF's protocol between nodes: what follows, flags, how long that is, and for whom.
std::string header(int operation, std::uint32_t length) {
  std::string bytes(32, '\0');
  bytes[0] = static_cast<char>(operation);
  for (int i = 0; i < 4; ++i) bytes[4 + i] = static_cast<char>(length >> (24 - 8 * i));
  return bytes;
}

}  // namespace

TEST_CASE("strangers at a node's tunnel are refused, and orders go on as if nobody were there", "[strangers][C.6]") {
  shop_of_three shop{shop_of_three::between::tunnels};
  shop.start_all();
  program first{shop.replay(shop.url("north") + ',' + shop.url("west"))};
  REQUIRE(first.wait() == 0);
  furnish(shop, 1'000'000, 700);
  REQUIRE(insist({shop.http("west")}, "before", 0).status == 201);
  const auto before = resident(shop, "south");
  const auto door = shop.link("south");

  program meanwhile{shop.replay(shop.url("south") + ',' + shop.url("west"))};
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    refused += is_refused(door, "GET / HTTP/1.1\r\nHost: south\r\n\r\n");
    refused += is_refused(door, std::string(4'096, static_cast<char>('a' + i)));
    // What ends a process that hears it as CAF does, and what makes it ask for 4 GiB.
    for (const int operation : {0, 1, 2, 3, 4, 5, 255}) refused += is_refused(door, header(operation, 0));
    refused += is_refused(door, header(0, 0xffff'ffff));
  }
  CHECK(refused == 20 * 10);
  std::vector<plain_socket> idle;
  for (int i = 0; i < 1'000; ++i) {
    try {
      idle.push_back(plain_socket::to(door));
    } catch (const std::runtime_error&) {
      // It takes no more of them just now.
    }
    if (i % 200 == 100) CHECK(insist({shop.http("west")}, "while-" + std::to_string(i), 0).status == 201);
  }
  CHECK(idle.size() > 500);
  CHECK(shop.all_ready());
  CHECK(resident(shop, "south") < before + 16e6);
  idle.clear();
  REQUIRE(meanwhile.wait() == 0);
  const auto said = json::parse(meanwhile.last_line());
  has_the_whole_day(said);
  CHECK(said.at("replayed") == 142);
  CHECK(resident(shop, "south") < before + 16e6);
  CHECK(shop.all_ready());
  shop.end_all();
  holds_together(shop.check());
}
