// Events that could not be delivered or taken: tried again with growing pauses, later events of the same subject behind
// them, and after a bounded number of tries dead letters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/event_log.hpp"
#include "messages/platform.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

// Trouble: an aggregate {source, event, tries, next, dead, error}.
template <class Trouble>
class troubles {
public:
  // After so many rejections an event is a dead letter.
  static constexpr std::int32_t tries_max = 8;
  // The pause after try number n: 1 s doubled each time, at most 5 minutes, jittered by the event's own number so that
  // neighbours do not come back together.
  static std::int64_t pause_ms(std::int32_t tries, std::int64_t seq);

  static std::string schema();
  // histories_first: sources that have the same subjects are not apart: what an outbox of orders tells of a case comes
  // after what the event log does.
  explicit troubles(store_file& file, bool histories_first = false);

  // error empty: it only waits behind an earlier one.
  void add(std::uint32_t source, const decltype(Trouble::event)& event, const std::string& error, moment at);
  // What became of one more try. error empty: it is out of trouble.
  void tried(std::uint32_t source, std::int64_t seq, const std::string& error, moment at);
  // It gets its tries again. Nothing: there is no such event. Else as it was.
  std::optional<Trouble> revive(std::uint32_t source, std::int64_t seq, moment at, bool dry);

  bool has(std::uint32_t source, number subject);  // an event that is not given up
  std::vector<number> subjects(std::uint32_t source);
  // The first living event of each subject that is due; of one source, or of all. What is to be tried later than any
  // pause lasts was put down by a clock that has been set back since: it is due.
  std::vector<Trouble> due(moment now, std::uint32_t limit, std::optional<std::uint32_t> source = {});
  // Dead letters first, then by source and seq.
  std::vector<Trouble> list(std::uint32_t limit, const std::optional<platform::listed>& after = {});
  std::int64_t living() const { return living_; }
  std::int64_t dead();

private:
  std::optional<Trouble> find(std::uint32_t source, std::int64_t seq);
  void save(const Trouble& trouble);
  void count_living();

  std::int64_t living_ = 0;  // that are not given up; mostly there are none, and nothing need be asked
  statement count_, add_, find_, save_, remove_, has_, subjects_, due_, list_, dead_;
};

extern template class troubles<platform::trouble>;
extern template class troubles<event_log::trouble>;

}  // namespace souk::persistence
