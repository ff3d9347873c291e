// Takes a backup of the running node, on a thread of its own: the node works on meanwhile.
#include "actors/edge/routes_backups.hpp"

#include <atomic>
#include <filesystem>
#include <system_error>
#include <thread>

#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"
#include "persistence/backup.hpp"

namespace souk::edge::backups {

namespace {

std::atomic<bool> one_is_taken{false};

problem refused(std::string_view why) {
  problem no{409, "backup_refused", "The backup cannot be taken"};
  no.detail(why);
  return no;
}

void copy(const std::filesystem::path& to, const call& c) {
  try {
    const auto done = persistence::back_up_open(to);
    one_is_taken = false;
    c.answer(201,
             dumped({{"to", to.string()}, {"stores", done.stores}, {"bytes", done.bytes}, {"cut_ms", done.cut_ms}}));
    return;
  } catch (const persistence::backup_refused& no) {
    c.answer(refused(no.what()));
  } catch (const std::filesystem::filesystem_error& no) {
    c.answer(refused(no.what()));
  } catch (const std::system_error& no) {
    c.answer(problem{reason::storage_full}.detail(no.what()));
  } catch (const std::exception& damage) {
    c.answer(problem{problems::internal}.detail(damage.what()));
  }
  one_is_taken = false;
}

}  // namespace

void take(const asked& a, const call& c) {
  std::filesystem::path to;
  const auto read = [&](fields& body) {
    to = body.text("to", 1024);
    if (!to.empty() && !to.is_absolute()) body.blame("to", "must be a directory from the root on: /...");
  };
  if (!a.read(c, read)) return;
  if (one_is_taken.exchange(true)) return c.answer(refused("another one is being taken"));
  std::thread{[to, c] { copy(to, c); }}.detach();
}

}  // namespace souk::edge::backups
