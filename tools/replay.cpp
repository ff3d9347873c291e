// The command line of the replay, and its summary.
#include "tools/replay.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "actors/edge/sinks.hpp"
#include "actors/runtime/node.hpp"
#include "actors/sagas/plans.hpp"
#include "persistence/sqlite/store_file.hpp"
#include "tools/at_rest.hpp"
#include "tools/command_line.hpp"
#include "tools/replay/player.hpp"
#include "tools/table.hpp"

namespace souk::tools {

namespace {

namespace fs = std::filesystem;
using replay::kind;

enum exit_code : int {
  balanced = 0,
  unbalanced = 1,
  usage = 2,
  no_file = 3,
  conflict = 4,
  out_of_reach = 5,
  damaged = 65
};

// An own node in a directory that is given, or in one of its own that goes when it goes.
class own_node {
public:
  explicit own_node(const std::string& data)
      : temporary_(data.empty()),
        data_(temporary_ ? fs::temp_directory_path() / ("souk-replay-" + std::to_string(getpid())) : fs::path{data}) {
    fs::create_directories(data_);
    runtime::node_options options;
    options.data = data_.string();
    options.make_sink = edge::make_sink_maker("file:" + (data_ / "platform.jsonl").string());
    node_ = std::make_unique<runtime::node>(std::move(options));
  }
  ~own_node() {
    node_.reset();
    std::error_code ignored;
    if (temporary_) fs::remove_all(data_, ignored);
  }
  own_node(const own_node&) = delete;
  own_node& operator=(const own_node&) = delete;

  runtime::front& front() { return node_->front(); }

private:
  bool temporary_;
  fs::path data_;
  std::unique_ptr<runtime::node> node_;
};

void print_bad_rows(const replay::history& past) {
  constexpr std::size_t shown_max = 100;
  const auto& rows = past.bad_rows;
  for (std::size_t i = 0; i < rows.size() && i < shown_max; ++i)
    std::cerr << rows[i].source << ':' << rows[i].number << ": " << rows[i].reason << '\n';
  if (rows.size() > shown_max) std::cerr << "and " << rows.size() - shown_max << " more bad rows\n";
}

std::string code_of(const product_id& product) { return replay::stock_code_of(product.text).value_or(product.text); }

nlohmann::ordered_json best_in_json(const std::vector<ranking::seller>& best, std::int64_t ranking::seller::*units) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& one : best) list.push_back({{"product", code_of(one.product)}, {"units", one.*units}});
  return list;
}

std::string summary_in_json(const replay::history& past, const replay::result& all) {
  const auto& totals = past.totals;
  const auto rounded = [](double x) { return std::round(x * 1000) / 1000; };
  nlohmann::ordered_json said;
  said["orders"] = totals.sale.documents;
  said["lines"] = totals.sale.lines;
  said["units"] = totals.sale.units;
  said["gross"] = totals.gross;
  said["net"] = totals.net;
  said["returns"] = totals.cancellation.documents;
  said["returned"] = totals.returned;
  said["completed"] = all.completed;
  said["failed"] = nlohmann::ordered_json::object();
  for (const auto& [reason, n] : all.failed) said["failed"][reason] = n;
  said["returns_completed"] = all.returns_completed;
  said["replayed"] = all.known;
  said["skipped"] = {{"writeoff", totals.writeoff.documents},
                     {"adjustment", totals.adjustment.documents},
                     {"bad_row", past.bad_rows.size()}};
  said["best_sellers"] = best_in_json(all.best, &ranking::seller::units);
  said["best_sellers_net"] = best_in_json(all.best_net, &ranking::seller::net);
  said["customers"] = totals.customers;
  said["products"] = totals.products;
  said["reconciled"] = all.reconciled();
  said["comparisons"] = nlohmann::ordered_json::array();
  for (const auto& one : all.comparisons)
    said["comparisons"].push_back({{"what", one.what}, {"holds", one.holds()}, {"differs", one.differs}});
  said["orders_per_s"] = std::round(all.documents_per_s);
  said["p50_ms"] = rounded(all.p50_ms);
  said["p99_ms"] = rounded(all.p99_ms);
  return said.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string summary_in_words(const replay::history& past, const replay::result& all) {
  const auto& totals = past.totals;
  const auto with_thousands = [](auto number) { return grouped(static_cast<std::int64_t>(number)); };
  table books{{{"", side::left},
               {"documents", side::right},
               {"lines", side::right},
               {"units", side::right},
               {"pounds", side::right}}};
  const auto row = [&](const char* name, const replay::kind_totals& of) {
    books.row({name, grouped(of.documents), grouped(of.lines), grouped(of.units), pounds(of.pence)});
  };
  row("orders", totals.sale);
  row("returns", totals.cancellation);
  if (totals.writeoff.documents) row("write-offs, not played", totals.writeoff);
  if (totals.adjustment.documents) row("adjustments, not played", totals.adjustment);
  books.row(
      {"in the file", grouped(totals.documents), grouped(totals.lines), grouped(totals.net_units), pounds(totals.net)});

  table ends{{{"", side::left}, {"", side::right}}};
  ends.row({"orders completed", grouped(all.completed)});
  for (const auto& [reason, n] : all.failed) ends.row({"orders failed: " + reason, grouped(n)});
  ends.row({"returns completed", grouped(all.returns_completed)});
  if (all.known) ends.row({"of these played before", grouped(all.known)});
  if (!past.bad_rows.empty()) ends.row({"bad rows", with_thousands(past.bad_rows.size())});
  ends.row({"customers", grouped(totals.customers)});
  ends.row({"products", grouped(totals.products)});
  ends.row({"orders and returns a second", with_thousands(std::llround(all.documents_per_s))});
  const auto ms = [](double x) {
    return std::to_string(std::llround(x * 10) / 10) + '.' + std::to_string(std::llround(x * 10) % 10);
  };
  ends.row({"p50, p99 in ms", ms(all.p50_ms) + ", " + ms(all.p99_ms)});

  table best{{{"best sellers", side::left}, {"units", side::right}, {"less returns", side::right}}};
  for (const auto& one : all.best) best.row({code_of(one.product), grouped(one.units), grouped(one.net)});

  std::string text = books.text() + '\n' + ends.text() + '\n' + best.text() + '\n';
  for (const auto& one : all.comparisons)
    text += one.holds() ? "holds    " + one.what + '\n' : "DIFFERS  " + one.what + ": " + one.differs + '\n';
  text += all.reconciled() ? "The books balance.\n" : "The books do NOT balance.\n";
  return text;
}

int fail(exit_code code, const std::string& why) {
  std::cerr << "souk replay: " << why << '\n';
  return code;
}

}  // namespace

