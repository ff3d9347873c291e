// Reads seat plans of real halls: pretix seating plans, ticketland's hall schemes, and nested level/section/row/seat.
//
// A plan is what will be sold, so nothing is guessed: every seat record either becomes a seat with an id of its own or
// stands in `refused` with the reason. Names are kept exactly as written, without trimming.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/seats/strict.hpp"

namespace souk::seats {

struct seat {
  std::string id;       // one of its own within the hall, and a souk name: 1 to 64 letters, digits, -_.:
  std::string section;  // pretix: the zone; ticketland: the section; nested: LEVEL/SECTION
  std::string row;
  std::string number;
  std::string category;  // pretix: its name; ticketland: the section's id; nested: empty
  bool operator==(const seat&) const = default;
};

struct refusal {
  std::string where;  // zones[0].rows[3].seats[7]
  std::string name;   // Ground floor, row A, number 8
  std::string reason;
};

struct hall {
  std::string format;
  std::string name;  // empty: the format has none
  std::string key;   // what became the seats' ids: seat_guid, uuid, objectId, place
  std::vector<seat> seats;
  std::vector<refusal> refused;
  std::vector<std::string> notes;         // what a reader should know, and what was decided because of it
  std::int64_t row_records = 0;           // one visible row may be written in several
  std::int64_t empty_rows = 0;            // of these, without seats
  std::vector<std::string> free_seating;  // sections where any place may be taken
  tally statuses;                         // of all seat records, where the format has one
};

// Throws unreadable naming the place: not JSON, none of the formats, a member of the wrong kind, no seat at all.
hall read_hall(std::string_view json);

// How many, in the order of the file. Labels are (section, row, number).
struct hall_counts {
  std::int64_t seats = 0;
  tally per_section;
  tally per_category;  // seats without a category are in none
  struct row {
    std::string section, row;
    std::int64_t seats = 0;
  };
  std::vector<row> per_row;
  std::int64_t labels = 0;
  std::int64_t labels_used_again = 0;  // labels that more than one seat has
};
hall_counts count(const hall& of);

// {"format", "name", "key", "counts": {"seats", "sections", "rows", "seats_per_section": {}, "seats_per_category": {},
//  "seats_per_status": {}, "seats_per_row": [{"section", "row", "seats"}], ...}, "free_seating_sections": [],
//  "notes": [], "refused": [{"where", "seat", "reason"}], "seats": [{"id", "section", "row", "number", "category"}]}
json to_json(const hall& of);

}  // namespace souk::seats
