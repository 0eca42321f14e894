#pragma once

#include <memory>
#include <string>

#include "dataplane/formats/chat/format.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::openai_responses {

std::unique_ptr<chat::AnswerDecoder> make_decoder(bool streamed,
                                                  const chat::AnswerContext& context);
std::unique_ptr<chat::StreamEncoder> make_stream_encoder(const chat::AnswerContext& context);
base::Status encode_answer(const chat::WholeAnswer& answer, const chat::AnswerContext& context,
                           std::string& out);

}  // namespace tollgate::dataplane::formats::openai_responses
