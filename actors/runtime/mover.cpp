// Gives shards, takes shards, and sees to it that who has the deed has the store.
#include "actors/runtime/mover.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "actors/runtime/links.hpp"
#include "messages/grammar/crash_point.hpp"
#include "persistence/durable.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::runtime {

namespace fs = std::filesystem;
using persistence::shard_of;

namespace {

// A piece is small enough that pings are not held up by it, and large enough that a disk is not kept waiting.
constexpr std::size_t piece_bytes = 256 * 1024;
// The other one answers within milliseconds; a disk that syncs a large file takes longer.
constexpr std::int64_t silence_ms = 10'000;
// Whoever waits at a console hears by then how things stand, and asks again.
constexpr std::int64_t patience_ms = 5'000;
constexpr std::int64_t settle_every_ms = 100;

std::string text_of(directory::place at) { return std::string{to_text(at.domain)} + '/' + std::to_string(at.shard); }

// What is wished, as the deed of that turn.
persistence::deed deed_of(const move_wish& wish, std::int64_t turn, std::string from) {
  persistence::deed made;
  made.domain = wish.domain;
  made.shard = wish.shard;
  made.turn = turn;
  made.keeper = wish.to;
  made.from = std::move(from);
  made.by = wish.by;
  made.reason = wish.reason;
  return made;
}

bool fits(const persistence::checksum& sum, const persistence::deed& of) {
  return of.checksum && sum.sum() == of.checksum && sum.bytes() == of.bytes;
}

template <class Word>
bool names_a_desk(const Word& word, const directory& where) {
  return word.domain < domain_count && word.shard < where.shards(static_cast<domain>(word.domain));
}
template <class Word>
directory::place desk_in(const Word& word) {
  return {static_cast<domain>(word.domain), word.shard};
}

}  // namespace

std::vector<directory::place> put_in_order(deed_book& deeds, const directory& where) {
  for (const auto& one : deeds.all()) {
    const auto store = deeds.store(desk_in(one));
    if (one.keeper != deeds.me()) {
      if (fs::exists(store) || fs::exists(store.string() + "-wal")) persistence::set_aside(store, one.turn);
      continue;
    }
    const auto copy = persistence::coming(store, one.turn);
    if (!fs::exists(copy)) continue;
    if (fits(persistence::checksum_of(copy), one))
      persistence::put_in_place(store, one.turn);
    else
      fs::remove(copy);
  }
  std::vector<directory::place> here;
  for (std::size_t d = 0; d < domain_count; ++d)
    for (std::uint32_t shard = 0; shard < where.shards(static_cast<domain>(d)); ++shard) {
      const directory::place at{static_cast<domain>(d), shard};
      if (!where.is_here(at) && deeds.turn(at) == 0 && fs::exists(deeds.store(at)))
        throw std::invalid_argument(deeds.store(at).string() + ": the configuration gives " + text_of(at) + " to " +
                                    deeds.keeper(at) + ", and here is its store: a shard moves by `souk admin move`");
      persistence::forget_coming(deeds.store(at), -1);
      if (where.is_here(at) && (deeds.turn(at) == 0 || fs::exists(deeds.store(at)))) here.push_back(at);
    }
  return here;
}

mover::mover(caf::actor_config& config, mover_papers papers)
    : caf::event_based_actor(config), papers_(std::move(papers)) {
  for (const auto at : papers_.engaged) engaged_.insert(key(at));
  set_default_handler(caf::drop);
  // Who falls here would leave shards closed: what went wrong is seen again by settle(), which says it.
  set_exception_handler([](std::exception_ptr& trouble) {
    try {
      std::rethrow_exception(trouble);
    } catch (const std::exception& what) {
      spdlog::error("moving a shard: {}", what.what());
    }
    return caf::error{};
  });
}

