#pragma once

#include "dataplane/telemetry/exposition.h"

namespace tollgate::dataplane::proxy {

/// The process's CPU time, memory and open files, under the names that every Prometheus client
/// uses.
void add_process_readings(telemetry::Exposition& exposition);

}  // namespace tollgate::dataplane::proxy
