// Errands to a payment provider, by those who may wait for it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
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
  using on_back = std::function<void(errand&&)>;  // from any thread

  virtual ~errands() = default;  // waits for those who are out
  virtual void send(errand what) = 0;
  // The errand of this order, if nobody has gone yet, is now this one.
  virtual void change(const errand& what) = 0;
};
using errands_maker = std::function<std::unique_ptr<errands>(const provider_maker&, errands::on_back)>;

// Several threads at once, so that a slow provider serialises nobody.
class errand_threads final : public errands {
public:
  errand_threads(unsigned threads, const provider_maker& make, on_back back);
  ~errand_threads() override;
  errand_threads(const errand_threads&) = delete;
  errand_threads& operator=(const errand_threads&) = delete;

  void send(errand what) override;
  void change(const errand& what) override;

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
