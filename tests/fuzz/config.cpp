// Configurations: a file is taken as it stands or refused with the place of what is wrong, and so is an address.
#include "node-config/config.hpp"

#include "tests/fuzz/target.hpp"

using namespace souk;
using fuzz::must;

SOUK_FUZZ_TARGET(config) {
  config::node wanted;
  const auto way = fuzz::chosen(input, 8);
  try {
    if (way == 0)
      config::read_address(input, "--http", wanted);
    else if (way == 1)
      config::read_payment_provider(input, "--payment-provider", wanted);
    else
      config::read_text(input, "it.json", wanted);
  } catch (const config::wrong& said) {
    must(std::string_view{said.what()}.size() > 5, "what is wrong is said");
    return;
  }
  must(!wanted.http.host.empty(), "a node listens somewhere");
  must(wanted.coordinators >= 1 && wanted.coordinators <= 64, "coordinators are as many as may be");
  for (const auto n : wanted.shards) must(n >= 1 && n <= 256, "shards are as many as may be");
}
