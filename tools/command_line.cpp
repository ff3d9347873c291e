// Runs subcommands and says how they end.
#include "tools/command_line.hpp"

#include <exception>
#include <iostream>

namespace souk::tools {

int run(CLI::App& app, int argc, char** argv, const int& exit_code) {
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

}  // namespace souk::tools
