#pragma once

#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/json/body_scan.h"
#include "dataplane/json/splice.h"
#include "dataplane/providers/registry.h"

namespace tollgate::dataplane::providers {

/// Sets the head's path and query from a template of FormatPath. The prefix is the backend's, or
/// the provider's default if it sets none; slashes at its ends do not matter, and a prefix of
/// slashes only means no prefix. kInvalidArgument (client): the path needs a model and there is
/// none.
base::Status set_target(const PrepareContext& context, std::string_view pattern);

/// The request model: the backend's override, else what the client asked for (may be empty).
std::string_view request_model(const PrepareContext& context);

/// `text` as a JSON string with quotes, in the arena.
std::string_view json_string(std::string_view text, base::Arena& arena);

/// The client's body with the edits as slices in the arena, and the head fields that go with a JSON
/// body: method, content type, length. Asks the provider not to compress, since usage is read from
/// the bytes.
void set_json_body(const PrepareContext& context, const json::Splice& splice, UpstreamRequest& out);

}  // namespace tollgate::dataplane::providers
