#pragma once

#include <string>

#include "dataplane/base/clock.h"

namespace tollgate::controller::kube::write {

/// metav1.Time: "2026-01-02T03:04:05Z".
std::string format_time(dataplane::base::WallTime time);
/// metav1.MicroTime: "2026-01-02T03:04:05.000000Z".
std::string format_micro_time(dataplane::base::WallTime time);

}  // namespace tollgate::controller::kube::write
