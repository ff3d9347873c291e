// The payment providers that a node can be told to use: souk's own, or one behind an HTTP endpoint.
//
// What such an endpoint is asked, each as often as need be; KEY is the order's number:
//
//   PUT  .../charges/KEY         {"user":"ann","amount":1299,"currency":"GBP"}; the key's first charge stands
//   GET  .../charges/KEY         404: the key is not known
//   PUT  .../charges/KEY/void    kills the key, unless something was captured
//   PUT  .../charges/KEY/refund  gives back what was captured, once
//
// It answers {"state": "processing" | "captured" | "declined" | "voided" | "refunded"}, with 2xx, or with 402 or 409
// when that is not what was asked for. Whatever else it says, or does not say in time, counts as not known.
#pragma once

#include <chrono>
#include <string>

#include "actors/runtime/provider.hpp"

namespace souk::edge {

struct provider_options {
  std::string currency = "GBP";
  // Shorter than a saga's patience with a step, so that a lost answer is asked for before the saga gives up.
  std::chrono::milliseconds timeout{2'500};
};

// "internal" is none: souk books by itself. Throws std::invalid_argument naming what is wrong.
runtime::provider_maker make_provider_maker(const std::string& where, provider_options options = {});

}  // namespace souk::edge
