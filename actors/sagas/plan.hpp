// A saga is a table of reactions: on this signal, make these moves.
//
// An orchestrated saga is written as a chain and its way back follows from it; a choreography is written row by row.
// The engine (machine.hpp) knows only the table. Nothing here knows CAF, SQL, or which node anything runs on.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "messages/grammar/answer.hpp"

namespace souk::sagas {

struct step;  // steps.hpp: what a step says to which domain

using souk::outcome;

// What a step may expect of the saga.
enum class role : std::uint8_t {
  compensable,  // can be undone: before the pivot
  pivot,        // once done there is no way back
  insisted,     // after the pivot, or on the way out: asked until it is done, then parked for an operator
  afterwards,   // carried by the event that the pivot writes: no signal comes back
};

enum class verb : std::uint8_t { run, undo, complete, reject };

struct move {
  sagas::verb verb{};
  const sagas::step* step = nullptr;  // none for complete and reject
  friend bool operator==(const move&, const move&) = default;
};
struct signal {
  const sagas::step* step = nullptr;
  sagas::outcome outcome{};
};
struct reaction {
  signal on;
  std::vector<move> moves;
  bool all_back = false;  // only when nothing else of the case is in effect any more
};

class plan {
public:
  struct stage {
    const sagas::step* step;
    sagas::role role;
    bool by_events = false;  // its domain takes it by itself on the events that it hears; else a coordinator asks
  };
  static constexpr std::size_t stages_max = 15;

  explicit plan(std::string_view name, bool chain) : name_(name), chain_(chain) {}

  // A chain: in order, each asked when the one before is done.
  plan& then(const step& what) { return add(what, role::compensable); }
  plan& pivot(const step& what) { return add(what, role::pivot); }
  plan& insist(const step& what) { return add(what, role::insisted); }
  // Runs when everything is walked back, to say so where the saga began.
  plan& otherwise(const step& what);
  plan& afterwards(const step& what) { return add(what, role::afterwards); }

  // A choreography: the roles are stated, the rows written one by one. What is asked is asked by a coordinator, which
  // lets go of the case at the first move by events.
  plan& asked(const step& what, role as) { return add(what, as); }
  plan& with(const step& what, role as) { return add(what, as, true); }
  plan& start(std::vector<move> moves);
  plan& when(const step& what, outcome how, std::vector<move> moves);
  // When several are undone at once: what follows the last of them.
  plan& when_all_back(const std::vector<move>& moves);
  // The platform is told also what its wallets and payments write into their histories.
  plan& tell_histories();

  // Works the chain out into its table. Asserts that the plan makes sense.
  plan build();

  std::string_view name() const { return name_; }
  bool is_chain() const { return chain_; }
  bool tells_histories() const { return tells_histories_; }
  const std::vector<stage>& stages() const { return stages_; }
  const step* rejection() const { return otherwise_; }
  const std::vector<move>& opening() const { return opening_; }
  const std::vector<reaction>& rows() const { return rows_; }

  // The row of a signal; null when the table has none.
  const reaction* on(std::size_t at, outcome how) const {
    const auto row = index_[at][static_cast<std::size_t>(how)];
    return row < 0 ? nullptr : &rows_[static_cast<std::size_t>(row)];
  }
  // Its moves; none when the table has no such row.
  const std::vector<move>& moves_on(std::size_t at, outcome how) const {
    const auto* row = on(at, how);
    return row ? row->moves : nothing_;
  }
  std::size_t index_of(const step* what) const;
  // Nothing of what could be undone is in effect.
  bool all_back(const std::function<bool(std::size_t stage)>& in_effect) const;

private:
  plan& add(const step& what, role as, bool by_events = false);

  std::string name_;
  bool chain_;
  bool tells_histories_ = false;
  std::vector<stage> stages_;
  const step* otherwise_ = nullptr;
  std::vector<move> opening_;
  std::vector<reaction> rows_;
  std::array<std::array<std::int8_t, 4>, stages_max> index_{};
  std::vector<move> nothing_;
};

// saga("name").then(..).then(..).pivot(..).build()
inline plan saga(std::string_view name) { return plan{name, true}; }
inline plan choreography(std::string_view name) { return plan{name, false}; }

inline move run(const step& what) { return {verb::run, &what}; }
inline move undo(const step& what) { return {verb::undo, &what}; }
inline move complete() { return {verb::complete, nullptr}; }
inline move reject() { return {verb::reject, nullptr}; }

// The plan as people read it: way there and way back, the compensation matrix.
std::string to_text(const plan& of);
std::string to_mermaid(const plan& of);
std::string to_json(const plan& of);

}  // namespace souk::sagas
