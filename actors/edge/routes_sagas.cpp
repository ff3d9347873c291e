// Sagas for operators: which there are, what each has left where, and what may be done for those that stand still.
//
// Nothing here decides: the order desk does, in one transaction with the line in its audit log. Before that a dry run
// asks every desk what the saga has in effect there, and says what money and stock would become.
#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>

#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"
#include "actors/sagas/plans.hpp"
#include "actors/sagas/repairs.hpp"

namespace souk::edge::repairs {

namespace {

using order::remedy;
using order::saga_state;

constexpr std::int64_t patience_ms = 3'000;  // with one desk: an operator waits, and hears who was silent

constexpr std::array<std::string_view, 6> effects{"nothing", "in effect", "refused",
                                                  "undone",  "forbidden", "not known"};
std::string_view to_text(recorded::effect what) { return effects[static_cast<std::size_t>(what)]; }

sagas::stand stand_of(const order::view& one) {
  return {sagas::plan_of(one.flow), one.parked->step, one.parked->undoing};
}

bool walks_back(const order::view& one) { return one.why != reason::none || one.saga == saga_state::compensating; }

// What is under way tells its coordinator, not its desk: all of these are asked for at once, and who is silent is left
// out. `then` is called once.
void with_stories(const call& c, std::vector<order::view> of, std::function<void(std::vector<order::view>&&)> then) {
  struct gathering {
    std::mutex mutex;
    std::vector<order::view> views;
    std::vector<std::pair<number, std::uint64_t>> followed;
    std::size_t missing = 0;
    bool over = false;
    std::function<void(std::vector<order::view>&&)> then;

    void finish(const call& c) {
      std::vector<order::view> all;
      decltype(followed) leave;
      {
        const std::lock_guard hold{mutex};
        if (std::exchange(over, true)) return;
        all = std::move(views);
        leave = std::move(followed);
      }
      for (const auto& [saga, ticket] : leave) c.hall().unfollow(saga, ticket);
      then(std::move(all));
    }
  };
  constexpr std::size_t asked_max = 200;
  constexpr std::int64_t wait_ms = 300;
  auto all = std::make_shared<gathering>();
  all->views = std::move(of);
  all->then = std::move(then);
  std::vector<std::pair<number, std::size_t>> asked;
  for (std::size_t i = 0; i < all->views.size() && asked.size() < asked_max; ++i) {
    const auto& one = all->views[i];
    if (!one.ended.ms && !one.parked && one.timeline.empty()) asked.emplace_back(one.id, i);
  }
  all->missing = asked.size();
  if (asked.empty()) return all->finish(c);
  for (const auto& [id, i] : asked) {
    const auto ticket = c.hall().follow(id, [c, all, i = i](const progress& news) {
      bool last = false;
      {
        const std::lock_guard hold{all->mutex};
        if (all->over || !all->views[i].timeline.empty()) return;
        all->views[i].timeline = news.timeline;
        last = --all->missing == 0;
      }
      if (last) all->finish(c);
    });
    std::unique_lock hold{all->mutex};
    if (!all->over) {
      all->followed.emplace_back(id, ticket);
      continue;
    }
    hold.unlock();
    c.hall().unfollow(id, ticket);
  }
  // Answered when the first of them ends, or after so long: nobody waits longer for the others.
  c.hall().ask(order::watch{asked.front().first}, {{}, wait_ms, 0}, [c, all](answer&&) { all->finish(c); });
}

}  // namespace

void list(const asked& a, const call& c) {
  const auto wrong = [&](std::string_view parameter, std::string_view text) {
    c.answer(problem{problems::invalid_parameter}.with("parameter", parameter).detail(text));
  };
  order::list_sagas what;
  const auto limit = a.limit(c);
  if (!limit) return;
  what.limit = *limit;
  if (const auto name = a.parameter("state"); name && *name != "open") {
    what.state = parse_saga_state(*name);
    if (!what.state)
      return wrong("state", "state must be open, running, compensating, parked, completed or compensated");
  }
  if (const auto name = a.parameter("flow")) {
    what.flow = sagas::find_flow(*name);
    if (!what.flow) return wrong("flow", "flow must be the name of a saga, as GET /v1/admin/plans has them");
  }
  if (const auto name = a.parameter("reason")) {
    what.why = parse_reason(*name);
    if (!what.why) return wrong("reason", "reason must be one that a saga may have");
  }
  if (auto user = a.parameter("user")) {
    if (!is_name(*user)) return wrong("user", "user must be an id");
    what.user = user_id{*std::move(user)};
  }
  if (const auto age = a.parameter("older_than")) {
    std::int64_t n = 0;
    const auto [end, bad] = std::from_chars(age->data(), age->data() + age->size(), n);
    const std::string_view unit{end, age->data() + age->size()};
    const auto ms = unit == "s" || unit.empty() ? 1'000 : unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : 0;
    if (bad != std::errc{} || n < 0 || n > 1'000'000 || !ms)
      return wrong("older_than", "older_than must be a time like 90s, 5m or 2h");
    what.placed_before = a.at + -n * ms;
  }
  if (auto prefix = a.parameter("prefix")) {
    std::transform(prefix->begin(), prefix->end(), prefix->begin(),
                   [](char l) { return static_cast<char>(l >= 'A' && l <= 'Z' ? l + 32 : l); });
    if (prefix->empty() || prefix->size() > 13) return wrong("prefix", "prefix must be the first letters of an id");
    what.prefix = *std::move(prefix);
  }
  if (const auto after = a.parameter("starting_after")) {
    const auto id = parse_number(*after);
    if (!id) return wrong("starting_after", "starting_after must be a saga's id");
    what.before = *id;
  }
  c.want_all<order::page>(domain::order, what, [c, limit = what.limit, at = a.at](std::vector<order::page>&& pages) {
    std::vector<order::view> all;
    bool more = false;
    for (auto& page : pages) {
      more = more || page.more;
      std::move(page.orders.begin(), page.orders.end(), std::back_inserter(all));
    }
    std::sort(all.begin(), all.end(), [](const auto& x, const auto& y) { return x.id > y.id; });
    if (all.size() > limit) {
      all.resize(limit);
      more = true;
    }
    with_stories(c, std::move(all), [c, more, at](std::vector<order::view>&& told) {
      auto data = json::array();
      for (const auto& one : told) data.push_back(json_of_saga(one, at));
      c.answer(200, dumped(json_of_list(std::move(data), more)));
    });
  });
}

namespace {

// What a saga has left at every desk that it may have been at.
class traces : public std::enable_shared_from_this<traces> {
public:
  struct found {
    sagas::key_at key;
    std::optional<recorded> what;  // none: the desk did not answer
  };
  using hear = std::function<void(std::vector<found>&&)>;

