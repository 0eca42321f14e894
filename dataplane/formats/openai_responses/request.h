#pragma once

#include <string>

#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/chat/survey.h"
#include "dataplane/formats/openai/members.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::openai_responses {

base::Result<chat::Request> decode_request(json::Reader& reader, std::string_view body,
                                           base::Arena& arena);
base::Result<chat::Dropped> encode_request(const chat::Request& request, const chat::Target& target,
                                           std::string& out);

// Consecutive items of the assistant are one message of the canonical form: other dialects want
// the calls of a turn together. An extra of this name marks the first block of an item; the item's
// own members stand below it.
inline constexpr std::string_view kItem = "input[]";
// Block::name of a text says what it was: an input_text, an output_text, or `input` itself.
inline constexpr std::string_view kInput = "input";
inline constexpr std::string_view kContent = "content";
inline constexpr std::string_view kOutputText = "output_text";

// Reasoning comes back only with the item that it was: its id and encrypted_content travel as one
// signature, "rs_...#...".
inline constexpr char kSignatureMark = '#';
// A signature of another provider stands behind this in encrypted_content, so that it is known
// again when the item comes back.
inline constexpr std::string_view kForeignSignature = "tollgate:";

base::Status decode_input(openai::RequestReader& reader, const json::Value& value,
                          chat::Request& request);
base::Status decode_tools(const openai::RequestReader& reader, const json::Value& value,
                          chat::Request& request);
base::Result<bool> decode_tool_choice(const openai::RequestReader& reader, const json::Value& value,
                                      chat::ToolChoice& choice);

void encode_input(json::Writer& w, const chat::Request& request, chat::LossCheck& losses);
void encode_tools(json::Writer& w, const chat::Request& request, bool foreign);
/// The value of tool_choice; false: nothing was written.
bool encode_tool_choice(json::Writer& w, const chat::ToolChoice& choice);
/// The members of text.format, into an open object.
void encode_text_format(json::Writer& w, const chat::ResponseFormat& format, bool foreign);

}  // namespace tollgate::dataplane::formats::openai_responses
