// Turns CSV records into lines, lines into documents, documents into totals.
#include "tools/replay/history.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <set>
#include <unordered_map>
#include <utility>

#include "messages/grammar/money.hpp"
#include "messages/product.hpp"

namespace souk::replay {

namespace {

constexpr std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

// Shortest forms only, no surrogates, nothing beyond U+10FFFF (RFC 3629).
bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    const unsigned second = byte(i + 1);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
        (lead == 0xf4 && second > 0x8f))
      return false;
    i += length;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto from = text.find_first_not_of(blanks);
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

// A piece of the file as it may stand in a message: short, and on one line.
std::string shown(std::string_view text) {
  std::string out{text.substr(0, 40)};
  while (!out.empty() && !is_utf8(out)) out.pop_back();  // the cut may have split a character
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return "`" + out + (text.size() > 40 ? "...`" : "`");
}

// A million lines of the largest amount still fit, so only a forged file gets here.
void accumulate(std::int64_t& sum, std::int64_t more) {
  if (__builtin_add_overflow(sum, more, &sum)) throw unreadable("its totals do not fit 64 bits");
}

}  // namespace

// ---- numbers

std::optional<decimal> parse_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string_view fraction;
  if (!all_digits(whole)) return std::nullopt;
  if (point != text.npos) {
    fraction = text.substr(point + 1);
    if (!all_digits(fraction)) return std::nullopt;
    while (fraction.ends_with('0')) fraction.remove_suffix(1);
  }
  if (fraction.size() > static_cast<std::size_t>(decimal_scale_max)) return std::nullopt;
  decimal number;
  for (const std::string_view part : {whole, fraction})
    for (const char c : part) {
      if (number.digits > (decimal_digits_max - (c - '0')) / 10) return std::nullopt;
      number.digits = number.digits * 10 + (c - '0');
    }
  number.scale = static_cast<int>(fraction.size());
  if (negative) number.digits = -number.digits;
  return number;
}

std::optional<std::int64_t> pence_of(std::int64_t quantity, decimal price) {
  // Whole pence and the fraction of a penny are multiplied apart, so that neither product needs more
  // than 64 bits.
  std::int64_t whole = 0;
  std::int64_t rest = 0;
  std::int64_t penny = 1;
  if (price.scale <= 2) {
    if (__builtin_mul_overflow(price.digits, power_of_ten(2 - price.scale), &whole)) return std::nullopt;
  } else {
    penny = power_of_ten(price.scale - 2);
    whole = price.digits / penny;
    rest = price.digits % penny;
  }
  if (__builtin_mul_overflow(whole, quantity, &whole) || __builtin_mul_overflow(rest, quantity, &rest))
    return std::nullopt;
  // Both products have one sign, so rounding the fraction rounds the sum.
  std::int64_t carry = rest / penny;
  if (const std::int64_t left = rest % penny; 2 * std::abs(left) >= penny && left != 0) carry += left < 0 ? -1 : 1;
  if (__builtin_add_overflow(whole, carry, &whole)) return std::nullopt;
  return whole;
}

// ---- CSV

bool csv_reader::have(std::size_t index) {
  while (index >= window_.size()) {
    std::array<char, 64 * 1024> chunk;
    in_.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    if (in_.bad()) throw unreadable("reading failed after line " + std::to_string(line_));
    const auto got = static_cast<std::size_t>(in_.gcount());
    if (got == 0) return false;
    window_.append(chunk.data(), got);
  }
  return true;
}

// Drops the rest of the line as it goes, so that one endless line needs no memory.
void csv_reader::skip_line() {
  while (have(at_)) {
    const auto end = window_.find('\n', at_);
    if (end != window_.npos) {
      at_ = end + 1;
      break;
    }
    window_.clear();
    at_ = 0;
  }
  ++line_;
}

