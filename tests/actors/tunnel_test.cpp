// The tunnel between nodes carries bytes unchanged, and only between those who may.
#include "actors/edge/tunnel.hpp"

#include <dlfcn.h>
#include <netdb.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <future>
#include <optional>
#include <random>
#include <string_view>
#include <thread>

#include "tests/actors/cluster.hpp"
#include "tests/catch.hpp"
#include "tests/sanitizer.hpp"
#include "tests/shell.hpp"
#include "tools/bench/cpu.hpp"

using namespace souk;
using namespace souk::tests;
using edge::tunnel;
using tools::cpu_seconds;

namespace {

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random{seed};
  std::string bytes(size, '\0');
  for (auto& one : bytes) one = static_cast<char>(random());
  return bytes;
}

// anna's host can call ben's; who listens behind ben is the test.
struct two_hosts {
  cluster papers{{"anna", "ben", "carl"}};
  plain_listener behind_ben, behind_anna;
  std::unique_ptr<tunnel> ben, anna;

  explicit two_hosts(const std::function<void(edge::tunnel_options&)>& adjust = [](auto&) {}) {
    auto of_ben = papers.options("ben", behind_ben.port(), {{"anna", "127.0.0.1", 0}});
    adjust(of_ben);
    ben = std::make_unique<tunnel>(of_ben);
    auto of_anna = papers.options("anna", behind_anna.port(), {{"ben", "127.0.0.1", ben->port()}});
    adjust(of_anna);
    anna = std::make_unique<tunnel>(of_anna);
  }
  plain_socket dial() const { return plain_socket::to(anna->local_port("ben")); }
  // A connection that works.
  bool goes_on() {
    auto here = dial();
    auto there = behind_ben.accept();
    return here.send("ping") && there.read_all(4).bytes == "ping" && there.send("pong") &&
           here.read_all(4).bytes == "pong";
  }
};

// What the process has of memory, in bytes. With a sanitizer it is not looked at.
std::size_t resident() {
  if (keeps_what_was_freed) return 0;
  std::ifstream in{"/proc/self/statm"};
  std::size_t whole = 0, here = 0;
  in >> whole >> here;
  return here * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

constexpr const char* the_name = "ben.example";
enum class who_knows : std::uint8_t { here, silence, nobody };
std::atomic<who_knows> names{who_knows::here};

}  // namespace

// The C library's, for all of this executable: those who know names, and may be out of reach.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (!node || std::string_view{node} != the_name) return real(node, service, hints, found);
  while (names == who_knows::silence) std::this_thread::sleep_for(std::chrono::milliseconds{5});
  return names == who_knows::here ? real("127.0.0.1", service, hints, found) : EAI_AGAIN;
}

TEST_CASE("megabytes go through the tunnel unchanged both ways, and each way ends by itself", "[C.5]") {
  two_hosts hosts;
  const auto there = noise(5'000'000, 1), back = noise(3'000'000, 2);
  auto caller = hosts.dial();
  auto called = hosts.behind_ben.accept();
  auto heard = std::async(std::launch::async, [&] { return called.read_all(); });
  REQUIRE(caller.send(there));
  caller.end_sending();
  const auto first = heard.get();
  CHECK(first.properly);
  CHECK((first.bytes == there));
  // The way there has ended; the way back goes on.
  auto answer = std::async(std::launch::async, [&] { return caller.read_all(); });
  REQUIRE(called.send(back));
  called.end_sending();
  const auto second = answer.get();
  CHECK(second.properly);
  CHECK((second.bytes == back));
  CHECK(in_the_end([&] { return hosts.ben->counts().open_in == 0 && hosts.anna->counts().open_out == 0; }));
  CHECK(hosts.ben->counts().bytes_in == there.size());
  CHECK(hosts.anna->counts().bytes_in == back.size());
  CHECK(hosts.ben->counts().accepted == 1);
  CHECK(hosts.anna->counts().called == 1);
  CHECK(hosts.papers.log->text() == "");
}

