// Lets one actor after the other do something.
#include "actors/runtime/stage.hpp"

#include <caf/exit_reason.hpp>
#include <caf/local_actor.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <chrono>

namespace souk::runtime {

namespace {
constexpr std::int64_t first_moment_ms = 1'767'225'600'000;  // 2026-01-01, any will do
constexpr std::int64_t turn_us_max = 30;                     // what it takes an actor to read a message
constexpr std::int64_t way_us_min = 20, way_us_max = 300;    // and a letter to arrive
constexpr std::int64_t let_go_us_max = 1'000'000;            // and one that was held up, from then on

std::string_view name_of(const caf::strong_actor_ptr& who) {
  if (!who) return "nobody";
  const auto* actor = dynamic_cast<const caf::local_actor*>(caf::actor_cast<caf::abstract_actor*>(who));
  return actor ? actor->name() : "somebody";
}

template <class T>
const T* in(const caf::message& what) {
  return what.match_elements<T>() ? &what.get_as<T>(0) : nullptr;
}
}  // namespace

struct stage::own_clock final : clock {
  explicit own_clock(const stage& of) : its(of) {}
  moment now() const override { return its.now(); }
  std::int64_t steady_ms() const override { return its.now_us() / 1000; }
  const stage& its;
};

struct stage::own_link final : link {
  explicit own_link(stage& of) : its(of) {}
  void carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) override {
    its.carry(from, to, std::move(what));
  }
  stage& its;
};

// CAF's own scheduler for tests, which runs who is told to; but at its end nobody runs any more.
class stage::own_scheduler final : public caf::scheduler::test_coordinator {
public:
  own_scheduler(caf::actor_system& system, stage& of) : test_coordinator(system), its_(of) {
    its_.scheduler_ = this;
    clock().current_time = caf::actor_clock::time_point{std::chrono::microseconds{its_.now_us_}};
  }
  ~own_scheduler() override {
    halt();
    if (its_.scheduler_ == this) its_.scheduler_ = nullptr;
  }

  void halt() {
    closed_ = true;
    clock().cancel_all();
    while (!jobs.empty()) {
      auto* one = jobs.front();
      jobs.pop_front();
      // Letters that two have for each other would keep both for ever.
      if (auto* actor = dynamic_cast<caf::scheduled_actor*>(one)) actor->cleanup(caf::exit_reason::kill, nullptr);
      caf::intrusive_ptr_release(one);
    }
  }
  void run_one(std::uint64_t dice) {
    const auto which = static_cast<std::ptrdiff_t>(dice % jobs.size());
    std::rotate(jobs.begin(), jobs.begin() + which, jobs.begin() + which + 1);
    run_once();
  }
  // 0: never
  std::int64_t next_timeout_us() {
    if (!clock().has_pending_timeout()) return 0;
    const auto due = clock().schedule().begin()->first.time_since_epoch();
    return std::chrono::ceil<std::chrono::microseconds>(due).count();
  }
  void set_time(std::int64_t us) {
    const caf::actor_clock::time_point to{std::chrono::microseconds{us}};
    if (to > clock().current_time) clock().advance_time(to - clock().current_time);
  }

protected:
  void stop() override { halt(); }
  void enqueue(caf::resumable* job) override {
    if (closed_) return caf::intrusive_ptr_release(job);
    test_coordinator::enqueue(job);
  }

private:
  stage& its_;
  bool closed_ = false;
};

struct stage::own_driver final : driver {
  explicit own_driver(stage& of) : its(of) {}
  void install(caf::actor_system_config& config) override {
    config.module_factories.push_back(
        [this](caf::actor_system& system) -> caf::actor_system::module* { return new own_scheduler(system, its); });
  }
  void drive() override {
    if (!its.step()) throw std::logic_error("somebody waits for what will never happen");
  }
  void halt() override {
    its.forget_the_process();
    if (its.scheduler_) its.scheduler_->halt();
  }
  bool over() const override { return its.over(); }
  stage& its;
};

stage::stage(std::uint64_t seed)
    : order_(seed ^ 0x6f72646572ULL),
      fate_(seed ^ 0x66617465ULL),
      clock_(std::make_shared<own_clock>(*this)),
      link_(std::make_shared<own_link>(*this)),
      driver_(std::make_shared<own_driver>(*this)) {}

stage::~stage() = default;

// Whatever CAF has to look up about an actor's class is looked up once.
std::string_view stage::known_name(const caf::strong_actor_ptr& who) {
  auto& name = names_[who ? who->id() : caf::invalid_actor_id];
  if (name.empty()) name = name_of(who);
  return name;
}

passage stage::passage_of(const caf::strong_actor_ptr& from, const caf::actor& to, const caf::message& what) {
  passage it;
  it.from = known_name(from);
  it.to = known_name(caf::actor_cast<caf::strong_actor_ptr>(to));
  it.letters = in<envelope>(what);
  it.answers = in<responses>(what);
  it.cases = in<souk::begin>(what);
  return it;
}

surroundings stage::around() const {
  surroundings mine;
  mine.clock = clock_;
  mine.link = link_;
  mine.driver = driver_;
  mine.desks = spawn_policy::scheduled;
  return mine;
}

moment stage::now() const { return {first_moment_ms + now_us_ / 1000 + wall_off_ms_}; }

