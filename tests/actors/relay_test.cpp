// Relays and subscribers: what a desk told reaches every partition of the log before the desk may forget it, and what a
// desk heard is written before the log may.
#include "actors/runtime/relay.hpp"

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <map>

#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

// One actor sits at the desk and at both partitions, and answers what it is asked, when it is told to.
template <class Carrier>
class both_sides {
public:
  both_sides() {
    config_.add_message_types<caf::id_block::souk>();
    config_.set("logger.verbosity", caf::atom("quiet"));
    system_.emplace(config_);
    me_.emplace(*system_);
    shard_counts shards;
    shards.fill(1);
    shards[static_cast<std::size_t>(domain::event_log)] = 2;
    runtime::relay_papers papers;
    papers.desk = {domain::wallet, 0};
    auto where = std::make_shared<runtime::directory>(shards, 1);
    const auto me = caf::actor_cast<caf::actor>(*me_);
    where->seat_desk({domain::wallet, 0}, me);
    for (std::uint32_t p = 0; p < 2; ++p) where->seat_desk({domain::event_log, p}, me);
    papers.where = where;
    auto around = std::make_shared<runtime::surroundings>();
    around->sweep_ms = 1;
    around->clock = clock;
    papers.around = around;
    carrier_ = system_->spawn<Carrier>(papers);
  }
  ~both_sides() { caf::anon_send_exit(carrier_, caf::exit_reason::user_shutdown); }

  // A millisecond passes with every look at it.
  struct set_clock final : runtime::clock {
    moment now() const override { return noon + ms; }
    std::int64_t steady_ms() const override { return ++ms; }
    mutable std::atomic<std::int64_t> ms{0};
  };
  std::shared_ptr<set_clock> clock = std::make_shared<set_clock>();

  // The next command of this kind, in whatever order they come.
  template <class T>
  std::pair<std::uint64_t, T> next(const std::function<bool(const T&)>& is = [](const T&) { return true; }) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{1};
    for (;;) {
      for (auto at = mail_.begin(); at != mail_.end(); ++at)
        if (const auto* one = std::get_if<T>(&at->command); one && is(*one)) {
          std::pair<std::uint64_t, T> found{at->ticket, *one};
          mail_.erase(at);
          return found;
        }
      (*me_)->receive(
          [&](envelope& came) {
            for (auto& one : came.letters) mail_.push_back(std::move(one));
          },
          caf::after(std::chrono::seconds{1}) >> [] {});
      if (std::chrono::steady_clock::now() > until) throw std::runtime_error("that is never asked");
    }
  }
  void say(std::uint64_t ticket, answer what) {
    responses mail;
    mail.list.push_back({ticket, std::move(what)});
    (*me_)->send(carrier_, std::move(mail));
  }
  void passes(std::int64_t ms) { clock->ms += ms; }
  void stands_at(std::uint32_t partition, std::int64_t seq) {
    const auto [ticket, asked] =
        next<event_log::find_position>([&](const auto& one) { return one.partition == partition; });
    say(ticket, reply_with(order::position{seq}));
  }
  auto append(std::uint32_t partition) {
    return next<event_log::append>([&](const auto& one) { return one.partition == partition; });
  }

private:
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
  std::optional<caf::scoped_actor> me_;
  caf::actor carrier_;
  std::vector<letter> mail_;
};

event_log::event of_partition(std::uint32_t partition, std::int64_t seq) {
  order::brief about;
  for (about.id = {256}; slice_of(about.id) % 2 != partition;) about.id.value += 1;
  return {seq, domain::wallet, 1, outcome::done, {}, {}, noon, about};
}

}  // namespace

TEST_CASE("what one partition has no room for is told again, though the other has taken what came after it",
          "[S3.6][S0.6]") {
  both_sides<runtime::relay> desks;
  desks.stands_at(0, 0);
  desks.stands_at(1, 0);
  const auto [asked, collect] = desks.next<event_log::collect>();
  CHECK(collect.after == 0);
  desks.say(asked, reply_with(event_log::events{2, std::vector{of_partition(1, 1), of_partition(0, 2)}}));
  const auto [full, first] = desks.append(1);
  const auto [taken, second] = desks.append(0);
  desks.say(full, lose(reason::storage_full));
  desks.say(taken, reply_with(order::position{2}));
  desks.stands_at(0, 2);
  desks.stands_at(1, 0);
  CHECK(desks.next<event_log::collect>().second.after == 0);
}

TEST_CASE("a log that was restored is told again what is still there, and that the rest is gone", "[S3.6][S0.8]") {
  both_sides<runtime::relay> desks;
  desks.stands_at(0, 8);
  desks.stands_at(1, 9);
  CHECK(desks.next<event_log::collect>().second.after == 8);
  desks.passes(60'000);
  desks.stands_at(0, 8);
  desks.stands_at(1, 4);
  desks.stands_at(0, 8);
  desks.stands_at(1, 4);
  const auto [asked, collect] = desks.next<event_log::collect>([](const auto& one) { return one.after == 4; });
  const auto nothing = GENERATE(false, true);
  if (nothing)
    desks.say(asked, reply_with(event_log::events{9, {}, 4}));
  else
    desks.say(asked, reply_with(event_log::events{9, std::vector{of_partition(1, 7), of_partition(1, 9)}, 4}));
  const auto [told, part] = desks.append(1);
  CHECK(part.after == (nothing ? 9 : 6));
  CHECK(part.events.size() == (nothing ? 0 : 2));
  desks.say(told, reply_with(order::position{9}));
  if (nothing) desks.say(desks.append(0).first, reply_with(order::position{9}));
  CHECK(desks.next<event_log::collect>([](const auto& one) { return one.after == 9; }).first > 0);
}

TEST_CASE("a desk that fell after it was told to write how far it heard is told again", "[S3.6]") {
  both_sides<runtime::subscriber> desks;
  desks.say(desks.next<event_log::find_held>().first, reply_with(event_log::held{}));
  desks.say(desks.next<event_log::find_heard>().first, reply_with(event_log::heard{5, 3, 0, {}}));
  const auto settle = [&](std::int64_t upto) {
    return desks.next<event_log::react>([&](const auto& one) { return one.events.upto == upto; }).first;
  };
  // Its next life has heard less of what came since the last position that was written: from a late copy.
  desks.say(settle(5), reply_with(event_log::heard{4, 3, 0, {}}));
  CHECK(settle(4) > 0);
}

TEST_CASE("what the log has no room to set aside is not passed over", "[S3.6][S0.6]") {
  both_sides<runtime::subscriber> desks;
  auto next = of_partition(0, 6);
  desks.say(desks.next<event_log::find_held>().first, reply_with(event_log::held{{next.about->id}, {}}));
  desks.say(desks.next<event_log::find_heard>().first, reply_with(event_log::heard{5, 5, 0, {}}));
  const event_log::events told{6, std::vector{next}, 5};
  desks.say(desks.next<event_log::fetch>().first, reply_with(told));
  desks.say(desks.next<event_log::set_aside>().first, lose(reason::storage_full));
  // It is in trouble no more when the subscriber begins again.
  desks.say(desks.next<event_log::find_held>().first, reply_with(event_log::held{}));
  desks.say(desks.next<event_log::find_heard>().first, reply_with(event_log::heard{5, 5, 0, {}}));
  desks.say(desks.next<event_log::fetch>([](const auto& one) { return one.after == 5; }).first, reply_with(told));
  CHECK(desks.next<event_log::react>().second.events.list.size() == 1);
}
