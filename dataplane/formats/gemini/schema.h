#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::gemini {

/// Deepest schema that is converted, and the longest result: references are written out, so that a
/// small schema could become an enormous one.
inline constexpr std::size_t kMaxSchemaDepth = 30;
inline constexpr std::size_t kMaxSchemaBytes = 1U << 20U;

/// JSON Schema -> the subset of OpenAPI's schema that models before Gemini 2.5 take. `schema` is a
/// JSON object without padding. References (`#/...` only) are replaced by what they name; what
/// cannot be said (a circle, allOf of several) is kInvalidArgument with a sentence that follows
/// `where`; const is an enum of one, oneOf is anyOf, other keywords that the subset lacks are left
/// out.
base::Result<std::string> to_openapi(std::string_view schema, std::string_view where);

/// The way back, for backends that take JSON Schema: lower-case types, `nullable` as a type of its
/// own, numbers that Google writes as strings.
base::Result<std::string> to_json_schema(const json::Value& schema, std::string_view where);

}  // namespace tollgate::dataplane::formats::gemini
