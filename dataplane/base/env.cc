#include "dataplane/base/env.h"

#include <cstdlib>

namespace tollgate::dataplane::base {

std::string env_or(const char* name, std::string_view fallback) {
  const char* value = std::getenv(name);
  return std::string(value == nullptr || *value == '\0' ? fallback : std::string_view(value));
}

}  // namespace tollgate::dataplane::base
