// A part that is mostly not there: eight bytes in its owner when it is not, so that the many do not pay for the few.
#pragma once

#include <memory>
#include <utility>

namespace souk {

template <class T>
class rare {
public:
  rare() = default;
  rare(T what) : it_(std::make_unique<T>(std::move(what))) {}
  rare(const rare& other) : it_(other.it_ ? std::make_unique<T>(*other.it_) : nullptr) {}
  rare(rare&&) noexcept = default;
  rare& operator=(const rare& other) { return *this = rare{other}; }
  rare& operator=(rare&&) noexcept = default;

  explicit operator bool() const { return it_ != nullptr; }
  T& operator*() { return *it_; }
  const T& operator*() const { return *it_; }
  T* operator->() { return it_.get(); }
  const T* operator->() const { return it_.get(); }
  T& emplace() { return *(it_ = std::make_unique<T>()); }
  void reset() { it_.reset(); }

  friend bool operator==(const rare& a, const rare& b) { return a && b ? *a == *b : !a && !b; }

private:
  std::unique_ptr<T> it_;
};

}  // namespace souk
