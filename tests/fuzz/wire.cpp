// Letters from another node: bytes are refused, or become words that can be sent on and mean the same.
#include "actors/runtime/wire.hpp"

#include "tests/fuzz/target.hpp"

using namespace souk;
using fuzz::must;

namespace {

template <class T>
bool goes_on(std::string_view input, T& word) {
  if (!read_bytes(input, word)) return false;
  const auto again = bytes_of(word);
  T second;
  must(read_bytes(again, second) && bytes_of(second) == again, "a word that was read can be sent on");
  return true;
}

// What a node does with words before it looks into them.
void deliver(const envelope& mail) {
  for (const auto& one : mail.letters) {
    const auto to = address_of(one.command);
    must(static_cast<std::size_t>(to.domain) < domain_count, "a letter goes to a domain that there is");
  }
}
void deliver(const responses& mail) {
  for (const auto& one : mail.list) must(!to_text(one.answer.why).empty(), "a reason has a name");
}

}  // namespace

SOUK_FUZZ_TARGET(wire) {
  switch (fuzz::chosen(input, 6)) {
    case 0:
    case 1:
      if (envelope mail; goes_on(input, mail)) deliver(mail);
      break;
    case 2:
      if (responses mail; goes_on(input, mail)) deliver(mail);
      break;
    case 3: {
      begin word;
      goes_on(input, word);
      break;
    }
    case 4: {
      follow word;
      goes_on(input, word);
      break;
    }
    default:
      if (progress word; goes_on(input, word))
        for (const auto& one : word.timeline) must(!to_text(one.why).empty(), "a reason has a name");
  }
}
