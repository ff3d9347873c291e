// What stores keep as bytes: damaged ones are noticed, and what is read can be kept again.
#include "messages/cart.hpp"
#include "messages/event_log.hpp"
#include "messages/grammar/pack.hpp"
#include "messages/order.hpp"
#include "messages/payment.hpp"
#include "tests/fuzz/target.hpp"

using namespace souk;
using fuzz::must;

namespace {

template <class T>
void kept(std::string_view input) {
  T what;
  try {
    what = unpack<T>(input);
  } catch (const damaged_bytes&) {
    return;
  }
  const auto again = pack(what);
  must(pack(unpack<T>(again)) == again, "what was read can be kept and read again");
  if constexpr (std::is_same_v<T, std::vector<order::happening>>)
    for (const auto& one : what) must(!to_text(one.why).empty(), "a reason has a name");
}

}  // namespace

SOUK_FUZZ_TARGET(stored) {
  switch (fuzz::chosen(input, 6)) {
    case 0: return kept<order::brief>(input);
    case 1: return kept<std::vector<order::happening>>(input);
    case 2: return kept<std::vector<order::event>>(input);
    case 3: return kept<std::vector<payment::change>>(input);
    case 4: return kept<std::vector<cart::item>>(input);
    default: return kept<std::vector<event_log::event>>(input);
  }
}
