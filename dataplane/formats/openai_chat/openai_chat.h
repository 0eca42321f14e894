#pragma once

#include "dataplane/formats/chat/format.h"

namespace tollgate::dataplane::formats::openai_chat {

/// POST /v1/chat/completions, whole and as a stream of `data:` events.
extern const chat::ChatFormat kFormat;

}  // namespace tollgate::dataplane::formats::openai_chat