int replay_orders(const replay_options& options) {
  const auto flow = sagas::find_flow(options.flow);
  if (!flow || !order::sells_goods(*flow))
    return fail(usage, "no flow is called " + options.flow + "; there are " + sagas::names_of_sales());
  std::vector<edge::url> addresses;
  std::istringstream nodes{options.node};
  for (std::string one; std::getline(nodes, one, ',');) {
    const auto address = edge::parse_url(one);
    if (!address) return fail(usage, "--node wants http://HOST:PORT, not " + one);
    addresses.push_back(*address);
  }
  std::vector<fs::path> files;
  for (const auto& one : options.files) {
    if (!fs::exists(one)) return fail(no_file, one + " is not there");
    files.emplace_back(one);
  }
  try {
    const auto past = replay::read_history(files);
    print_bad_rows(past);
    replay::play_options how;
    how.in_flight = options.in_flight;
    how.stock = options.stock;
    how.funds = options.funds;
    how.flow = *flow;
    if (!options.quiet) how.screen = standard_error(false);
    std::unique_ptr<own_node> own;
    std::unique_ptr<replay::shop> where;
    if (!addresses.empty()) {
      where = replay::shop_at(addresses, headers_with(options.key));
    } else {
      own = std::make_unique<own_node>(options.data);
      where = replay::shop_in_process(own->front());
    }
    const auto all = replay::play(past, *where, how);
    if (own) wait_until_at_rest(own->front());
    std::cout << (options.json ? summary_in_json(past, all) + '\n' : summary_in_words(past, all)) << std::flush;
    return all.reconciled() ? balanced : unbalanced;
  } catch (const replay::unreadable& why) {
    return fail(unbalanced, why.what());
  } catch (const replay::furnished_otherwise& why) {
    return fail(conflict, why.what());
  } catch (const replay::no_answer& why) {
    return fail(out_of_reach, why.what());
  } catch (const edge::http_unreachable& why) {
    return fail(out_of_reach, why.what());
  } catch (const persistence::store_damaged& why) {
    return fail(damaged, why.what());
  } catch (const std::exception& why) {
    return fail(unbalanced, why.what());
  }
}

void add_replay(CLI::App& app, int& exit_code) {
  auto* replay =
      app.add_subcommand("replay", "plays a real order history (UCI Online Retail columns) and reconciles it");
  const auto options = std::make_shared<replay_options>();
  const auto output = std::make_shared<std::string>("text");
  replay->add_option("FILE", options->files, "CSV files; several are one history")->required();
  replay->add_option("--flow", options->flow, "the saga that sales go by")->capture_default_str();
  replay->add_option("--in-flight", options->in_flight, "documents underway at once")
      ->check(CLI::Range(1U, 10'000U))
      ->capture_default_str();
  auto* node = replay->add_option(
      "--node", options->node,
      "http://HOST:PORT of a running node, or URL,URL of several that are one shop; else an own one");
  add_key_option(*replay, options->key);
  replay->add_option("--data", options->data, "directory of the own node's stores; else one that is removed afterwards")
      ->excludes(node);
  replay->add_option("--stock", options->stock, "pieces of each product, else enough")
      ->check(CLI::Range(std::int64_t{0}, product::stock_max));
  replay->add_option("--funds", options->funds, "pence in each wallet, else enough")
      ->check(CLI::Range(std::int64_t{0}, money_max.minor));
  replay->add_option("-o", *output, "text, or json: one object on the last line of stdout")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  replay->add_flag("--quiet", options->quiet, "no progress");
  replay->callback([options, output, &exit_code] {
    options->json = *output == "json";
    exit_code = replay_orders(*options);
  });
}

}  // namespace souk::tools
