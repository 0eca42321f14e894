#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/openai/emitter.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::openai_chat {

std::unique_ptr<chat::AnswerDecoder> make_decoder(bool streamed,
                                                  const chat::AnswerContext& context);
std::unique_ptr<chat::StreamEncoder> make_stream_encoder(const chat::AnswerContext& context);
base::Status encode_answer(const chat::WholeAnswer& answer, const chat::AnswerContext& context,
                           std::string& out);

/// A `message`, or a `delta`, which has the same members: what it says as blocks.
base::Status take_message(const json::Value& message, std::size_t choice, bool whole,
                          openai::Emitter& emitter, chat::EventSink& sink);

}  // namespace tollgate::dataplane::formats::openai_chat