caf::behavior mover::make_behavior() {
  delayed_send(this, std::chrono::milliseconds{settle_every_ms}, souk::sweep{});
  return {
      [this](const std::string& node, const caf::actor& who) {
        if (who)
          movers_[node] = who;
        else
          movers_.erase(node);
        settle();
      },
      [this](const move_wish& wish) { on_wish(wish); },
      [this](const move_news& news) { on_news(news); },
      [this](const move_offer& offer) { on_offer(offer); },
      [this](const move_declined& said) {
        if (giving_ && key(giving_->what) == key(desk_in(said)) && giving_->wanted.turn == said.turn)
          give_up(giving_->wanted.keeper + " does not take it: " + said.why);
      },
      [this](const move_want& want) { on_want(want); },
      [this](move_piece& piece) { on_piece(piece); },
      [this](const move_arrived& all) { on_arrived(all); },
      [this](const move_taken& all) { on_taken(all); },
      [this](const retired& of) { on_closed(of.seat); },
      [this](souk::wake) {
        try {
          papers_.deeds->look_again();
        } catch (const std::exception& trouble) {
          spdlog::error("deeds cannot be read: {}", trouble.what());  // at the next news they are read again
        }
        settle();
      },
      [this](souk::sweep) {
        settle();
        delayed_send(this, std::chrono::milliseconds{settle_every_ms}, souk::sweep{});
      },
      [this](souk::drain) { quit(); },
  };
}

void mover::on_exit() {
  if (copier_.joinable()) copier_.join();
  for (const auto& one : wishers_) answer(one, move_state::out_of_reach, "the node is stopping");
  wishers_.clear();
  movers_.clear();
  giving_.reset();
  takings_.clear();
  readings_.clear();
  papers_.supervisor = nullptr;
}

caf::actor mover::mover_of(const std::string& node) const {
  const auto found = movers_.find(node);
  return found == movers_.end() ? caf::actor{} : found->second;
}

void mover::on_wish(const move_wish& wish) {
  const auto from = current_sender() ? caf::actor_cast<caf::actor>(current_sender()) : caf::actor{};
  const bool is_known =
      !from || std::any_of(movers_.begin(), movers_.end(), [&](const auto& one) { return one.second == from; });
  if (!is_known || !names_a_desk(wish, *papers_.where)) return;
  const auto what = desk_in(wish);
  wishers_.push_back({wish.ticket, from, what, wish.to, now_ms() + patience_ms, false});
  const auto refuse = [&](move_state state, const std::string& why) {
    answer(wishers_.back(), state, why);
    wishers_.pop_back();
  };
  const auto keeper = papers_.deeds->keeper(what);
  if (keeper == wish.to && !is_open(what) && !wish.from_data.empty() && wish.to == papers_.deeds->me())
    return take_from_directory(wish);  // once more: it was interrupted
  if (keeper == wish.to) return tell_wishers();
  const auto& doer = wish.from_data.empty() ? keeper : wish.to;
  if (doer != papers_.deeds->me()) {
    if (from) return refuse(move_state::refused, doer + " has to do this: ask again");  // sent on once is enough
    if (!mover_of(doer))
      return refuse(move_state::out_of_reach,
                    wish.from_data.empty()
                        ? doer + " keeps " + text_of(what) +
                              " and is not there: start it, or have its directory taken with --from-data"
                        : doer + " is not there");
    return send_on(wish, doer);
  }
  if (!wish.from_data.empty()) return take_from_directory(wish);
  if (giving_ && (key(giving_->what) != key(what) || giving_->wanted.keeper != wish.to))
    return refuse(move_state::refused,
                  shard_of(giving_->wanted) + " is on its way to " + giving_->wanted.keeper + ": one at a time");
  if (giving_) return;
  if (!is_open(what)) return refuse(move_state::refused, text_of(what) + " is not open here now");
  if (!mover_of(wish.to)) return refuse(move_state::out_of_reach, wish.to + " is not there");
  begin(wish);
}

void mover::send_on(const move_wish& wish, const std::string& to) {
  wishers_.back().sent_on = true;
  wishers_.back().patient_until_ms += patience_ms / 2;
  send(mover_of(to), wish);
}

void mover::on_news(const move_news& news) {
  const auto found = std::find_if(wishers_.begin(), wishers_.end(),
                                  [&](const auto& one) { return one.sent_on && one.ticket == news.ticket; });
  if (found == wishers_.end()) return;
  const auto to = *found;
  wishers_.erase(found);
  answer(to, news.state, news.why);
}

void mover::begin(const move_wish& wish) {
  const auto what = desk_in(wish);
  auto next = deed_of(wish, papers_.deeds->turn(what) + 1, papers_.deeds->me());
  // Who wants it, and why, stands in the deeds; logs name nobody.
  spdlog::info("{} is to move to {}", text_of(what), wish.to);
  giving_ = giving{what, std::move(next), mover_of(wish.to), false, 0, now_ms() + silence_ms};
  engaged_.erase(key(what));
  leaving_.insert(key(what));
  send(papers_.supervisor, retire{key(what)});
}

