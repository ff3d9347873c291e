// souk seats: reads a seat plan or concert dates, and says what is in it and what cannot be used.
#pragma once

namespace CLI {
class App;
}

namespace souk::tools {

// Adds `seats FILE [--dates] [-o json]`. When it was run, exit_code is 0 if everything in the file can be used, 1 if
// something was refused or the file makes no sense, 3 if it is not there.
void add_seats(CLI::App& app, int& exit_code);

}  // namespace souk::tools