TEST_CASE("a host that was found once is found again while nobody knows names, and elsewhere when somebody does",
          "[C.5]") {
  const cluster papers{{"anna", "ben"}};
  const plain_listener behind_ben, behind_anna;
  auto of_ben = papers.options("ben", behind_ben.port(), {{"anna", "127.0.0.1", 0}});
  std::optional<tunnel> ben{std::in_place, of_ben};
  auto of_anna = papers.options("anna", behind_anna.port(), {{"ben", the_name, ben->port()}});
  of_anna.handshake_seconds = 5;  // the one wait of this test
  const tunnel anna{of_anna};
  const auto unreachable = [&] { return anna.counts().unreachable; };
  const auto reaches_ben = [&] {
    const auto before = ben->counts().accepted, in_vain = unreachable();
    auto here = plain_socket::to(anna.local_port("ben"));
    here.send("ping");
    in_the_end([&] { return ben->counts().accepted > before || unreachable() > in_vain; });
    return unreachable() == in_vain;
  };
  names = who_knows::here;
  CHECK(reaches_ben());
  names = who_knows::nobody;
  CHECK(reaches_ben());
  of_ben.port = ben->port();
  ben.reset();
  {
    const auto in_vain = plain_socket::to(anna.local_port("ben"));
    REQUIRE(in_the_end([&] { return unreachable() == 1; }));
  }
  ben.emplace(of_ben);
  CHECK(reaches_ben());  // he is where he was, though nobody can say so
  names = who_knows::silence;
  CHECK_FALSE(reaches_ben());
  CHECK(reaches_ben());
  names = who_knows::here;
}

TEST_CASE("both ways at once do not wait for each other", "[C.5]") {
  two_hosts hosts;
  const auto there = noise(4'000'000, 3), back = noise(4'000'000, 4);
  auto caller = hosts.dial();
  auto called = hosts.behind_ben.accept();
  auto one = std::async(std::launch::async, [&] { return caller.read_all(back.size()).bytes; });
  auto two = std::async(std::launch::async, [&] { return called.read_all(there.size()).bytes; });
  auto three = std::async(std::launch::async, [&] { return caller.send(there); });
  REQUIRE(called.send(back));
  CHECK(three.get());
  CHECK((one.get() == back));
  CHECK((two.get() == there));
}

TEST_CASE("who does not read is not read for: the sender waits, and nothing is lost or kept in memory") {
  two_hosts hosts;
  auto caller = hosts.dial();
  auto called = hosts.behind_ben.accept();
  const auto block = noise(1 << 16, 5);
  const auto before = resident();
  // Sends until nothing goes any more; how long that is looked at does not matter, only that there is an end.
  ::fcntl(caller.fd(), F_SETFL, O_NONBLOCK);
  std::size_t sent = 0;
  const auto writable = [&] {
    pollfd one{caller.fd(), POLLOUT, 0};
    return ::poll(&one, 1, 300) > 0;
  };
  while (sent < 200'000'000 && writable()) {
    const auto n = ::send(caller.fd(), block.data() + sent % block.size(), block.size() - sent % block.size(), 0);
    if (n > 0) sent += static_cast<std::size_t>(n);
  }
  CHECK(sent < 100'000'000);  // what the system keeps for three connections
  CHECK(resident() < before + 8'000'000);
  const auto used = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds{500});
  CHECK(cpu_seconds() - used < 0.2);  // and nobody keeps asking
  caller.end_sending();
  std::size_t got = 0;
  bool same = true;
  for (char part[65536];;) {
    const auto n = ::recv(called.fd(), part, sizeof part, 0);
    if (n <= 0) break;
    for (ssize_t i = 0; i < n; ++i, ++got) same = same && part[i] == block[got % block.size()];
  }
  CHECK(got == sent);
  CHECK(same);
}

