// What operators did: the audit log of each store of orders, and what the books owe to it.
#include "persistence/audit/findings.hpp"
#include "persistence/audit/inspection.hpp"

namespace souk::persistence::auditing {

void look_at_audit_log(store_file& file, const stretch&, findings& found) {
  for (const auto& trouble : audit_log{file}.verify().troubles) found.repairs.broken(file.path() + ": " + trouble);
}

// The log speaks for the cases of which it has lines; these have none.
void look_at_repaired(store_file& file, const stretch& keys, findings& found) {
  file.prepare(
          "SELECT id, repairs FROM orders WHERE id>?1 AND id<=?2 AND repairs<>0 AND NOT EXISTS (SELECT 1 FROM audit"
          " WHERE about=orders.id)")
      .each(
          [&](auto row) {
            found.repairs.broken(file.path() + ": case " + to_text(number{row.integer(0)}) + " was repaired " +
                                 std::to_string(row.integer(1)) + " times, the audit log has no line of it");
          },
          keys.after, keys.upto);
}

void audit_repairs(stores& all, findings& found) {
  for (auto& [shard, store] : all.orders) {
    auto& file = store->file;
    look_at_audit_log(file, {}, found);
    look_at_repaired(file, {INT64_MIN, INT64_MAX}, found);
    const auto read = [&](const order::audit_line& line) {
      if (!line.about) return;  // about a design
      if (line.what == order::remedy::fail) all.settled[line.about.value].written_off = true;
      if (line.what == order::remedy::skip)
        all.settled[line.about.value].domains |= 1U << static_cast<unsigned>(line.home);
    };
    file.prepare("SELECT content FROM audit ORDER BY seq").each([&](auto row) {
      try {
        read(unpack<order::audit_line>(row.text(0)));
      } catch (const damaged_bytes&) {
        // It was named above.
      }
    });
  }
}

}  // namespace souk::persistence::auditing
