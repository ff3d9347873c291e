// SQLite's page cache, without the walk through all of it that many a commit would begin with.
#pragma once

namespace souk::persistence {

// Which page numbers a cache may hold.
class page_numbers {
public:
  void fetched(unsigned number) {
    if (number > highest_) highest_ = number;
  }
  // A page got another number. One that is above all others is mostly a place to put a page for a moment.
  void moved(unsigned from, unsigned to) {
    if (from > highest_ && aside_ > 0) --aside_;
    if (to > highest_) ++aside_;
  }
  void cut_off(unsigned limit) {
    if (may_reach(limit)) highest_ = limit > 0 ? limit - 1 : 0;
    aside_ = 0;
  }
  // False only when all are below.
  bool may_reach(unsigned limit) const { return highest_ >= limit || aside_ > 0; }

private:
  unsigned highest_ = 0;
  unsigned aside_ = 0;
};

// When SQLite splits a page of a tree it may swap the numbers of pages, by way of a number that no page has: from then
// on its cache takes that for its highest, and when the transaction ends it looks at every page it holds for those
// behind the end of the file, of which there are none. With a full cache of 16,000 pages that was a fifth of all work. To
// be called before SQLite is first used; where that is too late, it is only slow.
void use_quick_page_cache();

}  // namespace souk::persistence
