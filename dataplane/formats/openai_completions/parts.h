#pragma once

#include <memory>
#include <string>

#include "dataplane/formats/chat/format.h"

namespace tollgate::dataplane::formats::openai_completions {

base::Result<chat::Request> decode_request(json::Reader& reader, std::string_view body,
                                           base::Arena& arena);
base::Result<chat::Dropped> encode_request(const chat::Request& request, const chat::Target& target,
                                           std::string& out);
std::unique_ptr<chat::AnswerDecoder> make_decoder(bool streamed,
                                                  const chat::AnswerContext& context);
std::unique_ptr<chat::StreamEncoder> make_stream_encoder(const chat::AnswerContext& context);
base::Status encode_answer(const chat::WholeAnswer& answer, const chat::AnswerContext& context,
                           std::string& out);

}  // namespace tollgate::dataplane::formats::openai_completions