  static void ask(const call& c, const order::view& of, hear then) {
    std::make_shared<traces>(c, std::move(then))->begin(of);
  }
  traces(call c, hear then) : call_(std::move(c)), then_(std::move(then)) {}

private:
  void begin(const order::view& of) {
    order::brief about;
    about.id = of.id;
    about.flow = of.flow;
    about.user = of.user;
    about.lines = of.lines;
    about.coupon = of.coupon;
    about.discount = of.discount;
    about.seat = of.seat;
    shard_counts shards{};
    for (std::size_t d = 0; d < domain_count; ++d) shards[d] = call_.hall().shards(static_cast<domain>(d));
    for (auto& key : sagas::keys_of(about, sagas::plan_of(of.flow), shards)) all_.push_back({key, {}});
    missing_ = all_.size();
    if (all_.empty()) return then_({});
    const auto now = call_.hall().now();
    // Answers are heard one after the other.
    for (std::size_t i = 0; i < all_.size(); ++i) {
      const auto& key = all_[i].key;
      call_.ask(recall{key.desk, key.once, false, now}, {.give_up_ms = patience_ms, .again_ms = 1'000},
                [self = shared_from_this(), i](answer&& said) {
                  if (auto* what = std::get_if<recorded>(&said.body)) self->all_[i].what = std::move(*what);
                  if (--self->missing_ == 0) self->then_(std::move(self->all_));
                });
    }
  }

  call call_;
  hear then_;
  std::vector<found> all_;
  std::size_t missing_ = 0;
};

json json_of_traces(const order::view& of, const std::vector<traces::found>& all) {
  const auto& stages = sagas::plan_of(of.flow).stages();
  auto out = json::array();
  for (const auto& one : all) {
    json row{{"step", stages[one.key.stage].step->name},
             {"desk", name_of(one.key.desk)},
             {"is", one.what ? to_text(one.what->what) : "the desk does not answer"}};
    if (one.what && one.what->amount.minor) row["amount"] = one.what->amount.minor;
    if (one.what && !one.what->goods.empty()) {
      auto goods = json::array();
      for (const auto& line : one.what->goods)
        goods.push_back({{"product", line.product.text}, {"units", line.quantity}});
      row["goods"] = std::move(goods);
    }
    out.push_back(std::move(row));
  }
  return out;
}

// What would move, if every desk that is asked says yes.
struct plan_of_repair {
  std::vector<std::string> moves;             // in words: undo take_stock
  std::int64_t money = 0;                     // into the wallet of the user
  std::map<std::string, std::int64_t> goods;  // onto the shelves
  std::string ends;
  bool price_unknown = false;

