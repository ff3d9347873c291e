// Trace parent: which request of which caller something belongs to, as W3C Trace Context has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "messages/grammar/fields.hpp"

namespace souk {

// The content of a traceparent header. souk records no spans of its own, so it hands on what it was given, unchanged.
struct trace_parent {
  std::uint64_t high = 0, low = 0;  // the trace's id; both 0: none
  std::uint64_t parent = 0;         // the caller's span
  std::uint8_t flags = 0;           // 1: sampled
  SOUK_FIELDS(trace_parent, high, low, parent, flags);
  explicit operator bool() const { return high != 0 || low != 0; }
};

// Version 00, or what a later version says that can be read like it. Nothing when it is not exactly one.
std::optional<trace_parent> parse_trace_parent(std::string_view traceparent);
std::string to_text(const trace_parent& of);      // 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
std::string trace_id_of(const trace_parent& of);  // the 32 digits in the middle

}  // namespace souk
