// What must be true when an on-sale is over: every seat with its payment, every penny, every place, the ranking.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/onsale/board.hpp"
#include "tools/onsale/storm.hpp"
#include "tools/onsale/visitor.hpp"

namespace souk::onsale {

class reckoning {
public:
  reckoning(booth& at, const std::string& schedule, const hall& in, const std::vector<visitor>& who,
            const board::look& seats)
      : booth_(at), schedule_(schedule), hall_(in), visitors_(who), seats_(seats) {}

  void into(result& all);

private:
  void seats(result& all);
  void wallets(result& all) const;
  void places(result& all) const;
  std::string ranking_differs(std::int64_t expected);

  booth& booth_;
  const std::string& schedule_;
  const hall& hall_;
  const std::vector<visitor>& visitors_;
  const board::look& seats_;
};

}  // namespace souk::onsale
