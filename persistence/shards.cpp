// Reads and writes how many shards there are.
#include "persistence/shards.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
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

// One more than the largest number of a store's file, however it is called meanwhile.
std::uint32_t stores_of(const fs::path& data, const std::string& name) {
  std::uint32_t upto = 0;
  for (const auto& one : fs::directory_iterator{data}) {
    const auto file = one.path().filename().string();
    if (!file.starts_with(name + '-')) continue;
    std::uint32_t shard = 0;
    const auto* from = file.data() + name.size() + 1;
    const auto read = std::from_chars(from, file.data() + file.size(), shard);
    if (read.ec == std::errc{} && std::string_view{read.ptr}.starts_with(".db")) upto = std::max(upto, shard + 1);
  }
  return upto;
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
      throw std::invalid_argument(
          data.string() + " was made with " + shards_text(known->second) + " of " + name + ", now there are to be " +
          std::to_string(counts[d]) +
          ": their number stays what it was, for a key finds its shard by it (if nothing was ever stored "
          "there, remove the file " +
          file.string() + ')');
    // A directory that is older than this file.
    if (known == before.end() && stores_of(data, name) > counts[d])
      throw std::invalid_argument(data.string() + " has a store of " + name + '/' +
                                  std::to_string(stores_of(data, name) - 1) + ", and there are to be only " +
                                  shards_text(counts[d]) + ": their number stays what it was");
    news = news || known == before.end();
    now += name + ' ' + std::to_string(counts[d]) + '\n';
  }
  if (news) write_durably(file, now);
}

}  // namespace souk::persistence
