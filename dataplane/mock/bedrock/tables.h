#pragma once

#include <span>

#include "dataplane/mock/fields.h"

namespace tollgate::dataplane::mock::bedrock {

/// What Converse knows of its requests; and of what CountTokens takes of them.
std::span<const Field> converse_fields();
std::span<const Field> count_fields();

}  // namespace tollgate::dataplane::mock::bedrock
