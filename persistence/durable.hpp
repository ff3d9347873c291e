// Makes what was written into files outlive a power loss.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace souk::persistence {

// A file's content, or a directory's names. Throws std::system_error.
void make_durable(const std::filesystem::path& file);
// The first bytes of a file, or all of it, byte by byte, whoever has it locked. Throws std::system_error.
void copy_durably(const std::filesystem::path& from, const std::filesystem::path& to, std::int64_t upto = INT64_MAX);
// Gives a file this content: all of it, or what it had before. Throws std::system_error: then it is either of the two,
// and a power loss may still make it the other one.
void write_durably(const std::filesystem::path& file, std::string_view bytes);

}  // namespace souk::persistence
