// Opens the store of the event log.
#include "persistence/event_log.hpp"

namespace souk::persistence {

static const std::string version_1 =
    outbox<event_log::event>::schema("log") + positions::schema() + troubles<event_log::trouble>::schema();
static const std::string_view migrations[]{version_1};

// How many subscribers there are is told with the first fetch; until then nothing is deleted.
event_log_store::event_log_store(const open_options& options)
    : file(options, migrations), log(file, "log", 1 << 16), positions(file), troubles(file) {}

}  // namespace souk::persistence
