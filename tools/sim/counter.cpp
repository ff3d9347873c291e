// Hands questions to the node, and answers to the clients.
#include "tools/sim/counter.hpp"

#include <algorithm>
#include <type_traits>

namespace souk::sim {

namespace {
// A caller that repeats a request stamps it anew, as the gateway does.
void stamp(command& what, moment now) {
  std::visit(
      [&](auto& one) {
        if constexpr (requires { one.at = now; }) one.at = now;
      },
      what);
}
}  // namespace

void counter::ask(command what, hear then, int tries) {
  auto one = std::make_shared<question>(question{std::move(what), std::move(then), tries});
  one->when.asked_us = stage_.now_us();
  open_.push_back(one);
  send(one);
}

void counter::send(const std::shared_ptr<question>& one) {
  if (!node_ || one->out || one->settled) return;  // asked when the next node is there
  if (one->again) seen_.saw(situation::request_repeated);
  one->again = true;
  one->out = true;
  const auto now = stage_.now();
  stamp(one->what, now);
  one->when.earliest = one->when.latest.ms ? std::min(one->when.earliest, now) : now;
  one->when.latest = std::max(one->when.latest, now);
  const auto give_up_ms = 300 + static_cast<std::int64_t>(dice_() % 4'000);
  // Some doors ask again by themselves, others leave it to the caller.
  const std::int64_t again_ms = dice_() % 2 ? 400 : 0;
  node_->front().ask(one->what, {{}, give_up_ms, again_ms}, [this, one](answer&& said) { settle(one, said); });
}

void counter::settle(const std::shared_ptr<question>& one, const answer& said) {
  one->out = false;
  const bool heard = said.what != verdict::lost;
  if (said.why == reason::storage_full) seen_.saw(situation::told_the_disk_is_full);
  if (!heard && (one->tries_left == 0 || --one->tries_left > 0)) {
    const auto pause_us = static_cast<std::int64_t>(dice_() % 200'000);
    stage_.after(pause_us, runtime::stage::who::world, [this, one] { send(one); });
    return;
  }
  if (!heard) seen_.saw(situation::request_given_up);
  stage_.add_to_trace(pack(said));
  one->settled = true;
  std::erase(open_, one);
  one->when.told_us = stage_.now_us();
  heard_ = one->when;
  one->then(said);
}

void counter::open(runtime::node& node) {
  node_ = &node;
  for (const auto& one : open_)
    if (!one->out)
      stage_.after(static_cast<std::int64_t>(dice_() % 300'000), runtime::stage::who::world,
                   [this, one] { send(one); });
}

void counter::close() {
  node_ = nullptr;
  for (const auto& one : open_) {
    if (one->out) seen_.saw(situation::killed_with_answers_owed);
    if (one->out) seen_.saw(situation::request_repeated_after_kill);
    one->out = false;
  }
}

std::size_t counter::waiting() const { return open_.size(); }

std::vector<command> counter::open_questions() const {
  std::vector<command> all;
  for (const auto& one : open_) all.push_back(one->what);
  return all;
}

}  // namespace souk::sim
