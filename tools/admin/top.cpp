// The whole screen, once a second: what is parked first, then how orders go and how the desks are.
//
// Plain ANSI and a terminal in raw mode. Keys: j k move, enter tells the story of the saga under the cursor, / and some
// letters that of whichever begins with them, q leaves.
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <optional>
#include <utility>

#include "tools/admin/console.hpp"

namespace souk::tools::admin {

namespace {

volatile std::sig_atomic_t interrupted = 0;

// The terminal as we need it, and afterwards as it was.
class raw_screen {
public:
  raw_screen() {
    tcgetattr(STDIN_FILENO, &usual_);
    auto raw = usual_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    std::signal(SIGINT, [](int) { interrupted = 1; });
    std::signal(SIGTERM, [](int) { interrupted = 1; });
    std::cout << "\x1b[?1049h\x1b[?25l" << std::flush;  // a screen of our own, no cursor
  }
  ~raw_screen() {
    std::cout << "\x1b[?25h\x1b[?1049l" << std::flush;
    tcsetattr(STDIN_FILENO, TCSANOW, &usual_);
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
  }

private:
  termios usual_{};
};

struct size {
  std::size_t rows = 24, columns = 80;
};
size size_of_screen() {
  winsize now{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) != 0 || now.ws_row == 0) return {};
  return {now.ws_row, now.ws_col};
}

// The key that was pressed within so long, or 0.
char key_within(std::chrono::milliseconds most) {
  pollfd in{STDIN_FILENO, POLLIN, 0};
  char key = 0;
  if (poll(&in, 1, static_cast<int>(most.count())) > 0 && read(STDIN_FILENO, &key, 1) != 1) key = 'q';
  return key;
}

class painter {
public:
  painter() : coloured_(!std::getenv("NO_COLOR") || !*std::getenv("NO_COLOR")) {}

  std::string bold(const std::string& text) const { return styled("1", text); }
  std::string red(const std::string& text) const { return styled("31;1", text); }
  std::string green(const std::string& text) const { return styled("32", text); }
  std::string turned(const std::string& text) const { return "\x1b[7m" + text + "\x1b[0m"; }

  void line(const std::string& text = {}) { lines_.push_back(text); }
  void lines(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      line(text.substr(at, end - at));
      at = end + 1;
    }
  }
  std::size_t count() const { return lines_.size(); }
  void mark(std::size_t at) {
    if (at < lines_.size()) lines_[at] = turned(lines_[at]);
  }

  // The screen's last line, whatever else is on it.
  void ask(const std::string& text) { last_ = text; }

  void show() {
    const auto screen = size_of_screen();
    if (!last_.empty()) {
      lines_.resize(screen.rows);
      lines_.back() = bold(std::exchange(last_, {}));
    }
    std::string out = "\x1b[H";
    for (std::size_t i = 0; i < screen.rows; ++i) {
      if (i < lines_.size()) out += cut(lines_[i], screen.columns);
      out += "\x1b[0m\x1b[K";
      if (i + 1 < screen.rows) out += "\r\n";
    }
    std::cout << out << std::flush;
    lines_.clear();
  }

private:
  std::string styled(const char* how, const std::string& text) const {
    return coloured_ ? "\x1b[" + std::string{how} + 'm' + text + "\x1b[0m" : text;
  }
  // So many columns; what says how to draw takes none.
  static std::string cut(const std::string& line, std::size_t columns) {
    std::string out;
    std::size_t taken = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\x1b') {
        const auto end = std::min(line.find('m', i), line.size() - 1);
        out += line.substr(i, end - i + 1);
        i = end;
        continue;
      }
      if ((line[i] & 0xc0) != 0x80 && ++taken > columns) break;
      out += line[i];
    }
    return out;
  }

  bool coloured_;
  std::vector<std::string> lines_;
  std::string last_;
};

std::string number_of(const ordered_json& of, const char* member) {
  const auto n = of.value(member, 0.0);
  const auto whole = static_cast<std::int64_t>(n * 10 + 0.5);
  return whole % 10 ? grouped(whole / 10) + '.' + std::to_string(whole % 10) : grouped(whole / 10);
}

class screen {
public:
  screen(console& node, const wish& wanted) : node_(node), wanted_(wanted) {}

  void run() {
    const raw_screen ours;
    while (!interrupted) {
      tried([this] {
        now_ = node_.ask("GET", "/v1/admin/live");
        trouble_.clear();
        untold_.push_back(now_["outbox"].value("untold", std::int64_t{0}));
        if (untold_.size() > untold_kept) untold_.pop_front();
        if (!story_.is_null()) tell(console::cell(story_, "id"));
      });
      for (const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{900};;) {
        draw();
        const auto left = end - std::chrono::steady_clock::now();
        if (left.count() <= 0 || interrupted) break;
        const auto key =
            key_within(std::chrono::duration_cast<std::chrono::milliseconds>(left) + std::chrono::milliseconds{1});
        if (key == 'q' && !typed_) return;
        tried([this, key] { press(key); });
      }
    }
  }

private:
  // Whatever is wrong with the node is what is looked for here: it is said, and looked at again.
  template <class Look>
  void tried(Look&& look) {
    try {
      look();
    } catch (const edge::http_unreachable& why) {
      trouble_ = std::string{"out of reach: "} + why.what();
    } catch (const refusal& why) {
      trouble_ = why.text;
    }
  }

