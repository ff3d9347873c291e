// Reads the seats of the date, page by page.
#include "tools/onsale/board.hpp"

namespace souk::onsale {

std::shared_ptr<const board::look> board::glance() {
  std::unique_lock hold{mutex_};
  if (last_ && (last_->sold_out || looking_ || std::chrono::steady_clock::now() < look_again_)) return last_;
  looking_ = true;
  hold.unlock();
  auto fresh = std::make_shared<const look>(read());
  hold.lock();
  last_ = std::move(fresh);
  look_again_ = std::chrono::steady_clock::now() + age_max;
  looking_ = false;
  return last_;
}

board::look board::read() {
  look all;
  const auto over = over_.load(), begun = begun_.load();  // in this order: were they equal, nobody paid in between
  std::string after;
  for (bool more = true; more;) {
    const auto page = booth_.get("/v1/schedules/" + schedule_ + "/seats?limit=1000" +
                                 (after.empty() ? "" : "&starting_after=" + after));
    if (!page.well()) throw std::runtime_error("the seats: " + page.body.dump());
    for (const auto& one : page.body["data"]) {
      after = one["id"];
      const std::string& state = one["state"].get_ref<const std::string&>();
      if (state == "AVAILABLE") all.free.push_back(after);
      if (state == "RESERVED") all.sold.push_back(after);
    }
    more = page.body["has_more"];
  }
  all.sold_out = all.sold.size() == seats_ && over == begun && begun == begun_;
  return all;
}

}  // namespace souk::onsale
