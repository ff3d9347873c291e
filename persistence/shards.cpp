// Reads and writes how many shards there are.
#include "persistence/shards.hpp"

#include <cerrno>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>

#include "persistence/durable.hpp"

namespace souk::persistence {

namespace fs = std::filesystem;

namespace {

std::map<std::string, std::uint32_t> read(const fs::path& file) {
  std::map<std::string, std::uint32_t> found;
  if (!fs::exists(file)) return found;
  std::ifstream in{file};
  if (!in) throw std::system_error(errno, std::generic_category(), file.string());
  std::string name;
  for (std::uint32_t count = 0; in >> name;) {
    if (!(in >> count) || count == 0)
      throw std::invalid_argument(file.string() + ": what it says of " + name + " is no number of shards");
    found[name] = count;
  }
  return found;
}

std::string shards_text(std::uint32_t n) { return std::to_string(n) + (n == 1 ? " shard" : " shards"); }

}  // namespace

void keep_shards(const fs::path& data, const shard_counts& counts) {
  const auto file = data / shards_name;
  const auto before = read(file);
  std::string now;
  bool news = false;
  for (std::size_t d = 0; d < domain_count; ++d) {
    const std::string name{domain_names[d]};
    const auto known = before.find(name);
    if (known != before.end() && known->second != counts[d])
      throw std::invalid_argument(data.string() + " was made with " + shards_text(known->second) + " of " + name +
                                  ", now there are to be " + std::to_string(counts[d]) +
                                  ": their number stays what it was, for a key finds its shard by it");
    // A directory that is older than this file.
    const auto beyond = data / (name + '-' + std::to_string(counts[d]) + ".db");
    if (known == before.end() && fs::exists(beyond))
      throw std::invalid_argument(beyond.string() + " is there, and there are to be only " + shards_text(counts[d]) +
                                  " of " + name + ": their number stays what it was");
    news = news || known == before.end();
    now += name + ' ' + std::to_string(counts[d]) + '\n';
  }
  if (news) write_durably(file, now);
}

}  // namespace souk::persistence
