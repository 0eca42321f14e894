#pragma once

#include "dataplane/formats/chat/format.h"

namespace tollgate::dataplane::formats::openai_completions {

/// POST /v1/completions: the legacy way to ask, a text to go on with.
extern const chat::ChatFormat kFormat;

}  // namespace tollgate::dataplane::formats::openai_completions
