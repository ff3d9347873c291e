// Turns days and times of clocks into moments, or says why it cannot.
#include "tools/seats/dates.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "messages/grammar/ids.hpp"
#include "tools/seats/clocks.hpp"

namespace souk::seats {

namespace {

using namespace std::chrono;

std::optional<int> digits(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "2024-09-12T04:00:00Z": the day, when it is midnight in New York.
std::optional<year_month_day> day_of(std::string_view text) {
  const auto when = parse_moment(text);
  if (!when || text.size() < 10) return std::nullopt;
  const auto y = digits(text.substr(0, 4)), m = digits(text.substr(5, 2)), d = digits(text.substr(8, 2));
  if (!y || !m || !d) return std::nullopt;
  const year_month_day day{year{*y}, month{static_cast<unsigned>(*m)}, std::chrono::day{static_cast<unsigned>(*d)}};
  if (!day.ok() || moment_of(new_york, day, minutes{0}).when != when) return std::nullopt;
  return day;
}

// "8:00PM", "12:00PM" (noon), "12:30AM" (after midnight).
std::optional<minutes> time_of(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || colon < 1 || colon > 2 || text.size() != colon + 5) return std::nullopt;
  const auto hour = digits(text.substr(0, colon)), minute = digits(text.substr(colon + 1, 2));
  const auto half = text.substr(colon + 3);
  if (!hour || !minute || *hour < 1 || *hour > 12 || *minute > 59 || (half != "AM" && half != "PM"))
    return std::nullopt;
  return hours{*hour % 12 + (half == "PM" ? 12 : 0)} + minutes{*minute};
}

std::string two_digits(std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

concert read_concert(const place& from, const std::string& programme, std::vector<std::string>& notes,
                     std::string& flaw) {
  concert out;
  out.event = from.maybe_text("eventType");
  out.venue = from.maybe_text("Venue");
  out.location = from.maybe_text("Location");
  out.time = from.maybe_text("Time");
  const auto written = from.at("Date").text();
  out.date = written.substr(0, 10);
  const auto day = day_of(written);
  if (!day) {
    flaw = "its Date '" + written + "' is not midnight in New York";
    return out;
  }
  out.id = programme + '-' + out.date;
  std::erase_if(
      out.id, [at = std::size_t{0}, keep = programme.size() + 1](char c) mutable { return at++ >= keep && c == '-'; });
  const auto no_start = [&](const std::string& why) {
    notes.push_back(out.id + " at " + out.venue + " has no start: " + why);
    return out;
  };
  if (out.time.empty() || out.time == "None") return no_start("the file gives no time");
  const auto time = time_of(out.time);
  if (!time) {
    flaw = "its Time '" + out.time + "' is not like 8:00PM";
    return out;
  }
  out.id += '-' + two_digits(*time / hours{1}) + two_digits(*time % hours{1} / minutes{1});
  const auto* clock = clock_at(out.location);
  if (!clock) return no_start("the clock of '" + out.location + "' is not known");
  const auto read = moment_of(*clock, *day, *time);
  if (!read.when) return no_start(read.trouble);
  out.starts = read.when;
  return out;
}

std::string name_of(const concert& one) { return one.date + ' ' + one.time + " at " + one.venue; }

// An id that two have identifies neither. ids: how often each was used.
template <class Thing>
std::string trouble_with_id(const Thing& one, const std::map<std::string, std::int64_t>& ids) {
  if (!is_name(one.id)) return "its id '" + one.id + "' is not 1 to 64 letters, digits, - _ . or :";
  if (ids.at(one.id) > 1) return "its id " + one.id + " is used " + std::to_string(ids.at(one.id)) + " times";
  return "";
}

}  // namespace

calendar read_dates(std::string_view text) {
  const auto document = read_json(text);
  const place top{document};
  if (!document.is_object() || !document.contains("programs"))
    throw unreadable("not concert dates: it has no programs");
  calendar out;
  struct found {
    programme it;
    std::string where;
    std::vector<refusal> flaws;
    std::vector<std::string> places;  // of its concerts
  };
  std::vector<found> all;
  std::map<std::string, std::int64_t> ids, concert_ids;
  for (const auto& from : top.at("programs").each()) {
    found next{{from.at("programID").text(),
                from.maybe_text("id"),
                from.maybe_text("orchestra"),
                from.maybe_text("season"),
                0,
                0,
                {}},
               from.path(),
               {},
               {}};
    if (const auto works = from.maybe("works"))
      for (const auto& work : works->each()) {
        ++next.it.works;
        next.it.intermissions += work.object().has("interval");
      }
    ++ids[next.it.id];
    for (const auto& one : from.at("concerts").each()) {
      std::string flaw;
      auto read = read_concert(one, next.it.id, out.notes, flaw);
      if (!flaw.empty()) {
        next.flaws.push_back({one.path(), name_of(read), flaw});
        continue;
      }
      ++concert_ids[read.id];
      next.places.push_back(one.path());
      next.it.concerts.push_back(std::move(read));
    }
    all.push_back(std::move(next));
  }
  if (all.empty()) throw unreadable("there are no programmes");
  for (auto& one : all) {
    if (const auto why = trouble_with_id(one.it, ids); !why.empty()) {
      out.refused.push_back({one.where, "programme " + one.it.id, why});
      continue;
    }
    out.refused.insert(out.refused.end(), one.flaws.begin(), one.flaws.end());
    std::vector<concert> good;
    for (std::size_t i = 0; i < one.it.concerts.size(); ++i) {
      auto& played = one.it.concerts[i];
      const auto why = trouble_with_id(played, concert_ids);
      why.empty() ? good.push_back(std::move(played)) : out.refused.push_back({one.places[i], name_of(played), why});
    }
    one.it.concerts = std::move(good);
    if (one.it.works == 0) out.notes.push_back("programme " + one.it.id + " has no works");
    if (one.it.concerts.empty()) out.notes.push_back("programme " + one.it.id + " has no concerts");
    out.programmes.push_back(std::move(one.it));
  }
  return out;
}

json to_json(const calendar& of) {
  tally seasons, events, venues, dates, locations;
  std::set<std::string> guids;
  std::int64_t concerts = 0, with_start = 0, works = 0, intermissions = 0;
  auto programmes = json::array();
  for (const auto& one : of.programmes) {
    guids.insert(one.guid);
    works += one.works;
    intermissions += one.intermissions;
    auto list = json::array();
    for (const auto& it : one.concerts) {
      ++concerts;
      with_start += it.starts.has_value();
      add(seasons, one.season);
      add(events, it.event);
      add(venues, it.venue);
      add(locations, it.location);
      add(dates, it.date);
      list.push_back({{"id", it.id},
                      {"event", it.event},
                      {"venue", it.venue},
                      {"location", it.location},
                      {"date", it.date},
                      {"time", it.time},
                      {"starts", it.starts ? json(to_text(*it.starts)) : json()}});
    }
    programmes.push_back({{"id", one.id},
                          {"guid", one.guid},
                          {"orchestra", one.orchestra},
                          {"season", one.season},
                          {"works", one.works},
                          {"intermissions", one.intermissions},
                          {"concerts", std::move(list)}});
  }
  std::sort(dates.begin(), dates.end());
  auto refused = json::array();
  for (const auto& one : of.refused)
    refused.push_back({{"where", one.where}, {"concert", one.name}, {"reason", one.reason}});
  json counts{{"programs", of.programmes.size()},
              {"distinct_guid_ids", guids.size()},
              {"concerts", concerts},
              {"concerts_with_start", with_start},
              {"distinct_dates", dates.size()},
              {"first_date", dates.empty() ? json() : json(dates.front().first)},
              {"last_date", dates.empty() ? json() : json(dates.back().first)},
              {"venues", venues.size()},
              {"locations", locations.size()},
              {"works", works},
              {"intermissions", intermissions},
              {"concerts_per_season", to_json(seasons)},
              {"concerts_per_event_type", to_json(events)},
              {"concerts_per_venue", to_json(venues)},
              {"concerts_per_date", to_json(dates)}};
  return {{"counts", std::move(counts)},
          {"notes", of.notes},
          {"refused", std::move(refused)},
          {"programmes", std::move(programmes)}};
}

}  // namespace souk::seats
