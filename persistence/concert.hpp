// The store of concerts and their dates.
#pragma once

#include <optional>
#include <vector>

#include "messages/concert.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class concert_store {
public:
  explicit concert_store(const open_options& options);

  // Whose date it is; nothing when nobody has claimed it.
  std::optional<concert_id> owner_of(const schedule_id& schedule);
  void claim(const concert_id& concert, const schedule_id& schedule);
  void save(const concert_id& concert, const std::string& name);
  void save(const concert::date& date);  // of a claimed one: from here on it is shown

  // Only what is listed.
  std::optional<concert::view> find(const concert_id& concert);
  std::vector<concert::view> list(const concert_id& after, std::uint32_t limit);

  store_file file;

private:
  std::vector<concert::date> dates_of(const concert_id& concert);

  statement owner_, claim_, save_, save_date_, find_, list_, dates_;
};

}  // namespace souk::persistence
