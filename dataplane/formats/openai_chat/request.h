#pragma once

#include <string>
#include <vector>

#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/chat/survey.h"
#include "dataplane/formats/openai/members.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::openai_chat {

base::Result<chat::Request> decode_request(json::Reader& reader, std::string_view body,
                                           base::Arena& arena);
base::Result<chat::Dropped> encode_request(const chat::Request& request, const chat::Target& target,
                                           std::string& out);

// Parts of the above. Block::name says where thinking and opaque blocks stood: the name of the
// member, for thinking in a part of the content the part's member ("text", "thinking").
inline constexpr std::string_view kThinkingBlocks = "thinking_blocks";
inline constexpr std::string_view kReasoningContent = "reasoning_content";
inline constexpr std::string_view kReasoning = "reasoning";
inline constexpr std::string_view kToolCalls = "tool_calls";

base::Status decode_message(openai::RequestReader& reader, const json::Value& value,
                            chat::Message& message);
base::Result<chat::Block> decode_part(openai::RequestReader& reader, const json::Value& value);
/// An element of `thinking_blocks`.
base::Result<chat::Block> decode_thinking(openai::RequestReader& reader, const json::Value& value,
                                          std::string_view where);
base::Status decode_tools(openai::RequestReader& reader, const json::Value& value,
                          chat::Request& request);
/// `functions` and `function_call`, which tools and tool_choice replaced.
base::Status decode_functions(openai::RequestReader& reader, const json::Value& value,
                              chat::Request& request);
base::Status decode_function_choice(openai::RequestReader& reader, const json::Value& value,
                                    chat::ToolChoice& choice);
/// Calls of functions have no ids: they get some, and so do the results that follow them.
void name_legacy_calls(const openai::RequestReader& reader, chat::Request& request);
base::Result<bool> decode_tool_choice(openai::RequestReader& reader, const json::Value& value,
                                      chat::ToolChoice& choice);

/// One message of the client, which may become several: tool results stand alone.
void encode_message(json::Writer& w, const chat::Message& message, const chat::LossCheck& losses);
void encode_part(json::Writer& w, const chat::Block& block, const chat::LossCheck& losses);
void encode_tools(json::Writer& w, const chat::Request& request, const chat::LossCheck& losses);
void encode_tool_choice(json::Writer& w, const chat::Request& request,
                        const chat::LossCheck& losses);
void encode_cache(json::Writer& w, const chat::CacheMark& mark, const chat::LossCheck& losses);

}  // namespace tollgate::dataplane::formats::openai_chat