// Everybody has gone, and the store is closed: nobody of this node writes into it any more.
void mover::on_closed(std::uint32_t seat) {
  leaving_.erase(seat);
  if (!giving_ || key(giving_->what) != seat) return settle();
  auto& mine = *giving_;
  const fs::path store = path(mine.what);
  try {
    if (!persistence::stands_alone(store))
      return give_up("its store could not be closed cleanly: a backup is being taken, or the disk is full");
    mine.bytes = static_cast<std::int64_t>(fs::file_size(store));
  } catch (const std::exception& trouble) {
    return give_up(trouble.what());
  }
  may_crash(crash_point::move_closed);
  mine.closed = true;
  mine.silent_at_ms = now_ms() + silence_ms;
  readings_.erase(seat);
  send(mine.to, move_offer{mine.wanted.domain, mine.wanted.shard, mine.wanted.turn, mine.bytes, papers_.has_sink,
                           papers_.has_provider});
}

void mover::on_offer(const move_offer& offer) {
  const auto from = caf::actor_cast<caf::actor>(current_sender());
  if (!from || !names_a_desk(offer, *papers_.where)) return;
  const auto what = desk_in(offer);
  const auto decline = [&](const std::string& why) {
    send(from, move_declined{offer.domain, offer.shard, offer.turn, why});
  };
  const auto keeper = papers_.deeds->keeper(what);
  if (mover_of(keeper) != from) return decline("by its deeds " + keeper + " keeps it");
  if (offer.turn != papers_.deeds->turn(what) + 1)
    return decline("it knows of turn " + std::to_string(papers_.deeds->turn(what)));
  if (is_open(what) || leaving_.contains(key(what)) || copying_ == key(what) || fs::exists(path(what)))
    return decline("it has not let go of it");
  if (what.domain == domain::platform && offer.with_sink && !papers_.has_sink)
    return decline("it is not told where the platform is");
  if (what.domain == domain::payment && offer.with_provider && !papers_.has_provider)
    return decline("it is not told who the payment provider is");
  std::error_code unknown;
  const auto room = fs::space(papers_.deeds->data(), unknown);
  if (!unknown && room.available < static_cast<std::uintmax_t>(offer.bytes) + (64U << 20))
    return decline("there is no room for it");
  try {
    fetch(what, offer.turn, from);
  } catch (const std::exception& trouble) {
    decline(trouble.what());
  }
}

// From the store that is offered, or from what was given away under that turn.
void mover::on_want(const move_want& want) {
  const auto from = caf::actor_cast<caf::actor>(current_sender());
  if (!from || !names_a_desk(want, *papers_.where)) return;
  const auto what = desk_in(want);
  const bool offered = giving_ && giving_->closed && key(giving_->what) == key(what) &&
                       giving_->wanted.turn == want.turn && giving_->to == from;
  const auto one = papers_.deeds->find(what);
  const bool was_given = one && one->turn == want.turn && one->from == papers_.deeds->me() &&
                         mover_of(one->keeper) == from && !leaving_.contains(key(what));
  if (!offered && !was_given) return;
  if (offered) giving_->silent_at_ms = now_ms() + silence_ms;
  try {
    const fs::path file = offered ? fs::path{path(what)} : persistence::given(path(what), want.turn);
    if (want.offset == 0) {
      // It was taken by an operator who got no further: what its WAL has is still there.
      if (!persistence::stands_alone(file)) {
        const auto whole = persistence::coming(path(what), want.turn);
        persistence::copy_whole(file, whole);
        fs::rename(whole, file);
        fs::remove(file.string() + "-wal");
        persistence::make_durable(papers_.deeds->data());
      }
      readings_[key(what)] =
          reading{std::ifstream{file, std::ios::binary}, {}, static_cast<std::int64_t>(fs::file_size(file))};
    }
    const auto found = readings_.find(key(what));
    if (found == readings_.end() || found->second.sum.bytes() != want.offset) return;
    auto& mine = found->second;
    move_piece piece{want.domain, want.shard, want.turn, want.offset, std::string(piece_bytes, '\0'), false, 0};
    mine.from.read(piece.content.data(), static_cast<std::streamsize>(piece.content.size()));
    piece.content.resize(static_cast<std::size_t>(mine.from.gcount()));
    mine.sum.add(piece.content);
    piece.last = mine.sum.bytes() >= mine.bytes;
    if (mine.from.bad() || (!piece.last && piece.content.size() < piece_bytes))
      throw std::system_error(EIO, std::generic_category(), file.string());
    if (piece.last) piece.checksum = mine.sum.sum();
    send(from, std::move(piece));
  } catch (const std::exception& trouble) {
    readings_.erase(key(what));
    if (offered) return give_up(std::string{"its store cannot be read: "} + trouble.what());
    spdlog::error("{} cannot be given: {}", text_of(what), trouble.what());
  }
}

