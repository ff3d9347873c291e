// Builds the small hall, reads others strictly, and finds a date for the concert.
#include "tools/onsale/hall.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "actors/edge/json.hpp"
#include "messages/reservation.hpp"
#include "tools/seats/dates.hpp"
#include "tools/seats/hall.hpp"

namespace souk::onsale {

const price_list usual_prices{9'500, 7'500, 6'000, 4'500, 3'000, 2'000};

namespace {

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// Seats as the route of concerts takes them, prices and all.
hall read_offers(const std::string& text, const std::filesystem::path& file) {
  const auto fail = [&](const edge::flaw& what) {
    throw unreadable(file.string() + ": " + (what.member.empty() ? "the file" : what.member) + ' ' + what.text);
  };
  edge::document body{text};
  if (const auto& trouble = body.trouble()) fail(*trouble);
  edge::flaws found;
  edge::fields members{body, found};
  hall all;
  std::set<std::string> known;
  members.each("seats", reservation::seats_max, [&](edge::fields& one) {
    all.push_back({one.id("id"), one.text("section", 64), one.text("row", 64), one.text("number", 64),
                   one.text("category", 64), one.amount("price", 0).minor});
    if (!known.insert(all.back().id).second) one.blame("id", "is there twice");
  });
  members.done();
  if (!found.empty()) fail(found.front());
  return all;
}

// A plan without categories is priced by its levels.
std::string category_of(const seats::seat& one) {
  return one.category.empty() ? one.section.substr(0, one.section.find('/')) : one.category;
}

hall price(const seats::hall& plan, const price_list& prices) {
  std::map<std::string, std::int64_t> known;
  hall all;
  for (const auto& one : plan.seats) {
    const auto category = category_of(one);
    const auto at = std::min(known.size(), prices.size() - 1);
    const auto [its, fresh] = known.try_emplace(category, prices[at]);
    all.push_back({one.id, one.section, one.row, one.number, category, its->second});
  }
  return all;
}

}  // namespace

hall small_hall() {
  struct row {
    const char* name;
    const char* category;
    std::int64_t price;
  };
  static constexpr row rows[]{
      {"A", "I", 6'500}, {"B", "I", 6'500}, {"C", "II", 4'500}, {"D", "II", 4'500}, {"E", "III", 2'500}};
  hall all;
  for (const auto& one : rows)
    for (int n = 1; n <= 12; ++n)
      all.push_back(
          {one.name + ("-" + std::to_string(n)), "Stalls", one.name, std::to_string(n), one.category, one.price});
  return all;
}

hall read_hall(const std::filesystem::path& file, const price_list& prices) {
  const auto text = content_of(file);
  try {
    const auto whole = seats::read_json(text);
    if (whole.is_object() && whole.contains("seats")) return read_offers(text, file);
    const auto plan = seats::read_hall(text);
    if (!plan.refused.empty()) {
      const auto& first = plan.refused.front();
      throw unreadable(file.string() + ": " + first.where + " (" + first.name + ") cannot be sold: " + first.reason);
    }
    return price(plan, prices);
  } catch (const seats::unreadable& why) {
    throw unreadable(file.string() + ": " + why.what());
  }
}

occasion read_occasion(const std::filesystem::path& file, std::uint64_t number) {
  try {
    const auto dates = seats::read_dates(content_of(file));
    std::vector<std::pair<const seats::programme*, const seats::concert*>> known;
    for (const auto& programme : dates.programmes)
      for (const auto& one : programme.concerts)
        if (one.starts) known.emplace_back(&programme, &one);
    if (known.empty()) throw unreadable(file.string() + ": no date in it says when it starts");
    const auto& [programme, one] = known[number % known.size()];
    return {programme->id, one->id, programme->orchestra + ", " + one->event, one->venue, to_text(*one->starts)};
  } catch (const seats::unreadable& why) {
    throw unreadable(file.string() + ": " + why.what());
  }
}

}  // namespace souk::onsale
