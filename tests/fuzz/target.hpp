// One way into souk, tried with bytes that nobody meant: by the fuzzer, and by a test with what was kept of its inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace souk::fuzz {

struct target {
  const char* name;  // of its corpus as well
  void (*take)(std::string_view input);
};
inline std::vector<target>& targets() {
  static std::vector<target> all;
  return all;
}

// A promise of what is tried. One that is not kept is a finding, as an overrun is.
inline void must(bool kept, const char* promise) {
  if (!kept) throw std::logic_error(std::string{"not kept: "} + promise);
}

// The first byte chooses between several things to do with the rest.
inline unsigned chosen(std::string_view& input, unsigned ways) {
  if (input.empty()) return 0;
  const auto which = static_cast<unsigned char>(input.front()) % ways;
  input.remove_prefix(1);
  return which;
}

}  // namespace souk::fuzz

// SOUK_FUZZ_TARGET(json) { ... input ... }
#ifdef SOUK_FUZZING
#define SOUK_FUZZ_TARGET(name)                                                         \
  static void take_##name(std::string_view input);                                     \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);  \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) { \
    take_##name({reinterpret_cast<const char*>(bytes), size});                         \
    return 0;                                                                          \
  }                                                                                    \
  static void take_##name([[maybe_unused]] std::string_view input)
#else
#define SOUK_FUZZ_TARGET(name)                             \
  static void take_##name(std::string_view input);         \
  [[maybe_unused]] static const bool known_##name = [] {   \
    souk::fuzz::targets().push_back({#name, take_##name}); \
    return true;                                           \
  }();                                                     \
  static void take_##name([[maybe_unused]] std::string_view input)
#endif
