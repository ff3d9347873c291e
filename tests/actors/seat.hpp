// Seats a domain in front of a real file, as its desk does, without any actor; and seats it anew.
#pragma once

#include <memory>
#include <utility>

#include "actors/domains/brain.hpp"
#include "tests/temporary.hpp"

namespace souk::tests {

// Extra: what else the domain is made with.
template <class Domain, auto... Extra>
class seat {
public:
  explicit seat(std::uint32_t shard = 0) : shard_(shard) { again(); }

  // One command in one transaction.
  answer say(const command& what) {
    brain_->file().begin();
    auto said = brain_->decide(what);
    early_ = brain_->rung_early();
    if (brain_->file().writes()) brain_->before_commit();
    brain_->file().commit();
    late_ = brain_->put_off();
    rung_ = brain_->rung();
    begun_ = brain_->begun();
    return said;
  }
  // What `make` answers for 0 to n-1, all of it in one transaction.
  template <class Make>
  void say_many(int n, Make make) {
    brain_->file().begin();
    for (int i = 0; i < n; ++i) (void)brain_->decide(make(i));
    if (brain_->file().writes()) brain_->before_commit();
    brain_->file().commit();
    begun_ = brain_->begun();
  }
  // A batch that is not committed: the desk falls before, but after what may be answered early.
  template <class Early>
  void say_in_vain(const command& what, Early&& early) {
    brain_->file().begin();
    (void)brain_->decide(what);
    early();
    if (brain_->file().writes()) brain_->before_commit();
    brain_->file().rollback();
    again();
  }
  void say_in_vain(const command& what) {
    say_in_vain(what, [] {});
  }
  // The desk falls and is seated anew: only the file is left.
  void again() {
    brain_.reset();
    persistence::open_options options;
    options.path = folder_.file("store.db");
    if constexpr (std::is_constructible_v<Domain, const persistence::open_options&, std::uint32_t, decltype(Extra)...>)
      brain_ = std::make_unique<Domain>(options, shard_, Extra...);
    else
      brain_ = std::make_unique<Domain>(options, Extra...);
    begun_ = brain_->begun();
  }

  Domain& brain() { return *brain_; }
  const std::optional<domains::later>& late() const { return late_; }
  const std::vector<std::int64_t>& rung() const { return rung_; }
  const std::vector<std::int64_t>& rung_early() const { return early_; }
  const std::vector<order::brief>& begun() const { return begun_; }

private:
  temporary_folder folder_;
  std::uint32_t shard_;
  std::unique_ptr<Domain> brain_;
  std::optional<domains::later> late_;
  std::vector<std::int64_t> rung_, early_;
  std::vector<order::brief> begun_;
};

// By value: what was said is mostly a temporary.
template <class T>
T body(answer said) {
  return std::get<T>(std::move(said.body));
}

inline number saga(std::int64_t n) { return {n << 8}; }
inline constexpr moment noon{1'790'000'000'000};

}  // namespace souk::tests
