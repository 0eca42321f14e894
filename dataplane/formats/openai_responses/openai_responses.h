#pragma once

#include "dataplane/formats/chat/format.h"

namespace tollgate::dataplane::formats::openai_responses {

/// POST /v1/responses, whole and as a stream of named events.
extern const chat::ChatFormat kFormat;

}  // namespace tollgate::dataplane::formats::openai_responses