TEST_CASE("an end in the middle is no proper end at the other side") {
  two_hosts hosts;
  auto caller = hosts.dial();
  auto called = hosts.behind_ben.accept();
  REQUIRE(caller.send("half a"));
  CHECK(called.read_all(6).bytes == "half a");
  SECTION("of who has dialled") {
    const linger at_once{1, 0};
    ::setsockopt(caller.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    caller = plain_socket{-1};
  }
  SECTION("of the tunnel") { hosts.anna->stop(); }
  SECTION("of the tunnel there") {
    hosts.ben->stop();
    CHECK_FALSE(caller.read_all().properly);
    return;
  }
  const auto end = called.read_all();
  CHECK(end.bytes.empty());
  CHECK_FALSE(end.properly);
}

TEST_CASE("strangers are turned away with the reason, and the port behind the tunnel sees nothing of them", "[C.5]") {
  two_hosts hosts;
  cluster others{{"anna"}};
  hosts.papers.expired("dora");
  const auto ours = [&](const std::string& name) {
    return tls_caller::shows{hosts.papers.file(name + ".crt"), hosts.papers.file(name + ".key")};
  };
  const auto port = hosts.ben->port();
  const auto refused_now = hosts.ben->counts().refused;
  const auto refused = [&](const std::string& why) {
    CHECK(in_the_end([&] { return hosts.ben->counts().refused == refused_now + 1; }));
    INFO(why << " in:\n" << hosts.papers.log->text());
    CHECK(hosts.papers.log->has(why));
    CHECK_FALSE(hosts.behind_ben.ready());
  };
  const auto speaks_tls = [&](const tls_caller::shows& what, const std::string& why) {
    tls_caller caller{port, what};
    caller.says("let me in");
    CHECK_FALSE(caller.hears());
    refused(why);
  };
  const auto speaks_plainly = [&](const std::string& bytes, const std::string& why) {
    auto caller = plain_socket::to(port);
    caller.send(bytes);
    const auto heard = caller.read_all();
    CHECK(heard.bytes.size() < 16);  // at most an alert
    refused(why);
  };
  SECTION("a certificate of another authority") {
    speaks_tls({others.file("anna.crt"), others.file("anna.key")}, "is not of our authority");
  }
  SECTION("a certificate of our authority for a node that is no peer") {
    speaks_tls(ours("carl"), "its certificate is another node's: it has carl");
  }
  SECTION("our own certificate") { speaks_tls(ours("ben"), "its certificate is another node's: it has ben"); }
  SECTION("a certificate that has expired") { speaks_tls(ours("dora"), "its certificate has expired"); }
  SECTION("no certificate") { speaks_tls({}, "it shows no certificate"); }
  SECTION("the authority's own certificate") { speaks_tls(ours("ca"), "its certificate is not made for this"); }
  SECTION("an older TLS") {
    auto old = ours("anna");
    old.most_version = TLS1_2_VERSION;
    speaks_tls(old, "a TLS older than 1.3");
  }
  SECTION("HTTP") { speaks_plainly("GET / HTTP/1.1\r\nHost: ben\r\n\r\n", "it speaks HTTP"); }
  SECTION("bytes that are nothing") { speaks_plainly(noise(4096, 6), "it does not speak TLS"); }
  SECTION("the frame of 32 bytes that ends a process of CAF") {
    std::string frame(32, '\0');
    frame[0] = 3;  // a message for an actor, before any handshake
    speaks_plainly(frame, "it does not speak TLS");
  }
  SECTION("a header that announces four gigabytes") {
    std::string frame(32, '\0');
    frame[4] = frame[5] = frame[6] = frame[7] = '\xff';
    const auto before = resident();
    speaks_plainly(frame, "it does not speak TLS");
    CHECK(resident() < before + 16'000'000);
  }
  SECTION("a handshake of TLS that announces more than there may be") {
    const auto before = resident();
    speaks_plainly(std::string{"\x16\x03\x01\x40\x00\x01\xff\xff\xff", 9} + noise(20'000, 7), "turns");
    CHECK(resident() < before + 16'000'000);
  }
  SECTION("nothing before they go") {
    { auto caller = plain_socket::to(port); }
    refused("the connection was cut off");
  }
  // Whoever may still can.
  CHECK(hosts.goes_on());
}

TEST_CASE("a name counts letter by letter: neither a longer one, nor another case, nor a star is ours") {
  const auto good = [](const std::string& in_certificate) {
    cluster papers{{"ben", in_certificate}};
    plain_listener behind;
    tunnel ben{papers.options("ben", behind.port(), {{"anna", "127.0.0.1", 0}})};
    tls_caller caller{ben.port(), {papers.file(in_certificate + ".crt"), papers.file(in_certificate + ".key")}};
    caller.says("x");
    return in_the_end([&] { return ben.counts().accepted + ben.counts().refused == 1; }) && ben.counts().accepted == 1;
  };
  CHECK(good("anna"));
  CHECK_FALSE(good("Anna"));
  CHECK_FALSE(good("anna.ben"));
  CHECK_FALSE(good("ann"));
  CHECK_FALSE(good("annaa"));
}

TEST_CASE("who calls a node reaches that node or nobody, whatever certificate another one there shows") {
  cluster papers{{"anna", "ben", "carl"}};
  plain_listener behind;
  // carl listens where anna looks for ben.
  tunnel carl{papers.options("carl", behind.port(), {{"anna", "127.0.0.1", 0}})};
  tunnel anna{papers.options("anna", behind.port(), {{"ben", "127.0.0.1", carl.port()}})};
  auto caller = plain_socket::to(anna.local_port("ben"));
  caller.send("secret");
  CHECK_FALSE(caller.read_all().properly);
  CHECK(papers.log->has("does not reach ben: its certificate is another node's: it has carl"));
  CHECK(in_the_end([&] { return carl.counts().refused == 1; }));
  CHECK_FALSE(behind.ready());
  CHECK(anna.counts().unreachable == 1);
}

TEST_CASE("a peer that does not take our certificate is not reached, and says why") {
  two_hosts hosts;
  plain_listener behind;
  // carl is of the cluster, but ben does not know him.
  tunnel carl{hosts.papers.options("carl", behind.port(), {{"ben", "127.0.0.1", hosts.ben->port()}})};
  auto caller = plain_socket::to(carl.local_port("ben"));
  CHECK_FALSE(caller.read_all().properly);
  CHECK(in_the_end([&] { return carl.counts().unreachable == 1; }));
  INFO(hosts.papers.log->text());
  CHECK(hosts.papers.log->has("does not reach ben: it refuses us"));
}

TEST_CASE("who cannot be reached closes what was dialled soon") {
  cluster papers{{"anna"}};
  plain_listener behind, silent;
  std::uint16_t closed = 0;
  {
    const plain_listener gone;
    closed = gone.port();
  }
  auto wanted =
      papers.options("anna", behind.port(),
                     {{"ben", "127.0.0.1", closed}, {"carl", "127.0.0.1", silent.port()}, {"dora", "no host", 1}});
  wanted.handshake_seconds = 0.2;
  tunnel anna{wanted};
  for (const auto* name : {"ben", "carl", "dora"}) {
    INFO(name);
    CHECK_FALSE(plain_socket::to(anna.local_port(name)).read_all().properly);
    CHECK(in_the_end([&] { return papers.log->has(std::string{"does not reach "} + name); }));
  }
  CHECK(papers.log->has("does not reach ben: Connection refused"));
  CHECK(papers.log->has("does not reach carl: no answer in time"));
  CHECK(in_the_end([&] { return anna.counts().open_out == 0; }));
}

TEST_CASE("a thousand connections that say nothing cost neither memory nor time, and keep nobody out") {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 8192);
  ::setrlimit(RLIMIT_NOFILE, &files);
  two_hosts hosts;
  CHECK(hosts.goes_on());
  const auto before = resident();
  std::vector<plain_socket> crowd;
  for (int i = 0; i < 1'000; ++i) {
    crowd.push_back(plain_socket::to(hosts.ben->port()));
    // Some begin a handshake and leave it at that.
    if (i % 3 == 0) crowd.back().send(std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11});
    if (i % 100 == 0) CHECK(hosts.goes_on());
  }
  CHECK(in_the_end([&] { return hosts.ben->counts().refused >= 1'000 - 32; }));
  CHECK(hosts.ben->counts().strangers <= 32);
  CHECK(resident() < before + 16'000'000);
  const auto used = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::seconds{1});
  // Time on the processor, not on the clock: a thread that spins has used most of that second even on a busy machine.
  CHECK(cpu_seconds() - used < 0.2);
  CHECK(hosts.goes_on());
  CHECK_FALSE(hosts.behind_ben.ready());
  // What is said a thousand times is said once, and counted.
  CHECK(hosts.papers.log->lines().size() <= 3);
}

TEST_CASE("who begins a handshake and does not end it is sent away when its time is over") {
  two_hosts hosts{[](auto& wanted) { wanted.handshake_seconds = 0.1; }};
  auto caller = plain_socket::to(hosts.ben->port());
  caller.send(std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11});
  const auto heard = caller.read_all();
  CHECK(heard.bytes.empty());
  CHECK(in_the_end([&] { return hosts.papers.log->has("no handshake in time"); }));
  CHECK(hosts.ben->counts().strangers == 0);
}

TEST_CASE("a peer that says nothing for too long is given up, and one that says something is not") {
  two_hosts hosts{[](auto& wanted) { wanted.idle_seconds = 3; }};
  auto silent = hosts.dial();
  auto behind_silent = hosts.behind_ben.accept();
  auto lively = hosts.dial();
  auto behind_lively = hosts.behind_ben.accept();
  std::atomic<bool> over{false};
  std::thread talk{[&] {
    while (!over) {
      lively.send("!");
      behind_lively.send("!");
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
  }};
  CHECK_FALSE(silent.read_all().properly);
  CHECK_FALSE(behind_silent.read_all().properly);
  CHECK(in_the_end([&] { return hosts.ben->counts().silent + hosts.anna->counts().silent >= 1; }));
  CHECK(hosts.ben->counts().open_in == 1);
  over = true;
  talk.join();
}

TEST_CASE("a peer has so many connections and no more, and others still get theirs") {
  two_hosts hosts{[](auto& wanted) { wanted.per_peer_max = 2; }};
  // One after the other: two that are dialled at once may come out in another order.
  auto one = hosts.dial();
  auto behind_one = hosts.behind_ben.accept();
  auto two = hosts.dial();
  auto behind_two = hosts.behind_ben.accept();
  CHECK_FALSE(hosts.dial().read_all(1).bytes == "x");
  CHECK(in_the_end([&] { return hosts.papers.log->has("the tunnel to ben has too many connections"); }));
  // The same from a peer that does not keep to it.
  tls_caller third{hosts.ben->port(), {hosts.papers.file("anna.crt"), hosts.papers.file("anna.key")}};
  CHECK_FALSE(third.hears());
  CHECK(in_the_end([&] { return hosts.papers.log->has("anna has too many connections here"); }));
  one = plain_socket{-1};
  behind_one = plain_socket{-1};
  CHECK(in_the_end([&] { return hosts.anna->counts().open_out == 1 && hosts.ben->counts().open_in == 1; }));
  CHECK(hosts.goes_on());
}

TEST_CASE("nobody behind the tunnel is an end, not a wait") {
  cluster papers{{"anna", "ben"}};
  std::uint16_t closed = 0;
  {
    const plain_listener gone;
    closed = gone.port();
  }
  tunnel ben{papers.options("ben", closed, {{"anna", "127.0.0.1", 0}})};
  tunnel anna{papers.options("anna", closed, {{"ben", "127.0.0.1", ben.port()}})};
  CHECK_FALSE(plain_socket::to(anna.local_port("ben")).read_all().properly);
  CHECK(in_the_end([&] { return papers.log->has("nobody here takes the connection"); }));
}

TEST_CASE("who dials the tunnel from this host as another user is turned away") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can be somebody else");
    return;
  }
  two_hosts hosts;
  const auto dial = "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(hosts.anna->local_port("ben")) +
                    " && echo hello >&3 && read -r -t 60 line <&3; echo over";
  const auto as = [&](const std::string& user) {
    return said_by("setpriv --clear-groups --reuid=" + user + " bash -c '" + dial + "' 2>&1").text;
  };
  CHECK(as("65534").find("over") != std::string::npos);
  CHECK(hosts.papers.log->has("the tunnel to ben turns away who is of another user of this host"));
  CHECK_FALSE(hosts.behind_ben.ready());
  auto answer = std::async(std::launch::async, [&] {
    auto there = hosts.behind_ben.accept();
    const auto heard = there.read_all(6).bytes;
    there.send("hi\n");
    return heard;
  });
  CHECK(as("0") == "over\n");
  CHECK(answer.get() == "hello\n");
}

TEST_CASE("a tunnel can be stopped at any time, twice, and started again on its port") {
  two_hosts hosts;
  auto caller = hosts.dial();
  const auto port = hosts.ben->port();
  hosts.ben->stop();
  hosts.ben->stop();
  CHECK_FALSE(caller.read_all().properly);
  auto again = hosts.papers.options("ben", hosts.behind_ben.port(), {{"anna", "127.0.0.1", 0}});
  again.port = port;
  hosts.ben = std::make_unique<tunnel>(again);
  while (hosts.behind_ben.ready()) hosts.behind_ben.accept();  // the first one may have come as far
  CHECK(hosts.goes_on());
}

TEST_CASE("a tunnel with wrong papers does not begin, and says which file is wrong and how to mend it") {
  cluster papers{{"anna", "ben"}}, others{{"anna"}};
  papers.expired("dora");
  const auto trouble = [&](const std::function<void(edge::tunnel_options&)>& spoil) -> std::string {
    auto wanted = papers.options("anna", 1, {{"ben", "127.0.0.1", 0}});
    spoil(wanted);
    try {
      const tunnel made{wanted};
      return "nothing";
    } catch (const std::invalid_argument& wrong) {
      return wrong.what();
    }
  };
  const auto spoiled = papers.file("spoiled.pem");
  std::ofstream{spoiled} << "nothing of use\n";
  ::chmod(spoiled.c_str(), 0600);
  using options = edge::tunnel_options;
  CHECK(trouble([](options&) {}) == "nothing");
  CHECK(trouble([](options& o) { o.certificate += ".gone"; }) ==
        papers.file("anna.crt.gone") + ": No such file or directory");
  CHECK(trouble([](options& o) { o.key += ".gone"; }) == papers.file("anna.key.gone") + ": No such file or directory");
  CHECK(trouble([](options& o) { o.authority += ".gone"; }) ==
        papers.file("ca.crt.gone") + ": No such file or directory");
  CHECK(trouble([&](options& o) { o.certificate = spoiled; }) == spoiled + ": holds no certificate in PEM");
  CHECK(trouble([&](options& o) { o.key = spoiled; }) == spoiled + ": holds no private key in PEM without a password");
  CHECK(trouble([&](options& o) { o.authority = spoiled; }) == spoiled + ": holds no certificate in PEM");
  CHECK(trouble([&](options& o) { o.authority = papers.file(""); }) == papers.file("") + ": is no file");
  CHECK(trouble([&](options& o) { o.key = papers.file("ben.key"); }) ==
        papers.file("ben.key") + ": is not the key of the certificate in " + papers.file("anna.crt"));
  CHECK(trouble([&](options& o) { o.authority = others.file("ca.crt"); }) ==
        papers.file("anna.crt") + ": this certificate is not of the authority in " + others.file("ca.crt"));
  CHECK(trouble([&](options& o) { o.authority = papers.file("ben.crt"); }) ==
        papers.file("ben.crt") + ": is no authority's certificate");
  CHECK(trouble([&](options& o) { o.name = "carl"; }) ==
        papers.file("anna.crt") + ": this certificate is not the node's, carl: it has anna");
  CHECK(trouble([&](options& o) {
          o.name = "dora";
          o.certificate = papers.file("dora.crt");
          o.key = papers.file("dora.key");
        }) == papers.file("dora.crt") + ": this certificate has expired");
  CHECK(trouble([](options& o) { o.peers.push_back({"anna", "127.0.0.1", 1}); }) == "the peer anna has our own name");
  CHECK(trouble([](options& o) { o.peers.push_back({"ben", "127.0.0.1", 1}); }) == "the peer ben is there twice");
  CHECK(trouble([](options& o) { o.peers.push_back({"*", "127.0.0.1", 1}); }) == "'*' is no node's name");
  CHECK(trouble([](options& o) { o.hand_to = 0; }) == "a tunnel needs a port that it hands connections to");
  ::chmod(papers.file("anna.key").c_str(), 0640);
  CHECK(trouble([](options&) {}) == papers.file("anna.key") +
                                        ": this private key can be read by others; mend it with: chmod 600 " +
                                        papers.file("anna.key"));
}

TEST_CASE("a tunnel says what it cannot listen on, and who is no peer") {
  two_hosts hosts;
  auto wanted = hosts.papers.options("ben", 1, {});
  wanted.port = hosts.ben->port();
  CHECK_THROWS_WITH(tunnel{wanted}, Catch::Contains("cannot listen on 127.0.0.1:" + std::to_string(wanted.port)));
  CHECK_THROWS_AS(hosts.anna->local_port("carl"), std::out_of_range);
  CHECK_THROWS_AS(hosts.ben->local_port("anna"), std::out_of_range);  // only calls
}
