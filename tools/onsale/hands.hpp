// Many hands: threads that share one piece of work; the first that fails stops all.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace souk::onsale {

// Each of them runs work(); when one throws, stop() is called, and the exception is thrown here once all have ended.
template <class Work, class Stop>
void all_hands(std::size_t hands, Work work, Stop stop) {
  std::mutex mutex;
  std::exception_ptr trouble;
  std::vector<std::thread> crew;
  for (std::size_t i = 0; i < hands; ++i)
    crew.emplace_back([&] {
      try {
        work();
      } catch (...) {
        const std::lock_guard hold{mutex};
        if (!trouble) trouble = std::current_exception();
        stop();
      }
    });
  for (auto& one : crew) one.join();
  if (trouble) std::rethrow_exception(trouble);
}

// Each thing once, in their order.
template <class Thing, class Work>
void with_each(std::size_t hands, std::vector<Thing>& things, Work work) {
  std::atomic<std::size_t> next{0};
  all_hands(
      std::min(hands, things.size()),
      [&] {
        for (auto at = next++; at < things.size(); at = next++) work(things[at]);
      },
      [&] { next = things.size(); });
}

}  // namespace souk::onsale
