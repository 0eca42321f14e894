#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/openai/emitter.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::openai {

/// What a choice says, as blocks; its logprobs and its end are taken behind it.
using TakeChoice = base::Status (*)(const json::Value& choice, std::size_t index, bool whole,
                                    Emitter& emitter, chat::EventSink& sink);

/// Answers and chunks of chat and completions: an envelope around choices.
std::unique_ptr<chat::AnswerDecoder> choices_decoder(bool streamed, catalog::Format origin,
                                                     std::string_view request_id, TakeChoice take);

}  // namespace tollgate::dataplane::formats::openai
