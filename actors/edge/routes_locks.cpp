// Semantic locks: what the sagas that are under way hold, since when, and who has asked for the same.
#include <algorithm>

#include "actors/edge/locks.hpp"
#include "actors/edge/routes.hpp"
#include "actors/edge/stories.hpp"

namespace souk::edge::locks {

void list(const asked& a, const call& c) {
  const auto what = repairs::read_filter(a, c);
  if (!what) return;
  const auto kind = a.parameter("kind");
  const auto name = a.parameter("name");
  if (kind && !sagas::find_thing(*kind))
    return c.answer(problem{problems::invalid_parameter}
                        .with("parameter", "kind")
                        .detail("kind must be order, stock, coupon, money, payment, cart, place or seat"));
  if (what->state && *what->state != order::saga_state::running && *what->state != order::saga_state::compensating &&
      *what->state != order::saga_state::parked)
    return c.answer(problem{problems::invalid_parameter}
                        .with("parameter", "state")
                        .detail("state must be open, running, compensating or parked: what has ended holds nothing"));
  c.want_what_is_there<order::page>(
      domain::order, *what, [c, limit = what->limit, kind, name, now = a.at](call::heard<order::page>&& there) {
        auto all = orders::newest_of(std::move(there.pages), limit);
        const auto answer = [c, next = all.next, kind, name, now,
                             silent = std::move(there.silent)](std::vector<holding>&& found) {
          auto data = json::array();
          std::int64_t unheard = 0;
          const auto others = seekers_of(c, found);
          for (const auto& one : found) {
            unheard += one.unheard;
            for (const auto& lock : one.locks) {
              auto row = json_of(lock, one, others, now);
              if ((kind && row["kind"] != *kind) || (name && row["name"] != *name)) continue;
              row["saga"] = souk::to_text(one.of.id);
              row["flow"] = edge::to_text(one.of.flow);
              row["saga_is"] = edge::to_text(one.of.saga);
              row["user"] = one.of.user.text;
              data.push_back(std::move(row));
            }
          }
          // Rows are of whole sagas: what is asked for next begins after the last of them.
          auto out = json_of_list(std::move(data), next, silent);
          out["sagas"] = found.size();
          out["unheard"] = unheard;
          c.answer(200, dumped(out));
        };
        with_stories(c, std::move(all.orders), [c, answer](std::vector<order::view>&& told) {
          with_deadlines(c, holdings_of(c, std::move(told)), answer);
        });
      });
}

}  // namespace souk::edge::locks
