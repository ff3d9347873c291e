// Plays a script to each point at which something may go wrong, and looks at what is left.
#include "tools/sim/disk/sweep.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "persistence/audit.hpp"
#include "persistence/sqlite/contents.hpp"
#include "tools/sim/disk.hpp"
#include "tools/sim/disk/memory.hpp"
#include "tools/sim/disk/scripts.hpp"

namespace souk::sim {

namespace {

enum class kind : std::uint8_t {
  lose,
  keep,
  reorder,
  tear,
  dies,  // the program, with the power on
  io_error,
  io_errors,
  full,
  failed_sync_seen,
  failed_sync_gone,
  no_memory,
  no_memory_more,
};
constexpr std::array<std::string_view, 12> kind_names{"power lost, unsynced lost",
                                                      "power lost, unsynced kept",
                                                      "power lost, unsynced reordered",
                                                      "power lost, unsynced torn",
                                                      "program died",
                                                      "I/O error once",
                                                      "I/O errors",
                                                      "disk full",
                                                      "failed sync, still seen",
                                                      "failed sync, gone at once",
                                                      "out of memory once",
                                                      "out of memory"};

struct point {
  kind what{};
  std::uint64_t at = 0;  // operation or allocation
  std::uint64_t seed = 0;
};

struct broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class store_sweep {
public:
  explicit store_sweep(const script& of) : script_(of), disk_("sweep-of-" + std::string{to_text(of.domain)}) {
    options_.path = "/" + std::string{to_text(of.domain)} + "-0.db";
    options_.vfs = disk_.name();
    // A script is short: that pages are moved and the WAL begins anew is a part of it all the same, and so is trimming
    // an outbox.
    options_.checkpoint_pages = 8;
    options_.events_at_once = 2;
    learn();
  }

  souk::domain domain() const { return script_.domain; }

  std::vector<point> points(std::uint64_t seed, bool power) const {
    std::vector<point> all;
    for (std::uint64_t at = 1; at <= history_.size(); ++at) {
      const auto what = history_[at - 1];
      const auto add = [&](kind one) { all.push_back({one, at, seed * 1'000'003 + at}); };
      if (disk::changes(what))
        for (const auto one : {kind::lose, kind::keep, kind::reorder, kind::tear}) add(one);
      if (power) continue;
      if (disk::changes(what)) add(kind::dies);
      for (const auto one : {kind::io_error, kind::io_errors}) add(one);
      if (what == operation::write) add(kind::full);
      if (what == operation::sync)
        for (const auto one : {kind::failed_sync_seen, kind::failed_sync_gone}) add(one);
    }
    if (power) return all;
    for (std::uint64_t at = 1; at <= allocations_; ++at)
      for (const auto one : {kind::no_memory, kind::no_memory_more}) all.push_back({one, at, seed});
    return all;
  }

  // Empty when all is well, else what is not.
  std::string visit(const point& p, bool& struck) {
    try {
      const auto acknowledged = p.what < kind::dies ? lose_power(p, struck) : play(p, struck);
      const auto found = recover(p, acknowledged);
      // The second power loss: what has been seen once must stay.
      disk_.crash(crash_mode::lose, p.seed);
      brain_.reset();
      const auto left = contents_now();
      must_be(found, left,
              "after " + std::to_string(acknowledged) + " acknowledged commands it was seen as " + which(found) +
                  ", after a power loss as " + which(left));
      again();
      return {};
    } catch (const std::exception& trouble) {
      brain_.reset();
      disk_.lift();
      memory::lift();
      return std::string{to_text(script_.domain)} + ", " + std::string{kind_names[static_cast<std::size_t>(p.what)]} +
             " at " + std::to_string(p.at) + operation_at(p) + ", seed " + std::to_string(p.seed) + ": " +
             trouble.what();
    }
  }

private:
  static void must_be(const std::string& wanted, const std::string& found, const std::string& otherwise) {
    if (wanted != found) throw broken(otherwise);
  }

