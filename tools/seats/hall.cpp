// Judges the records of a seat plan, and counts the seats.
#include "tools/seats/hall.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "messages/grammar/ids.hpp"
#include "tools/seats/formats.hpp"

namespace souk::seats {

namespace {

// Why the first choice cannot identify the seats; empty: it does.
std::string trouble_with_ids(const reading& read) {
  std::unordered_map<std::string, std::int64_t> used;
  for (const auto& one : read.records) {
    if (one.it.id.empty()) return "not every seat has a " + read.into.key;
    ++used[one.it.id];
  }
  if (used.size() < read.records.size()) {
    const auto most =
        std::max_element(used.begin(), used.end(), [](auto& a, auto& b) { return a.second < b.second; })->second;
    return read.into.key + " is not unique (" + std::to_string(used.size()) + " values for " +
           std::to_string(read.records.size()) + " seats, one used " + std::to_string(most) + " times)";
  }
  for (const auto& [id, n] : used)
    if (!is_name(id)) return "not every " + read.into.key + " can be an id";
  return "";
}

std::string label_of(const seat& one) { return one.section + ", row " + one.row + ", number " + one.number; }

// Two seats with one id are both refused: which of them was meant is not ours to guess.
void judge(reading& read) {
  std::map<std::string, std::vector<const record*>> by_id;
  for (const auto& one : read.records) by_id[one.it.id].push_back(&one);
  for (auto& one : read.records) {
    const auto& id = one.it.id;
    auto why = one.flaw;
    if (why.empty() && id.empty()) why = "it has no " + read.into.key;
    if (why.empty() && !is_name(id)) why = "its id '" + id + "' is not 1 to 64 letters, digits, - _ . or :";
    if (const auto& same = by_id.at(id); why.empty() && same.size() > 1)
      why = "its id " + id + " is also that of " + (same.front() == &one ? same[1] : same.front())->where;
    if (!why.empty()) read.into.refused.push_back({one.where, label_of(one.it), why});
  }
  std::set<std::string_view> out;
  for (const auto& one : read.into.refused) out.insert(one.where);
  for (auto& one : read.records)
    if (!out.contains(one.where)) read.into.seats.push_back(std::move(one.it));
}

}  // namespace

hall read_hall(std::string_view text) {
  const auto document = read_json(text);
  const auto all = formats();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.recognises(document); });
  if (found == all.end())
    throw unreadable(
        "not a seat plan: it has neither zones (pretix) nor objects (ticketland), and is no nest of levels, sections "
        "and rows");
  auto read = found->read(place{document});
  if (read.records.empty()) throw unreadable(std::string{"a "} + found->name + " without any seat");
  read.into.format = found->name;
  if (const auto trouble = trouble_with_ids(read); !trouble.empty() && read.other) {
    read.into.notes.insert(read.into.notes.begin(), trouble + ": the " + read.other + " identifies the seat");
    read.into.key = read.other;
    for (auto& one : read.records) one.it.id = one.other;
  }
  judge(read);
  const auto counted = count(read.into);
  if (counted.labels_used_again > 0)
    read.into.notes.push_back(std::to_string(counted.labels_used_again) +
                              " names (section, row, number) are those of several seats: only the id tells them apart");
  return std::move(read.into);
}

hall_counts count(const hall& of) {
  hall_counts out;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> rows;
  std::map<std::tuple<std::string_view, std::string_view, std::string_view>, std::int64_t> labels;
  for (const auto& one : of.seats) {
    ++out.seats;
    add(out.per_section, one.section);
    if (!one.category.empty()) add(out.per_category, one.category);
    const auto [row, fresh] = rows.try_emplace({one.section, one.row}, out.per_row.size());
    if (fresh) out.per_row.push_back({one.section, one.row, 0});
    ++out.per_row[row->second].seats;
    ++labels[{one.section, one.row, one.number}];
  }
  out.labels = static_cast<std::int64_t>(labels.size());
  out.labels_used_again = std::count_if(labels.begin(), labels.end(), [](const auto& one) { return one.second > 1; });
  return out;
}

json to_json(const hall& of) {
  const auto counted = count(of);
  auto per_row = json::array();
  for (const auto& one : counted.per_row)
    per_row.push_back({{"section", one.section}, {"row", one.row}, {"seats", one.seats}});
  json counts{{"seats", counted.seats},
              {"sections", counted.per_section.size()},
              {"rows", counted.per_row.size()},
              {"row_records", of.row_records},
              {"empty_rows", of.empty_rows},
              {"distinct_section_row_seat_labels", counted.labels},
              {"labels_used_more_than_once", counted.labels_used_again},
              {"seats_per_section", to_json(counted.per_section)},
              {"seats_per_category", to_json(counted.per_category)},
              {"seats_per_status", to_json(of.statuses)},
              {"seats_per_row", std::move(per_row)}};
  auto refused = json::array();
  for (const auto& one : of.refused)
    refused.push_back({{"where", one.where}, {"seat", one.name}, {"reason", one.reason}});
  auto seats = json::array();
  for (const auto& one : of.seats)
    seats.push_back({{"id", one.id},
                     {"section", one.section},
                     {"row", one.row},
                     {"number", one.number},
                     {"category", one.category}});
  return {{"format", of.format},
          {"name", of.name},
          {"key", of.key},
          {"counts", std::move(counts)},
          {"free_seating_sections", of.free_seating},
          {"notes", of.notes},
          {"refused", std::move(refused)},
          {"seats", std::move(seats)}};
}

}  // namespace souk::seats
