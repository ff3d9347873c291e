// Looks at the counts of desks, and asks those that sit elsewhere for theirs.
#include "actors/edge/desks.hpp"

#include <algorithm>
#include <mutex>

#include "actors/edge/call.hpp"

namespace souk::edge {

namespace {

constexpr std::int64_t answer_ms = 500;

struct gathering {
  std::mutex mutex;
  std::vector<desk_now> all;
  std::size_t missing = 1;  // whoever asks is one of them, so that all are asked before anybody is told
  std::function<void(std::vector<desk_now>&&)> then;

  void one_less() {
    {
      const std::lock_guard hold{mutex};
      if (--missing) return;
    }
    then(std::move(all));
  }
};

}  // namespace

void with_desks(edge::hall& of, std::function<void(std::vector<desk_now>&&)> then) {
  const auto it = std::make_shared<gathering>();
  it->then = std::move(then);
  std::size_t here = 0;
  of.with_node([&](runtime::node& node) {
    for (const auto& [at, counts] : node.desks_here())
      it->all.push_back({{at.domain, at.shard}, node.keeper(at), node.is_open(at), runtime::figures_of(*counts)});
    here = it->all.size();
    for (const auto at : node.desks_elsewhere())
      it->all.push_back({{at.domain, at.shard}, node.keeper(at), node.is_open(at), {}});
  });
  it->missing += it->all.size() - here;
  for (std::size_t i = here, n = it->all.size(); i < n; ++i) {
    const auto at = it->all[i].at;
    const auto hear = [it, i](answer&& said) {
      if (auto* figures = std::get_if<measured>(&said.body)) {
        const std::lock_guard hold{it->mutex};
        it->all[i].is = std::move(*figures);
      }
      it->one_less();
    };
    if (!of.ask(measure{at}, {.shard = at.shard, .give_up_ms = answer_ms, .again_ms = 0}, hear)) it->one_less();
  }
  it->one_less();
}

std::string_view state_of(const desk_now& one) {
  if (!one.sits) return "away";
  if (!one.is) return "silent";
  return one.is->full ? "full" : "open";
}

runtime::latencies::counts took_by(const measured& is) {
  runtime::latencies::counts counts{};
  std::copy_n(is.took.begin(), std::min(is.took.size(), counts.size()), counts.begin());
  return counts;
}

json json_of(const desk_now& one) {
  json out{{"name", name_of(one.at)}, {"kind", "desk"}, {"state", state_of(one)}};
  if (!one.node.empty()) out["node"] = one.node;
  if (!one.is) return out;
  const auto& is = *one.is;
  const auto took = took_by(is);
  const auto us = [&](double part) { return runtime::latencies::quantile({}, took, part); };
  out.update({{"letters", is.letters},
              {"batches", is.batches},
              {"commits", is.commits},
              {"waiting", is.waiting},
              {"p50_us", us(0.5)},
              {"p99_us", us(0.99)},
              {"restarts", is.restarts},
              {"full", is.full}});
  return out;
}

}  // namespace souk::edge
