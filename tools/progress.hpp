// Shows how far long work has come: a bar that redraws itself on a terminal, a line now and then in a log.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <ostream>
#include <string>

namespace souk::tools {

// Where the progress is shown. The default constructed one shows nothing.
struct screen {
  std::ostream* out = nullptr;
  bool live = false;  // a terminal: redraw one line in place
  bool colour = false;
  bool utf8 = false;  // whether the bar may use block characters
  int width = 80;     // columns
};

// Standard error as it is right now: terminal or not, NO_COLOR, TERM, locale, width.
// quiet: show nothing when it is no terminal.
screen standard_error(bool quiet);

// How far the work is.
struct position {
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0: not known beforehand, then neither percent nor time left is shown
  double elapsed_s = 0;
  double rate = 0;  // of late, per second
  bool ended = false;
};

// One line about it, without a line end, never wider than the screen: "orders [####----] 50% 68/136 ...".
// On a screen that is not live there is no bar.
std::string progress_line(const std::string& title, const position& at, const screen& on);

// Counts work and shows it: on a live screen at most ten times a second, else at most every five seconds
// and once at the end. May be told from several threads.
class progress {
public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds redraw_pause{100};
  static constexpr std::chrono::milliseconds line_pause{5000};

  progress(std::string title, std::uint64_t total, screen on, clock::time_point now = clock::now());
  ~progress();  // leaves the last drawing as it stands and ends its line
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  void advance(std::uint64_t more = 1, clock::time_point now = clock::now());
  // A whole line of text for people, without tearing the bar.
  void note(const std::string& text);
  // The work is over: shows the last state and the mean rate. Later calls change nothing.
  void finish(clock::time_point now = clock::now());

private:
  void show(clock::time_point now);

  std::mutex mutex_;
  const std::string title_;
  const screen on_;
  const clock::time_point began_;
  clock::time_point shown_;
  position at_;
  clock::time_point rate_from_;  // the rate is measured over at least a second,
  std::uint64_t rate_done_ = 0;  // from this moment and count on
  bool drawn_ = false;           // the cursor stands at the end of a drawn bar
};

}  // namespace souk::tools
