// Whether a sanitizer looks on: it makes everything slow, and keeps what was freed.
#pragma once

namespace souk::tests {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool looks_for_races = true;
#else
inline constexpr bool looks_for_races = false;
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool keeps_what_was_freed = true;
#else
inline constexpr bool keeps_what_was_freed = false;
#endif

}  // namespace souk::tests
