// The console as tests use it: words in, and out comes what it printed.
#pragma once

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>
#include <string>

#include "tools/admin.hpp"

namespace souk::tests {

struct redirected {
  redirected(std::ostream& from, std::ostream& to) : from_(from), usual_(from.rdbuf(to.rdbuf())) {}
  ~redirected() { from_.rdbuf(usual_); }
  std::ostream& from_;
  std::streambuf* usual_;
};

struct console {
  explicit console(const std::string& node) : node_(node) {}

  // What it prints; its exit code is left in `code`, what it says to people beside a list for scripts in `aside`.
  std::string say(const std::string& words) {
    CLI::App app;
    code = -1;
    tools::add_admin(app, code);
    std::ostringstream out, err;
    {
      const redirected ours{std::cout, out}, also{std::cerr, err};
      app.parse("admin --node " + node_ + ' ' + words);
    }
    aside = err.str();
    return out.str() + aside;
  }
  int code = -1;
  std::string aside;

private:
  std::string node_;
};

}  // namespace souk::tests