  std::size_t parked() const { return now_.contains("parked") ? now_["parked"].size() : 0; }

  void press(char key) {
    said_.clear();
    if (typed_) return type(key);
    if (key == '/') typed_.emplace();
    if (key == 'j' && at_ + 1 < parked()) ++at_;
    if (key == 'k' && at_ > 0) --at_;
    if (key == '\n' || key == '\r') {
      if (!story_.is_null()) {
        story_ = nullptr;
      } else if (at_ < parked()) {
        tell(console::cell(now_["parked"][at_], "id"));
      }
    }
  }

  // Of many ended ones it takes a while: any key ends it.
  void look_further(const std::string& so_far) {
    said_ = "looking for it, down to " + so_far + " by now; any key: no more";
    draw();
    if (interrupted || key_within(std::chrono::milliseconds{0})) throw refusal{3, "none was found down to " + so_far};
  }

  void tell(const std::string& id) { story_ = node_.ask("GET", "/v1/admin/sagas/" + id); }

  // The first letters of a saga, until enter; escape forgets them.
  void type(char key) {
    constexpr char escape = '\x1b', erase = '\x7f', backspace = '\b';
    if (key == '\n' || key == '\r') {
      const auto prefix = *std::exchange(typed_, std::nullopt);
      if (prefix.empty()) return;
      try {
        tell(resolved(node_, prefix, [this](const std::string& so_far) { look_further(so_far); }));
        said_.clear();
      } catch (const refusal& why) {
        said_ = why.text;
      }
    } else if (key == escape) {
      typed_.reset();
    } else if (key == erase || key == backspace) {
      if (!typed_->empty()) typed_->pop_back();
    } else if (std::isalnum(static_cast<unsigned char>(key)) && typed_->size() < 13) {
      *typed_ += key;
    }
  }

  // Events on their way are nothing to speak of; that they do not get fewer for so long is.
  bool platform_lags() const {
    return untold_.size() == untold_kept && untold_.front() > 0 && std::is_sorted(untold_.begin(), untold_.end());
  }

  void draw() {
    if (!story_.is_null())
      draw_story();
    else
      draw_all();
    if (typed_) paint_.ask("first letters of a saga: /" + *typed_);
    if (!said_.empty()) paint_.ask(said_);
    paint_.show();
  }

  void draw_story() {
    if (!trouble_.empty()) paint_.line(paint_.red(trouble_));
    paint_.line(paint_.bold(console::cell(story_, "id")) + "  " + console::cell(story_, "flow") + "  " +
                console::cell(story_, "saga") + "  user " + console::cell(story_, "user"));
    table steps{{{"ms", side::right}, {"step"}, {"what"}, {"reason"}}};
    for (const auto& one : story_.at("timeline"))
      steps.row({console::cell(one, "ms"), console::cell(one, "step"), console::cell(one, "what"),
                 console::cell(one, one.contains("because") ? "because" : "reason")});
    paint_.lines(steps.text());
    paint_.line();
    if (story_.contains("parked"))
      paint_.line(paint_.red("it stands still at " +
                             std::string{story_["parked"].value("undoing", false) ? "undo " : ""} +
                             console::cell(story_, "parked.step") + ": " + console::cell(story_, "parked.reason") +
                             " from " + console::cell(story_, "parked.domain")));
    else
      paint_.line(paint_.green("it is " + console::cell(story_, "state")));
    if (story_.contains("parked"))
      for (const auto& [name, may] : story_["parked"]["repairs"].items())
        if (may.value("allowed", false))
          paint_.line("souk admin " + name + ' ' + console::cell(story_, "id") + " --reason TEXT [--dry-run]");
    paint_.ask("enter: back   /: another   q: quit");
  }