void mover::on_piece(move_piece& piece) {
  const auto from = caf::actor_cast<caf::actor>(current_sender());
  if (!from || !names_a_desk(piece, *papers_.where)) return;
  const auto what = desk_in(piece);
  const auto found = takings_.find(key(what));
  if (found == takings_.end()) return;
  auto& mine = found->second;
  if (mine.from != from || mine.turn != piece.turn || mine.whole || mine.sum.bytes() != piece.offset) return;
  mine.silent_at_ms = now_ms() + silence_ms;
  mine.to.write(piece.content.data(), static_cast<std::streamsize>(piece.content.size()));
  mine.sum.add(piece.content);
  if (!mine.to) {
    takings_.erase(found);
    return send(from, move_declined{piece.domain, piece.shard, piece.turn, "its disk does not take it"});
  }
  if (!piece.last) return send(from, move_want{piece.domain, piece.shard, piece.turn, mine.sum.bytes()});
  try {
    mine.to.close();
    if (mine.sum.sum() != piece.checksum) throw std::runtime_error("something else arrived than was sent");
    persistence::make_durable(persistence::coming(path(what), piece.turn));
    persistence::make_durable(papers_.deeds->data());
  } catch (const std::exception& trouble) {
    takings_.erase(found);
    return send(from, move_declined{piece.domain, piece.shard, piece.turn, trouble.what()});
  }
  mine.whole = true;
  may_crash(crash_point::move_fetched);
  send(from, move_arrived{piece.domain, piece.shard, piece.turn, mine.sum.bytes(), mine.sum.sum()});
  settle();
}

// The one moment of a move.
void mover::on_arrived(const move_arrived& all) {
  const auto from = caf::actor_cast<caf::actor>(current_sender());
  if (!from || !giving_ || !giving_->closed || giving_->to != from || key(giving_->what) != key(desk_in(all)) ||
      giving_->wanted.turn != all.turn)
    return;
  auto& mine = *giving_;
  const auto read = readings_.find(key(mine.what));
  if (read == readings_.end() || read->second.sum.sum() != all.checksum || all.bytes != mine.bytes)
    return give_up("something else arrived than was sent");
  may_crash(crash_point::move_copied);
  mine.wanted.bytes = all.bytes;
  mine.wanted.checksum = all.checksum;
  mine.wanted.at = papers_.around->clock->now();
  try {
    if (!papers_.deeds->give(mine.wanted)) return give_up("somebody else has taken it meanwhile");
  } catch (const std::exception& trouble) {
    return give_up(std::string{"its deed cannot be written: "} + trouble.what());
  }
  may_crash(crash_point::move_decided);
  spdlog::info("{} was given to {} under turn {}", text_of(mine.what), mine.wanted.keeper, mine.wanted.turn);
  readings_.erase(key(mine.what));
  giving_.reset();
  settle();
  papers_.spread();
}

// Nothing is decided yet: it stays.
void mover::give_up(const std::string& why) {
  const auto mine = std::move(*giving_);
  giving_.reset();
  readings_.erase(key(mine.what));
  spdlog::warn("{} does not move to {}: {}", text_of(mine.what), mine.wanted.keeper, why);
  if (papers_.deeds->keeper(mine.what) == papers_.deeds->me()) {
    leaving_.erase(key(mine.what));
    engaged_.insert(key(mine.what));
    send(papers_.supervisor, engage{key(mine.what)});
  }
  answer_all(mine.what, mine.wanted.keeper, move_state::refused, why);
}

