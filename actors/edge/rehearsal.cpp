// Asks every desk what a saga has in effect there, and says what money and stock would become.
#include "actors/edge/rehearsal.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "actors/sagas/plans.hpp"

namespace souk::edge {

namespace {

using order::remedy;
using order::saga_state;

constexpr std::int64_t patience_ms = 3'000;  // with one desk: an operator waits, and hears who was silent

constexpr std::array<std::string_view, 6> effects{"nothing", "in effect", "refused",
                                                  "undone",  "forbidden", "not known"};
std::string_view to_text(recorded::effect what) { return effects[static_cast<std::size_t>(what)]; }

bool walks_back(const order::view& one) { return one.why != reason::none || one.saga == saga_state::compensating; }

// What a saga has left at every desk that it may have been at.
class traces : public std::enable_shared_from_this<traces> {
public:
  using hear = std::function<void(std::vector<trace>&&)>;

  traces(call c, hear then) : call_(std::move(c)), then_(std::move(then)) {}

  void begin(const order::view& of) {
    for (auto& key : sagas::keys_of(brief_of(of), sagas::plan_of(of.flow), call_.hall().shards()))
      all_.push_back({key, {}});
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

private:
  call call_;
  hear then_;
  std::vector<trace> all_;
  std::size_t missing_ = 0;
};

}  // namespace

order::brief brief_of(const order::view& of) {
  order::brief about;
  about.id = of.id;
  about.flow = of.flow;
  about.user = of.user;
  about.lines = of.lines;
  about.coupon = of.coupon;
  about.discount = of.discount;
  about.seat = of.seat;
  return about;
}

void ask_for_traces(const call& c, const order::view& of, std::function<void(std::vector<trace>&&)> then) {
  std::make_shared<traces>(c, std::move(then))->begin(of);
}

json json_of_traces(const order::view& of, const std::vector<trace>& all) {
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

namespace {

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
  rehearsal(const order::view& of, remedy what, const std::vector<trace>& all, std::uint32_t shards_of_product)
      : of_(of), what_(what), all_(all), shards_of_product_(shards_of_product), plan_(sagas::plan_of(of.flow)) {}

  plan_of_repair play() {
    const bool back = walks_back(of_) || of_.parked->undoing || what_ == remedy::compensate || what_ == remedy::fail;
    // What a return has taken in is not given out again: then it is paid after all. Here in and there not, it stands
    // still again.
    std::size_t asked = 0, in = 0;
    for (const auto& one : all_)
      if (turns_back_at(one.key.stage) && !is_skipped(one.key.stage, true)) ++asked, in += in_effect(one);
    if (in && in < asked)
      out_.ends = "PENDING";
    else
      back && !in ? walk_back() : go_on();
    return std::move(out_);
  }

private:
  bool in_effect(const trace& one) const {
    return one.what && (one.what->what == recorded::effect::done || one.what->what == recorded::effect::open);
  }
  // A pivot that is forbidden, should somebody still be on the way there.
  bool turns_back_at(std::size_t stage) const {
    return of_.parked->undoing && of_.parked->step == stage && plan_.stages()[stage].role == sagas::role::pivot;
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
      if (stage.role != sagas::role::compensable && !turns_back_at(one->key.stage)) continue;
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
          if (slice_of(line.product.text) % shards_of_product_ == one.key.desk.shard)
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
  const std::vector<trace>& all_;
  const std::uint32_t shards_of_product_;
  const sagas::plan& plan_;
  plan_of_repair out_;
};

// Asks for what money and stock are now, and says what they would become.
class preview : public std::enable_shared_from_this<preview> {
public:
  preview(call c, order::view of, remedy what) : call_(std::move(c)), of_(std::move(of)), what_(what) {}

  void begin() {
    ask_for_traces(call_, of_, [self = shared_from_this()](std::vector<trace>&& all) {
      self->traces_ = std::move(all);
      self->ask_for_amounts();
    });
  }

private:
  static constexpr std::size_t products_max = 50;  // more are not for reading

  void ask_for_amounts() {
    planned_ = rehearsal{of_, what_, traces_, call_.hall().shards(domain::product)}.play();
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
  std::vector<trace> traces_;
  plan_of_repair planned_;
  std::optional<std::int64_t> balance_;
  std::map<std::string, std::int64_t> stock_;
  std::size_t missing_ = 0;
};

}  // namespace

void rehearse(const call& c, order::view of, order::remedy what) {
  std::make_shared<preview>(c, std::move(of), what)->begin();
}

}  // namespace souk::edge
