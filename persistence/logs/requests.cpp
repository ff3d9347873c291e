// Keeps and finds the answers to callers' idempotency keys.
#include "persistence/logs/requests.hpp"

namespace souk::persistence {

namespace {
// Only what was done or refused for good is kept: an answer is a value like any other.
struct kept {
  verdict what{};
  reason why{};
  std::string detail;
  reply body;
  SOUK_FIELDS(kept, what, why, detail, body);
};
}  // namespace

std::optional<answer> requests::known(std::string_view key, std::uint64_t print) {
  return find_.first(
      [&](auto row) {
        if (static_cast<std::uint64_t>(row.integer(0)) != print)
          return refuse(reason::key_reused, "the same Idempotency-Key came with another body");
        auto first = unpack<kept>(row.text(1));
        return answer{first.what, first.why, true, std::move(first.detail), std::move(first.body)};
      },
      key);
}

void requests::keep(std::string_view key, std::uint64_t print, const answer& first) {
  const auto bytes = pack(kept{first.what, first.why, first.detail, first.body});
  save_.run(key, static_cast<std::int64_t>(print), blob{bytes});
}

}  // namespace souk::persistence
