// Writes events to a MongoDB collection, one document each: _id is the event's id, so that what comes again replaces
// what is there.
//
// A document counts when a majority of the replica set has it in its journal.
#include <mongoc/mongoc.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "actors/edge/cloud_event.hpp"
#include "actors/edge/sinks/all.hpp"
#include "actors/edge/sinks/waves.hpp"

namespace souk::edge::sinks {

namespace {

// Where it is loaded the library shares its counters in memory under the process's number, and takes that name away at
// an orderly end only: each kill -9 would leave one, until there is no room. Nobody looks at them.
[[maybe_unused]] const int nothing_left = ::shm_unlink(("/mongoc-" + std::to_string(::getpid())).c_str());

// The library, as long as the process lives.
void begin_library() {
  static const struct library {
    library() {
      mongoc_init();
      mongoc_log_set_handler(
          [](mongoc_log_level_t, const char*, const char* text, void*) { spdlog::debug("mongodb: {}", text); },
          nullptr);
    }
    ~library() { mongoc_cleanup(); }
  } begun;
}

template <class Thing, void (*destroy)(Thing*)>
struct destroyer {
  void operator()(Thing* it) const { destroy(it); }
};
using owned_bulk =
    std::unique_ptr<mongoc_bulk_operation_t, destroyer<mongoc_bulk_operation_t, mongoc_bulk_operation_destroy>>;
using owned_client = std::unique_ptr<mongoc_client_t, destroyer<mongoc_client_t, mongoc_client_destroy>>;
using owned_collection =
    std::unique_ptr<mongoc_collection_t, destroyer<mongoc_collection_t, mongoc_collection_destroy>>;
using owned_uri = std::unique_ptr<mongoc_uri_t, destroyer<mongoc_uri_t, mongoc_uri_destroy>>;

// No unique_ptr: the type's alignment makes it no good template argument.
class owned_bson {
public:
  explicit owned_bson(bson_t* it = nullptr) : it_(it) {}
  owned_bson(owned_bson&& other) noexcept : it_(std::exchange(other.it_, nullptr)) {}
  owned_bson& operator=(owned_bson&& other) noexcept {
    std::swap(it_, other.it_);
    return *this;
  }
  ~owned_bson() {
    if (it_) bson_destroy(it_);
  }
  bson_t* get() const { return it_; }

private:
  bson_t* it_;
};

// Write errors that are about the server, although it blames a document: not the primary any more, shutting down,
// interrupted, no right to write, no disk.
bool is_about_the_server(std::int64_t code) {
  static constexpr std::array<std::int64_t, 15> about{6,    7,     13,    50,    89,    91,    189,  262,
                                                      9001, 10107, 11600, 11602, 13435, 13436, 14031};
  return std::find(about.begin(), about.end(), code) != about.end();
}

owned_bson from_json(std::string_view text) {
  bson_error_t why;
  auto* made =
      bson_new_from_json(reinterpret_cast<const std::uint8_t*>(text.data()), static_cast<ssize_t>(text.size()), &why);
  if (!made) throw std::runtime_error(std::string{"mongodb: "} + why.message);
  return owned_bson{made};
}

void append(bson_t* to, std::string_view name, std::string_view value) {
  bson_append_utf8(to, name.data(), static_cast<int>(name.size()), value.data(), static_cast<int>(value.size()));
}

owned_bson document_of(const cloud_event& event) {
  owned_bson out{bson_new()};
  for (const auto& [name, value] : attributes(event)) {
    const auto when = name == "time" ? parse_moment(value) : std::nullopt;
    if (when)
      bson_append_date_time(out.get(), name.data(), static_cast<int>(name.size()), when->ms);
    else
      append(out.get(), name == "id" ? "_id" : name, value);
  }
  append(out.get(), "datacontenttype", cloud_event_data_type);
  BSON_APPEND_DOCUMENT(out.get(), "data", from_json(event.data).get());
  return out;
}

// One element of the writeErrors and writeConcernErrors of a reply.
struct complaint {
  std::int64_t index = -1, code = 0;
  std::string text;
};
std::vector<complaint> complaints(const bson_t& reply, const char* name) {
  std::vector<complaint> found;
  bson_iter_t at, list;
  if (!bson_iter_init_find(&at, &reply, name) || !BSON_ITER_HOLDS_ARRAY(&at) || !bson_iter_recurse(&at, &list))
    return found;
  while (bson_iter_next(&list)) {
    complaint one;
    bson_iter_t member;
    if (!BSON_ITER_HOLDS_DOCUMENT(&list) || !bson_iter_recurse(&list, &member)) continue;
    while (bson_iter_next(&member)) {
      const std::string_view key = bson_iter_key(&member);
      if (key == "index") one.index = bson_iter_as_int64(&member);
      if (key == "code") one.code = bson_iter_as_int64(&member);
      if (key == "errmsg" && BSON_ITER_HOLDS_UTF8(&member)) one.text = bson_iter_utf8(&member, nullptr);
    }
    found.push_back(std::move(one));
  }
  return found;
}
std::int64_t figure(const bson_t& reply, const char* name) {
  bson_iter_t at;
  return bson_iter_init_find(&at, &reply, name) ? bson_iter_as_int64(&at) : 0;
}

class mongodb_sink final : public wave_sink {
public:
  mongodb_sink(std::string uri, std::string database, std::string collection)
      : uri_(std::move(uri)), database_(std::move(database)), name_(std::move(collection)) {}

protected:
  std::string send(wave events, std::uint32_t source, std::span<fate> into) override {
    if (!client_) connect();
    const owned_bulk bulk{mongoc_collection_create_bulk_operation_with_opts(collection_.get(), bulk_options_.get())};
    const auto upsert = from_json(R"({"upsert":true})");
    bson_error_t why{};
    for (const auto* one : events) {
      const auto event = describe(*one, source);
      const owned_bson selector{bson_new()};
      append(selector.get(), "_id", event.id);
      if (!mongoc_bulk_operation_replace_one_with_opts(bulk.get(), selector.get(), document_of(event).get(),
                                                       upsert.get(), &why))
        throw std::runtime_error(std::string{"mongodb: "} + why.message);
    }
    bson_t reply;
    const bool well = mongoc_bulk_operation_execute(bulk.get(), &reply, &why) != 0;
    auto trouble = judge(reply, well, why, into);
    bson_destroy(&reply);
    if (!trouble.empty()) forget();
    return trouble;
  }

private:
  void connect() {
    begin_library();
    bson_error_t why{};
    const owned_uri uri{mongoc_uri_new_with_error(uri_.c_str(), &why)};
    client_.reset(uri ? mongoc_client_new_from_uri_with_error(uri.get(), &why) : nullptr);
    if (!client_) throw std::runtime_error(std::string{"mongodb: "} + why.message);
    mongoc_client_set_error_api(client_.get(), MONGOC_ERROR_API_VERSION_2);
    collection_.reset(mongoc_client_get_collection(client_.get(), database_.c_str(), name_.c_str()));
    bulk_options_ = from_json(R"({"ordered":false,"writeConcern":{"w":"majority","j":true,"wtimeout":)" +
                              std::to_string(patience.count()) + "}}");
  }
  void forget() {
    collection_.reset();
    client_.reset();
  }

