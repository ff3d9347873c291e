// What operators did: the audit log of each store of orders, and what the books owe to it.
#include "persistence/audit/findings.hpp"
#include "persistence/audit/inspection.hpp"

namespace souk::persistence::auditing {

void look_at_audit_log(store_file& file, const stretch&, findings& found) {
  for (const auto& trouble : audit_log{file}.verify().troubles) found.repairs.broken(file.path() + ": " + trouble);
}

void audit_repairs(stores& all, findings& found) {
  for (auto& [shard, store] : all.orders) {
    auto& file = store->file;
    look_at_audit_log(file, {}, found);
    std::unordered_map<std::int64_t, std::int64_t> lines;
    const auto read = [&](const order::audit_line& line) {
      if (!line.about) return;  // about a design
      lines[line.about.value] += 1;
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
    file.prepare("SELECT id, repairs FROM orders WHERE repairs<>0").each([&](auto row) {
      const auto id = row.integer(0), repairs = row.integer(1);
      const auto known = lines.contains(id) ? lines.extract(id).mapped() : 0;
      if (known != repairs)
        found.repairs.broken(file.path() + ": case " + to_text(number{id}) + " was repaired " +
                             std::to_string(repairs) + " times, the audit log has " + std::to_string(known) +
                             " lines of it");
    });
    for (const auto& [id, n] : lines)
      found.repairs.broken(file.path() + ": the audit log has " + std::to_string(n) + " lines of case " +
                           to_text(number{id}) + ", which was never repaired");
  }
}

}  // namespace souk::persistence::auditing