void stage::jump(std::int64_t ms) {
  clock_set_.emplace_back(now_us_, wall_off_ms_);
  wall_off_ms_ += ms;
}

std::int64_t stage::last_us(moment shown, std::int64_t never) const {
  auto off_ms = wall_off_ms_;
  auto until_us = now_us_;
  for (std::size_t left = clock_set_.size();; --left) {
    const auto us = (shown.ms - first_moment_ms - off_ms) * 1000 + 999;
    const auto since_us = left ? clock_set_[left - 1].first : 0;
    if (us >= since_us && us <= until_us + 999) return us;
    if (!left) return never;
    until_us = since_us;
    off_ms = clock_set_[left - 1].second;
  }
}

void stage::after(std::int64_t us, who does, std::function<void()> what) {
  agenda_.emplace(std::pair{now_us_ + us, ++turn_}, due{does, std::move(what)});
}

bool stage::step() {
  if (scheduler_ && scheduler_->has_job()) {
    scheduler_->run_one(order_());
    let_time_pass(now_us_ + 1 + static_cast<std::int64_t>(order_() % turn_us_max));
    return true;
  }
  auto next = agenda_.empty() ? INT64_MAX : agenda_.begin()->first.first;
  if (scheduler_)
    if (const auto timeout = scheduler_->next_timeout_us()) next = std::min(next, timeout);
  if (next == INT64_MAX) return false;
  let_time_pass(next);
  return true;
}

void stage::let_time_pass(std::int64_t until_us) {
  now_us_ = std::max(now_us_, until_us);
  if (scheduler_) scheduler_->set_time(now_us_);
  // What happens may end the process, and put more on the agenda.
  while (!agenda_.empty() && agenda_.begin()->first.first <= now_us_) {
    const auto what = std::move(agenda_.begin()->second.what);
    agenda_.erase(agenda_.begin());
    what();
  }
}

void stage::forget_the_process() {
  std::erase_if(agenda_, [](const auto& one) { return one.second.does == who::process; });
  sitting_.clear();
  names_.clear();
}

bool stage::is_cut(std::string_view from, std::string_view to) const {
  for (const auto& [a, b] : cuts)
    if (from.starts_with(a) && to.starts_with(b)) return true;
  return false;
}

std::int64_t stage::stalled_us(std::string_view from, std::string_view to) const {
  std::int64_t until_us = now_us_;
  for (const auto& [pair, end_us] : stalls)
    if (from.starts_with(pair.first) && to.starts_with(pair.second)) until_us = std::max(until_us, end_us);
  return until_us - now_us_;
}

// A letter finds whoever sits at the desk when it comes, also if he who sat there when it was sent has fallen. CAF
// drops such letters; that what is late does no harm is not to rest on that.
caf::actor stage::who_sits_there(const caf::actor& meant) {
  const auto now = sitting_.find(known_name(caf::actor_cast<caf::strong_actor_ptr>(meant)));
  if (now == sitting_.end()) return meant;
  const auto there = caf::actor_cast<caf::actor>(now->second);
  return there ? there : meant;
}

void stage::carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) {
  auto it = passage_of(from, to, what);
  it.sent_us = now_us_;
  const auto percent = [this](unsigned of) { return fate_() % 100 < of; };
  if (is_cut(it.from, it.to))
    it.becomes = passage::fate::cut;
  else if (percent(sky.lost))
    it.becomes = passage::fate::lost;
  else if (percent(sky.doubled))
    it.copies = 2;
  if (it.letters) sitting_[std::string{it.to}] = to.address();
  if (it.becomes == passage::fate::arrives) {
    it.held_us = hold ? hold(it) : 0;
    if (const auto stalled = stalled_us(it.from, it.to))
      it.held_us += stalled + static_cast<std::int64_t>(fate_() % let_go_us_max);
  }
  if (watch) watch(it);
  if (it.becomes != passage::fate::arrives) return;
  for (unsigned n = 0; n < it.copies; ++n) {
    auto way_us = it.held_us + way_us_min + static_cast<std::int64_t>(fate_() % (way_us_max - way_us_min));
    if (percent(sky.late))
      way_us += static_cast<std::int64_t>(fate_() % static_cast<std::uint64_t>(sky.late_us_max + 1));
    last_arrival_us_ = std::max(last_arrival_us_, now_us_ + way_us);
    after(way_us, who::process, [this, from, to, what, sent = now_us_] { deliver(from, to, what, sent); });
  }
}

void stage::deliver(const caf::strong_actor_ptr& from, const caf::actor& to, const caf::message& what,
                    std::int64_t sent_us) {
  auto it = passage_of(from, to, what);
  it.sent_us = sent_us;
  ++carried_;
  add_to_trace(std::to_string(now_us_));
  add_to_trace(it.from);
  add_to_trace(it.to);
  if (it.letters) add_to_trace(bytes_of(*it.letters));
  if (it.answers) add_to_trace(bytes_of(*it.answers));
  if (it.cases) add_to_trace(bytes_of(*it.cases));
  if (watch_arrival) watch_arrival(it);
  const auto now = it.letters ? who_sits_there(to) : to;
  now->enqueue(from, caf::make_message_id(), what, nullptr);
}

void stage::add_to_trace(std::string_view what) {
  trace_ = (trace_ ^ fingerprint(what)) * 0x100000001b3ULL;
  trace_ ^= trace_ >> 29;
}

}  // namespace souk::runtime
