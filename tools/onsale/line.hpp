// Who is looked after next: always the visitor whose token has the lowest place, as he is the next to be let in.
//
// Whoever takes a second number stands at the end again. If he kept a hand busy until then, a few dozen of his kind
// would hold all hands, and those who are let in meanwhile would find nobody.
#pragma once

#include <condition_variable>
#include <mutex>
#include <queue>
#include <vector>

#include "tools/onsale/visitor.hpp"

namespace souk::onsale {

class line {
public:
  explicit line(std::vector<visitor>& all);

  // Waits while nobody stands here, but somebody may come back. Nobody: everybody has gone home.
  visitor* next();
  void back(visitor& who);  // at the place of his token
  void gone();              // one of those whom next() gave has his end
  void close();             // everybody goes home

private:
  struct behind {
    bool operator()(const visitor* a, const visitor* b) const { return a->place > b->place; }
  };

  std::mutex mutex_;
  std::condition_variable moved_;
  std::priority_queue<visitor*, std::vector<visitor*>, behind> waiting_;
  std::size_t here_;  // waiting, or in somebody's hands
};

}  // namespace souk::onsale