bool csv_reader::next(record& into) {
  if (!std::exchange(started_, true) && have(2) && window_.starts_with("\xef\xbb\xbf")) at_ = 3;
  if (at_ >= 64 * 1024) {
    window_.erase(0, at_);
    at_ = 0;
  }
  while (have(at_) && (window_[at_] == '\n' || (window_[at_] == '\r' && have(at_ + 1) && window_[at_ + 1] == '\n')))
    skip_line();
  if (!have(at_)) return false;
  into.number = line_ + 1;
  into.fields.clear();
  into.fault.clear();
  const std::size_t end = parse(into);
  if (!into.fault.empty()) {
    into.fields.clear();
    skip_line();
    return true;
  }
  const std::string_view raw = std::string_view{window_}.substr(at_, end - at_);
  if (!is_utf8(raw)) {
    into.fault = "not UTF-8";
    into.fields.clear();
  }
  line_ += static_cast<std::size_t>(std::count(raw.begin(), raw.end(), '\n'));
  at_ = end;
  return true;
}

// Gives the end of the record that begins at at_, or sets its fault.
std::size_t csv_reader::parse(record& into) {
  enum class state { begin, plain, quoted, closed } now = state::begin;
  std::string field;
  for (std::size_t i = at_;; ++i) {
    if (!have(i)) {
      if (now == state::quoted) into.fault = "a quote is never closed";
      into.fields.push_back(std::move(field));
      return i;
    }
    if (i - at_ >= record_bytes_max) {
      into.fault = now == state::quoted ? "a quote is not closed within " + std::to_string(record_bytes_max) + " bytes"
                                        : "longer than " + std::to_string(record_bytes_max) + " bytes";
      return i;
    }
    const char c = window_[i];
    if (now == state::quoted) {
      if (c == '"')
        now = state::closed;
      else
        field += c;
    } else if (c == '"' && now == state::closed) {  // doubled: one quote of the text
      field += c;
      now = state::quoted;
    } else if (c == '"' && now == state::begin) {
      now = state::quoted;
    } else if (c == ',') {
      into.fields.push_back(std::move(field));
      field.clear();
      now = state::begin;
    } else if (c == '\n' || (c == '\r' && (!have(i + 1) || window_[i + 1] == '\n'))) {
      into.fields.push_back(std::move(field));
      return c == '\n' || !have(i + 1) ? i + 1 : i + 2;
    } else if (now == state::closed) {
      into.fault = "text after a closing quote";
      return i;
    } else {  // a quote inside a plain field is an inch sign, as in 12" RULER
      field += c;
      now = state::plain;
    }
  }
}

// ---- lines

