// Posts events to an HTTP endpoint, one a request.
#include "actors/edge/http.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "actors/edge/cloud_event.hpp"
#include "actors/edge/sinks/all.hpp"

namespace souk::edge::sinks {

namespace {

enum class meaning : std::uint8_t { arrived, rejected, doubtful, outage };

// What an answer says of the event that it is an answer to.
meaning meaning_of(unsigned status) {
  // The endpoint itself is busy, or behind one that does not reach it.
  static constexpr std::array outages{408U, 425U, 429U, 502U, 503U, 504U};
  // The endpoint is somewhere else, or wants to know who we are.
  static constexpr std::array strangers{401U, 403U, 404U, 405U, 407U, 410U};
  const auto is_one_of = [status](const auto& all) { return std::find(all.begin(), all.end(), status) != all.end(); };
  if (status < 300) return meaning::arrived;
  if (is_one_of(outages)) return meaning::outage;
  return status < 400 || status >= 500 || is_one_of(strangers) ? meaning::doubtful : meaning::rejected;
}

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
        const auto what = meaning_of(said.status);
        if (what == meaning::outage) {
          done.outage = "the endpoint answers " + std::to_string(said.status);
          return done;
        }
        if (what != meaning::arrived) {
          done.rejected.push_back(
              {one.seq, std::to_string(said.status) + ' ' + said.body.substr(0, 200), what == meaning::doubtful});
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
