// An order's saga as a stream of server-sent events: what has happened, what happens, and how it ended.
//
// Two sources meet here. The coordinator tells every step while it runs the saga; it forgets its followers when it
// falls. The order's own desk is sure to know the end, and how far an order is that runs by events: it is asked again
// and again.
#include <mutex>

#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"

namespace souk::edge::orders {

namespace {

constexpr std::int64_t look_again_ms = 500;

class following : public std::enable_shared_from_this<following> {
public:
  following(call c, event_stream to, order::view of) : call_(std::move(c)), to_(std::move(to)), of_(std::move(of)) {}

  void begin() {
    tell(of_.timeline);
    if (of_.ended.ms) return end(of_);
    ticket_ = call_.hall().follow(
        of_.id, [self = shared_from_this()](const runtime_progress& news) { self->tell(news.timeline); });
    watch();
  }

private:
  using runtime_progress = souk::progress;

  // Each happening once, however often the timeline is told.
  void tell(const std::vector<order::happening>& timeline) {
    if (!call_.is_welcome()) return;
    const std::lock_guard hold{mutex_};
    for (; told_ < timeline.size(); ++told_) {
      std::string text;
      append_happening(text, of_, timeline[told_]);
      to_.event(to_text(timeline[told_].what), text, std::to_string(told_ + 1));
    }
  }

  void watch() {
    if (to_.gone() || call_.hall().draining) return leave();
    const auto self = shared_from_this();
    const bool asked = call_.hall().ask(order::watch{of_.id}, {{}, look_again_ms, 0}, [self](answer&&) {
      self->call_.hall().ask(order::find{self->of_.id}, {}, [self](answer&& found) {
        if (!self->call_.is_welcome()) return self->leave();
        const auto* now = std::get_if<order::view>(&found.body);
        if (now && now->ended.ms) return self->end(*now);
        if (now) self->tell(now->timeline);
        self->watch();
      });
    });
    if (!asked) to_.close();
  }

  // Nobody is to keep this until the saga ends, or for ever if its coordinator fell meanwhile.
  void leave() {
    call_.hall().unfollow(of_.id, ticket_);
    to_.close();
  }

  void end(const order::view& now) {
    tell(now.timeline);
    std::string text;
    append_order(text, now, call_.hall().options().currency);
    to_.event("order", text);
    leave();
  }

  call call_;
  event_stream to_;
  const order::view of_;
  std::uint64_t ticket_ = 0;
  std::mutex mutex_;
  std::size_t told_ = 0;
};

}  // namespace

void events(const asked& a, const call& c) {
  const auto id = a.number_in_path(c);
  if (!id) return;
  const auto follow = [c, head = a.request.method == "HEAD"](order::view&& found, bool) {
    if (head) return c.answer(http_response{200, {}, "text/event-stream", {}});
    auto stream = c.open_stream();
    if (!stream) return c.answer(problem{problems::not_a_stream});
    std::make_shared<following>(c, *std::move(stream), std::move(found))->begin();
  };
  c.want_own<order::view>(order::find{*id}, souk::to_text(*id), follow);
}

}  // namespace souk::edge::orders
