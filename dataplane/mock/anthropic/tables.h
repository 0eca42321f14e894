#pragma once

#include <span>

#include "dataplane/mock/fields.h"

namespace tollgate::dataplane::mock::anthropic {

/// What Anthropic knows of a Messages body, beside what an envelope adds.
std::span<const Field> message_fields();

}  // namespace tollgate::dataplane::mock::anthropic
