// Histories in CSV: every record counts or stands among the bad rows, and the books of the whole are balanced.
#include <sstream>

#include "tests/fuzz/target.hpp"
#include "tools/replay/history.hpp"

using namespace souk;
using namespace souk::replay;
using fuzz::must;

SOUK_FUZZ_TARGET(csv) {
  // The columns of the format stand there, so that the rows are what is tried; other columns by the other way.
  const bool with_header = fuzz::chosen(input, 4) != 0;
  std::istringstream in{
      (with_header ? "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n" : "") +
      std::string{input}};
  history past;
  try {
    past = read_history(in);
  } catch (const unreadable&) {
    return;
  }
  std::int64_t lines = 0, units = 0, pence = 0;
  for (const auto& one : past.documents) {
    must(!one.lines.empty(), "a document has a line");
    for (const auto& line : one.lines) {
      ++lines;
      units += line.quantity;
      pence += line.pence;
      const auto product = product_of(line.stock_code);
      must(is_name(product.text) && stock_code_of(product.text) == line.stock_code, "a product's id leads back to it");
    }
  }
  must(lines == past.totals.lines && units == past.totals.net_units && pence == past.totals.net,
       "the totals are those of the lines");
  must(static_cast<std::int64_t>(past.documents.size()) == past.totals.documents, "all documents are counted");
  for (const auto& [id, article] : need_of(past).articles)
    must(is_name(id) && !article.name.empty() && article.name.size() <= article_name_bytes_max, "a shop can list it");
}