  void draw_all() {
    if (now_.is_null()) return paint_.line(trouble_.empty() ? "asking " + wanted_.node : paint_.red(trouble_));
    const bool ready = now_.value("ready", false);
    paint_.line(paint_.bold("souk ") + wanted_.node + "  " +
                (trouble_.empty() ? (ready ? paint_.green("ready") : paint_.red("not ready")) : paint_.red(trouble_)) +
                "  " + console::cell(now_, "at"));
    const auto& orders = now_["orders"];
    std::string ends;
    for (const auto& [how, n] : orders["ends_s"].items())
      if (n.get<double>() > 0) ends += "  " + how + ' ' + number_of(orders["ends_s"], how.c_str()) + "/s";
    paint_.line("orders " + number_of(orders, "placed_s") + "/s" + ends + "   p50 " +
                number_of(now_["latency_ms"], "p50") + " ms  p99 " + number_of(now_["latency_ms"], "p99") + " ms");
    const auto& sagas = now_["sagas"];
    const auto stand = sagas.value("parked", std::int64_t{0});
    paint_.line("sagas  running " + console::cell(sagas, "running") + "  compensating " +
                console::cell(sagas, "compensating") + "  " +
                (stand ? paint_.red("parked " + grouped(stand)) : "parked 0") + "  late " +
                grouped(sagas.value("late", std::int64_t{0})) + "  oldest " +
                duration(sagas.value("oldest_ms", std::int64_t{0})));
    const auto& log = now_["event_log"];
    const auto dead = log.value("dead", std::int64_t{0}) + now_["outbox"].value("dead", std::int64_t{0});
    const auto untold = "not told to the platform " + grouped(now_["outbox"].value("untold", std::int64_t{0}));
    paint_.line("event log lag " + console::cell(log, "lag") + "  held " + console::cell(log, "held") + "  " +
                (dead ? paint_.red("dead letters " + grouped(dead)) : "dead letters 0") + "  " +
                (platform_lags() ? paint_.red(untold) : untold));
    if (const auto books = now_.value("audit", ordered_json::object()); !books.empty()) {
      const auto flaws = books.value("flaws", std::int64_t{0});
      paint_.line("books   " +
                  (flaws ? paint_.red(grouped(flaws) + " rows are wrong: " + console::cell(books, "first"))
                         : "no row is wrong") +
                  "  of " + console::cell(books, "rows") + ", round " + console::cell(books, "rounds"));
    }
    for (const auto& one : now_["nodes"])
      if (!one.value("ready", false))
        paint_.line(paint_.red("node    " + console::cell(one, "name") +
                               (one.value("there", false) ? " is not ready" : " is out of reach")));
    for (const auto& one : now_["paused"])
      paint_.line(paint_.red("paused  " + console::cell(one, "design")) + "  " + console::cell(one, "by") + ": " +
                  console::cell(one, "reason"));
    paint_.line();
    if (parked()) {
      at_ = std::min(at_, parked() - 1);
      table rows{{{"parked"}, {"flow"}, {"at"}, {"reason"}, {"user"}, {"age", side::right}}};
      // So many that the desks below them are seen as well.
      constexpr std::size_t others = 26, least = 5;
      const auto screen = size_of_screen().rows;
      const auto room = screen > others + least ? screen - others : least;
      const auto top = at_ < room ? 0 : at_ + 1 - room;
      for (std::size_t i = top; i < std::min(top + room, parked()); ++i) {
        const auto& one = now_["parked"][i];
        rows.row({console::cell(one, "id"), console::cell(one, "flow"),
                  (one["parked"].value("undoing", false) ? "undo " : "") + console::cell(one, "parked.step"),
                  console::cell(one, "parked.reason"), console::cell(one, "user"),
                  duration(one.value("age_ms", std::int64_t{0}))});
      }
      const auto first = paint_.count() + 1;
      const auto text = rows.text();
      paint_.lines(text);
      paint_.mark(first + at_ - top);
    } else {
      paint_.line(paint_.green("nothing is parked"));
    }
    paint_.line();
    table desks{{{"desk"},
                 {"waiting", side::right},
                 {"letters/s", side::right},
                 {"a batch", side::right},
                 {"commits/s", side::right},
                 {"p50 ms", side::right},
                 {"p99 ms", side::right},
                 {"restarts", side::right},
                 {"is"},
                 {"node"}}};
    for (const auto& one : now_["actors"])
      desks.row({console::cell(one, "name"), console::cell(one, "waiting"), number_of(one, "letters_s"),
                 number_of(one, "batch"), number_of(one, "commits_s"), number_of(one, "p50_ms"),
                 number_of(one, "p99_ms"), console::cell(one, "restarts"), console::cell(one, "state"),
                 console::cell(one, "node")});
    paint_.lines(desks.text());
    paint_.ask("j k: move   enter: its story   /: find one   q: quit");
  }

  console& node_;
  const wish& wanted_;
  painter paint_;
  ordered_json now_, story_;
  std::string trouble_;
  static constexpr std::size_t untold_kept = 10;  // seconds
  std::deque<std::int64_t> untold_;               // events, as the last ticks had them
  std::size_t at_ = 0;
  std::optional<std::string> typed_;  // while somebody types
  std::string said_;                  // what came of it
};

}  // namespace

void top(console& node, const wish& wanted) {
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
    throw refusal{2, "top needs a terminal; scripts ask `sagas -o json`"};
  screen{node, wanted}.run();
}

}  // namespace souk::tools::admin
