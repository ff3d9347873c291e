// Reads the order history of a real shop (UCI Online Retail columns) into documents and totals.
//
// A history is evidence, so nothing is guessed: every record either counts to the penny or stands in
// bad_rows with its line number and the reason. No floating point anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <istream>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"

namespace souk::replay {

// A file that cannot be read as a history at all: not there, empty, a column missing.
struct unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A plain decimal number, exactly: digits / 10^scale. Trailing zeros of the fraction are dropped, so
// equal numbers are equal structs.
struct decimal {
  std::int64_t digits = 0;
  int scale = 0;
  bool operator==(const decimal&) const = default;
};

// At most 14 places and 18 digits: then a fraction of a penny times a million units fits 64 bits.
inline constexpr int decimal_scale_max = 14;
inline constexpr std::int64_t decimal_digits_max = 999'999'999'999'999'999;

// "-12.50" as it stands in the file: no exponent, no plus sign, digits on both sides of the point.
// Nothing when it is anything else or leaves the limits above.
std::optional<decimal> parse_decimal(std::string_view text);

// quantity x price in pence, rounded half away from zero. Nothing when it leaves 64 bits (never for
// a price whose pence times the quantity do not, up to a quantity of nine million).
std::optional<std::int64_t> pence_of(std::int64_t quantity, decimal price);

enum class kind { sale, cancellation, writeoff, adjustment };
std::string_view to_text(kind which);

// One record. Identified by its place in the file: (invoice, stock code) is not a key, and exact
// repeats count.
struct line {
  std::size_t number = 0;  // in its file, from 1; the header is line 1
  std::string invoice;
  std::string stock_code;   // byte for byte: `85123A` and `85123a` are two products
  std::string description;  // without padding blanks; may be empty
  std::int64_t quantity = 0;
  moment when;  // the file names no zone: read as UTC. to_text(when) is RFC 3339
  decimal price;
  std::int64_t pence = 0;
  std::string customer;  // "17850" for the file's "17850.0"; empty: none given
  std::string country;
};

// One invoice number with its lines in file order, all of one kind and one customer.
struct document {
  std::string invoice;
  kind is = kind::sale;
  std::vector<line> lines;

  const std::string& customer() const { return lines.front().customer; }
  user_id buyer() const;  // `c-17850`, or `guest-536365` for an invoice without a customer
  moment when() const { return lines.front().when; }
  std::int64_t units() const;
  std::int64_t pence() const;
};

struct bad_row {
  std::string source;  // the file
  std::size_t number = 0;
  std::string reason;
};

struct kind_totals {
  std::int64_t documents = 0;
  std::int64_t lines = 0;
  std::int64_t units = 0;
  std::int64_t pence = 0;
  bool operator==(const kind_totals&) const = default;
};

struct seller {
  std::string stock_code;
  std::int64_t units = 0;
  std::int64_t pence = 0;   // of the sale lines counted, also in the net list
  std::string description;  // the first one given
};

// What a replay has to reconcile with. Bad rows are in none of these.
struct tally {
  kind_totals sale;  // orders: sale.documents
  kind_totals cancellation;
  kind_totals writeoff;
  kind_totals adjustment;
  std::int64_t documents = 0;
  std::int64_t lines = 0;
  std::int64_t net_units = 0;            // over all kinds, like net; units sold are sale.units
  std::int64_t gross = 0;                // pence of sales
  std::int64_t returned = 0;             // pence of cancellations: negative
  std::int64_t net = 0;                  // pence of everything: gross + returned + adjustments
  std::int64_t customers = 0;            // distinct, over all kinds; guests are not customers
  std::int64_t products = 0;             // distinct stock codes, over all kinds
  std::vector<seller> best_sellers;      // all of them, by units over sale lines with a price,
                                         // ties by stock code
  std::vector<seller> best_sellers_net;  // the same products, cancelled units subtracted

  const kind_totals& of(kind which) const;
};

struct history {
  std::vector<document> documents;  // in order of first appearance
  std::vector<bad_row> bad_rows;    // in file order
  tally totals;
};

// Several files are one history, as when months lie in files of their own. Throws unreadable.
history read_history(std::span<const std::filesystem::path> files);
history read_history(const std::filesystem::path& file);
history read_history(std::istream& in, std::string source = "input");

// Stock codes as souk ids, one to one: what an id may hold stays as it is, anything else and the
// escape itself become `:` and two hex digits. `BANK CHARGES` is `BANK:20CHARGES`. The result can be
// longer than an id may be; such rows are bad rows, so every line of a history has a good one.
product_id product_of(std::string_view stock_code);
std::optional<std::string> stock_code_of(std::string_view product);  // nothing: not made by the above

// What a shop must have so that every order of the history can succeed.
struct need {
  struct article {
    std::int64_t units = 0;        // sold, returns not counted back: they may come too late
    std::int64_t price_pence = 0;  // the last asked that rounds to a penny or more; 0: always free
    std::string name;              // the longest description, else the stock code; never empty
  };
  std::map<std::string, std::int64_t> pence_by_buyer;  // all buyers of sales and cancellations
  std::map<std::string, article> articles;             // by product id, of the same documents
};
inline constexpr std::size_t article_name_bytes_max = 256;
need need_of(const history& past);

// Reads CSV record by record: quoted fields with doubled quotes, commas and line ends inside; LF or
// CRLF; a byte order mark; a last line without an end. Blank lines are skipped. A record that makes
// no sense costs only its first line: a forgotten quote must not swallow the rest of the file.
class csv_reader {
public:
  struct record {
    std::size_t number = 0;  // the line it begins on, from 1
    std::vector<std::string> fields;
    std::string fault;  // not empty: why it cannot be read
  };
  explicit csv_reader(std::istream& in) : in_(in) {}
  bool next(record& into);  // false: no more

  static constexpr std::size_t record_bytes_max = 64 * 1024;

private:
  bool have(std::size_t index);
  void skip_line();
  std::size_t parse(record& into);

  std::istream& in_;
  std::string window_;    // what was read and not yet given out
  std::size_t at_ = 0;    // where the next record begins in it
  std::size_t line_ = 0;  // lines before that
  bool started_ = false;
};

}  // namespace souk::replay