  std::string operation_at(const point& p) const {
    static constexpr std::array<std::string_view, 6> names{"open", "read", "write", "truncate", "sync", "remove"};
    if (p.what >= kind::no_memory || p.at > history_.size()) return {};
    return " (" + std::string{names[static_cast<std::size_t>(history_[p.at - 1])]} + ")";
  }
  // After which command it is like that, for people.
  std::string which(const std::string& contents) const {
    const auto found = std::find(found_after_.begin(), found_after_.end(), contents);
    return found == found_after_.end() ? "none of ours" : "after " + std::to_string(found - found_after_.begin());
  }

  void seat() {
    brain_.reset();
    brain_ = script_.seat(options_);
  }
  std::string contents_now() {
    seat();
    return persistence::contents(brain_->file());
  }

  // What there is to be found after each command, and how many operations and allocations it takes.
  void learn() {
    std::vector<std::shared_ptr<const disk::image>> images;
    disk_.clear();
    memory::fail_at(0, false);
    seat();
    images.push_back(disk_.take());
    for (const auto& one : script_.commands) {
      say(*brain_, one);
      images.push_back(disk_.take());
    }
    brain_.reset();
    allocations_ = memory::allocations();
    history_ = disk_.history();
    for (const auto& image : images) {
      disk_.restore(*image);
      found_after_.push_back(contents_now());
    }
    brain_.reset();
    again();
  }

  // What is there when the power fails at an operation, before it is decided what of it is left.
  struct outage {
    std::uint64_t at = 0;
    std::size_t acknowledged = 0;
    bool struck = false;
    std::shared_ptr<const disk::image> there;
  };
  // The same for all that may be left, so it is played once for those in a row.
  std::size_t lose_power(const point& p, bool& struck) {
    if (!outage_ || outage_->at != p.at) {
      outage_.reset();
      outage now{p.at};
      disk_.clear();
      disk_.crash_at(p.at);
      now.acknowledged = play_through(now.struck, true);
      now.struck = now.struck || !disk_.powered();
      now.there = disk_.take();
      disk_.abandon();
      brain_.reset();
      outage_ = std::move(now);
    }
    disk_.clear();
    disk_.restore(*outage_->there);
    disk_.crash(static_cast<crash_mode>(p.what), p.seed);
    struck = outage_->struck;
    return outage_->acknowledged;
  }

  // The script until something goes wrong: how many commands were acknowledged.
  std::size_t play(const point& p, bool& struck) {
    disk_.clear();
    const bool dies = p.what == kind::dies;
    const bool sticky = p.what == kind::io_errors || p.what == kind::full;
    if (dies) disk_.crash_at(p.at);
    if (p.what == kind::io_error || p.what == kind::io_errors) disk_.fail_at(p.at, trouble::io_error, sticky);
    if (p.what == kind::full) disk_.fail_at(p.at, trouble::full, sticky);
    if (p.what == kind::failed_sync_seen) disk_.fail_at(p.at, trouble::failed_sync, false, 0);
    if (p.what == kind::failed_sync_gone) disk_.fail_at(p.at, trouble::failed_sync, false, 1);
    if (p.what >= kind::no_memory) memory::fail_at(p.at, p.what == kind::no_memory_more);
    const auto acknowledged = play_through(struck, dies);
    struck = struck || !disk_.powered() || disk_.failures() || memory::failed();
    if (dies) disk_.abandon();
    brain_.reset();  // with the fault still there
    disk_.lift();
    memory::lift();
    return acknowledged;
  }
  std::size_t play_through(bool& struck, bool closes) {
    std::size_t acknowledged = 0;
    try {
      seat();
      for (; acknowledged < script_.commands.size(); ++acknowledged) say(*brain_, script_.commands[acknowledged]);
      if (closes) brain_.reset();  // closing is a part of the day
    } catch (const persistence::store_error&) {
      struck = true;  // a clear refusal: nothing of it was acknowledged
    }
    return acknowledged;
  }