  // Says what became of each document. A document is known to have arrived only when the reply accounts for all.
  std::string judge(const bson_t& reply, bool well, const bson_error_t& why, std::span<fate> into) {
    std::string trouble;
    std::size_t refused = 0;
    for (const auto& one : complaints(reply, "writeErrors")) {
      ++refused;
      const auto text = std::to_string(one.code) + ' ' + one.text;
      if (is_about_the_server(one.code) || one.index < 0 || static_cast<std::size_t>(one.index) >= into.size())
        trouble = "mongodb: " + text;
      else
        into[static_cast<std::size_t>(one.index)] = {fate::is::rejected, text};
    }
    const auto taken = figure(reply, "nMatched") + figure(reply, "nUpserted");
    const bool all_answered = taken + static_cast<std::int64_t>(refused) == static_cast<std::int64_t>(into.size());
    const auto kept_back = complaints(reply, "writeConcernErrors");
    if (!kept_back.empty()) trouble = "mongodb: " + kept_back.front().text;
    if (kept_back.empty() && all_answered) {
      if (trouble.empty()) fill(into, fate::is::arrived);
      return trouble;
    }
    // Too large for the server: the library sends nothing then, and does not say which one it is in a way to rely on.
    if (!well && why.domain == MONGOC_ERROR_BSON) {
      if (into.size() > 1)
        fill(into, fate::is::doubtful);
      else
        into[0] = {fate::is::rejected, why.message};
      return {};
    }
    if (trouble.empty())
      trouble = std::string{"mongodb: "} + (well ? "the reply does not say what was written" : why.message);
    return trouble;
  }
  static void fill(std::span<fate> all, fate::is what) {
    for (auto& one : all)
      if (one.what == fate::is::unknown) one.what = what;
  }

  std::string uri_, database_, name_;
  owned_client client_;
  owned_collection collection_;
  owned_bson bulk_options_;
};

// Narrower than the server is, so that no name needs quoting anywhere.
bool is_plain(std::string_view text, std::string_view also) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || also.find(c) != also.npos;
  });
}

}  // namespace

runtime::sink_maker mongodb(const std::string& where) {
  const auto to = parse_cluster(where, "mongodb");
  const auto dot = to.path.find('.');
  const auto database = to.path.substr(0, dot);
  const auto collection = dot == to.path.npos ? "" : to.path.substr(dot + 1);
  if (!is_plain(database, "_-") || database.size() > 63) refuse(where, "without a database of letters, digits, _ or -");
  if (!is_plain(collection, "_-.") || collection.front() == '.' || collection.back() == '.' ||
      collection.find("..") != collection.npos || collection.starts_with("system.") || to.path.size() > 120)
    refuse(where, "without a collection of letters, digits, _ - or .");
  const auto ms = std::to_string(patience.count());
  const auto uri = "mongodb://" + to.hosts + "/?appname=souk&connectTimeoutMS=" + ms + "&socketTimeoutMS=" + ms +
                   "&serverSelectionTimeoutMS=" + ms;
  return [uri, database, collection] { return std::make_unique<mongodb_sink>(uri, database, collection); };
}

}  // namespace souk::edge::sinks
