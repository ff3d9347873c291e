// Runs subcommands and says how they end.
#include "tools/command_line.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <exception>
#include <iostream>

namespace souk::tools {

int run(CLI::App& app, int argc, char** argv, const int& exit_code) {
  // What is printed is for whoever reads it, also a script; what is logged is beside it.
  spdlog::set_default_logger(spdlog::stderr_color_mt("souk"));
  try {
    app.parse(argc, argv);
    return exit_code;
  } catch (const CLI::ParseError& said) {
    // The library has codes of its own above 100: here everything but help is usage.
    return app.exit(said) == 0 ? 0 : 2;
  } catch (const std::exception& trouble) {
    std::cerr << app.get_name() << ": " << trouble.what() << '\n';
    return 1;
  }
}

void add_key_option(CLI::App& app, std::string& into) {
  if (const char* key = std::getenv("SOUK_KEY"); key && *key) into = key;
  app.add_option("--key", into, "the caller's key, where the node wants one ($SOUK_KEY, which `ps` does not show)");
}

std::vector<std::pair<std::string, std::string>> headers_with(const std::string& key) {
  if (key.empty()) return {};
  return {{"Authorization", "Bearer " + key}};
}

}  // namespace souk::tools