  std::string recover(const point& p, std::size_t acknowledged) {
    // Now and then the power fails again while the store recovers.
    if (p.what <= kind::dies && p.seed % 2) {
      disk_.crash_at(disk_.operations() + 1 + p.seed % 29);
      try {
        seat();
      } catch (const persistence::store_error&) {
      }
      disk_.crash(static_cast<crash_mode>(p.seed / 2 % 4), p.seed);
    }
    const auto found = contents_now();
    const auto next = std::min(acknowledged + 1, script_.commands.size());
    if (found != found_after_[acknowledged] && found != found_after_[next])
      throw broken("after " + std::to_string(acknowledged) + " acknowledged commands it was seen as " + which(found));
    return found;
  }

  // All once more, by the same keys; then the audit.
  void again() {
    seat();
    for (const auto& one : script_.commands) say(*brain_, one);
    brain_.reset();
    persistence::store_files files{{options_.path}, disk_.name()};
    std::string verdict;
    for (const auto& one : persistence::audit(files))
      if (!one.holds()) verdict += one.name + ": " + std::to_string(one.violations) + "; ";
    if (!verdict_) verdict_ = verdict;  // of the one store without all others
    must_be(*verdict_, verdict, "the audit says '" + verdict + "' instead of '" + *verdict_ + "'");
  }

  const script& script_;
  disk disk_;
  persistence::open_options options_;
  std::unique_ptr<domains::brain> brain_;
  std::vector<std::string> found_after_;
  std::vector<operation> history_;
  std::uint64_t allocations_ = 0;
  std::optional<std::string> verdict_;
  std::optional<outage> outage_;  // the last one
};

// Of so many rounds the points are put in the order of their places.
constexpr std::uint64_t rounds_at_once = 64;

}  // namespace

sweep_result sweep_stores(const sweep_options& options) {
  memory::watch();
  const auto all = scripts();
  struct task {
    store_sweep* of;
    point where;
  };
  std::vector<std::unique_ptr<store_sweep>> stores;
  for (const auto& one : all)
    if (!options.only || *options.only == one.domain) stores.push_back(std::make_unique<store_sweep>(one));
  const auto add_tasks = [&](std::vector<task>& to, std::uint64_t seed) {
    std::vector<task> tasks;
    for (const auto& store : stores)
      for (const auto& where : store->points(seed, options.power)) tasks.push_back({store.get(), where});
    const auto all_points = tasks.size();
    if (options.points_max && options.points_max < all_points) {
      std::mt19937_64 dice{seed};
      for (std::size_t i = 0; i < options.points_max; ++i) std::swap(tasks[i], tasks[i + dice() % (all_points - i)]);
      tasks.resize(options.points_max);
    }
    to.insert(to.end(), tasks.begin(), tasks.end());
    return tasks.size();
  };
  sweep_result result;
  for (std::uint64_t round = 0; round < options.rounds;) {
    std::vector<task> tasks;
    std::size_t a_round = 0;
    const auto end = std::min(options.rounds, round + rounds_at_once);
    for (; round < end; ++round) a_round = add_tasks(tasks, options.seed + round);
    // What has a place in common comes in a row: all that is left of one power loss.
    std::stable_sort(tasks.begin(), tasks.end(), [](const auto& a, const auto& b) {
      return std::pair{a.of->domain(), a.where.at} < std::pair{b.of->domain(), b.where.at};
    });
    for (const auto& [store, where] : tasks) {
      bool struck = false;
      auto failure = store->visit(where, struck);
      result.points += 1;
      result.struck += struck;
      result.power_losses += struck && where.what < kind::dies;
      if (!failure.empty() && result.failures.size() < 100) result.failures.push_back(std::move(failure));
      if (options.tell) options.tell(result.points, a_round * options.rounds);
    }
  }
  return result;
}

}  // namespace souk::sim