  void move(const std::string& what, const recorded* effect, int sign) {
    moves.push_back(what);
    if (!effect) return;
    for (const auto& line : effect->goods) goods[line.product.text] += sign * line.quantity;
  }
};

class rehearsal {
public:
  rehearsal(const order::view& of, remedy what, const std::vector<traces::found>& all)
      : of_(of), what_(what), all_(all), plan_(sagas::plan_of(of.flow)) {}

  plan_of_repair play() {
    const bool back = walks_back(of_) || of_.parked->undoing || what_ == remedy::compensate || what_ == remedy::fail;
    back ? walk_back() : go_on();
    return std::move(out_);
  }

private:
  bool in_effect(const traces::found& one) const {
    return one.what && (one.what->what == recorded::effect::done || one.what->what == recorded::effect::open);
  }
  bool is_skipped(std::size_t stage, bool undoing) const {
    if (what_ == remedy::fail && undoing) return true;
    if (what_ == remedy::skip && stage == of_.parked->step && undoing == of_.parked->undoing) return true;
    // Also what was skipped before stays so.
    return std::any_of(of_.repairs.begin(), of_.repairs.end(), [&](const auto& line) {
      return line.what == remedy::skip && line.step == stage && line.undoing == undoing;
    });
  }

  void walk_back() {
    for (auto one = all_.rbegin(); one != all_.rend(); ++one) {
      const auto& stage = plan_.stages()[one->key.stage];
      if (stage.role != sagas::role::compensable) continue;
      const std::string name{stage.step->name};
      const bool skipped = is_skipped(one->key.stage, true);
      if (!in_effect(*one)) {
        out_.moves.push_back("forbid " + name);
      } else if (skipped) {
        out_.moves.push_back("leave " + name);
      } else {
        out_.move("undo " + name, &*one->what, -1);
        if (stage.step->home == domain::wallet) out_.money -= one->what->amount.minor;
      }
    }
    const bool cancelled = of_.why == reason::cancelled;
    out_.ends = cancelled ? "CANCELLED" : "FAILED";
  }

  void go_on() {
    // Amounts that the shelves have named already are the price; else it is known when the goods are taken.
    std::int64_t total = of_.total.minor, off = of_.discount.minor;
    std::int64_t named = 0;
    for (const auto& one : all_) {
      if (!in_effect(one)) continue;
      const auto home = plan_.stages()[one.key.stage].step->home;
      if (home == domain::coupon) off = one.what->amount.minor;
      for (const auto& line : one.what->goods) named += line.amount.minor;
    }
    if (named && total == 0) total = named;
    for (const auto& one : all_) {
      const auto& stage = plan_.stages()[one.key.stage];
      const std::string name{stage.step->name};
      if (in_effect(one)) continue;
      if (is_skipped(one.key.stage, false)) {
        out_.moves.push_back("forbid " + name);
        continue;
      }
      out_.moves.push_back("run " + name);
      const bool gives = stage.role != sagas::role::compensable;  // a refund or a return
      if (stage.step->home == domain::product)
        for (const auto& line : of_.lines)
          if (slice_of(line.product.text) % shards_of_product_ == one.key.desk.shard || shards_of_product_ == 1)
            out_.goods[line.product.text] += gives ? line.quantity : -line.quantity;
      if (stage.step->home == domain::wallet) {
        out_.money += gives ? total - off : off - total;
        out_.price_unknown = total == 0 && !of_.lines.empty();
      }
    }
    out_.ends = "COMPLETED";
  }

