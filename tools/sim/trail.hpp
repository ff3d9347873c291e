// The trail of one case through a play: every letter about it, what became of it, and who fell meanwhile.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <tuple>

#include "actors/runtime/stage.hpp"

namespace souk::sim {

struct followed {
  number id;
  std::string request;  // that opened the case: before it has a number
  order::flow flow{};
  std::function<void(const std::string& line)> tell;
};

// order::place order-17: what is asked, and under which key, where it has one.
std::string name_of(const command& what);

class trail {
public:
  trail(const runtime::stage& on, followed of) : stage_(on), of_(std::move(of)) {}

  void departs(const runtime::passage& it);
  void arrives(const runtime::passage& it);
  void note(const std::string& what);

private:
  void look(const runtime::passage& it, const std::string& fate);
  void look_at_letters(const runtime::passage& it, const std::string& way, const std::string& fate);
  void look_at_answers(const runtime::passage& it, const std::string& way, const std::string& fate);

  const runtime::stage& stage_;
  followed of_;
  std::set<std::tuple<std::string, std::string, std::uint64_t>> asked_;  // who, whom, under which ticket
};

}  // namespace souk::sim
