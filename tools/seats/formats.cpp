// Reads each format of seat plans.
#include "tools/seats/formats.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace souk::seats {

namespace {

// Required for a seat, and empty is a number like any other: only its absence leaves the seat nameless.
std::string number_of(const place& of, const char* name, record& into) {
  const auto found = of.maybe(name);
  if (!found) into.flaw = std::string{"it has no "} + name;
  return found ? found->text() : "";
}

// ---- pretix: zones of rows of seats, categories by name

bool is_pretix(const json& top) { return top.is_object() && top.contains("zones"); }

reading read_pretix(const place& top) {
  reading out{{}, "uuid", {}};
  out.into.name = top.maybe_text("name");
  out.into.key = "seat_guid";
  tally used;
  if (const auto categories = top.maybe("categories"))
    for (const auto& one : categories->each()) add(used, one.at("name").text(), 0);
  const auto declared = used.size();
  for (const auto& zone : top.at("zones").each()) {
    const auto rows = zone.object().maybe("rows");
    if (!rows) continue;  // only drawing
    for (const auto& row : rows->each()) {
      const auto seats = row.at("seats").each();
      ++out.into.row_records;
      out.into.empty_rows += seats.empty();
      for (const auto& one : seats) {
        record next;
        next.where = one.path();
        next.it = {one.maybe_text("seat_guid"), zone.maybe_text("name"), row.maybe_text("row_number"),
                   number_of(one, "seat_number", next), one.maybe_text("category")};
        next.other = one.maybe_text("uuid");
        if (!next.it.category.empty()) add(used, next.it.category);
        out.records.push_back(std::move(next));
      }
    }
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (i < declared && used[i].second == 0) out.into.notes.push_back("category " + used[i].first + " has no seats");
    if (i >= declared) out.into.notes.push_back("category " + used[i].first + " is used but not declared");
  }
  return out;
}

// ---- ticketland: one list of objects, seats among them, each naming its section

bool is_ticketland(const json& top) { return top.is_object() && top.contains("objects"); }

reading read_ticketland(const place& top) {
  reading out;
  out.into.key = "objectId";
  const auto objects = top.at("objects").each();
  struct section {
    std::string name;
    std::int64_t seats = 0;
    bool free = false;
  };
  std::map<std::string, section> sections;
  tally undeclared;
  for (const auto& one : objects) {
    if (one.maybe_text("type") != "section") continue;
    const auto id = one.at("sectionId").text();
    if (!sections.emplace(id, section{one.at("name").text(), 0, one.maybe_true("freeSeating")}).second)
      one.fail("is a second section with the sectionId " + id);
  }
  for (const auto& one : objects) {
    if (one.maybe_text("type") != "seat") continue;
    record next;
    next.where = one.path();
    next.it.id = one.maybe_text("objectId");
    if (const auto said = one.maybe("attrs")) {
      next.it.section = said->maybe_text("section");
      next.it.row = said->maybe_text("row");
      next.it.number = number_of(*said, "seat", next);
      next.it.category = said->maybe_text("sectionId");
    } else {
      next.flaw = "it has no attrs";
    }
    const auto of = sections.find(next.it.category);
    if (next.flaw.empty() && of == sections.end())
      add(undeclared, next.it.category);
    else if (next.flaw.empty() && of->second.name != next.it.section)
      next.flaw =
          "its section is '" + next.it.section + "', but sectionId " + of->first + " is '" + of->second.name + "'";
    else if (next.flaw.empty())
      ++of->second.seats;
    out.records.push_back(std::move(next));
  }
  for (const auto& [id, n] : undeclared) out.into.notes.push_back("sectionId '" + id + "' is used but not declared");
  for (const auto& [id, one] : sections) {
    if (one.seats == 0) out.into.notes.push_back("section " + one.name + " has no seats");
    if (!one.free) continue;
    out.into.free_seating.push_back(one.name);
    if (one.seats > 0)
      out.into.notes.push_back("section " + one.name + " has free seating, and yet " + std::to_string(one.seats) +
                               " numbered places: they are kept as seats");
  }
  return out;
}

// ---- nested: LEVEL.SECTION.ROW.NUMBER, whose names are the seat's only identity

bool is_nested(const json& top) {
  const auto has_objects = [](const json& one) {
    return one.is_object() && !one.empty() &&
           std::all_of(one.begin(), one.end(), [](const json& inner) { return inner.is_object(); });
  };
  return has_objects(top) && std::all_of(top.begin(), top.end(), has_objects);
}

reading read_nested(const place& top) {
  reading out;
  out.into.key = "place";
  for (const auto& level : top.members())
    for (const auto& section : level.value.members())
      for (const auto& row : section.value.members()) {
        if (row.name == "data") continue;  // meta data of the section, no row
        const auto seats = row.value.members();
        ++out.into.row_records;
        out.into.empty_rows += seats.empty();
        for (const auto& one : seats) {
          const bool disabled = one.value.object().maybe_true("disabled");
          const bool reserved = one.value.maybe_true("reserved");
          add(out.into.statuses, disabled ? "disabled" : reserved ? "reserved" : "open");
          out.records.push_back({{level.name + ':' + section.name + ':' + row.name + ':' + one.name,
                                  level.name + '/' + section.name, row.name, one.name, ""},
                                 one.value.path(),
                                 {},
                                 {}});
        }
      }
  for (const auto& [status, n] : out.into.statuses)
    if (status != "open") out.into.notes.push_back(std::to_string(n) + " seats are " + status + " in the file");
  return out;
}

constexpr std::array<format, 3> known{{
    {"pretix seating plan", is_pretix, read_pretix},
    {"ticketland hall-scheme-editor JSON", is_ticketland, read_ticketland},
    {"nested object: level/section/row/seat", is_nested, read_nested},
}};

}  // namespace

std::span<const format> formats() { return known; }

}  // namespace souk::seats
