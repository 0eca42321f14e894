#pragma once

#include <functional>
#include <memory>

#include "dataplane/formats/chat/format.h"

namespace tollgate::dataplane::formats::chat {

/// Hands out all events of a whole answer. `document`: what the body is, or why it is no JSON.
using WholeReader =
    std::function<base::Status(const base::Result<json::Value>& document, EventSink& sink)>;

/// Holds a body until it is there, bounded.
std::unique_ptr<AnswerDecoder> whole_decoder(WholeReader read);

}  // namespace tollgate::dataplane::formats::chat
