// A request on its way: what was asked, and the right to answer it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "actors/edge/access.hpp"
#include "actors/edge/gateway.hpp"
#include "actors/edge/http.hpp"
#include "actors/edge/json.hpp"
#include "actors/edge/live.hpp"
#include "actors/edge/problem.hpp"
#include "actors/edge/watchman.hpp"
#include "actors/runtime/front.hpp"
#include "messages/grammar/trace_parent.hpp"

namespace souk::edge {

// What all requests share. It outlives the gateway as long as one of them is open.
class hall {
public:
  hall(runtime::node& node, gateway_options options) : options_(std::move(options)), node_(&node) {}

  const gateway_options& options() const { return options_; }
  // False when the gateway has closed: then nobody was asked.
  bool ask(command&& what, const runtime::ask_options& how, runtime::hear&& then);
  std::uint64_t follow(number saga, runtime::watch_progress&& then);  // 0: likewise
  void unfollow(number saga, std::uint64_t ticket);
  // The node, unless the gateway has closed; it stays while `use` runs.
  bool with_node(const std::function<void(runtime::node&)>& use);
  void close();

  moment now() const { return clock_->now(); }
  std::int64_t steady_ms() const { return clock_->steady_ms(); }  // of deadlines
  std::uint32_t shards(domain of) const { return shards_[static_cast<std::size_t>(of)]; }
  const shard_counts& shards() const { return shards_; }

  // Somebody has keys, so that everybody needs one.
  bool guarded() const;

  // One more order in flight, if there is room. What no coordinator runs has a bound of its own: where it stands still,
  // because somebody who is to hear of it cannot, the other designs go on.
  bool admit();
  bool admit_by_events();
  void leave() { in_flight_.fetch_sub(1, std::memory_order_relaxed); }

  struct counts {
    std::array<std::atomic<std::int64_t>, 6> answered{};  // by hundreds of the status
    std::atomic<std::int64_t> shed{0};
  };
  counts counted;
  runtime::latencies took;  // orders, from their coming to their answer
  std::int64_t in_flight() const { return in_flight_; }
  std::atomic<bool> draining{false};
  std::function<server_counts()> server;  // set before the first request
  const std::unique_ptr<edge::live> live = std::make_unique<edge::live>(*this);
  std::unique_ptr<edge::watchman> watchman;  // set with the gateway, if there is to be one
  // By design: what was placed before it is late.
  std::vector<moment> late_before() const;

private:
  friend class gateway;
  const gateway_options options_;
  std::shared_mutex door_;
  runtime::node* node_;  // none: closed
  std::shared_ptr<const runtime::clock> clock_;
  shard_counts shards_{};
  std::atomic<std::int64_t> in_flight_{0};
};

// The right to answer one request; a copy is the same right. If the last copy goes without an answer, the caller hears
// that something broke.
class call {
public:
  using answer_to = std::function<void(http_response&&)>;

  call(std::shared_ptr<edge::hall> hall, responder to, entrance at);
  call(std::shared_ptr<edge::hall> hall, answer_to to, entrance at);

  edge::hall& hall() const { return *state_->hall; }

  void answer(http_response&& what) const;
  void answer(problem& what) const { answer(what.take()); }
  void answer(problem&& what) const { answer(what.take()); }
  void answer(unsigned status, std::string&& json, bool replayed = false) const;
  // Only over a connection.
  std::optional<event_stream> open_stream() const;

  // What the request is, as far as the access log may know it, and which trace it continues.
  void note(std::string_view method, std::string_view route, std::string_view traceparent) const;
  // The caller's; none when he said none that is valid.
  const trace_parent& trace() const { return state_->trace; }
  // The same, as what it causes carries it on.
  rare<trace_parent> continued() const { return trace() ? rare{trace()} : rare<trace_parent>{}; }

  // Whether the route is there for whoever came in by this entrance.
  bool serves(const guard& route) const;
  // False: the caller has no key, or none that may do this, and that is the answer.
  bool let_in(const guard& route, std::string_view authorization) const;
  // The caller; none while nobody needs a key.
  const identity* who() const { return state_->who.get(); }
  // Whether he would still be let in: for what lasts longer than an answer.
  bool is_welcome() const;
  bool owns(std::string_view user) const { return !state_->who || state_->who->owns(user); }

  // Counts as an order in flight until it is answered. False: there is no room, and that is the answer.
  bool admit() const;
  bool admit(order::flow flow) const;  // and for this design

