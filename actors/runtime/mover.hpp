// The mover: takes a shard from one node to another at an operator's command, with all who belong to it.
//
//   keeper                                      new keeper
//   1 closes the shard: desk and carriers go
//   2 offers its store                 ------>  fetches it piece by piece: wallet-0.db.coming-TURN
//                                      <------  3 says that all of it is there, durably, and its checksum
//   4 writes the deed of the next turn
//   5 renames its store to .given-TURN
//   6 tells everybody                  ------>  7 writes the deed, 8 puts the copy in its place, seats everybody
//   9 removes what it gave away when somebody sits there
//
// One fact decides: the deed in the directory of whoever kept the shard before (persistence/deeds.hpp). Only he may
// write it, and only that of the next turn; until he does the shard is his, and from then on it is the other one's,
// whoever dies and whenever.
//
// - The keeper dies before 4: he starts with the shard as ever; the copy is forgotten. After 4: he starts without it,
// says
//   so to whoever he meets, and keeps what he gave away until somebody sits there.
// - The new keeper dies before 8: he hears of the deed, or has it, and finds a copy with its checksum, or fetches it
//   again from what was given away. After that he has it like any other.
// - One of them falls silent before 4: the keeper opens the shard again and says that it did not move.
// - Nobody learns a placement anew: the configuration says where a shard was at first, deeds say where it went, each
//   node tells each other one which it knows, and the highest turn is right. Two deeds of one turn come from a backup
//   that was restored: then the two nodes do not speak to each other, and say so.
//
// A keeper who is not there gives nothing. If his directory can be reached, a shard is taken out of it (--from-data):
// the new keeper writes the deed there, in the old one's name, with his lock on the file; then he renames the store,
// which is the fence: whoever has it open, standing still, finds it gone before his next commit and before he answers
// the last one. Then it is copied, with its WAL. Interrupted, the command is repeated, or the old keeper starts and
// gives what he has by the deed in his name.
//
// While it moves its letters are lost, as on any link, and those who wrote them ask again by key.
#pragma once

#include <caf/event_based_actor.hpp>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "actors/runtime/deed_book.hpp"
#include "actors/runtime/porter_words.hpp"
#include "actors/runtime/surroundings.hpp"

namespace souk::runtime {

using hear_of_move = std::function<void(const move_news&)>;

// Where those who are no actors leave who is to hear.
struct move_tray {
  std::mutex mutex;
  std::map<std::uint64_t, hear_of_move> waiting;
  std::uint64_t last = 0;
};

struct mover_papers {
  std::shared_ptr<deed_book> deeds;
  std::shared_ptr<const directory> where;
  std::shared_ptr<const surroundings> around;
  std::shared_ptr<move_tray> tray;
  caf::actor supervisor;
  std::vector<directory::place> engaged;  // at the start
  std::function<void()> spread;           // tells the others what deeds there are
  bool has_sink = false, has_provider = false;
};

// Before anybody is seated: what was given away is out of the way, what has come is in its place. Answers the shards
// whose stores are here.
std::vector<directory::place> put_in_order(deed_book& deeds, const directory& where);

class mover : public caf::event_based_actor {
public:
  mover(caf::actor_config& config, mover_papers papers);
  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "mover"; }

private:
  using place = directory::place;
  using deed = persistence::deed;

  // Who wishes something, until he has heard what came of it.
  struct wisher {
    std::uint64_t ticket = 0;
    caf::actor at;  // another node's mover; none: somebody here
    place what;
    std::string to;
    std::int64_t patient_until_ms = 0;
    bool sent_on = false;  // another node does it
  };
  // A shard on its way from here.
  struct giving {
    place what;
    deed wanted;
    caf::actor to;
    bool closed = false;
    std::int64_t bytes = 0;
    std::int64_t silent_at_ms = 0;
  };
  // What is read for somebody who fetches it.
  struct reading {
    std::ifstream from;
    persistence::checksum sum;
    std::int64_t bytes = 0;
  };
  // A shard on its way to here.
  struct taking {
    std::int64_t turn = 0;
    caf::actor from;
    std::ofstream to;
    persistence::checksum sum;
    bool whole = false;
    bool read_through = false;  // by whoever copied it here
    std::int64_t silent_at_ms = 0;
  };

  void on_wish(const move_wish& wish);
  void send_on(const move_wish& wish, const std::string& to);
  void begin(const move_wish& wish);
  void on_closed(std::uint32_t seat);
  void on_offer(const move_offer& offer);
  void on_want(const move_want& want);
  void on_piece(move_piece& piece);
  void on_arrived(const move_arrived& all);
  void give_up(const std::string& why);
  void take_from_directory(const move_wish& wish);
  void on_taken(const move_taken& all);
  void settle();
  void settle(const deed& one);
  void adopt(place what, const deed& one);
  void fetch(place what, std::int64_t turn, const caf::actor& from);
  void tell_wishers();
  void answer(const wisher& to, move_state state, const std::string& why);
  void answer_all(place what, const std::string& to, move_state state, const std::string& why);
  void on_news(const move_news& news);
  bool is_open(place what) const { return engaged_.contains(key(what)); }
  caf::actor mover_of(const std::string& node) const;
  static std::uint32_t key(place of) { return static_cast<std::uint32_t>(of.domain) << 16 | of.shard; }
  std::string path(place of) const { return papers_.deeds->store(of).string(); }
  std::int64_t now_ms() const { return papers_.around->clock->steady_ms(); }

  mover_papers papers_;
  std::map<std::string, caf::actor> movers_;  // of the nodes that are there
  std::vector<wisher> wishers_;
  std::set<std::uint32_t> engaged_, leaving_;
  std::optional<giving> giving_;
  std::map<std::uint32_t, reading> readings_;
  std::map<std::uint32_t, taking> takings_;
  // Somebody who copies from a directory, which takes as long as the disk does.
  std::thread copier_;
  std::optional<std::uint32_t> copying_;
  std::map<std::uint32_t, std::int64_t> tidy_;  // nothing is left here of what was given away under that turn
  bool saved_ = true;                           // the deeds, as far as the others were told
  std::string complaint_;                       // the last that was said in the log
};

}  // namespace souk::runtime
