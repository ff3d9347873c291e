// A value that many hold and nobody changes: copying it copies a pointer.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace souk {

template <class T>
class shared {
public:
  shared() = default;
  shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}

  const T& operator*() const { return value_ ? *value_ : nothing(); }
  const T* operator->() const { return &**this; }
  // Of a list.
  auto begin() const { return (**this).begin(); }
  auto end() const { return (**this).end(); }
  bool empty() const { return (**this).empty(); }
  std::size_t size() const { return (**this).size(); }
  const auto& front() const { return (**this).front(); }
  friend bool operator==(const shared& a, const shared& b) { return a.value_ == b.value_ || *a == *b; }

private:
  static const T& nothing() {
    static const T none{};
    return none;
  }

  std::shared_ptr<const T> value_;
};

}  // namespace souk
