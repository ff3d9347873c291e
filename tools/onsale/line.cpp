// Keeps the line.
#include "tools/onsale/line.hpp"

namespace souk::onsale {

line::line(std::vector<visitor>& all) : here_(all.size()) {
  for (auto& one : all) waiting_.push(&one);
}

visitor* line::next() {
  std::unique_lock hold{mutex_};
  moved_.wait(hold, [&] { return !waiting_.empty() || here_ == 0; });
  if (here_ == 0) return nullptr;
  auto* first = waiting_.top();
  waiting_.pop();
  return first;
}

void line::back(visitor& who) {
  const std::lock_guard hold{mutex_};
  waiting_.push(&who);
  moved_.notify_one();
}

void line::gone() {
  const std::lock_guard hold{mutex_};
  if (here_ > 0 && --here_ == 0) moved_.notify_all();
}

void line::close() {
  const std::lock_guard hold{mutex_};
  here_ = 0;
  moved_.notify_all();
}

}  // namespace souk::onsale
