// Has a shard moved to another node, and says how far that is.
#include "actors/edge/routes_moves.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"

namespace souk::edge::moves {

namespace {

// wallet/1; nothing when there is no such shard by its form.
bool read_shard(std::string_view text, move_wish& into) {
  const auto slash = text.find('/');
  const auto known = std::find(domain_names.begin(), domain_names.end(), text.substr(0, slash));
  if (slash == text.npos || known == domain_names.end()) return false;
  into.domain = static_cast<std::uint32_t>(known - domain_names.begin());
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + slash + 1, end, into.shard);
  return read.ec == std::errc{} && read.ptr == end && slash + 1 < text.size();
}

void tell(const call& c, const std::string& shard, const std::string& to, const move_news& news) {
  const auto said = [&](const char* state) {
    return dumped({{"shard", shard}, {"to", to}, {"turn", news.turn}, {"state", state}});
  };
  switch (news.state) {
    case move_state::done: return c.answer(200, said("done"));
    case move_state::underway: return c.answer(202, said("underway"));
    case move_state::refused: return c.answer(problem{409, "move_refused", "The shard does not move"}.detail(news.why));
    case move_state::out_of_reach:
      return c.answer(problem{reason::unreachable}.detail(news.why).header("Retry-After", "1"));
  }
}

}  // namespace

void order(const asked& a, const call& c) {
  move_wish wish;
  std::string shard;
  const auto read = [&](fields& body) {
    shard = body.text("shard", 32);
    if (shard.starts_with("coordinator"))
      body.blame(
          "shard",
          "is a coordinator's, which does not move: when its node is gone, the next one adopts its sagas by itself");
    else if (!shard.empty() && !read_shard(shard, wish))
      body.blame("shard", "must be a domain and its shard: wallet/1");
    wish.to = body.text("to", 32);
    wish.reason = body.text("reason", 500);
    wish.by = read_signature(body, c);
    if (wish.by.empty()) wish.by = "an operator";
    wish.from_data = body.maybe_text("from_data", 1024).value_or("");
    if (!wish.from_data.empty() && wish.from_data.front() != '/')
      body.blame("from_data", "must be a directory from the root on: /...");
  };
  if (!a.read(c, read)) return;
  const auto to = wish.to;
  bool known = false;
  const bool open = c.hall().with_node([&](runtime::node& node) {
    known = node.move(std::move(wish), [c, shard, to](const move_news& news) { tell(c, shard, to, news); });
  });
  if (!open) return c.answer(problem{reason::unreachable});
  if (!known)
    c.answer(problem{404, "unknown_move", "There is no such shard, or no such node"}.detail(
        "the configuration of this node has no " + shard + " or no " + to));
}

}  // namespace souk::edge::moves
