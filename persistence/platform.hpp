// The store of what is in trouble on its way to the data platform, and of the position up to which all else arrived.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "messages/platform.hpp"
#include "persistence/logs/positions.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class platform_store {
public:
  explicit platform_store(const open_options& options);

  void add(const platform::trouble& trouble);
  std::optional<platform::trouble> find(std::uint32_t source, std::int64_t seq);
  void save(const platform::trouble& trouble);
  void remove(std::uint32_t source, std::int64_t seq);
  bool in_trouble(number subject);  // with an event that is not given up
  // The first living event of each order that is due.
  std::vector<platform::trouble> due(moment now, std::uint32_t limit);
  std::vector<platform::trouble> list(std::uint32_t limit);

  store_file file;
  persistence::positions positions;

private:
  std::int64_t living_ = 0;  // troubles that are not given up; mostly there are none, and nothing need be asked
  void count_living();
  statement count_;
  statement add_, find_, save_, remove_, in_trouble_, due_, list_;
};

}  // namespace souk::persistence
