// The tunnel between two hosts with networks of their own, a wire between them, and a wire that loses everything.
#include <sched.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/actors/cluster.hpp"
#include "tests/catch.hpp"
#include "tests/shell.hpp"

using namespace souk;
using namespace souk::tests;
using edge::tunnel;

namespace {

// A thread that lives on a host of its own: whatever it opens, and the threads and programs that it starts, are there.
class host {
public:
  host() : thread_([this] { live(); }) { is_there_ = ready_.get_future().get(); }
  ~host() {
    run([this] { over_ = true; });
    thread_.join();
  }
  bool is_there() const { return is_there_; }
  pid_t thread() const { return tid_; }

  void run(const std::function<void()>& what) {
    std::packaged_task<void()> task{what};
    auto done = task.get_future();
    {
      const std::lock_guard hold{mutex_};
      next_ = &task;
    }
    wake_.notify_one();
    done.get();
  }
  // A command there; true when it went well.
  bool shell(const std::string& command) {
    spoken said;
    run([&] { said = said_by(command + " 2>&1"); });
    if (said.code != 0) std::fprintf(stderr, "%s: %s", command.c_str(), said.text.c_str());
    return said.code == 0;
  }

private:
  void live() {
    tid_ = ::gettid();
    ready_.set_value(::unshare(CLONE_NEWNET) == 0);
    while (!over_) {
      std::unique_lock hold{mutex_};
      wake_.wait(hold, [this] { return next_ != nullptr; });
      (*std::exchange(next_, nullptr))();
    }
  }
  std::promise<bool> ready_;
  bool is_there_ = false, over_ = false;
  pid_t tid_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::packaged_task<void()>* next_ = nullptr;
  std::thread thread_;
};

// anna's and ben's, with a wire between them.
struct two_hosts {
  host anna, ben;
  bool wired = false;

  two_hosts() {
    wired = anna.is_there() && ben.is_there() && anna.shell("ip link set lo up") && ben.shell("ip link set lo up") &&
            anna.shell("ip link add wire type veth peer name wire netns " + std::to_string(ben.thread())) &&
            anna.shell("ip address add 10.11.12.1/24 dev wire && ip link set wire up") &&
            ben.shell("ip address add 10.11.12.2/24 dev wire && ip link set wire up");
  }
  // From now on whatever is sent goes to nobody, and nobody says so.
  bool lose_everything() {
    return anna.shell("ip neighbour replace 10.11.12.2 lladdr 02:00:00:00:00:99 dev wire nud permanent") &&
           ben.shell("ip neighbour replace 10.11.12.1 lladdr 02:00:00:00:00:99 dev wire nud permanent");
  }
  bool find_again() {
    return anna.shell("ip neighbour del 10.11.12.2 dev wire") && ben.shell("ip neighbour del 10.11.12.1 dev wire");
  }
};

}  // namespace

TEST_CASE("two hosts speak through the tunnel; a wire that loses everything is noticed, and mended", "[C.5]") {
  two_hosts hosts;
  if (!hosts.wired) {
    WARN("skipped: this system lets us make no hosts with networks of their own (root, ip from iproute2)");
    return;
  }
  cluster papers{{"anna", "ben"}};
  std::unique_ptr<plain_listener> behind;
  std::unique_ptr<tunnel> ben, anna;
  const auto patient = [](edge::tunnel_options wanted) {
    wanted.handshake_seconds = 2;
    wanted.idle_seconds = 2;
    return wanted;
  };
  hosts.ben.run([&] {
    behind = std::make_unique<plain_listener>();
    auto wanted = patient(papers.options("ben", behind->port(), {{"anna", "10.11.12.1", 0}}));
    wanted.host = "10.11.12.2";
    ben = std::make_unique<tunnel>(wanted);
  });
  hosts.anna.run([&] {
    anna = std::make_unique<tunnel>(patient(papers.options("anna", 1, {{"ben", "10.11.12.2", ben->port()}})));
  });
  // Nothing of ben's loopback is to be had from anna's host but through the tunnel.
  hosts.anna.run([&] { CHECK_THROWS(plain_socket::to(behind->port(), "10.11.12.2")); });

  std::unique_ptr<plain_socket> caller, called;
  const auto dial = [&] {
    hosts.anna.run([&] { caller = std::make_unique<plain_socket>(plain_socket::to(anna->local_port("ben"))); });
  };
  const auto speak = [&] {
    called = std::make_unique<plain_socket>(behind->accept());
    const std::string much(300'000, 'm');
    auto heard = std::async(std::launch::async, [&] { return called->read_all(much.size()).bytes; });
    return caller->send(much) && heard.get() == much && called->send("yes") && caller->read_all(3).bytes == "yes";
  };
  dial();
  CHECK(speak());

  REQUIRE(hosts.lose_everything());
  caller->send("into the void");
  CHECK_FALSE(caller->read_all().properly);
  CHECK_FALSE(called->read_all().properly);
  CHECK(in_the_end([&] { return anna->counts().silent + anna->counts().cut_off == 1; }));
  CHECK(in_the_end([&] { return ben->counts().open_in == 0; }));
  // And whoever dials now is not kept waiting.
  dial();
  CHECK_FALSE(caller->read_all().properly);
  CHECK(papers.log->has("does not reach ben: no answer in time"));

  REQUIRE(hosts.find_again());
  const auto reached = anna->counts().called;
  CHECK(in_the_end([&] {
    dial();
    return in_the_end([&] { return caller->ready() || anna->counts().called > reached; }) &&
           anna->counts().called > reached;
  }));
  CHECK(speak());
  anna.reset();
  ben.reset();
}
