#pragma once

#include <span>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/formats/chat/format.h"

namespace tollgate::dataplane::formats::dialects {

/// The functions of a format of the chat family, or nullptr for any other. kBedrockInvokeMessages
/// and kVertexMessages answer Anthropic's: their envelopes are the providers'.
const chat::ChatFormat* find(catalog::Format format);
std::span<const chat::ChatFormat* const> all();

}  // namespace tollgate::dataplane::formats::dialects
