// Catches the signal, says the words and hands it on: to a sanitizer, or to the system and its core file.
#include "tools/sim/last_words.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>

namespace souk::sim {

namespace {

constexpr std::array deadly{SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

// A handler may call next to nothing: the words lie ready, in the one of two places that is not being written.
struct page {
  std::array<char, 512> text{};
  std::size_t size = 0;
};
std::array<page, 2> pages;
std::atomic<const page*> now{nullptr};
std::array<struct sigaction, deadly.size()> before;
alignas(16) std::array<char, 65'536> stack;  // the usual one may be what has run out

void say(int signal, siginfo_t* why, void*) {
  if (const auto* words = now.exchange(nullptr))
    if (write(STDERR_FILENO, words->text.data(), words->size) < 0) {
      // Nobody hears it: the signal is what counts.
    }
  const auto which = std::find(deadly.begin(), deadly.end(), signal) - deadly.begin();
  sigaction(signal, &before[static_cast<std::size_t>(which)], nullptr);
  // What the machine found wrong it finds again, with the address that whoever comes next wants to know.
  if (why->si_code <= 0) raise(signal);
}

}  // namespace

last_words::last_words() {
  stack_t there{};
  if (sigaltstack(nullptr, &there) == 0 && (there.ss_flags & SS_DISABLE)) {
    const stack_t mine{stack.data(), 0, stack.size()};
    sigaltstack(&mine, nullptr);
  }
  struct sigaction handler {};
  handler.sa_sigaction = say;
  handler.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (std::size_t i = 0; i < deadly.size(); ++i) sigaction(deadly[i], &handler, &before[i]);
}

last_words::~last_words() {
  for (std::size_t i = 0; i < deadly.size(); ++i) sigaction(deadly[i], &before[i], nullptr);
  now = nullptr;
}

void last_words::are(const std::string& words) {
  auto& next = now == &pages[0] ? pages[1] : pages[0];
  next.size = words.copy(next.text.data(), next.text.size());
  now = &next;
}

}  // namespace souk::sim
