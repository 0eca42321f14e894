#pragma once

#include <span>

#include "dataplane/mock/fields.h"

namespace tollgate::dataplane::mock::gemini {

/// What Google knows of its requests.
std::span<const Field> generate_fields(bool vertex);
std::span<const Field> content_fields();

}  // namespace tollgate::dataplane::mock::gemini