// Out of the directory of a keeper who is not there.
void mover::take_from_directory(const move_wish& wish) {
  const auto what = desk_in(wish);
  const auto refuse = [&](const std::string& why) { answer_all(what, wish.to, move_state::refused, why); };
  if (copying_) return copying_ == key(what) ? void() : refuse("another shard is being taken: one at a time");
  if (giving_) return refuse(shard_of(giving_->wanted) + " is on its way from here: one at a time");
  const fs::path data = wish.from_data, store = data / papers_.deeds->store(what).filename();
  deed mine;
  try {
    const persistence::deeds_lock hold{data};
    auto theirs = persistence::read_deeds(data);
    if (!theirs) return refuse(data.string() + " is not the directory of one of several nodes");
    const auto& owner = theirs->node;
    if (owner == papers_.deeds->me()) return refuse(data.string() + " is this node's own");
    if (mover_of(owner)) return refuse(owner + " is there: let it give the shard itself, without --from-data");
    const auto* last = theirs->find(static_cast<std::uint32_t>(what.domain), what.shard);
    const auto turn = last ? last->turn : 0;
    if (last && last->keeper == wish.to && last->from == owner) {
      mine = *last;  // it was interrupted
    } else {
      if (turn < papers_.deeds->turn(what) || papers_.deeds->keeper(what) != owner || (last && last->keeper != owner))
        return refuse("by the deeds in " + data.string() + ", " + owner + " does not keep " + text_of(what) +
                      (last ? ": " + last->keeper + " does, under turn " + std::to_string(turn) : ""));
      if (!fs::exists(store)) return refuse(store.string() + " is not there");
      mine = deed_of(wish, turn + 1, owner);
      mine.at = papers_.around->clock->now();
      theirs->put(mine);
      persistence::write_deeds(data, *theirs);
      may_crash(crash_point::move_decided);
    }
    persistence::set_aside(store, mine.turn);
    may_crash(crash_point::move_set_aside);
    if (!fs::exists(persistence::given(store, mine.turn))) {
      // It has come already, or its keeper has removed it because somebody sits there.
      papers_.deeds->learn(mine);
      return settle();
    }
  } catch (const std::exception& trouble) {
    return refuse(trouble.what());
  }
  spdlog::info("{} is taken from {} under turn {}", text_of(what), data.string(), mine.turn);
  copying_ = key(what);
  if (copier_.joinable()) copier_.join();
  takings_.erase(key(what));
  copier_ =
      std::thread{[me = caf::actor_cast<caf::actor>(this), what, mine, from = persistence::given(store, mine.turn),
                   to = persistence::coming(path(what), mine.turn)]() mutable {
        // Nothing of the actor is touched from here on but its mailbox.
        move_taken all{mine, {}};
        try {
          persistence::copy_whole(from, to);
          const auto sum = persistence::checksum_of(to);
          all.what.bytes = sum.bytes();
          all.what.checksum = sum.sum();
        } catch (const std::exception& trouble) {
          all.trouble = trouble.what();
        }
        caf::anon_send(me, std::move(all));
      }};
}

void mover::on_taken(const move_taken& all) {
  if (copier_.joinable()) copier_.join();
  copying_.reset();
  const auto what = desk_in(all.what);
  if (!all.trouble.empty()) {
    spdlog::error("{} could not be copied: {}", text_of(what), all.trouble);
    return answer_all(what, all.what.keeper, move_state::refused, all.trouble + "; repeat the command");
  }
  auto& mine = takings_[key(what)];
  mine.turn = all.what.turn;
  mine.whole = mine.read_through = true;
  papers_.deeds->learn(all.what);
  settle();
  papers_.spread();
}

// Who has the deed has the store, and nobody else.
void mover::settle() {
  if (const bool saved = papers_.deeds->is_saved(); saved != std::exchange(saved_, saved) && saved) papers_.spread();
  for (const auto& one : papers_.deeds->all()) {
    try {
      settle(one);
    } catch (const std::exception& trouble) {
      if (complaint_ != trouble.what()) spdlog::error("{} is not in order: {}", shard_of(one), trouble.what());
      complaint_ = trouble.what();
    }
  }
  const auto now = now_ms();
  if (giving_ && mover_of(giving_->wanted.keeper) != giving_->to)
    give_up(giving_->wanted.keeper + " is gone");
  else if (giving_ && giving_->closed && giving_->silent_at_ms < now)
    give_up(giving_->wanted.keeper + " does not fetch it");
  std::erase_if(takings_, [&](auto& one) {
    return !one.second.read_through &&
           (!one.second.whole || papers_.deeds->turn(seat_name::desk(one.first)) < one.second.turn) &&
           one.second.silent_at_ms < now;
  });
  tell_wishers();
}

