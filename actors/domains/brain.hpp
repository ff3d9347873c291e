// What every domain is to its desk: a plain class that decides commands in front of its store.
//
// The desk calls decide() for each command of a batch inside one transaction, then before_commit() if any of them
// wrote, commits, and only then lets answers and after-effects out, but for what rang early. Whatever throws ends this
// object: the next one starts from the store.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "messages/letter.hpp"
#include "persistence/logs/exchange.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::domains {

// An answer that comes later: when the subject rings, the command is decided and answered in place of the first.
struct later {
  std::int64_t subject = 0;
  command then;
};

class brain {
public:
  virtual ~brain() = default;

  virtual answer decide(const command& what) = 0;
  // What is due, in a transaction that writes anyway: one that only reads must not begin to write, because reads go on
  // while the disk is full.
  virtual void before_commit() {}
  virtual persistence::store_file& file() = 0;
  // Of a domain that takes part in choreographies.
  virtual persistence::exchange* exchange() { return nullptr; }
  // A case that runs by events got so far: for the domain that keeps its record.
  virtual void hear(const event_log::event&) {}
  virtual const std::vector<souk::order::happening>* story(number) const { return nullptr; }
  // How many open cases run by events, which no coordinator counts: of the domain that keeps their record.
  virtual std::int64_t run_by_events() const { return 0; }
  // Who is to run what has begun here, of a share of all sagas.
  virtual souk::order::runner runner_of(std::uint32_t share) const { return {share, 0, share, 0, 0}; }

  // Asked after each decide: was the answer put off?
  std::optional<later> put_off() { return std::exchange(later_, std::nullopt); }
  // Asked before each commit: what rang and need not wait for this disk, because what is to be heard is on another one.
  std::vector<std::int64_t> rung_early() { return std::exchange(rung_early_, {}); }
  // Asked after each commit: what rang, and which sagas are to be begun.
  std::vector<std::int64_t> rung() {
    rung_.insert(rung_.end(), rung_early_.begin(), rung_early_.end());
    rung_early_.clear();
    return std::exchange(rung_, {});
  }
  std::vector<order::brief> begun() { return std::exchange(begun_, {}); }

protected:
  std::optional<later> later_;
  std::vector<std::int64_t> rung_, rung_early_;
  std::vector<order::brief> begun_;
};

// decide() of a domain: its on(command) for the commands it has, and a plain word for those that lost their way.
template <class Domain>
answer dispatch(Domain& domain, const command& what) {
  return std::visit(
      [&](const auto& one) -> answer {
        if constexpr (requires { domain.on(one); })
          return domain.on(one);
        else
          return refuse(reason::not_found, "this desk does not know the command");
      },
      what);
}

}  // namespace souk::domains
