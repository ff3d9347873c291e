// Syncs files and directories.
#include "persistence/durable.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <vector>

namespace souk::persistence {

namespace fs = std::filesystem;

void make_durable(const fs::path& file) {
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = opened >= 0 && ::fsync(opened) == 0;
  const int why = errno;
  if (opened >= 0) ::close(opened);
  if (!synced) throw std::system_error(why, std::generic_category(), file.string());
}

void copy_durably(const fs::path& from, const fs::path& to, std::int64_t upto) {
  std::ifstream in{from, std::ios::binary};
  if (!in) throw std::system_error(errno, std::generic_category(), from.string());
  std::ofstream out{to, std::ios::binary | std::ios::trunc};
  std::vector<char> block(1 << 20);
  for (std::int64_t done = 0; in && out && done < upto; done += in.gcount()) {
    in.read(block.data(), std::min<std::int64_t>(upto - done, 1 << 20));
    out.write(block.data(), in.gcount());
  }
  if (!out.flush() || in.bad()) throw std::system_error(errno, std::generic_category(), to.string());
  out.close();
  make_durable(to);
}

void write_durably(const fs::path& file, std::string_view bytes) {
  const fs::path fresh = file.string() + ".new";
  {
    std::ofstream out{fresh, std::ios::binary | std::ios::trunc};
    out << bytes;
    if (!out.flush()) throw std::system_error(errno, std::generic_category(), fresh.string());
  }
  make_durable(fresh);
  fs::rename(fresh, file);
  make_durable(file.has_parent_path() ? file.parent_path() : fs::path{"."});
}

}  // namespace souk::persistence
