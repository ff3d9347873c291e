// The program of the troubled node.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "tools/doubles/double.hpp"
#include "tools/doubles/troubled_node.hpp"

int main(int argc, char** argv) {
  CLI::App app{"a node whose wallets can be told to be silent: POST /control {\"silent\": true}"};
  std::string data = ".data";
  std::uint16_t port = 0;
  app.add_option("--data", data, "directory of the stores")->capture_default_str();
  app.add_option("--port", port, "where it listens; 0: any free port")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const souk::doubles::end_signal end;
  spdlog::set_level(spdlog::level::err);
  souk::doubles::troubled_node node{data, port};
  std::cout << "listening on " << node.address() << std::endl;
  end.wait();
  return 0;
}
