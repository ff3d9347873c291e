// Opens a stopped node's stores and has them audited.
#include "persistence/audit.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "persistence/audit/findings.hpp"
#include "persistence/sqlite/checked_pages.hpp"

namespace souk::persistence {

using namespace auditing;

namespace {

using files = std::map<std::uint32_t, std::filesystem::path>;

// The stores of one domain among the files, by the number in their name: wallet-0.db
files files_of(domain which, const store_files& all) {
  files found;
  const std::string before = std::string{to_text(which)} + '-';
  for (const auto& path : all.paths) {
    const auto name = path.filename().string();
    if (!name.starts_with(before) || !name.ends_with(".db")) continue;
    std::uint32_t shard = 0;
    const auto* end = name.data() + name.size() - 3;
    const auto read = std::from_chars(name.data() + before.size(), end, shard);
    if (read.ec == std::errc{} && read.ptr == end) found.emplace(shard, path);
  }
  return found;
}

void look_whether_intact(store_file& file, const std::string& vfs, audit_figures& figures) {
  std::string trouble, pages;
  const auto report = look_at_pages(file.path(), vfs);
  figures.unchecked += !report.checked;
  for (const auto page : report.rotten) pages += (pages.empty() ? "page " : ", ") + std::to_string(page);
  if (!pages.empty()) throw store_damaged(file.path() + ": without their checksum: " + pages, SQLITE_IOERR_DATA);
  file.prepare("PRAGMA integrity_check(5)").each([&](auto row) {
    if (row.text(0) != "ok") trouble += (trouble.empty() ? "" : "; ") + row.string(0);
  });
  if (!trouble.empty()) throw store_damaged(file.path() + ": " + trouble, SQLITE_CORRUPT);
}

template <class Store>
void open(pool<Store>& into, domain which, const store_files& files, audit_figures& figures) {
  for (const auto& [shard, path] : files_of(which, files)) {
    open_options options;
    options.path = path.string();
    options.vfs = files.vfs;
    options.read_only = true;
    options.cache_kib = 16'384;
    try {
      into.push_back({shard, std::make_unique<Store>(options)});
    } catch (const store_error& trouble) {
      if ((trouble.code & 0xff) == SQLITE_EMPTY) continue;  // a first start was cut off: it is as good as not there
      if ((trouble.code & 0xff) == SQLITE_BUSY || (trouble.code & 0xff) == SQLITE_LOCKED)
        throw stores_in_use(path.string() + " is in use: stop the node first");
      throw;
    }
    look_whether_intact(into.back().store->file, files.vfs, figures);
    figures.stores += 1;
  }
}

}  // namespace

std::vector<invariant> audit(const std::filesystem::path& data_dir, audit_figures* figures) {
  return audit(std::vector{data_dir}, figures);
}

std::vector<invariant> audit(const std::vector<std::filesystem::path>& data_dirs, audit_figures* figures) {
  store_files files;
  std::map<std::filesystem::path, std::filesystem::path> known;  // by name
  std::string names;
  for (const auto& directory : data_dirs) {
    if (!std::filesystem::is_directory(directory)) throw no_stores(directory.string() + " is no directory");
    names += (names.empty() ? "" : ", ") + directory.string();
    for (const auto& one : std::filesystem::directory_iterator{directory}) {
      if (one.path().extension() == ".db") {
        const auto [found, first] = known.emplace(one.path().filename(), one.path());
        if (!first)
          throw stores_twice(one.path().string() + " and " + found->second.string() +
                             " are one store: these directories do not belong together");
      }
      files.paths.push_back(one.path());
    }
  }
  for (const auto& one : files.paths) {
    const auto name = one.filename().string();
    const auto mark = name.find(".db.given-");
    if (mark == name.npos || name.ends_with("-wal") || known.contains(name.substr(0, mark + 3))) continue;
    throw store_underway(one.string() + " was given to another node, and none of " + names +
                         " has it in its place: start both nodes, or repeat the command that moves it");
  }
  try {
    return audit(files, figures);
  } catch (const no_stores&) {
    throw no_stores(names + " has no store of souk");
  }
}

std::vector<invariant> audit(const store_files& files, audit_figures* figures) {
  audit_figures counted;
  stores all;
  open(all.users, domain::user, files, counted);
  open(all.wallets, domain::wallet, files, counted);
  open(all.products, domain::product, files, counted);
  open(all.coupons, domain::coupon, files, counted);
  open(all.orders, domain::order, files, counted);
  open(all.payments, domain::payment, files, counted);
  open(all.rankings, domain::ranking, files, counted);
  open(all.platforms, domain::platform, files, counted);
  open(all.concerts, domain::concert, files, counted);
  open(all.reservations, domain::reservation, files, counted);
  open(all.queues, domain::queue, files, counted);
  open(all.carts, domain::cart, files, counted);
  open(all.logs, domain::event_log, files, counted);
  if (counted.stores == 0) throw no_stores("no store of souk is among the files");

  findings found;
  try {
    audit_repairs(all, found);
    audit_wallets(all, found);
    audit_shelves(all, found);
    audit_coupons(all, found);
    audit_cases(all, found, counted);
    audit_seats(all, found);
    audit_events(all, found);
  } catch (const damaged_bytes& trouble) {
    throw store_damaged(std::string{"a row's content cannot be read: "} + trouble.what(), SQLITE_CORRUPT);
  }
  if (figures) *figures = counted;
  return std::move(found).all();
}

bool all_hold(const std::vector<invariant>& all) {
  return std::all_of(all.begin(), all.end(), [](const auto& one) { return one.holds(); });
}

}  // namespace souk::persistence
