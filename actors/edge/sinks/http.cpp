// Posts events to an HTTP endpoint, one a request.
#include "actors/edge/http.hpp"

#include <unordered_set>

#include "actors/edge/cloud_event.hpp"
#include "actors/edge/sinks/all.hpp"

namespace souk::edge::sinks {

namespace {

class http_sink final : public runtime::sink {
public:
  explicit http_sink(const url& where) : target_(where.target), client_(where.host, where.port) {}

  runtime::delivery deliver(const order::events& events) override {
    runtime::delivery done;
    std::unordered_set<number> rejected;  // an order whose event was rejected gets no later one before it
    for (const auto& one : events.list) {
      if (rejected.contains(one.subject)) {
        done.rejected.push_back({one.seq, {}});
        ++done.tried;
        continue;
      }
      try {
        const auto said = client_.request("POST", target_, {{"content-type", "application/cloudevents+json"}},
                                          structured(describe(one, events.source)), std::chrono::seconds{5});
        // Busy and unavailable are about the endpoint, not about this event.
        if (said.status == 429 || (said.status >= 502 && said.status <= 504)) {
          done.outage = "the endpoint answers " + std::to_string(said.status);
          return done;
        }
        if (said.status >= 300) {
          done.rejected.push_back({one.seq, std::to_string(said.status) + ' ' + said.body.substr(0, 200)});
          rejected.insert(one.subject);
        }
      } catch (const http_unreachable& trouble) {
        done.outage = trouble.what();
        return done;
      }
      ++done.tried;
    }
    return done;
  }

private:
  std::string target_;
  http_client client_;
};

}  // namespace

runtime::sink_maker http(const std::string& where) {
  const auto to = parse_url(where);
  if (!to) refuse(where, "not like http://HOST:PORT/PATH");
  return [to] { return std::make_unique<http_sink>(*to); };
}

}  // namespace souk::edge::sinks
