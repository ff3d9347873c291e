// Last words: a play that ends the whole process, by a failed assertion or worse, still says which it was.
#pragma once

#include <string>

namespace souk::sim {

// While it lives, whatever signal ends the process is preceded by these words on stderr. One at a time.
class last_words {
public:
  last_words();
  ~last_words();
  last_words(const last_words&) = delete;
  last_words& operator=(const last_words&) = delete;

  void are(const std::string& words);
};

}  // namespace souk::sim
