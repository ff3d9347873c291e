// Repairs of several sagas at once: those that stand still and are as a filter says, a page at a time.
//
// Each is decided by its desk as if it were alone, with a line of its own in the audit log. The key of the request is
// that of each repair: a page that comes again, because its answer was lost, repairs nothing twice.
#include <atomic>
#include <mutex>

#include "actors/edge/ages.hpp"
#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"
#include "actors/sagas/plans.hpp"
#include "actors/sagas/repairs.hpp"

namespace souk::edge::repairs {

namespace {

constexpr std::array all_remedies{order::remedy::retry, order::remedy::compensate, order::remedy::skip,
                                  order::remedy::fail};

struct wish {
  order::list_sagas which;
  order::repair repair;
  moment as_of;
};

void read_remedy(fields& body, order::remedy& into) {
  const auto name = body.text("repair", 16);
  for (const auto one : all_remedies)
    if (sagas::to_text(one) == name) {
      into = one;
      return;
    }
  if (!name.empty()) body.blame("repair", "must be retry, compensate, skip or fail");
}

// Whoever names nothing means all, and that is said too quickly. Ages are those that the sagas had at `as_of`, so that
// later pages mean what the first one did.
void read_filter(const asked& a, const call& c, fields& body, order::list_sagas& which, moment& as_of) {
  bool any = false;
  as_of = body.maybe_moment("as_of").value_or(a.at);
  if (as_of > a.at) body.blame("as_of", "must not be ahead of the node's clock");
  if (const auto state = body.maybe_text("state", 16)) {
    any = true;
    if (*state != "parked") body.blame("state", "must be parked: what runs is not repaired");
  }
  which.state = order::saga_state::parked;
  if (const auto name = body.maybe_text("flow", 64)) {
    any = true;
    which.flow = sagas::find_flow(*name);
    if (!which.flow) body.blame("flow", "must be the name of a saga, as GET /v1/admin/plans has them");
  }
  if (auto text = body.maybe_text("reason_has", 200)) {
    any = true;
    which.has = *std::move(text);
  }
  if (const auto age = body.maybe_text("older_than", 16)) {
    any = true;
    const auto ms = parse_age_ms(*age);
    if (!ms) body.blame("older_than", "must be a time like 90s, 5m or 2h");
    which.placed_before = as_of + -ms.value_or(0);
  }
  if (auto user = body.maybe_id("user")) {
    any = true;
    which.user = user_id{*std::move(user)};
  }
  if (auto product = body.maybe_id("product")) {
    any = true;
    which.product = product_id{*std::move(product)};
  }
  if (const auto overdue = body.maybe_flag("overdue"); overdue.value_or(false)) {
    any = true;
    for (const auto ms : c.hall().options().late_ms) which.late_before.push_back(as_of + -ms);
  }
  which.limit = static_cast<std::uint32_t>(body.maybe_whole("limit", {1, 1000}).value_or(100));
  if (const auto after = body.maybe_id("starting_after")) {
    const auto id = parse_number(*after);
    if (!id) body.blame("starting_after", "must be a saga's id");
    which.before = id.value_or(number{});
  }
  if (!any)
    body.blame("state", "or flow, reason_has, older_than, user, product or overdue must say which sagas are meant");
}

// What the desks said of one page.
struct page_of_repairs {
  page_of_repairs(const call& asked, order::repair what, moment at, order::page page, std::vector<std::string> unheard)
      : c(asked),
        wanted(std::move(what)),
        as_of(at),
        found(std::move(page.orders)),
        next(page.next),
        silent(std::move(unheard)) {}

  call c;
  order::repair wanted;
  moment as_of;
  std::vector<order::view> found;
  number next;                      // 0: this is all
  std::vector<std::string> silent;  // stores of orders: whose sagas stay as they are
  std::vector<answer> said;
  std::atomic<std::size_t> missing;

  static void begin(const std::shared_ptr<page_of_repairs>& it) {
    it->said.resize(it->found.size());
    it->missing = it->found.size();
    if (it->found.empty()) return it->finish();
    for (std::size_t i = 0; i < it->found.size(); ++i) {
      auto one = it->wanted;
      one.id = it->found[i].id;
      it->c.ask(std::move(one), {}, [it, i](answer&& said) {
        it->said[i] = std::move(said);
        if (--it->missing == 0) it->finish();
      });
    }
  }

  void finish() const {
    std::int64_t done = 0, repeated = 0;
    auto ids = json::array(), refused = json::array();
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto id = souk::to_text(found[i].id);
      if (said[i].done()) {
        ++(said[i].replayed ? repeated : done);
        ids.push_back(id);
        continue;
      }
      std::string because = said[i].detail;
      if (said[i].why == reason::not_repairable && found[i].parked)
        if (const auto why = sagas::why_not(
                wanted.what, {sagas::plan_of(found[i].flow), found[i].parked->step, found[i].parked->undoing});
            !why.empty())
          because = why;
      refused.push_back({{"saga", id}, {"reason", souk::to_text(said[i].why)}, {"because", because}});
    }
    json out{{"repair", souk::sagas::to_text(wanted.what)},
             {"dry_run", wanted.dry},
             {"as_of", souk::to_text(as_of)},
             {"matched", found.size()},
             {"done", done},
             {"repeated", repeated},
             {"sagas", std::move(ids)},
             {"refused", std::move(refused)},
             {"has_more", bool{next}}};
    if (!silent.empty()) out["silent"] = silent;
    if (next) out["next"] = souk::to_text(next);
    c.answer(200, dumped(out));
  }
};

}  // namespace

void mend_several(const asked& a, const call& c) {
  wish wanted;
  wanted.repair.request = a.key;
  wanted.repair.at = a.at;
  if (!a.read(c, [&](fields& body) {
        read_remedy(body, wanted.repair.what);
        read_why(body, c, wanted.repair);
        read_filter(a, c, body, wanted.which, wanted.as_of);
      }))
    return;
  const auto limit = wanted.which.limit;
  c.want_what_is_there<order::page>(
      domain::order, wanted.which,
      [c, repair = wanted.repair, as_of = wanted.as_of, limit](call::heard<order::page>&& there) {
        auto found = orders::newest_of(std::move(there.pages), limit);
        page_of_repairs::begin(
            std::make_shared<page_of_repairs>(c, repair, as_of, std::move(found), std::move(there.silent)));
      });
}

}  // namespace souk::edge::repairs
