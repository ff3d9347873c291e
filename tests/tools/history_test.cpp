// Proves that the reader of order histories counts every penny, and names every row it cannot count.
//
// The comparison with two whole months needs ../shared/data/orders beside the checkout; where it is
// absent those cases say so and are skipped. The day that ships with the project is always compared.
#include "tools/replay/history.hpp"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "tests/catch.hpp"
#include "tests/text.hpp"

using namespace souk;
using namespace souk::replay;
using nlohmann::json;
using souk::tests::slurp;

namespace {

const std::filesystem::path source_dir = SOUK_SOURCE_DIR;
const std::string columns = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

history read(const std::string& text) {
  std::istringstream in{text};
  return read_history(in, "test.csv");
}

// A file of one good row with one cell replaced.
history read_with(std::size_t column, const std::string& cell) {
  std::vector<std::string> cells{"536365", "85123A",  "HOLDER",        "6", "2010-12-01 08:26:00",
                                 "2.55",   "17850.0", "United Kingdom"};
  cells[column] = cell;
  std::string text = columns;
  for (std::size_t i = 0; i < cells.size(); ++i) text += (i ? "," : "") + cells[i];
  return read(text + '\n');
}

// Documents and bad rows as one comparable text.
std::string shown(const history& past) {
  std::ostringstream out;
  for (const document& one : past.documents) {
    out << to_text(one.is) << ' ' << one.invoice << ' ' << one.buyer().text << ':';
    for (const line& item : one.lines)
      out << " [" << item.number << ' ' << item.stock_code << '|' << item.description << '|' << item.quantity << '|'
          << item.pence << ']';
    out << '\n';
  }
  for (const bad_row& row : past.bad_rows) out << "bad " << row.number << ": " << row.reason << '\n';
  return out.str();
}

std::string bad(const history& past) {
  REQUIRE(past.documents.empty());
  REQUIRE(past.bad_rows.size() == 1);
  CHECK(past.bad_rows[0].number == 2);
  CHECK(past.bad_rows[0].source == "test.csv");
  return past.bad_rows[0].reason;
}

std::vector<csv_reader::record> records(const std::string& text) {
  std::istringstream in{text};
  csv_reader from{in};
  std::vector<csv_reader::record> all;
  for (csv_reader::record next; from.next(next);) all.push_back(next);
  return all;
}

// The directory of the two months, or nothing where only the project was checked out.
std::optional<std::filesystem::path> months() {
  const auto dir = source_dir / "../shared/data/orders";
  if (std::filesystem::exists(dir / "reference.json")) return dir;
  WARN("skipped: " << dir.string() << " is absent");
  return std::nullopt;
}

kind_totals totals_from(const json& of) { return {of.at("documents"), of.at("lines"), of.at("units"), of.at("pence")}; }

// The first sellers of a list as "code units pence".
std::vector<std::string> top(const std::vector<seller>& all, std::size_t n) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(n, all.size()); ++i)
    out.push_back(all[i].stock_code + ' ' + std::to_string(all[i].units) + ' ' + std::to_string(all[i].pence));
  return out;
}

std::vector<std::string> top_from(const json& list, const char* code) {
  std::vector<std::string> out;
  for (const json& it : list)
    out.push_back(it.at(code).get<std::string>() + ' ' + it.at("units").dump() + ' ' + it.at("pence").dump());
  return out;
}

}  // namespace

// ---- numbers

