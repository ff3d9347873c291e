// Draws progress and decides when to draw it.
#include "tools/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>

#include "tools/table.hpp"

namespace souk::tools {

namespace {

constexpr const char* green = "\x1b[32m";
constexpr const char* plain = "\x1b[0m";
constexpr const char* clear_line = "\r\x1b[K";

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : value;
}

// The first of the three that is set decides, as in every program with a locale.
bool speaks_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto value = variable(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != value.npos || value.find("utf8") != value.npos;
  }
  return false;
}

// 0:07, 3:20, 1:02:03
std::string clock_text(double seconds) {
  if (!(seconds < 359999)) return "99:59:59";
  const auto all = static_cast<int>(seconds + 0.5);
  const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  if (all < 3600) return std::to_string(all / 60) + ':' + two(all % 60);
  return std::to_string(all / 3600) + ':' + two(all / 60 % 60) + ':' + two(all % 60);
}

std::string rate_text(double rate) {
  if (!(rate >= 0) || rate > 1e15) return "?/s";
  if (rate >= 10 || rate == 0) return grouped(std::llround(rate)) + "/s";
  const auto tenths = std::llround(rate * 10);
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + "/s";
}

double share_of(const position& at) {
  return std::min(1.0, static_cast<double>(at.done) / static_cast<double>(at.total));
}

// The columns that are left over hold the bar.
std::string bar(double share, std::size_t columns, const screen& on) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(columns));
  std::string text = on.colour ? green : "";
  for (std::size_t i = 0; i < full; ++i) text += on.utf8 ? "\u2588" : "#";
  if (on.colour) text += plain;
  for (std::size_t i = full; i < columns; ++i) text += on.utf8 ? "\u2591" : "-";
  return on.utf8 ? text : "[" + text + "]";
}

}  // namespace

screen standard_error(bool quiet) {
  screen on;
  on.live = isatty(STDERR_FILENO) != 0 && variable("TERM") != "dumb";
  if (quiet && !on.live) return on;
  on.out = &std::cerr;
  on.colour = on.live && variable("NO_COLOR").empty();  // no-color.org: set and not empty
  on.utf8 = speaks_utf8();
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) on.width = size.ws_col;
  return on;
}

std::string progress_line(const std::string& title, const position& at, const screen& on) {
  std::string figures = grouped(at.done);
  if (at.total > 0) {
    // 100% only when all is done: 99.9% rounded up would be a promise.
    const auto percent = static_cast<int>(share_of(at) * 100);
    figures = std::to_string(percent) + "% " + figures + '/' + grouped(at.total);
  }
  figures += "  " + rate_text(at.rate) + "  ";
  if (at.ended)
    figures += "in " + clock_text(at.elapsed_s);
  else if (at.total > at.done && at.rate > 0)
    figures += clock_text(static_cast<double>(at.total - at.done) / at.rate) + " left";
  else
    figures += clock_text(at.elapsed_s);

  // One column stays free: some terminals wrap when the last one is written.
  const auto room = static_cast<std::size_t>(std::max(on.width, 20)) - 1;
  const std::size_t used = width_of(title) + 1 + figures.size();
  constexpr std::size_t bar_min = 10;
  constexpr std::size_t bar_max = 40;
  if (on.live && at.total > 0 && used + bar_min + 3 <= room)
    return title + ' ' + bar(share_of(at), std::min(bar_max, room - used - 3), on) + ' ' + figures;
  if (on.live && used > room) return figures.substr(0, room);
  return title + ' ' + figures;
}

progress::progress(std::string title, std::uint64_t total, screen on, clock::time_point now)
    : title_(std::move(title)), on_(on), began_(now), shown_(now), rate_from_(now) {
  at_.total = total;
  if (on_.out != nullptr && on_.live) show(now);
}

progress::~progress() {
  const std::lock_guard lock{mutex_};
  if (drawn_) *on_.out << '\n' << std::flush;
}

void progress::advance(std::uint64_t more, clock::time_point now) {
  const std::lock_guard lock{mutex_};
  if (at_.ended) return;
  at_.done += more;
  if (on_.out != nullptr && now - shown_ >= (on_.live ? redraw_pause : line_pause)) show(now);
}

void progress::note(const std::string& text) {
  const std::lock_guard lock{mutex_};
  if (on_.out == nullptr) return;
  if (std::exchange(drawn_, false)) *on_.out << clear_line;
  *on_.out << text << '\n' << std::flush;  // the next advance draws the bar again
}

void progress::finish(clock::time_point now) {
  const std::lock_guard lock{mutex_};
  if (std::exchange(at_.ended, true) || on_.out == nullptr) return;
  show(now);
  if (std::exchange(drawn_, false)) *on_.out << '\n' << std::flush;
}

void progress::show(clock::time_point now) {
  using seconds = std::chrono::duration<double>;
  at_.elapsed_s = seconds{now - began_}.count();
  // At the end the mean counts; on the way what happened of late, or the time left would lag behind.
  const double window = seconds{now - rate_from_}.count();
  if (at_.ended) {
    at_.rate = at_.elapsed_s > 0 ? static_cast<double>(at_.done) / at_.elapsed_s : 0;
  } else if (window > 0 && (window >= 1 || rate_from_ == began_)) {
    const double fresh = static_cast<double>(at_.done - rate_done_) / window;
    at_.rate = rate_from_ == began_ ? fresh : 0.7 * at_.rate + 0.3 * fresh;
    if (window >= 1) {
      rate_from_ = now;
      rate_done_ = at_.done;
    }
  }
  shown_ = now;
  const std::string text = progress_line(title_, at_, on_);
  if (on_.live)
    *on_.out << clear_line << text << std::flush;
  else
    *on_.out << text << '\n' << std::flush;
  drawn_ = on_.live;
}

}  // namespace souk::tools