namespace {

enum column : std::size_t { invoice, stock_code, description, quantity, date, price, customer, country };
constexpr std::array<std::string_view, 8> column_names = {"InvoiceNo",   "StockCode", "Description", "Quantity",
                                                          "InvoiceDate", "UnitPrice", "CustomerID",  "Country"};

// Where each column stands in this file.
struct header {
  std::array<std::size_t, column_names.size()> place{};
  std::size_t width = 0;
};

header read_header(csv_reader& from) {
  csv_reader::record first;
  if (!from.next(first)) throw unreadable("it is empty: not even a header");
  if (!first.fault.empty()) throw unreadable("its header cannot be read: " + first.fault);
  header found;
  found.width = first.fields.size();
  for (std::size_t i = 0; i < column_names.size(); ++i) {
    const auto is_it = [&](const std::string& name) { return trimmed(name) == column_names[i]; };
    const auto at = std::find_if(first.fields.begin(), first.fields.end(), is_it);
    const std::string name{column_names[i]};
    if (at == first.fields.end()) throw unreadable("its header has no column " + name);
    if (std::any_of(at + 1, first.fields.end(), is_it))
      throw unreadable("its header has the column " + name + " twice");
    found.place[i] = static_cast<std::size_t>(at - first.fields.begin());
  }
  return found;
}

// "17850.0" is customer 17850: an earlier owner of the file took the number for a measurement.
std::string customer_of(std::string_view text) {
  const auto point = text.find('.');
  if (point != text.npos && all_digits(text.substr(0, point)) && point + 1 < text.size() &&
      text.find_first_not_of('0', point + 1) == text.npos)
    text = text.substr(0, point);
  return std::string{text};
}

user_id buyer_of(const line& from) { return {from.customer.empty() ? "guest-" + from.invoice : "c-" + from.customer}; }

struct reading {
  line good;
  kind is = kind::sale;
  std::string fault;  // not empty: why there is no good line
};

std::optional<std::int64_t> parse_quantity(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return product::units_max + 1;  // refused as such
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The file has no zone; 19 characters leave room for none.
std::optional<moment> parse_date(std::string_view text) {
  if (text.size() != 19) return std::nullopt;
  return parse_moment(std::string{text} + "Z");
}

std::optional<kind> kind_of(const line& from) {
  if (from.invoice.starts_with('C')) return kind::cancellation;
  if (from.invoice.starts_with('A')) return kind::adjustment;
  if (!all_digits(from.invoice)) return std::nullopt;
  return from.quantity > 0 ? kind::sale : kind::writeoff;
}

// Signs that a kind cannot have: money would move the wrong way, or nobody would pay it.
std::string sign_fault(kind is, const line& from) {
  if (is == kind::sale && from.price.digits < 0) return "a sale with a negative price";
  if (is == kind::cancellation && from.quantity > 0) return "a cancellation with a positive quantity";
  if (is == kind::cancellation && from.price.digits < 0) return "a cancellation with a negative price";
  if (is == kind::writeoff && from.price.digits != 0) return "a stock write-off with a price";
  return {};
}

// The first thing that is wrong with the record, or the line it is.
reading read_line(const csv_reader::record& from, const header& by) {
  reading result;
  const auto refuse = [&](std::string why) {
    result.fault = std::move(why);
    return std::move(result);
  };
  if (!from.fault.empty()) return refuse(from.fault);
  if (from.fields.size() != by.width)
    return refuse(std::to_string(from.fields.size()) + " columns where the header has " + std::to_string(by.width));
  const auto cell = [&](column which) -> const std::string& { return from.fields[by.place[which]]; };

  line& good = result.good;
  good.number = from.number;
  good.invoice = cell(invoice);
  good.stock_code = cell(stock_code);
  good.description = trimmed(cell(description));
  good.customer = customer_of(cell(customer));
  good.country = trimmed(cell(country));

  const auto units = parse_quantity(cell(quantity));
  if (!units) return refuse("quantity " + shown(cell(quantity)) + " is not a whole number");
  if (*units == 0) return refuse("quantity 0");
  if (*units > product::units_max || *units < -product::units_max)
    return refuse("quantity " + shown(cell(quantity)) + " is out of range");
  good.quantity = *units;

  const auto when = parse_date(cell(date));
  if (!when) return refuse("date " + shown(cell(date)) + " is not YYYY-MM-DD HH:MM:SS");
  good.when = *when;

  const auto each = parse_decimal(cell(price));
  if (!each) return refuse("price " + shown(cell(price)) + " is not a plain decimal number in range");
  good.price = *each;
  const auto pence = pence_of(good.quantity, good.price);
  if (!pence || *pence > money_max.minor || *pence < -money_max.minor)
    return refuse("quantity x price " + shown(cell(price)) + " is out of range");
  good.pence = *pence;

  const auto is = kind_of(good);
  if (!is || !is_name(good.invoice))
    return refuse("invoice " + shown(good.invoice) +
                  " is none: digits, or C or A with letters, digits and -_.: after it");
  if (!is_name(buyer_of(good).text))
    return refuse(good.customer.empty() ? "invoice " + shown(good.invoice) + " is too long"
                                        : "customer " + shown(good.customer) + " cannot be an id");
  if (!is_name(product_of(good.stock_code).text))
    return refuse("stock code " + shown(good.stock_code) + " cannot be an id");
  if (std::string why = sign_fault(*is, good); !why.empty()) return refuse(std::move(why));
  result.is = *is;
  return result;
}

// ---- documents

// Puts lines under their invoice while the files are read.
class gatherer {
public:
  void read(std::istream& in, const std::string& source) {
    try {
      csv_reader from{in};
      const header by = read_header(from);
      csv_reader::record next;
      while (from.next(next)) {
        reading got = read_line(next, by);
        if (got.fault.empty()) got.fault = put(std::move(got.good), got.is);
        if (!got.fault.empty()) past_.bad_rows.push_back({source, next.number, std::move(got.fault)});
      }
    } catch (const unreadable& why) {
      throw unreadable(source + ": " + why.what());
    }
  }

  history finish();

private:
  // Why the line does not fit its document; empty when it does and is in it. The first line decides
  // what the document is.
  std::string put(line&& good, kind is) {
    const auto [at, is_new] = place_.try_emplace(good.invoice, past_.documents.size());
    if (is_new) {
      pence_.push_back(good.pence);
      past_.documents.push_back({good.invoice, is, {}});
      past_.documents.back().lines.push_back(std::move(good));
      return {};
    }
    document& whole = past_.documents[at->second];
    if (whole.is != is)
      return "a " + std::string{to_text(is)} + " line in " + std::string{to_text(whole.is)} + ' ' + whole.invoice;
    if (whole.customer() != good.customer)
      return "customer " + shown(good.customer) + " in an invoice of " + shown(whole.customer());
    std::int64_t& sum = pence_[at->second];
    if (std::abs(sum + good.pence) > money_max.minor)  // both at most 10^12: no overflow
      return "invoice " + whole.invoice + " would come to more than an amount may be";
    sum += good.pence;
    whole.lines.push_back(std::move(good));
    return {};
  }

  history past_;
  std::vector<std::int64_t> pence_;  // of each document so far
  std::unordered_map<std::string, std::size_t> place_;
};

// In the order of the enumeration.
struct kind_entry {
  std::string_view name;
  kind_totals tally::*place;
};
constexpr std::array<kind_entry, 4> kinds = {{{"sale", &tally::sale},
                                              {"cancellation", &tally::cancellation},
                                              {"writeoff", &tally::writeoff},
                                              {"adjustment", &tally::adjustment}}};

auto place_of(kind which) { return kinds[static_cast<std::size_t>(which)].place; }

std::vector<seller> ranked(std::vector<seller> all) {
  std::sort(all.begin(), all.end(), [](const seller& a, const seller& b) {
    return a.units != b.units ? a.units > b.units : a.stock_code < b.stock_code;
  });
  return all;
}

void rank(const std::vector<document>& documents, tally& into) {
  std::unordered_map<std::string, std::size_t> place;
  std::vector<seller> sold;
  for (const document& one : documents) {
    if (one.is != kind::sale) continue;
    for (const line& item : one.lines) {
      if (item.price.digits <= 0) continue;  // given away is not sold
      const auto [at, is_new] = place.try_emplace(item.stock_code, sold.size());
      if (is_new) sold.push_back({item.stock_code, 0, 0, {}});
      seller& it = sold[at->second];
      accumulate(it.units, item.quantity);
      accumulate(it.pence, item.pence);
      if (it.description.empty()) it.description = item.description;
    }
  }
  into.best_sellers = ranked(sold);
  for (const document& one : documents) {
    if (one.is != kind::cancellation) continue;
    for (const line& item : one.lines)
      if (const auto at = place.find(item.stock_code); at != place.end())
        accumulate(sold[at->second].units, item.quantity);
  }
  into.best_sellers_net = ranked(std::move(sold));
}

tally count(const std::vector<document>& documents) {
  tally sums;
  std::set<std::string_view> customers;
  std::set<std::string_view> products;
  for (const document& one : documents) {
    kind_totals& of_kind = sums.*place_of(one.is);
    ++of_kind.documents;
    ++sums.documents;
    for (const line& item : one.lines) {
      ++of_kind.lines;
      ++sums.lines;
      accumulate(of_kind.units, item.quantity);
      accumulate(of_kind.pence, item.pence);
      accumulate(sums.net_units, item.quantity);
      accumulate(sums.net, item.pence);
      products.insert(item.stock_code);
    }
    if (!one.customer().empty()) customers.insert(one.customer());
  }
  sums.gross = sums.sale.pence;
  sums.returned = sums.cancellation.pence;
  sums.customers = static_cast<std::int64_t>(customers.size());
  sums.products = static_cast<std::int64_t>(products.size());
  rank(documents, sums);
  return sums;
}

history gatherer::finish() {
  past_.totals = count(past_.documents);
  return std::move(past_);
}

}  // namespace

std::string_view to_text(kind which) { return kinds[static_cast<std::size_t>(which)].name; }

user_id document::buyer() const { return buyer_of(lines.front()); }

std::int64_t document::units() const {
  std::int64_t sum = 0;
  for (const line& item : lines) accumulate(sum, item.quantity);
  return sum;
}

std::int64_t document::pence() const {
  std::int64_t sum = 0;
  for (const line& item : lines) accumulate(sum, item.pence);
  return sum;
}

const kind_totals& tally::of(kind which) const { return this->*place_of(which); }

history read_history(std::span<const std::filesystem::path> files) {
  gatherer all;
  for (const auto& file : files) {
    std::ifstream in{file, std::ios::binary};
    if (!in || std::filesystem::is_directory(file)) throw unreadable(file.string() + ": cannot be opened");
    all.read(in, file.string());
  }
  return all.finish();
}

history read_history(const std::filesystem::path& file) { return read_history(std::span{&file, 1}); }

history read_history(std::istream& in, std::string source) {
  gatherer all;
  all.read(in, source);
  return all.finish();
}

// ---- ids

namespace {

constexpr std::string_view hex = "0123456789abcdef";

bool stays(char c) { return c != ':' && is_name({&c, 1}); }

}  // namespace

product_id product_of(std::string_view stock_code) {
  std::string id;
  for (const char c : stock_code) {
    if (stays(c)) {
      id += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    id += {':', hex[byte >> 4], hex[byte & 15]};
  }
  return {std::move(id)};
}

std::optional<std::string> stock_code_of(std::string_view product) {
  std::string code;
  for (std::size_t i = 0; i < product.size(); ++i) {
    if (stays(product[i])) {
      code += product[i];
      continue;
    }
    if (product[i] != ':' || i + 2 >= product.size()) return std::nullopt;
    const auto high = hex.find(product[i + 1]);
    const auto low = hex.find(product[i + 2]);
    if (high == hex.npos || low == hex.npos) return std::nullopt;
    const char c = static_cast<char>(static_cast<unsigned char>(high << 4 | low));
    if (stays(c)) return std::nullopt;  // one code, one id: this one would have stayed as it is
    code += c;
    i += 2;
  }
  if (code.empty()) return std::nullopt;
  return code;
}

// ---- what an ample shop needs

need need_of(const history& past) {
  need all;
  // Returns name goods and prices only where no sale does: their text is often a clerk's note.
  for (const kind which : {kind::sale, kind::cancellation})
    for (const document& one : past.documents) {
      if (one.is != which) continue;
      std::int64_t& pence = all.pence_by_buyer[one.buyer().text];
      if (which == kind::sale) accumulate(pence, one.pence());
      for (const line& item : one.lines) {
        auto& it = all.articles[product_of(item.stock_code).text];
        if (which == kind::sale) accumulate(it.units, item.quantity);
        // Never out of range: quantity x price was in it.
        const std::int64_t asked = pence_of(1, item.price).value_or(0);
        if (which != kind::sale && it.units > 0) continue;
        if (asked > 0) it.price_pence = asked;
        if (item.description.size() > it.name.size()) it.name = item.description;
      }
    }
  for (auto& [id, it] : all.articles) {
    if (it.name.empty()) it.name = stock_code_of(id).value_or(id);
    if (it.name.size() <= article_name_bytes_max) continue;
    std::size_t cut = article_name_bytes_max;
    while (cut > 0 && (static_cast<unsigned char>(it.name[cut]) & 0xc0) == 0x80) --cut;
    it.name.resize(cut);
  }
  return all;
}

}  // namespace souk::replay
