// Reads and writes traceparent headers.
#include "messages/grammar/trace_parent.hpp"

namespace souk {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

// Lower case only: upper case is forbidden.
template <class Integer>
bool read_hex(std::string_view text, Integer& into) {
  into = 0;
  for (const char c : text) {
    const auto at = digits.find(c);
    if (at == digits.npos) return false;
    into = static_cast<Integer>(into << 4 | static_cast<Integer>(at));
  }
  return true;
}

void append_hex(std::string& out, std::uint64_t value, unsigned bytes) {
  for (auto shift = bytes * 8; shift > 0;) {
    shift -= 4;
    out += digits[value >> shift & 15U];
  }
}

}  // namespace

std::optional<trace_parent> parse_trace_parent(std::string_view text) {
  // version-trace-parent-flags: 2, 32, 16 and 2 digits.
  constexpr std::size_t size = 55;
  if (text.size() < size || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::uint8_t version = 0;
  trace_parent found;
  if (!read_hex(text.substr(0, 2), version) || version == 0xff) return std::nullopt;
  // A later version may say more, behind one more dash.
  if (text.size() > size && (version == 0 || text[size] != '-')) return std::nullopt;
  if (!read_hex(text.substr(3, 16), found.high) || !read_hex(text.substr(19, 16), found.low) ||
      !read_hex(text.substr(36, 16), found.parent) || !read_hex(text.substr(53, 2), found.flags))
    return std::nullopt;
  if (!found || found.parent == 0) return std::nullopt;
  return found;
}

std::string trace_id_of(const trace_parent& of) {
  std::string out;
  append_hex(out, of.high, 8);
  append_hex(out, of.low, 8);
  return out;
}

std::string to_text(const trace_parent& of) {
  std::string out = "00-" + trace_id_of(of) + '-';
  append_hex(out, of.parent, 8);
  out += '-';
  append_hex(out, of.flags, 1);
  return out;
}

}  // namespace souk
