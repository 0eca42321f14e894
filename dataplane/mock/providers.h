#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/mock/chat.h"
#include "dataplane/mock/model_host.h"

namespace tollgate::dataplane::mock {

/// The three APIs. Each checks path and fields and answers in its provider's shape; Host and
/// credential were checked before.
Reply answer_openai(const ModelHost& host, const Call& call);
Reply answer_anthropic(const ModelHost& host, const Call& call);
Reply answer_bedrock(const ModelHost& host, const Call& call);

/// An error of the host's provider. `type` is the provider's own error name.
Reply openai_error(int status, std::string_view type, std::string_view message,
                   std::string_view code = {});
Reply anthropic_error(int status, std::string_view type, std::string_view message);
Reply bedrock_error(int status, std::string_view type, std::string_view message);

/// The events of an Anthropic message stream, as JSON texts with their event types: Anthropic sends
/// them as server-sent events, Bedrock inside event stream frames.
struct AnthropicEvent {
  std::string type;
  std::string data;
};
std::vector<AnthropicEvent> anthropic_events(const Chat& chat, std::string_view id,
                                             std::string_view model);
/// The whole message of the same answer.
std::string anthropic_message(const Chat& chat, std::string_view id, std::string_view model);
/// Checks the fields that both Anthropic and Bedrock demand. Empty if all is well.
std::string anthropic_problem(const Chat& chat);

/// Ends a streamed reply as the directives say: cuts or fails it after n events.
/// `error_chunk` is what the provider sends when it fails in the middle of a stream.
void apply_stream_faults(const Directives& directives, std::string error_chunk, Reply& reply);

/// One application/vnd.amazon.eventstream message with string headers.
std::string event_stream_message(const std::vector<std::pair<std::string, std::string>>& headers,
                                 std::string_view payload);

/// A stable identifier made of the request, so that answers repeat.
std::string make_id(std::string_view prefix, const Call& call);

}  // namespace tollgate::dataplane::mock
