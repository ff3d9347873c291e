// Lets a unique_ptr own what a C library made: std::unique_ptr<X509, freeing<X509_free>>.
#pragma once

namespace souk::edge {

template <auto free_it>
struct freeing {
  template <class T>
  void operator()(T* one) const {
    free_it(one);
  }
};

}  // namespace souk::edge
