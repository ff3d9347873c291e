// The counter: where the clients of a play ask. They are there before and after a node is killed behind it, and ask
// again by the same key until they are answered, or until their patience is at its end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "actors/runtime/node.hpp"
#include "actors/runtime/stage.hpp"
#include "tools/sim/histories.hpp"
#include "tools/sim/situations.hpp"

namespace souk::sim {

class counter {
public:
  using hear = std::function<void(const answer&)>;

  counter(runtime::stage& on, std::uint64_t seed, situations& seen) : stage_(on), dice_(seed), seen_(seen) {}

  // tries: 0 means until it is answered. One who gives up hears that it was lost.
  void ask(command what, hear then, int tries = 0);
  // Of the question whose answer is being heard.
  const asking& heard() const { return heard_; }

  void open(runtime::node& node);
  void close();  // the node is gone; who was waiting asks the next one

  std::size_t waiting() const;
  std::vector<command> open_questions() const;

private:
  struct question {
    command what;
    hear then;
    int tries_left = 0;  // 0: endless
    bool again = false;
    bool out = false;  // the node has it
    bool settled = false;
    asking when;
  };
  void send(const std::shared_ptr<question>& one);
  void settle(const std::shared_ptr<question>& one, const answer& said);

  runtime::stage& stage_;
  std::mt19937_64 dice_;
  situations& seen_;
  runtime::node* node_ = nullptr;
  std::vector<std::shared_ptr<question>> open_;
  asking heard_;
};

}  // namespace souk::sim
