// Reads the console's commands from a terminal, one after the other.
#include "tools/admin/prompt.hpp"

#include <editline/readline.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>

#include "actors/sagas/plans.hpp"
#include "messages/grammar/ids.hpp"
#include "messages/order.hpp"

extern char** environ;

namespace souk::tools::admin {

namespace {

constexpr int history_max = 500;
constexpr const char* leaving[]{"quit", "exit"};

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in{line};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// A key is nobody's history, however it was given: --key souk_..., --key=souk_..., SOUK_KEY=souk_...
bool names_a_key(const std::string& word) {
  if (word.starts_with("--key")) return true;
  const std::string begins = "souk_";
  for (auto at = word.find(begins); at != word.npos; at = word.find(begins, at + 1)) {
    const auto next = at + begins.size();
    if (next == word.size()) return false;
    const char c = word[next];
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') return true;
  }
  return false;
}

// The ids that a command could be about; a node that does not answer has none.
std::vector<std::string> open_sagas(const wish& wanted, const std::string& prefix) {
  std::vector<std::string> ids;
  if (!prefix.empty() && !is_name(prefix)) return ids;
  try {
    console node{wanted};
    const auto found = node.ask("GET", "/v1/admin/sagas?limit=100" + (prefix.empty() ? "" : "&prefix=" + prefix));
    for (const auto& one : found.at("data")) ids.push_back(one.at("id").get<std::string>());
  } catch (const refusal&) {
  } catch (const std::exception&) {
  }
  return ids;
}

std::vector<std::string> designs_there_are() {
  std::vector<std::string> names;
  for (std::size_t flow = 0; flow < order::flows; ++flow)
    names.emplace_back(sagas::plan_of(static_cast<order::flow>(flow)).name());
  return names;
}

// libedit calls plain functions.
const CLI::App* the_verbs = nullptr;
const wish* the_wish = nullptr;
std::vector<std::string> found;

char* next_found(const char*, int nth) {
  static std::size_t at = 0;
  if (nth == 0) at = 0;
  return at < found.size() ? ::strdup(found[at++].c_str()) : nullptr;
}
char** complete(const char* word, int, int end) {
  rl_attempted_completion_over = 1;  // no file is meant
  found = completions(*the_verbs, *the_wish, std::string{rl_line_buffer, static_cast<std::size_t>(end)});
  return found.empty() ? nullptr : rl_completion_matches(word, next_found);
}

// Ctrl-C is for the command, not for the prompt.
int run(const std::vector<std::string>& words) {
  std::vector<std::string> line{"souk", "admin"};
  line.insert(line.end(), words.begin(), words.end());
  std::vector<char*> pointers;
  for (auto& one : line) pointers.push_back(one.data());
  pointers.push_back(nullptr);
  posix_spawnattr_t with;
  posix_spawnattr_init(&with);
  sigset_t usual;
  sigemptyset(&usual);
  sigaddset(&usual, SIGINT);
  posix_spawnattr_setsigdefault(&with, &usual);
  posix_spawnattr_setflags(&with, POSIX_SPAWN_SETSIGDEF);
  const auto before = std::signal(SIGINT, SIG_IGN);
  pid_t child = 0;
  int status = 0;
  const int failed = ::posix_spawn(&child, "/proc/self/exe", nullptr, &with, pointers.data(), environ);
  posix_spawnattr_destroy(&with);
  if (!failed) ::waitpid(child, &status, 0);
  std::signal(SIGINT, before);
  if (failed) std::cerr << "souk admin: it cannot be started\n";
  return failed || !WIFEXITED(status) ? 1 : WEXITSTATUS(status);
}

}  // namespace

std::vector<std::string> completions(const CLI::App& verbs, const wish& wanted, const std::string& line) {
  auto words = words_of(line);
  const std::string last = line.empty() || line.back() == ' ' ? std::string{} : words.back();
  if (!last.empty()) words.pop_back();
  // Which command it is, as far as that was said.
  const auto* of = &verbs;
  for (const auto& word : words) {
    const auto next = of->get_subcommands([&](const CLI::App* one) { return one->get_name() == word; });
    if (!next.empty()) of = next.front();
  }
  std::vector<std::string> all;
  const auto* option = words.empty() ? nullptr : of->get_option_no_throw(words.back());
  if (option && option->get_expected_min() > 0) {
    if (words.back() == "--state") all = {"open", "running", "compensating", "parked", "completed", "compensated"};
    if (words.back() == "--kind") all = {"order", "stock", "coupon", "money", "payment", "cart", "place", "seat"};
    if (words.back() == "--flow" || words.back() == "--design") all = designs_there_are();
  } else if (last.starts_with('-')) {
    for (const auto* one : of->get_options())
      for (const auto& name : one->get_lnames()) all.push_back("--" + name);
  } else {
    for (const auto* one : of->get_subcommands([](const CLI::App*) { return true; })) all.push_back(one->get_name());
    if (of == &verbs) all.insert(all.end(), {"help", leaving[0]});
    const auto* about = of->get_option_no_throw("ID");
    if (about && about->get_positional()) all = open_sagas(wanted, last);
    if (of->get_option_no_throw("DESIGN")) all = designs_there_are();
  }
  std::erase_if(all, [&](const auto& one) { return !one.starts_with(last); });
  std::sort(all.begin(), all.end());
  return all;
}

int prompt(const CLI::App& verbs, const wish& wanted) {
  // What was said once need not be said again.
  ::setenv("SOUK_NODE", wanted.node.c_str(), 1);
  if (!wanted.key.empty()) ::setenv("SOUK_KEY", wanted.key.c_str(), 1);
  const char* home = std::getenv("HOME");
  const std::string file = home && *home ? std::string{home} + "/.souk_history" : std::string{};
  the_verbs = &verbs;
  the_wish = &wanted;
  rl_initialize();
  rl_attempted_completion_function = complete;
  using_history();
  stifle_history(history_max);
  if (!file.empty()) read_history(file.c_str());
  std::cout << "souk at " << wanted.node << ": help says what there is, Tab completes, quit leaves" << std::endl;
  int code = 0;
  for (;;) {
    const std::unique_ptr<char, decltype(&std::free)> line{readline("souk> "), std::free};
    if (!line) break;
    std::vector<std::string> words;
    try {
      words = CLI::detail::split_up(line.get());
    } catch (const std::exception& why) {
      std::cerr << "souk admin: " << why.what() << '\n';
      continue;
    }
    if (words.empty()) continue;
    if (std::find(std::begin(leaving), std::end(leaving), words[0]) != std::end(leaving)) return code;
    if (std::none_of(words.begin(), words.end(), names_a_key)) {
      add_history(line.get());
      if (!file.empty() && write_history(file.c_str()) == 0) ::chmod(file.c_str(), S_IRUSR | S_IWUSR);
    }
    if (words[0] == "help") words[0] = "--help";
    if (wanted.output != "text") words.insert(words.end(), {"-o", wanted.output});
    code = run(words);
  }
  std::cout << '\n';
  return code;
}

}  // namespace souk::tools::admin
