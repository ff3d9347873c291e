// Errands to a payment provider: threads that may wait for it, several at once, so that a slow provider serialises
// nobody.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actors/runtime/provider.hpp"
#include "messages/payment.hpp"

namespace souk::runtime {

struct errand {
  payment::work work;
  bool doubtful = false;
  std::optional<payment::outcome> outcome;  // none: nobody knows, it is to be done again
  std::string trouble;
};

// What is to be done at the provider for this work, and how it came out.
//
// A charge that may have been made before is looked for first. Calling off begins with looking: what was captured is
// refunded; else the key is forbidden, so that a charge that is still on its way can never be captured; and if it was
// captured in between, it is refunded after all.
errand run_errand(provider& at, errand what);

class errands {
public:
  using on_back = std::function<void(errand&&)>;  // from one of the threads

  errands(unsigned threads, const provider_maker& make, on_back back);
  ~errands();  // waits for those who are out
  errands(const errands&) = delete;
  errands& operator=(const errands&) = delete;

  void send(errand what);
  // The errand of this order, if nobody has gone yet, is now this one.
  void change(const errand& what);

private:
  void work(provider& at);

  on_back back_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<errand> waiting_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace souk::runtime
