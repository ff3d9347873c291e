// The console's prompt, as somebody types at it.
#include "tools/admin/prompt.hpp"

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/catch.hpp"
#include "tests/temporary.hpp"
#include "tools/admin.hpp"
#include "tools/doubles/troubled_node.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

using list = std::vector<std::string>;

// souk admin at a terminal of its own.
class typist {
public:
  typist(const std::string& node, const std::string& home) {
    const std::string binary = SOUK_BINARY;
    process_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (process_ == 0) {
      ::setenv("HOME", home.c_str(), 1);
      ::setenv("TERM", "xterm", 1);
      ::execl(binary.c_str(), "souk", "admin", "--node", node.c_str(), nullptr);
      ::_exit(127);
    }
    REQUIRE(process_ > 0);
  }
  ~typist() {
    if (process_ > 0) ::kill(process_, SIGKILL), ::waitpid(process_, nullptr, 0);
    ::close(terminal_);
  }
  void type(const std::string& keys) {
    REQUIRE(::write(terminal_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }
  // Waits until it shows this, and forgets it with all that came before.
  void until(const std::string& shown) {
    auto found = shown_.find(shown);
    for (; found == shown_.npos; found = shown_.find(shown)) {
      pollfd ready{terminal_, POLLIN, 0};
      INFO("it shows: " << shown_);
      REQUIRE(::poll(&ready, 1, 60'000) == 1);
      char some[4096];
      const auto n = ::read(terminal_, some, sizeof some);
      REQUIRE(n > 0);
      shown_.append(some, static_cast<std::size_t>(n));
    }
    shown_.erase(0, found + shown.size());
  }
  // again: typed until it ends. What comes before the prompt listens is the terminal's own, and may be left in the
  // line.
  int wait(const std::string& again = {}) {
    int status = 0;
    while (true) {  // what is left to be read would keep it from ending
      pollfd ready{terminal_, POLLIN, 0};
      if (::poll(&ready, 1, 500) == 0 && !again.empty()) {
        type(again);
        continue;
      }
      char some[4096];
      if (::read(terminal_, some, sizeof some) <= 0) break;
    }
    ::waitpid(std::exchange(process_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

private:
  std::string shown_;
  int terminal_ = -1;
  pid_t process_ = -1;
};

number stuck_order(doubles::troubled_node& node) {
  const auto ask = [&](command what) {
    auto said = node.node().front().ask_now(std::move(what));
    REQUIRE(said.done());
    return said;
  };
  const moment now = node.node().around().clock->now();
  ask(user::put{{"ann"}, "Ann", now});
  ask(wallet::charge{"c", {"ann"}, {1'000}, now});
  ask(product::put{{"tea"}, "Tea", {100}, 9, now});
  node.silence_wallets(true);
  order::place place;
  place.request = "r";
  place.user = {"ann"};
  place.lines = {{{"tea"}, 1, {}}};
  place.at = now;
  return std::get<order::ticket>(ask(place).body).id;
}

}  // namespace

TEST_CASE("what is begun at the prompt is completed: commands, options, their values, designs and open sagas",
          "[C.6]") {
  temporary_folder folder;
  doubles::troubled_node node{folder.file("data"), 0};
  const auto id = to_text(stuck_order(node));
  CLI::App app;
  int code = 0;
  tools::add_admin(app, code);
  tools::wish wanted;
  wanted.node = node.address();
  const auto after = [&](const std::string& line) {
    return tools::admin::completions(*app.get_subcommand("admin"), wanted, line);
  };
  CHECK(after("ret") == list{"retry"});
  CHECK(after("nothing") == list{});
  const auto all = after("");
  for (const auto* one : {"sagas", "tail", "event-log", "help", "quit"}) {
    INFO(one);
    CHECK(std::find(all.begin(), all.end(), one) != all.end());
  }
  CHECK(after("event-log ") == list{"retry"});
  CHECK(after("retry --dr") == list{"--dry-run"});
  CHECK(after("sagas --state par") == list{"parked"});
  CHECK(after("pause seat") == list{"seat_payment"});
  CHECK(after("sagas --flow stock") == list{"stock_first"});
  CHECK(after("saga ") == list{id});
  CHECK(after("compensate " + id.substr(0, 2)) == list{id});
  CHECK(after("saga %2") == list{});
  wanted.node = "http://127.0.0.1:1";
  CHECK(after("saga ") == list{});
}

TEST_CASE("commands are typed at the prompt one after the other, and it remembers them", "[C.6]") {
  temporary_folder folder;
  doubles::troubled_node node{folder.file("data"), 0};
  const auto id = to_text(stuck_order(node));
  std::filesystem::create_directories(folder.file("home"));
  const auto history = folder.file("home") + "/.souk_history";
  {
    typist ann{node.address(), folder.file("home")};
    ann.until("souk> ");
    ann.type("sagas --older-than 1x\n");  // what cannot be is said, and the prompt goes on
    ann.until("must be a time");
    ann.until("souk> ");
    ann.type("saga " + id.substr(0, 4) + "\t\n");
    ann.until("order_payment");
    ann.until("souk> ");
    ann.type("tail --every 0.1\n");
    ann.until(id);
    ann.type("\x03");  // Ctrl-C is the command's
    ann.until("souk> ");
    for (const std::string given :
         {"--key souk_secret", "--key=souk_secret", "--key ' souk_secret'", "--by souk_secret"}) {
      ann.type("actors " + given + '\n');
      ann.until(given.starts_with("--by") ? "not expected" : "coordinator");
      ann.until("souk> ");
    }
    ann.type("nobody\n");
    ann.until("--help");
    ann.until("souk> ");
    ann.type("quit\n");
    CHECK(ann.wait() == 2);  // as the last command ended
  }
  std::ifstream in{history};
  const std::string kept{std::istreambuf_iterator<char>{in}, {}};
  CHECK(kept.find(id) != kept.npos);
  CHECK(kept.find("secret") == kept.npos);
  using std::filesystem::perms;
  CHECK((std::filesystem::status(history).permissions() & (perms::group_all | perms::others_all)) == perms::none);
  typist ann{node.address(), folder.file("home")};
  ann.until("souk> ");
  ann.type("\x10\x10\x10\n");  // back in the history, to the line before the last two
  ann.until("order_payment");
  ann.until("souk> ");
  ann.type("\x04");                  // the end of the input
  CHECK(ann.wait("\x15\x04") == 0);  // of an empty line
}
