// Furnishes a shop, plays the documents, compares the books.
#include "tools/replay/player.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <numeric>
#include <string_view>
#include <thread>
#include <utility>

namespace souk::replay {

namespace {

using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A request that is lost is asked again, after 0.1 s and longer each time: a node that restarts has about 20 s.
constexpr unsigned vain_rounds_max = 10;
constexpr milliseconds pause_max{3'000};
constexpr milliseconds ranking_pause{20};
constexpr std::size_t best_shown = 10;
constexpr std::uint32_t best_asked = 100;  // more than shown: products that only came back are left out

moment now() {
  return {std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

std::string hex(std::uint64_t number) {
  char digits[16];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number, 16).ptr;
  return {digits, end};
}

// Tells histories apart by what is in them, whatever the files are called and in whatever order they were given.
std::string print_of(const history& past) {
  std::uint64_t sum = 0;
  for (const auto& one : past.documents) {
    std::string content = one.invoice;
    for (const auto& line : one.lines)
      content += '\n' + line.stock_code + '\t' + std::to_string(line.quantity) + '\t' + std::to_string(line.pence);
    sum += fingerprint(content);
  }
  return hex(sum);
}

// More than one command may carry, in parts: 2.5 million pieces are three restocks.
struct portion {
  std::string key;
  std::string to;  // the product or the user
  std::int64_t much = 0;
};
struct portioning {
  std::string key_start;
  std::int64_t portion_max = 0;
};
void divide(std::int64_t much, const std::string& to, const portioning& how, std::vector<portion>& into) {
  for (std::int64_t part = 0; much > 0; ++part) {
    const auto now_much = std::min(much, how.portion_max);
    into.push_back({how.key_start + to + (part ? '.' + std::to_string(part) : ""), to, now_much});
    much -= now_much;
  }
}

std::string customer_name(const std::string& buyer) {
  constexpr std::string_view guest = "guest-";
  return buyer.starts_with(guest) ? "Guest of invoice " + buyer.substr(guest.size())
                                  : "Customer " + buyer.substr(buyer.find('-') + 1);
}

// A name for people: whatever a hostile file puts into it, it stays one line.
std::string in_one_line(std::string name) {
  for (auto& c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return name;
}

double percentile(std::vector<double>& ms, double p) {
  if (ms.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(p * static_cast<double>(ms.size() - 1));
  std::nth_element(ms.begin(), ms.begin() + at, ms.end());
  return ms[static_cast<std::size_t>(at)];
}

std::string said_in_words(const answer& said) {
  std::string words{to_text(said.why)};
  if (!said.detail.empty()) words += " (" + said.detail + ')';
  return words;
}

std::string differ(std::string_view what, std::int64_t shop_says, std::int64_t expected) {
  return std::string{what} + ": the shop says " + std::to_string(shop_says) + ", expected " + std::to_string(expected);
}

class player {
public:
  player(const history& past, shop& where, const play_options& options)
      : past_(past), shop_(where), options_(options), print_(print_of(past)), need_(need_of(past)) {
    for (const auto& one : past.documents)
      if (one.is == kind::sale || one.is == kind::cancellation) played_.push_back({&one, {}});
  }

  result play() {
    furnish();
    play_documents();
    compare();
    return std::move(all_);
  }

private:
  struct played {
    const document* from = nullptr;
    order::ticket ended;
    bool completed() const { return ended.state == order::state::completed; }
  };
  // What a product's row in the ranking must say.
  struct sold {
    std::int64_t units = 0;
    std::int64_t returned = 0;
  };

  void furnish() {
    std::vector<command> wishes;
    std::vector<portion> money, goods;
    for (const auto& [buyer, pence] : need_.pence_by_buyer) {
      wishes.emplace_back(user::put{{buyer}, customer_name(buyer), now()});
      divide(options_.funds.value_or(pence), buyer, {"replay-funds-" + print_ + '-', money_max.minor}, money);
    }
    for (const auto& [id, article] : need_.articles) {
      wishes.emplace_back(product::put{{id}, in_one_line(article.name), {article.price_pence}, {}, now()});
      divide(options_.stock.value_or(article.units), id, {"replay-stock-" + print_ + '-', product::units_max}, goods);
    }
    // A shelf must be there before it is filled: the wishes above are all answered first.
    ask("users, products", wishes);
    wishes.clear();
    for (auto& one : money) wishes.emplace_back(wallet::charge{std::move(one.key), {one.to}, {one.much}, now()});
    for (auto& one : goods) wishes.emplace_back(product::restock{std::move(one.key), {one.to}, one.much, now()});
    ask("money, goods", wishes);
  }

  void ask(const std::string& title, const std::vector<command>& wishes) {
    std::string refused;
    bool reused = false;
    insist(
        title, wishes.size(), [&](std::size_t i) { return wishes[i]; },
        [&](std::size_t, answer&& said, double) {
          if (said.done()) return;
          reused = reused || said.why == reason::key_reused;
          if (refused.empty()) refused = said_in_words(said);
        });
    if (reused)
      throw furnished_otherwise("this shop was stocked or funded otherwise for the same history before: " + refused);
    if (!refused.empty()) throw std::runtime_error(title + ": the shop refuses: " + refused);
  }

  // What to say to the shop about a document.
  command order_of(const document& one) const {
    const bool sale = one.is == kind::sale;
    order::place place;
    place.request = "replay-" + one.invoice;
    place.user = one.buyer();
    place.agreed = true;
    place.wait = true;
    place.flow = sale ? options_.flow : order::flow::take_back;
    place.at = now();
    place.lines.reserve(one.lines.size());
    const std::int64_t sign = sale ? 1 : -1;  // a return has positive quantities of its own
    for (const auto& line : one.lines)
      place.lines.push_back({product_of(line.stock_code), sign * line.quantity, {sign * line.pence}});
    return place;
  }

  void play_documents() {
    std::vector<double> ms;
    ms.reserve(played_.size());
    const auto began = steady::now();
    insist(
        "orders", played_.size(), [&](std::size_t i) -> command { return order_of(*played_[i].from); },
        [&](std::size_t i, answer&& said, double took) {
          ms.push_back(took);
          all_.known += said.replayed;
          auto& ended = played_[i].ended;
          if (const auto* ticket = std::get_if<order::ticket>(&said.body)) {
            ended = *ticket;
          } else {
            ended.state = order::state::failed;
            ended.why = said.why;
            ended.detail = said.detail;
          }
        });
    const double seconds = std::chrono::duration<double>(steady::now() - began).count();
    all_.documents_per_s = seconds > 0 ? static_cast<double>(played_.size()) / seconds : 0;
    all_.p50_ms = percentile(ms, 0.5);
    all_.p99_ms = percentile(ms, 0.99);
  }

  // Asks all until all are answered; gives up when several rounds in a row bring nothing.
  void insist(const std::string& title, std::size_t count, const shop::make_command& make,
              const shop::on_answer& hear) {
    tools::progress shown{title, count, options_.screen};
    std::vector<std::size_t> open(count);
    std::iota(open.begin(), open.end(), std::size_t{0});
    std::string trouble = "unreachable";
    for (unsigned vain = 0; !open.empty();) {
      std::vector<char> heard(open.size());
      try {
        shop_.ask_all(
            open.size(), options_.in_flight, [&](std::size_t i) { return make(open[i]); },
            [&](std::size_t i, answer&& said, double ms) {
              if (said.what == verdict::lost) {
                trouble = said_in_words(said);
                return;
              }
              heard[i] = 1;
              hear(open[i], std::move(said), ms);
              shown.advance();
            });
      } catch (const edge::http_unreachable& why) {
        trouble = why.what();
      }
      std::vector<std::size_t> left;
      for (std::size_t i = 0; i < open.size(); ++i)
        if (!heard[i]) left.push_back(open[i]);
      vain = left.size() == open.size() ? vain + 1 : 0;
      open = std::move(left);
      if (open.empty()) break;
      if (vain > vain_rounds_max)
        throw no_answer(title + ": " + std::to_string(open.size()) + " of " + std::to_string(count) +
                        " without an answer: " + trouble);
      std::this_thread::sleep_for(std::min(milliseconds{100} * (1U << std::min(vain, 10U)), pause_max));
    }
    shown.finish();
  }

  void note(std::string what, std::string differs) {
    all_.comparisons.push_back({std::move(what), std::move(differs)});
  }

  void compare() {
    compare_documents();
    compare_wallets();
    compare_shelves();
    compare_ranking();
  }

  void compare_documents() {
    std::int64_t sold = 0, failed = 0, failed_pence = 0, credited = 0;
    std::string open, lost_return;
    for (const auto& one : played_) {
      const auto& ended = one.ended;
      if (ended.state == order::state::pending && open.empty()) open = one.from->invoice + " has not ended";
      if (one.from->is == kind::cancellation) {
        if (one.completed()) {
          ++all_.returns_completed;
          credited += ended.total.minor - ended.discount.minor;
        } else if (lost_return.empty()) {
          lost_return = one.from->invoice + ": " + std::string{to_text(ended.why)} + ' ' + ended.detail;
        }
      } else if (one.completed()) {
        ++all_.completed;
        sold += ended.total.minor - ended.discount.minor;
      } else {
        ++failed;
        failed_pence += one.from->pence();
        ++all_.failed[std::string{to_text(ended.why)}];
        if (ended.why == reason::none && open.empty()) open = one.from->invoice + " failed without a reason";
        if (ended.why == reason::key_reused && open.empty())
          open = one.from->invoice + " was played before with other lines";
      }
    }
    const auto& totals = past_.totals;
    if (open.empty() && all_.completed + failed != totals.sale.documents)
      open = differ("orders", all_.completed + failed, totals.sale.documents);
    note("every order ended: completed, or failed with a reason", open);
    note("every return completed", lost_return);
    note("orders come to the file's gross pence",
         sold + failed_pence == totals.gross ? "" : differ("pence", sold + failed_pence, totals.gross));
    note("returns come to the file's pence",
         credited == -totals.returned ? "" : differ("pence", credited, -totals.returned));
  }

  void compare_wallets() {
    std::map<std::string, std::int64_t> expected;
    for (const auto& [buyer, pence] : need_.pence_by_buyer) expected[buyer] = options_.funds.value_or(pence);
    for (const auto& one : played_)
      if (one.completed()) expected[one.from->buyer().text] -= one.from->pence();  // a return's pence are negative
    note("every wallet holds what was charged, less what was bought, plus what came back",
         read_back(
             "wallets", expected, [](const std::string& id) -> command { return wallet::find{{id}}; },
             [](const answer& said) {
               const auto* view = std::get_if<wallet::view>(&said.body);
               return view ? std::optional{view->balance.minor} : std::nullopt;
             }));
  }

  void compare_shelves() {
    std::map<std::string, std::int64_t> expected;
    for (const auto& [id, article] : need_.articles) expected[id] = options_.stock.value_or(article.units);
    for (const auto& one : played_)
      if (one.completed())
        for (const auto& line : one.from->lines) expected[product_of(line.stock_code).text] -= line.quantity;
    note("every shelf holds what was stocked, less what was sold, plus what came back",
         read_back(
             "shelves", expected, [](const std::string& id) -> command { return product::find{{id}}; },
             [](const answer& said) {
               const auto* view = std::get_if<product::view>(&said.body);
               return view ? std::optional{view->stock} : std::nullopt;
             }));
  }

  // The first difference between what the shop has and what it should have.
  std::string read_back(const std::string& title, const std::map<std::string, std::int64_t>& expected,
                        const std::function<command(const std::string&)>& question,
                        const std::function<std::optional<std::int64_t>(const answer&)>& number_in) {
    std::vector<const std::pair<const std::string, std::int64_t>*> all;
    for (const auto& one : expected) all.push_back(&one);
    std::string first;
    insist(
        title, all.size(), [&](std::size_t i) { return question(all[i]->first); },
        [&](std::size_t i, answer&& said, double) {
          if (!first.empty()) return;
          const auto has = number_in(said);
          if (!has)
            first = all[i]->first + ": " + said_in_words(said);
          else if (*has != all[i]->second)
            first = differ(all[i]->first, *has, all[i]->second);
        });
    return first;
  }

  void compare_ranking() {
    std::map<std::string, sold> by_product;
    for (const auto& one : played_) {
      if (!one.completed()) continue;
      for (const auto& line : one.from->lines) {
        if (line.pence == 0) continue;  // free goods do not sell themselves
        auto& mine = by_product[product_of(line.stock_code).text];
        one.from->is == kind::sale ? mine.units += line.quantity : mine.returned -= line.quantity;
      }
    }
    std::vector<ranking::seller> all;
    for (const auto& [id, it] : by_product)
      if (it.units > 0) all.push_back({{id}, it.units, it.units - it.returned});
    note("best sellers are those of the completed orders", wait_for_board(first_of(all, false), false, all_.best));
    note("best sellers less returns, too", wait_for_board(first_of(all, true), true, all_.best_net));
  }

  // Most first, ties by product.
  static std::vector<ranking::seller> first_of(std::vector<ranking::seller> all, bool net) {
    std::erase_if(all, [](const auto& one) { return one.units <= 0; });
    std::sort(all.begin(), all.end(), [net](const auto& a, const auto& b) {
      const auto left = net ? a.net : a.units;
      const auto right = net ? b.net : b.units;
      return left != right ? left > right : a.product < b.product;
    });
    if (all.size() > best_shown) all.resize(best_shown);
    return all;
  }

  std::string wait_for_board(const std::vector<ranking::seller>& expected, bool net,
                             std::vector<ranking::seller>& said) {
    const auto until = steady::now() + milliseconds{options_.ranking_wait_ms};
    for (;;) {
      std::string refused;
      shop_.ask_all(
          1, 1,
          [&](std::size_t) -> command {
            return ranking::best{best_asked, net};
          },
          [&](std::size_t, answer&& heard, double) {
            if (auto* board = std::get_if<ranking::board>(&heard.body))
              said = first_of(std::move(board->sellers), net);
            else
              refused = said_in_words(heard);
          });
      if (said == expected) return {};
      if (steady::now() >= until) return refused.empty() ? first_difference(said, expected) : refused;
      std::this_thread::sleep_for(ranking_pause);
    }
  }

  static std::string first_difference(const std::vector<ranking::seller>& said,
                                      const std::vector<ranking::seller>& expected) {
    const auto text = [](const std::vector<ranking::seller>& list, std::size_t i) {
      if (i >= list.size()) return std::string{"nobody"};
      return list[i].product.text + " (sold " + std::to_string(list[i].units) + ", net " + std::to_string(list[i].net) +
             ')';
    };
    std::size_t i = 0;
    while (i < said.size() && i < expected.size() && said[i] == expected[i]) ++i;
    return "place " + std::to_string(i + 1) + ": the shop says " + text(said, i) + ", expected " + text(expected, i);
  }

  const history& past_;
  shop& shop_;
  const play_options& options_;
  const std::string print_;
  const need need_;
  std::vector<played> played_;
  result all_;
};

}  // namespace

bool result::reconciled() const {
  return !comparisons.empty() &&
         std::all_of(comparisons.begin(), comparisons.end(), [](auto& one) { return one.holds(); });
}

result play(const history& past, shop& where, const play_options& options) {
  return player{past, where, options}.play();
}

}  // namespace souk::replay