void mover::settle(const deed& one) {
  const auto what = desk_in(one);
  const fs::path store = path(what);
  if (leaving_.contains(key(what)) || copying_ == key(what)) return;
  if (one.keeper == papers_.deeds->me()) {
    tidy_.erase(key(what));
    if (!is_open(what) && !(giving_ && key(giving_->what) == key(what))) adopt(what, one);
    return;
  }
  if (is_open(what)) {
    engaged_.erase(key(what));
    leaving_.insert(key(what));
    spdlog::warn("{} is {}'s under turn {}: this node lets go of it", text_of(what), one.keeper, one.turn);
    return send(papers_.supervisor, retire{key(what)});
  }
  if (const auto done = tidy_.find(key(what)); done != tidy_.end() && done->second == one.turn) return;
  if (fs::exists(store) || fs::exists(store.string() + "-wal")) {
    if (!saved_) return;  // a start without the deed would miss it here
    persistence::set_aside(store, one.turn);
    may_crash(crash_point::move_set_aside);
  }
  // Until somebody sits there its new keeper may have to fetch it again.
  if (!papers_.where->desk(what)) return;
  may_crash(crash_point::move_done);
  persistence::forget_given(store);
  tidy_[key(what)] = one.turn;
}

void mover::adopt(place what, const deed& one) {
  if (!saved_) return;
  const fs::path store = path(what);
  const auto found = takings_.find(key(what));
  if (found != takings_.end() && found->second.turn == one.turn) {
    if (!found->second.whole) return;
    may_crash(crash_point::move_learned);
    const bool is_it = found->second.read_through || !one.checksum || fits(found->second.sum, one);
    if (!is_it) {
      // Asked for again, but not at once: it may stay so.
      found->second = {};
      found->second.silent_at_ms = now_ms() + 6 * silence_ms;
      persistence::forget_coming(store, -1);
      throw std::runtime_error("what " + one.from + " sends is not what it gave under turn " +
                               std::to_string(one.turn) + ": it was restored from before the move, or has rotted");
    }
    takings_.erase(found);
    persistence::put_in_place(store, one.turn);
  } else if (!fs::exists(store)) {
    // Its deed is here and its store is not.
    if (found != takings_.end()) return;
    const auto from = mover_of(one.from);
    if (from) fetch(what, one.turn, from);
    throw std::runtime_error("its deed is here and its store is not: " + one.from +
                             (from ? " is asked for it" : " has it, and is not there"));
  }
  may_crash(crash_point::move_in_place);
  persistence::forget_given(store);
  spdlog::info("{} is kept here under turn {}, from {}", text_of(what), one.turn, one.from);
  engaged_.insert(key(what));
  send(papers_.supervisor, engage{key(what)});
}

// From its first byte on, whatever came before.
void mover::fetch(place what, std::int64_t turn, const caf::actor& from) {
  takings_.erase(key(what));
  persistence::forget_coming(path(what), -1);
  auto& mine = takings_[key(what)];
  mine.turn = turn;
  mine.from = from;
  mine.to.open(persistence::coming(path(what), turn), std::ios::binary | std::ios::trunc);
  mine.silent_at_ms = now_ms() + silence_ms;
  send(from, move_want{static_cast<std::uint32_t>(what.domain), what.shard, turn, 0});
}

void mover::tell_wishers() {
  const auto now = now_ms();
  std::erase_if(wishers_, [&](const wisher& one) {
    const bool there = papers_.deeds->keeper(one.what) == one.to && papers_.where->desk(one.what);
    if (there && !one.sent_on) return answer(one, move_state::done, {}), true;
    if (now < one.patient_until_ms) return false;
    answer(one, move_state::underway, "it is on its way: ask again");
    return true;
  });
}

void mover::answer(const wisher& to, move_state state, const std::string& why) {
  move_news news{to.ticket, state, why, papers_.deeds->turn(to.what)};
  if (to.at) return send(to.at, std::move(news));
  hear_of_move then;
  {
    const std::lock_guard hold{papers_.tray->mutex};
    const auto found = papers_.tray->waiting.find(to.ticket);
    if (found == papers_.tray->waiting.end()) return;
    then = std::move(found->second);
    papers_.tray->waiting.erase(found);
  }
  then(news);
}

void mover::answer_all(place what, const std::string& to, move_state state, const std::string& why) {
  std::erase_if(wishers_, [&](const wisher& one) {
    if (one.sent_on || key(one.what) != key(what) || one.to != to) return false;
    answer(one, state, why);
    return true;
  });
}

}  // namespace souk::runtime
