#pragma once

#include <string_view>

#include "dataplane/formats/chat/format.h"

namespace tollgate::dataplane::formats::converse {

/// Bedrock Converse and ConverseStream. Which of the two, and the model, are said by the path.
extern const chat::ChatFormat kFormat;

/// The name of an error, which clients take from the header x-amzn-errortype:
/// "ThrottlingException".
std::string_view error_name(const chat::ChatError& error);

}  // namespace tollgate::dataplane::formats::converse