  const order::view& of_;
  const remedy what_;
  const std::vector<traces::found>& all_;
  const sagas::plan& plan_;
  plan_of_repair out_;

public:
  std::uint32_t shards_of_product_ = 1;
};

// Asks for what money and stock are now, and says what they would become.
class preview : public std::enable_shared_from_this<preview> {
public:
  preview(call c, order::view of, remedy what) : call_(std::move(c)), of_(std::move(of)), what_(what) {}

  void begin() {
    traces::ask(call_, of_, [self = shared_from_this()](std::vector<traces::found>&& all) {
      self->traces_ = std::move(all);
      self->ask_for_amounts();
    });
  }

private:
  static constexpr std::size_t products_max = 50;  // more are not for reading

  void ask_for_amounts() {
    rehearsal play{of_, what_, traces_};
    play.shards_of_product_ = call_.hall().shards(domain::product);
    planned_ = play.play();
    std::vector<std::string> products;
    for (const auto& [product, units] : planned_.goods)
      if (products.size() < products_max) products.push_back(product);
    missing_ = products.size() + 1;
    const runtime::ask_options how{.give_up_ms = patience_ms, .again_ms = 1'000};
    call_.ask(wallet::find{of_.user}, how, [self = shared_from_this()](answer&& said) {
      if (const auto* found = std::get_if<wallet::view>(&said.body)) self->balance_ = found->balance.minor;
      self->one_less();
    });
    for (const auto& product : products)
      call_.ask(product::find{{product}}, how, [self = shared_from_this(), product](answer&& said) {
        if (const auto* found = std::get_if<product::view>(&said.body)) self->stock_[product] = found->stock;
        self->one_less();
      });
  }

  void one_less() {
    if (--missing_) return;
    json out{{"id", souk::to_text(of_.id)}, {"repair", sagas::to_text(what_)}, {"dry_run", true}};
    out["saga"] = json_of_saga(of_, call_.hall().now());
    out["effects"] = json_of_traces(of_, traces_);
    out["moves"] = planned_.moves;
    json money{{"user", of_.user.text}, {"currency", call_.hall().options().currency}};
    money["now"] = balance_ ? json(*balance_) : json();
    money["then"] = balance_ && !planned_.price_unknown ? json(*balance_ + planned_.money) : json();
    out["money"] = json::array({std::move(money)});
    auto stock = json::array();
    for (const auto& [product, units] : planned_.goods) {
      const auto now = stock_.find(product);
      json row{{"product", product}};
      row["now"] = now == stock_.end() ? json() : json(now->second);
      row["then"] = now == stock_.end() ? json() : json(now->second + units);
      stock.push_back(std::move(row));
    }
    out["stock"] = std::move(stock);
    out["ends"] = planned_.ends;
    call_.answer(200, dumped(out));
  }

  call call_;
  const order::view of_;
  const remedy what_;
  std::vector<traces::found> traces_;
  plan_of_repair planned_;
  std::optional<std::int64_t> balance_;
  std::map<std::string, std::int64_t> stock_;
  std::size_t missing_ = 0;
};

// The desk says no: the plan knows why.
void answer_refused(const call& c, const order::view& of, remedy what, const answer& said) {
  if (said.why != reason::not_repairable || !of.parked) return c.answer_no(said);
  const auto why = sagas::why_not(what, stand_of(of));
  c.answer(problem{said.why}
               .detail(why.empty() ? std::string_view{said.detail} : why)
               .with("saga", souk::to_text(of.id))
               .with("state", edge::to_text(of.saga)));
}

void repair(const asked& a, const call& c, remedy what) {
  const auto id = a.number_in_path(c);
  if (!id) return;
  order::repair wanted{*id, what};
  wanted.request = a.key;
  wanted.at = a.at;
  if (!a.read(c, [&](fields& body) {
        wanted.reason = body.text("reason", 500);
        wanted.by = body.maybe_text("by", 64).value_or("");
        wanted.dry = body.maybe_flag("dry_run").value_or(false);
      }))
    return;
  c.want<order::view>(order::find{*id}, [c, wanted = std::move(wanted)](order::view&& found, bool) mutable {
    auto of = std::make_shared<order::view>(std::move(found));
    const bool dry = wanted.dry;
    c.ask(std::move(wanted), {}, [c, of, dry, what = wanted.what](answer&& said) {
      const auto* line = std::get_if<order::audit_line>(&said.body);
      if (!said.done() || !line) return answer_refused(c, *of, what, said);
      if (dry) return std::make_shared<preview>(c, *of, what)->begin();
      c.answer(said.replayed ? 200 : 202, dumped({{"id", souk::to_text(of->id)}, {"line", json_of(*line)}}),
               said.replayed);
    });
  });
}

}  // namespace

void retry(const asked& a, const call& c) { repair(a, c, remedy::retry); }
void compensate(const asked& a, const call& c) { repair(a, c, remedy::compensate); }
void skip(const asked& a, const call& c) { repair(a, c, remedy::skip); }
void fail(const asked& a, const call& c) { repair(a, c, remedy::fail); }

void show(const asked& a, const call& c) {
  const auto id = a.number_in_path(c);
  if (!id) return;
  c.want<order::view>(order::find{*id}, [c, at = a.at](order::view&& found, bool) {
    with_stories(c, {std::move(found)}, [c, at](std::vector<order::view>&& told) {
      const auto of = std::make_shared<order::view>(std::move(told.front()));
      const auto answer = [c, of, at](const std::vector<traces::found>& all) {
        auto out = json_of_saga(*of, at);
        out["currency"] = c.hall().options().currency;
        out["items"] = json::array();
        for (const auto& line : of->lines)
          out["items"].push_back(
              {{"product", line.product.text}, {"quantity", line.quantity}, {"amount", line.amount.minor}});
        if (of->seat) out["seat"] = {{"schedule", of->seat->schedule.text}, {"id", of->seat->seat.text}};
        out["timeline"] = json::parse(timeline_of(*of))["timeline"];
        if (!all.empty()) out["effects"] = json_of_traces(*of, all);
        auto lines = json::array();
        for (const auto& line : of->repairs) lines.push_back(json_of(line));
        out["repairs"] = std::move(lines);
        c.answer(200, dumped(out));
      };
      // Whoever is parked is asked after at every desk: that is what the operator is to know before he acts.
      if (!of->parked) return answer({});
      traces::ask(c, *of, [answer](std::vector<traces::found>&& all) { answer(all); });
    });
  });
}

void list_audit(const asked& a, const call& c) {
  const auto limit = a.limit(c);
  if (!limit) return;
  order::read_audit what{{}, 0, *limit};
  if (const auto text = a.parameter("saga")) {
    const auto id = parse_number(*text);
    if (!id)
      return c.answer(problem{problems::invalid_parameter}.with("parameter", "saga").detail("saga must be an id"));
    what.about = *id;
  }
  c.want_all<order::audit_page>(domain::order, what, [c, limit](std::vector<order::audit_page>&& pages) {
    struct named {
      std::size_t store;
      order::audit_line line;
    };
    std::vector<named> all;
    bool more = false;
    for (std::size_t s = 0; s < pages.size(); ++s) {
      more = more || pages[s].more;
      for (auto& line : pages[s].lines) all.push_back({s, std::move(line)});
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& x, const auto& y) { return x.line.at > y.line.at; });
    if (all.size() > *limit) {
      all.resize(*limit);
      more = true;
    }
    auto data = json::array();
    for (const auto& one : all) {
      auto row = json_of(one.line);
      row["store"] = one.store;
      data.push_back(std::move(row));
    }
    c.answer(200, dumped(json_of_list(std::move(data), more)));
  });
}

void verify_audit(const asked&, const call& c) {
  c.want_all<order::audit_state>(domain::order, order::verify_audit{}, [c](std::vector<order::audit_state>&& all) {
    auto data = json::array();
    bool whole = true;
    for (std::size_t s = 0; s < all.size(); ++s) {
      whole = whole && all[s].troubles.empty();
      data.push_back({{"store", s}, {"lines", all[s].lines}, {"head", all[s].head}, {"troubles", all[s].troubles}});
    }
    c.answer(200, dumped({{"whole", whole}, {"data", std::move(data)}}));
  });
}

void list_plans(const asked&, const call& c) {
  static const std::string text = [] {
    std::string out = R"({"data":[)";
    for (const auto* one : sagas::all_plans()) out += (out.back() == '[' ? "" : ",") + to_json(*one);
    return out + R"(],"has_more":false})";
  }();
  c.answer(200, std::string{text});
}

}  // namespace souk::edge::repairs
