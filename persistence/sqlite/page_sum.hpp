// The sum of a page, by which rot and torn writes are told from what was written.
#pragma once

#include <cstdint>

namespace souk::persistence {

// As they lie in files, the same on every machine: the lowest byte first.
std::uint64_t word_at(const unsigned char* at);
void put_word(std::uint64_t value, unsigned char* at);

// Of all of a page but its last eight bytes, and of a number that says which page it is: whatever changes within one
// word always changes it.
std::uint64_t sum_of_page(const unsigned char* page, std::uint64_t number);

}  // namespace souk::persistence