TEST_CASE("a price is read exactly or not at all", "[replay]") {
  const auto is = [](const char* text, std::int64_t digits, int scale) {
    INFO(text);
    const auto got = parse_decimal(text);
    REQUIRE(got);
    CHECK(*got == decimal{digits, scale});
  };
  is("2.55", 255, 2);
  is("2.50", 25, 1);
  is("100", 100, 0);
  is("0", 0, 0);
  is("-0.000", 0, 0);
  is("007.10", 71, 1);
  is("-11062.06", -1106206, 2);
  is("0.00000000000001", 1, 14);
  is("999999999999999999", 999'999'999'999'999'999, 0);
  is("0.000000000000010000000000000000000000", 1, 14);
  for (const char* text : {"",
                           "-",
                           ".",
                           ".5",
                           "5.",
                           "+1",
                           " 1",
                           "1 ",
                           "1e3",
                           "1,5",
                           "1.2.3",
                           "--1",
                           "0x1",
                           "nan",
                           "inf",
                           "1_000",
                           "1000000000000000000",
                           "0.000000000000001",
                           "99999999999.99999999",
                           "\xd9\xa1"}) {
    INFO(text);
    CHECK_FALSE(parse_decimal(text));
  }
}

TEST_CASE("pence are rounded half away from zero, whichever way the goods go", "[replay]") {
  const auto pence = [](std::int64_t quantity, const char* price) {
    return pence_of(quantity, parse_decimal(price).value()).value();
  };
  CHECK(pence(6, "2.55") == 1530);
  CHECK(pence(1, "0.005") == 1);
  CHECK(pence(-1, "0.005") == -1);
  CHECK(pence(1, "-0.005") == -1);
  CHECK(pence(1, "0.0049999999999") == 0);
  CHECK(pence(-1, "0.0049999999999") == 0);
  CHECK(pence(3, "0.005") == 2);    // 1.5: rounded once per line, not per unit (3 x 1)
  CHECK(pence(1, "1.115") == 112);  // a double holds 1.11499999999999999112
  CHECK(pence(1'000'000, "0.00000000000001") == 0);
  CHECK(pence(500'000, "0.00000001") == 1);  // exactly half a penny
  CHECK(pence(499'999, "0.00000001") == 0);
  CHECK(pence(-74215, "1.04") == -7718360);
  CHECK_FALSE(pence_of(1, {999'999'999'999'999'999, 0}));
  CHECK_FALSE(pence_of(1'000'000, {99'999'999'999'999, 0}));
  CHECK_FALSE(pence_of(std::numeric_limits<std::int64_t>::min(), {1, 0}));
}

TEST_CASE("pence agree with 128-bit arithmetic for any price and quantity", "[replay]") {
  __extension__ using wide = __int128;
  const std::uint64_t seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  int in_range = 0;
  for (int round = 0; round < 200'000; ++round) {
    // As many digits as places or more, of every length; every fourth ends in a 5 to meet ties.
    std::int64_t size = 1;
    for (auto n = below(19); n > 0; --n) size *= 10;
    std::int64_t digits = below(size);
    if (round % 4 == 0) digits = digits / 10 * 10 + 5;
    if (below(2)) digits = -digits;
    const int scale = static_cast<int>(below(decimal_scale_max + 1));
    std::int64_t quantity = below(below(2) ? 1'000'001 : 20);
    if (below(2)) quantity = -quantity;

    // The text of the price goes through the parser as well.
    std::string text = std::to_string(std::abs(digits));
    if (scale > 0) {
      const auto places = static_cast<std::size_t>(scale);
      if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
      text.insert(text.size() - places, ".");
    }
    if (digits < 0) text.insert(0, "-");
    const auto price = parse_decimal(text);
    INFO(quantity << " x " << text);
    REQUIRE(price);

    wide power = 1;
    for (int i = 0; i < scale; ++i) power *= 10;
    const wide exact = wide{quantity} * digits * 100;
    const wide magnitude = exact < 0 ? -exact : exact;
    const wide rounded = (magnitude + power / 2) / power;  // power is 1 or even
    const wide expected = exact < 0 ? -rounded : rounded;
    const auto got = pence_of(quantity, *price);
    if (rounded > std::numeric_limits<std::int64_t>::max()) {
      REQUIRE_FALSE(got);
      continue;
    }
    // Refused only where whole pounds x 100 already leave 64 bits (and the quantity is 0).
    if (!got) {
      REQUIRE(quantity == 0);
      continue;
    }
    ++in_range;
    REQUIRE(wide{*got} == expected);
  }
  CHECK(in_range > 100'000);
}

// ---- CSV

TEST_CASE("quotes, commas and line ends inside a field are text", "[replay]") {
  const auto all = records("a,\"b,\"\"c\"\"\nd\",\r\n\"\",12\" RULER,\"x\"\nlast,no,end");
  REQUIRE(all.size() == 3);
  CHECK(all[0].fields == std::vector<std::string>{"a", "b,\"c\"\nd", ""});
  CHECK(all[0].number == 1);
  CHECK(all[1].fields == std::vector<std::string>{"", "12\" RULER", "x"});
  CHECK(all[1].number == 3);  // the first record had a line end inside
  CHECK(all[2].fields == std::vector<std::string>{"last", "no", "end"});
  CHECK(all[2].number == 4);
}

TEST_CASE("LF, CRLF, a byte order mark and blank lines make no difference", "[replay]") {
  for (const char* text : {"a,b\nc,d\n", "a,b\r\nc,d\r\n",
                           "\xef\xbb\xbf"
                           "a,b\nc,d",
                           "a,b\r\nc,d\r", "\n\r\na,b\n\n\r\nc,d\n\n"}) {
    const auto all = records(text);
    INFO(text);
    REQUIRE(all.size() == 2);
    CHECK(all[0].fields == std::vector<std::string>{"a", "b"});
    CHECK(all[1].fields == std::vector<std::string>{"c", "d"});
  }
  CHECK(records("").empty());
  CHECK(records("\xef\xbb\xbf").empty());
  CHECK(records("a\rb\n").at(0).fields == std::vector<std::string>{"a\rb"});
}

TEST_CASE("a forgotten quote costs one line, not the rest of the file", "[replay]") {
  const auto cost = [](const std::string& text, std::size_t number, const std::string& why) {
    const auto all = records(text);
    INFO(text.substr(0, 60));
    REQUIRE(all.size() == 3);
    CHECK(all[0].fault.empty());
    CHECK(all[1].number == number);
    CHECK(all[1].fault == why);
    CHECK(all[1].fields.empty());
    CHECK(all[2].fields == std::vector<std::string>{"e", "f"});
    CHECK(all[2].number == number + 1);
  };
  cost("a,b\nc,\"d\ne,f\n", 2, "a quote is never closed");
  cost("a,b\nc,\"d\"x\ne,f\n", 2, "text after a closing quote");
  cost("\"a\n\",b\n\"c\" ,d\ne,f", 3, "text after a closing quote");
  cost("a,b\nc,d\xff\ne,f\n", 2, "not UTF-8");
  cost("a,b\n" + std::string(csv_reader::record_bytes_max + 1, 'x') + "\ne,f\n", 2, "longer than 65536 bytes");
  // Longer than everything that is ever held in memory at once.
  cost("a,b\n" + std::string(1'000'000, 'x') + "\ne,f\n", 2, "longer than 65536 bytes");

  // An open quote that meets the next quoted field, and one in a big file.
  const auto met = records("a,\"b\nc,\"d\"\ne,f\n");
  REQUIRE(met.size() == 3);
  CHECK(met[0].fault == "text after a closing quote");
  CHECK(met[1].fields == std::vector<std::string>{"c", "d"});
  std::string big = "a,\"b\n";
  for (int i = 0; i < 50'000; ++i) big += "c,d\n";
  const auto rest = records(big);
  REQUIRE(rest.size() == 50'001);
  CHECK(rest[0].fault == "a quote is not closed within 65536 bytes");
  CHECK(rest.back().number == 50'001);
}

TEST_CASE("only well-formed UTF-8 is let in", "[replay]") {
  for (const char* text : {"\xc2\xa3", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf",
                           "\xe0\xa0\x80", "\xf0\x90\x80\x80"})
    CHECK(records(text).at(0).fault.empty());
  for (const char* text : {"\x80", "\xc2", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x28\xa1", "\xff"})
    CHECK(records(text).at(0).fault == "not UTF-8");
}

TEST_CASE("records come out the same wherever the stream is cut", "[replay]") {
  // Every length of padding moves a quoted record with CRLF across the edge of the read buffer.
  const std::string tricky = "k,\"a\"\"b\r\n,c\",\xc2\xa3\r\n";
  for (std::size_t pad = 64 * 1024 - tricky.size() - 3; pad <= 64 * 1024 - 1; ++pad) {
    std::string text;
    while (text.size() + 101 < pad) text += std::string(100, 'x') + '\n';
    text += std::string(pad - text.size() - 1, 'y') + '\n';
    const auto all = records(text + tricky + "z\n");
    INFO(pad);
    REQUIRE(all.size() > 2);
    CHECK(all[all.size() - 2].fields == std::vector<std::string>{"k", "a\"b\r\n,c", "\xc2\xa3"});
    CHECK(all.back().fields == std::vector<std::string>{"z"});
    CHECK(all.back().number == all[all.size() - 2].number + 2);
  }
}

// ---- lines

TEST_CASE("columns are found by their names, in any order, among others", "[replay]") {
  const auto past = read(
      "\xef\xbb\xbf"
      "Country,UnitPrice,Extra,\"InvoiceNo\",CustomerID,Quantity, InvoiceDate ,Description,StockCode\r\n"
      "EIRE,0.85,?,536540,14911.0,12,2010-12-01 14:05:00,\" BOX, \"\"RED\"\" \",22968\r\n");
  REQUIRE(past.bad_rows.empty());
  REQUIRE(past.documents.size() == 1);
  const line& item = past.documents[0].lines.at(0);
  CHECK(item.number == 2);
  CHECK(item.invoice == "536540");
  CHECK(item.stock_code == "22968");
  CHECK(item.description == "BOX, \"RED\"");
  CHECK(item.quantity == 12);
  CHECK(item.when.ms == 1291212300000);
  CHECK(to_text(item.when) == "2010-12-01T14:05:00.000Z");
  CHECK(item.price == decimal{85, 2});
  CHECK(item.pence == 1020);
  CHECK(item.customer == "14911");
  CHECK(item.country == "EIRE");
  CHECK(past.documents[0].buyer().text == "c-14911");
}

TEST_CASE("a file that is no history is refused with the reason", "[replay]") {
  const auto why = [](const std::string& text) {
    try {
      read(text);
    } catch (const unreadable& error) {
      return std::string{error.what()};
    }
    return std::string{"read"};
  };
  CHECK(why("") == "test.csv: it is empty: not even a header");
  CHECK(why("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,CustomerID,Country\n") ==
        "test.csv: its header has no column UnitPrice");
  CHECK(why("invoiceno" + columns.substr(9)) == "test.csv: its header has no column InvoiceNo");
  CHECK(why("Quantity," + columns) == "test.csv: its header has the column Quantity twice");
  CHECK(why("\xff," + columns) == "test.csv: its header cannot be read: not UTF-8");
  CHECK(why(columns) == "read");
  CHECK_THROWS_AS(read_history(std::filesystem::path{"/nowhere/at all.csv"}), unreadable);
  CHECK_THROWS_AS(read_history(source_dir), unreadable);
}

TEST_CASE("a bad row is named with its line and its reason", "[replay]") {
  enum { invoice, code, description, quantity, date, price, customer, country };
  CHECK(bad(read_with(country, "UK,too many")) == "9 columns where the header has 8");
  CHECK(bad(read(columns + "536365,85123A\n")) == "2 columns where the header has 8");
  CHECK(bad(read_with(description, "\xc3")) == "not UTF-8");
  CHECK(bad(read_with(quantity, "")) == "quantity `` is not a whole number");
  CHECK(bad(read_with(quantity, "6.0")) == "quantity `6.0` is not a whole number");
  CHECK(bad(read_with(quantity, "+6")) == "quantity `+6` is not a whole number");
  CHECK(bad(read_with(quantity, "six")) == "quantity `six` is not a whole number");
  CHECK(bad(read_with(quantity, "0")) == "quantity 0");
  CHECK(bad(read_with(quantity, "-0")) == "quantity 0");
  CHECK(bad(read_with(quantity, "1000001")) == "quantity `1000001` is out of range");
  CHECK(bad(read_with(quantity, "-1000001")) == "quantity `-1000001` is out of range");
  CHECK(bad(read_with(quantity, "99999999999999999999")) == "quantity `99999999999999999999` is out of range");
  for (const char* text : {"2010-02-29 08:26:00", "2010-12-01", "2010-12-01 24:00:00", "", "2010-12-01 08:26:60",
                           "12/1/2010 8:26", "2010-12-01 08:26:0Z"})
    CHECK(bad(read_with(date, text)) == "date `" + std::string{text} + "` is not YYYY-MM-DD HH:MM:SS");
  CHECK(bad(read_with(price, "")) == "price `` is not a plain decimal number in range");
  CHECK(bad(read_with(price, "1e3")) == "price `1e3` is not a plain decimal number in range");
  CHECK(bad(read_with(price, "-2.55")) == "a sale with a negative price");
  CHECK(bad(read_with(price, "1666666666.67")) == "quantity x price `1666666666.67` is out of range");
  CHECK(read_with(price, "1666666666.66").totals.gross == 999'999'999'996);
  CHECK(bad(read_with(price, "999999999999999999")) == "quantity x price `999999999999999999` is out of range");
  CHECK(bad(read_with(invoice, "")).starts_with("invoice `` is none"));
  CHECK(bad(read_with(invoice, "c536379")).starts_with("invoice `c536379` is none"));
  CHECK(bad(read_with(invoice, "C 536379")).starts_with("invoice `C 536379` is none"));
  CHECK(bad(read_with(invoice, "C536379")) == "a cancellation with a positive quantity");
  CHECK(bad(read_with(code, "")) == "stock code `` cannot be an id");
  CHECK(bad(read_with(code, std::string(65, '1'))).ends_with("...` cannot be an id"));
  CHECK(read_with(code, std::string(64, '1')).bad_rows.empty());
  CHECK(bad(read_with(customer, " ")) == "customer ` ` cannot be an id");
  CHECK(bad(read_with(customer, "J\xc3\xb6rg")) == "customer `J\xc3\xb6rg` cannot be an id");
  CHECK(bad(read_with(quantity, "-6")) == "a stock write-off with a price");
  const auto back = read(columns + "C1,A,,-1,2010-12-01 08:26:00,-1,,UK\n");
  CHECK(bad(back) == "a cancellation with a negative price");
  // A long cell is cut between characters and shown on one line.
  CHECK(bad(read_with(quantity, '"' + std::string(39, 'x') + "\xc2\xa3\ny\"")) ==
        "quantity `" + std::string(39, 'x') + "...` is not a whole number");
  CHECK(bad(read_with(quantity, "\"1\n2\"")) == "quantity `1 2` is not a whole number");
}

TEST_CASE("customers lose the float artefact and nothing else", "[replay]") {
  const auto customer = [](const char* text) { return read_with(6, text).documents.at(0).buyer().text; };
  CHECK(customer("17850.0") == "c-17850");
  CHECK(customer("17850.00") == "c-17850");
  CHECK(customer("17850") == "c-17850");
  CHECK(customer("17850.5") == "c-17850.5");
  CHECK(customer("17850.") == "c-17850.");
  CHECK(customer("a.0") == "c-a.0");
  CHECK(customer("") == "guest-536365");
}

// ---- documents

TEST_CASE("lines gather under their invoice, misfits stand apart, the rest goes on", "[replay]") {
  const auto past = read(columns +
                         "1,A,RED ,2,2010-12-01 08:00:00,1.00,10.0,UK\n"     // 2
                         "2,B,BLUE,1,2010-12-01 08:01:00,0.50,,UK\n"         // 3: a guest
                         "1,A,RED ,2,2010-12-01 08:00:00,1.00,10.0,UK\n"     // 4: a repeat counts
                         "1,A,RED,-2,2010-12-01 08:00:00,0,10.0,UK\n"        // 5: another kind
                         "oops\n"                                            // 6
                         "C3,A,RED,-1,2010-12-01 08:02:00,1.00,10.0,UK\n"    // 7
                         "2,B,BLUE,1,2010-12-01 08:01:00,0.50,11.0,UK\n"     // 8: another customer
                         "4,a,?,-7,2010-12-01 08:03:00,0.0,,UK\n"            // 9
                         "A5,DEBT,,1,2010-12-01 08:04:00,-3.25,,UK\n"        // 10
                         "2,C,\"TWO\nLINES\",3,2010-12-01 08:02:00,0,,UK\n"  // 11
                         "3,A,,1,2010-12-01 08:05:00,0.995,,UK\n");          // 13
  CHECK(shown(past) ==
        "sale 1 c-10: [2 A|RED|2|200] [4 A|RED|2|200]\n"
        "sale 2 guest-2: [3 B|BLUE|1|50] [11 C|TWO\nLINES|3|0]\n"
        "cancellation C3 c-10: [7 A|RED|-1|-100]\n"
        "writeoff 4 guest-4: [9 a|?|-7|0]\n"
        "adjustment A5 guest-A5: [10 DEBT||1|-325]\n"
        "sale 3 guest-3: [13 A||1|100]\n"
        "bad 5: a writeoff line in sale 1\n"
        "bad 6: 1 columns where the header has 8\n"
        "bad 8: customer `11` in an invoice of ``\n");
  const tally& sums = past.totals;
  CHECK(sums.sale == kind_totals{3, 5, 9, 550});
  CHECK(sums.cancellation == kind_totals{1, 1, -1, -100});
  CHECK(sums.writeoff == kind_totals{1, 1, -7, 0});
  CHECK(sums.adjustment == kind_totals{1, 1, 1, -325});
  CHECK(sums.of(kind::adjustment) == sums.adjustment);
  CHECK(sums.documents == 6);
  CHECK(sums.lines == 8);
  CHECK(sums.net_units == 2);
  CHECK(sums.gross == 550);
  CHECK(sums.returned == -100);
  CHECK(sums.net == 125);
  CHECK(sums.customers == 1);
  CHECK(sums.products == 5);  // A B a C DEBT
  CHECK(top(sums.best_sellers, 9) == std::vector<std::string>{"A 5 500", "B 1 50"});
  CHECK(top(sums.best_sellers_net, 9) == std::vector<std::string>{"A 4 500", "B 1 50"});
  CHECK(past.documents[0].units() == 4);
  CHECK(past.documents[0].pence() == 400);
}

TEST_CASE("an invoice may not come to more than an amount may be", "[replay]") {
  std::string text = columns;
  for (int i = 0; i < 3; ++i) text += "1,A,,1,2010-12-01 08:00:00,5000000000.00,,UK\n";
  const auto past = read(text);
  CHECK(past.totals.gross == 1'000'000'000'000);
  REQUIRE(past.bad_rows.size() == 1);
  CHECK(past.bad_rows[0].reason == "invoice 1 would come to more than an amount may be");
}

TEST_CASE("equal sellers stand in the order of their codes, capitals first", "[replay]") {
  const auto past = read(columns +
                         "1,b,EARLY,4,2010-12-01 08:00:00,1,,UK\n"
                         "1,b,LATER,1,2010-12-01 08:00:00,1,,UK\n"
                         "1,B,,5,2010-12-01 08:00:00,1,,UK\n"
                         "1,a,FREE,9,2010-12-01 08:00:00,0,,UK\n"
                         "1,A,,4,2010-12-01 08:00:00,1,,UK\n"
                         "1,A,LATE,1,2010-12-01 08:00:00,1,,UK\n"
                         "C2,B,,-1,2010-12-01 08:00:00,1,,UK\n"
                         "C2,D,Discount,-1,2010-12-01 08:00:00,1,,UK\n");
  CHECK(top(past.totals.best_sellers, 9) == std::vector<std::string>{"A 5 500", "B 5 500", "b 5 500"});
  CHECK(past.totals.best_sellers[0].description == "LATE");
  CHECK(past.totals.best_sellers[2].description == "EARLY");
  CHECK(top(past.totals.best_sellers_net, 2) == std::vector<std::string>{"A 5 500", "b 5 500"});
}

TEST_CASE("totals too large for 64 bits are refused, not wrapped", "[replay]") {
  // Ten million lines would be needed; the adder is proved through one buyer's document instead.
  document huge{"1", kind::sale, std::vector<line>(2)};
  for (line& item : huge.lines) item.pence = std::numeric_limits<std::int64_t>::max();
  CHECK_THROWS_AS(huge.pence(), unreadable);
}

// ---- ids

TEST_CASE("stock codes become ids one to one, and those that are ids stay readable", "[replay]") {
  CHECK(product_of("85123A").text == "85123A");
  CHECK(product_of("85123a").text == "85123a");
  CHECK(product_of("gift_0001_20").text == "gift_0001_20");
  CHECK(product_of("BANK CHARGES").text == "BANK:20CHARGES");
  CHECK(product_of("a:20b").text == "a:3a20b");
  CHECK(product_of("\xc2\xa3").text == ":c2:a3");
  CHECK(stock_code_of("BANK:20CHARGES") == "BANK CHARGES");
  for (const char* text : {"", "a b", "a:", "a:2", "a:2g", "a:2A", "a:41", "a:5f", ":C2"}) {
    INFO(text);
    CHECK_FALSE(stock_code_of(text));
  }
  std::mt19937 random{20101201};
  for (int round = 0; round < 10'000; ++round) {
    std::string code;
    for (auto n = 1 + random() % 21; n > 0; --n)
      code += round % 2 ? static_cast<char>(random() % 256) : "Aa0:_ -2"[random() % 8];
    const auto id = product_of(code);
    REQUIRE(is_name(id.text));
    REQUIRE(stock_code_of(id.text) == code);
    // And back: any text that decodes is the one its code has.
    std::string other;
    for (auto n = 1 + random() % 6; n > 0; --n) other += ":20aA"[random() % 5];
    if (const auto decoded = stock_code_of(other)) REQUIRE(product_of(*decoded).text == other);
  }
}

// ---- needs

TEST_CASE("the need names what every order costs and takes", "[replay]") {
  std::string longest(255, 'x');
  const auto past = read(columns +
                         "1,A,RED,2,2010-12-01 08:00:00,1.00,10.0,UK\n"
                         "1,A,RED BOX,1,2010-12-01 08:00:00,2.005,10.0,UK\n"
                         "2,A,,4,2010-12-01 09:00:00,0,,UK\n"
                         "2,P,,1,2010-12-01 09:00:00,0.001,,UK\n"
                         "3,B C," +
                         longest +
                         "\xc2\xa3,1,2010-12-01 09:00:00,3,10.0,UK\n"
                         "C4,A,A LONGER NOTE,-9,2010-12-01 10:00:00,7,11.0,UK\n"
                         "C4,D,Discount,-1,2010-12-01 10:00:00,1,11.0,UK\n"
                         "C4,D,Off,-1,2010-12-01 10:00:00,2,11.0,UK\n"
                         "5,W,lost,-1,2010-12-01 10:00:00,0,,UK\n"
                         "A6,Z,debt,1,2010-12-01 10:00:00,5,,UK\n");
  REQUIRE(past.bad_rows.empty());
  const need all = need_of(past);
  CHECK(all.pence_by_buyer == std::map<std::string, std::int64_t>{{"c-10", 701}, {"c-11", 0}, {"guest-2", 0}});
  std::vector<std::string> got;
  for (const auto& [id, it] : all.articles)
    got.push_back(id + ' ' + std::to_string(it.units) + ' ' + std::to_string(it.price_pence) + ' ' + it.name);
  CHECK(got == std::vector<std::string>{"A 7 201 RED BOX", "B:20C 1 300 " + longest, "D 0 200 Discount", "P 1 0 P"});
}

// ---- real days

TEST_CASE("the day that ships comes to what was counted apart", "[replay]") {
  const auto file = source_dir / "tools/replay/online-retail-2010-12-01.csv";
  const json expected = json::parse(slurp(source_dir / "tools/replay/online-retail-2010-12-01.json"));
  CHECK(std::filesystem::file_size(file) == expected.at("bytes"));
  const history past = read_history(file);
  CHECK(past.bad_rows.empty());
  const tally& sums = past.totals;
  CHECK(sums.documents == expected.at("documents"));
  CHECK(sums.lines == expected.at("lines"));
  CHECK(sums.sale.documents == expected.at("orders"));
  CHECK(sums.sale.units == expected.at("units"));
  CHECK(sums.net_units == expected.at("net_units"));
  CHECK(sums.gross == expected.at("gross"));
  CHECK(sums.net == expected.at("net"));
  CHECK(sums.cancellation.documents == expected.at("returns"));
  CHECK(sums.returned == expected.at("returned"));
  for (const kind which : {kind::sale, kind::cancellation, kind::writeoff, kind::adjustment})
    CHECK(sums.of(which) == totals_from(expected.at(std::string{to_text(which)})));
  CHECK(sums.customers == expected.at("customers"));
  CHECK(sums.products == expected.at("products"));
  CHECK(top(sums.best_sellers, 10) == top_from(expected.at("best_sellers"), "product"));
  CHECK(top(sums.best_sellers_net, 10) == top_from(expected.at("best_sellers_net"), "product"));

  const need all = need_of(past);
  std::int64_t pence = 0;
  for (const auto& [buyer, needed] : all.pence_by_buyer) {
    CHECK(is_name(buyer));
    pence += needed;
  }
  CHECK(pence == sums.gross);
  std::int64_t units = 0;
  for (const auto& [id, it] : all.articles) {
    CHECK(is_name(id));
    CHECK_FALSE(it.name.empty());
    units += it.units;
  }
  CHECK(units == sums.sale.units);
}

TEST_CASE("two whole months come to the reference, in every figure", "[replay]") {
  const auto dir = months();
  if (!dir) return;
  const json reference = json::parse(slurp(*dir / "reference.json"));
  const std::vector<std::filesystem::path> files{*dir / "online-retail-2010-12.csv",
                                                 *dir / "online-retail-2011-01.csv"};
  const history past = read_history(files);
  CHECK(past.bad_rows.empty());
  const tally& sums = past.totals;
  const json& total = reference.at("total");
  CHECK(sums.lines == total.at("lines"));
  CHECK(sums.documents == total.at("documents"));
  CHECK(sums.net_units == total.at("net_units"));
  CHECK(sums.net == total.at("net_pence"));
  CHECK(sums.gross == total.at("gross_pence"));
  for (const kind which : {kind::sale, kind::cancellation, kind::writeoff, kind::adjustment})
    CHECK(sums.of(which) == totals_from(total.at(std::string{to_text(which)})));
  CHECK(sums.returned == total.at("cancellation").at("pence"));
  CHECK(sums.customers == total.at("distinct_customers_all_lines"));
  CHECK(sums.products == total.at("distinct_products_all_lines"));
  CHECK(sums.best_sellers.size() == total.at("distinct_products_priced_sale_lines"));
  CHECK(top(sums.best_sellers, 10) == top_from(reference.at("top10_by_units"), "key"));
  CHECK(top(sums.best_sellers_net, 10) == top_from(reference.at("top10_by_net_units"), "key"));
  CHECK(to_text(past.documents.front().when()) == "2010-12-01T08:26:00.000Z");

  std::int64_t positive = 0;
  std::int64_t with_customer = 0;
  std::map<std::string, kind_totals> countries;
  std::map<std::string, std::map<std::string, kind_totals>> days;
  for (const document& one : past.documents) {
    const auto add = [&](kind_totals& to) {
      to = {to.documents + 1, to.lines + static_cast<std::int64_t>(one.lines.size()), to.units + one.units(),
            to.pence + one.pence()};
    };
    add(days[to_text(one.when()).substr(0, 10)][std::string{to_text(one.is)}]);
    if (one.is != kind::sale) continue;
    positive += one.pence() > 0;
    with_customer += !one.customer().empty();
    add(countries[one.lines.front().country]);
  }
  CHECK(positive == total.at("orders_with_positive_value"));
  CHECK(with_customer == total.at("orders_with_customer"));
  CHECK(countries.size() == reference.at("orders_by_country").size());
  for (const auto& [country, of] : reference.at("orders_by_country").items()) {
    INFO(country);
    CHECK(countries[country] == totals_from(of));
  }
  CHECK(days.size() == reference.at("per_day").size());
  for (const auto& [day, of] : reference.at("per_day").items())
    for (auto& [name, sums_of_kind] : days[day]) {
      INFO(day << ' ' << name);
      CHECK(sums_of_kind == totals_from(of.at(name)));
    }

  const json& per_file = reference.at("per_file");
  for (const auto& file : files) {
    const history month = read_history(file);
    CHECK(month.totals.lines == per_file.at(file.filename().string()).at("lines"));
    CHECK(month.totals.documents == per_file.at(file.filename().string()).at("invoices"));
  }
}

TEST_CASE("every invoice of two months has the kind, lines, units and pence of the reference", "[replay]") {
  const auto dir = months();
  if (!dir) return;
  const history past = read_history(
      std::vector<std::filesystem::path>{*dir / "online-retail-2010-12.csv", *dir / "online-retail-2011-01.csv"});
  std::ifstream in{*dir / "reference_invoices.csv"};
  std::string expected;
  std::getline(in, expected);  // InvoiceNo,Kind,FirstInvoiceDate,CustomerID,Country,Lines,Units,Pence
  for (const document& one : past.documents) {
    REQUIRE(std::getline(in, expected));
    std::string date = to_text(one.when()).substr(0, 19);
    date[10] = ' ';
    std::ostringstream got;
    got << one.invoice << ',' << to_text(one.is) << ',' << date << ','
        << (one.customer().empty() ? "" : one.customer() + ".0") << ',' << one.lines.front().country << ','
        << one.lines.size() << ',' << one.units() << ',' << one.pence();
    REQUIRE(got.str() == expected);
  }
  CHECK_FALSE(std::getline(in, expected));
}