  // Asks; `then` hears whatever came back.
  void ask(command what, const runtime::ask_options& how, runtime::hear then) const;
  // Asks for one thing; what is refused or lost becomes the answer, and `then` is not called.
  template <class Body, class Then>
  void want(command what, Then then, const runtime::ask_options& how = {}) const {
    ask(std::move(what), how, [self = *this, then = std::move(then)](souk::answer&& said) mutable {
      if (!said.done()) return self.answer_no(said);
      if constexpr (std::is_void_v<Body>)
        then(said.replayed);
      else
        then(std::move(std::get<Body>(said.body)), said.replayed);
    });
  }
  // Likewise for a thing that has a user: another's is not there for the caller, as if `name` named nothing.
  template <class Body, class Then>
  void want_own(command what, std::string name, Then then) const {
    want<Body>(std::move(what),
               [self = *this, name = std::move(name), then = std::move(then)](Body&& found, bool replayed) mutable {
                 if (!self.owns(found.user.text)) return self.answer_no(refuse(reason::not_found, std::move(name)));
                 then(std::move(found), replayed);
               });
  }
  // Asks every shard of a domain; `then` hears all pages, in the order of the shards.
  template <class Page, class Then>
  void want_all(domain of, const command& what, Then then) const {
    struct gathering {
      std::vector<Page> pages;
      std::atomic<std::uint32_t> missing;
    };
    const auto shards = hall().shards(of);
    auto all = std::make_shared<gathering>();
    all->pages.resize(shards);
    all->missing = shards;
    for (std::uint32_t s = 0; s < shards; ++s)
      want<Page>(command{what},
                 [all, s, then](Page&& page, bool) mutable {
                   all->pages[s] = std::move(page);
                   if (--all->missing == 0) then(std::move(all->pages));
                 },
                 {.shard = s});
  }
  // Asks every shard of a domain the same, or what `what` answers for the shard; `then` hears what each of them said,
  // in their order, be it no or nothing.
  template <class What, class Then>
  void ask_all(domain of, const What& what, Then then) const {
    struct gathering {
      std::vector<souk::answer> said;
      std::atomic<std::uint32_t> missing;
    };
    const auto shards = hall().shards(of);
    auto all = std::make_shared<gathering>();
    all->said.resize(shards);
    all->missing = shards;
    for (std::uint32_t s = 0; s < shards; ++s)
      ask(question_for(what, s), {.shard = s}, [all, s, then](souk::answer&& said) mutable {
        all->said[s] = std::move(said);
        if (--all->missing == 0) then(std::move(all->said));
      });
  }
  // As want_all, for what is of use also without some of it. What is refused, or that all were silent, is the answer.
  template <class Page>
  struct heard {
    std::vector<Page> pages;
    std::vector<std::size_t> shards;  // whose pages these are
    std::vector<std::string> silent;  // the others, by name
  };
  template <class Page, class What, class Then>
  void want_what_is_there(domain of, const What& what, Then then) const {
    ask_all(of, what, [self = *this, of, then](std::vector<souk::answer>&& said) mutable {
      heard<Page> all;
      for (std::size_t s = 0; s < said.size(); ++s) {
        if (said[s].what == verdict::refused) return self.answer_no(said[s]);
        if (said[s].done()) {
          all.pages.push_back(std::move(std::get<Page>(said[s].body)));
          all.shards.push_back(s);
        } else {
          all.silent.push_back(std::string{souk::to_text(of)} + '/' + std::to_string(s));
        }
      }
      if (all.pages.empty()) return self.answer_no(said.front());
      then(std::move(all));
    });
  }
  void answer_no(const souk::answer& said) const;

private:
  template <class What>
  static command question_for(const What& what, std::uint32_t shard) {
    if constexpr (std::is_invocable_v<const What&, std::uint32_t>)
      return what(shard);
    else
      return command{what};
  }
  call(std::shared_ptr<edge::hall> hall, entrance at);

  struct state {
    std::shared_ptr<edge::hall> hall;
    entrance at{};
    std::string_view method = "other", route;
    trace_parent trace;
    std::chrono::steady_clock::time_point came;
    std::shared_ptr<const identity> who;  // before the handler runs, then no more
    responder socket;
    answer_to in_process;  // none: over a connection
    std::atomic<bool> answered{false};
    bool admitted = false;
    std::chrono::steady_clock::time_point since;  // if it was
    ~state();
    void log(unsigned status, std::size_t bytes) const;
    void send(http_response&& what);
  };
  std::shared_ptr<state> state_;
};

struct route;

// What was asked, as long as the handler runs; what is needed later is copied.
struct asked {
  const http_request& request;
  const edge::route& route;
  std::string_view query;
  std::array<std::string, 2> id;  // of the path, decoded
  std::string key;                // Idempotency-Key, or nothing
  moment at;

  // Reads the body; when it is not what `read` asks for, that is the answer, and it is false.
  bool read(const call& c, const std::function<void(fields&)>& read, bool may_be_missing = false) const;
  // The number in the path; when it is none, there is nothing of that name, and that is the answer.
  std::optional<number> number_in_path(const call& c) const;
  // The first value of a query parameter, decoded.
  std::optional<std::string> parameter(std::string_view name) const;
  // ?limit=, from 1 to 1000; nothing when it is wrong, and that is the answer.
  std::optional<std::uint32_t> limit(const call& c, std::uint32_t otherwise = 100) const;
  // How long the caller waits for an order's end: Prefer: wait=SECONDS, respond-async.
  std::int64_t wait_ms(const gateway_options& options) const;
};

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank);

}  // namespace souk::edge
