#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/json/reader.h"
#include "dataplane/mock/conversation.h"
#include "dataplane/mock/reply.h"

namespace tollgate::dataplane::mock::anthropic {

/// Anthropic's API below `host.prefix`. Host and credential were checked before.
Reply answer(const ModelHost& host, const Call& call);

/// An error in Anthropic's shape with the type that goes with the status.
Reply error(int status, std::string_view message);
extern const Shape kShape;

/// Where a Messages body stands: it decides which members it has beside the common ones.
enum class Envelope : std::uint8_t {
  kDirect,       // model and stream
  kBedrock,      // anthropic_version; the path names model and streaming
  kVertex,       // anthropic_version and stream; the path names the model
  kCount,        // no max_tokens
  kVertexCount,  // likewise, with anthropic_version
};

/// Reads and checks a body. The text of the error, or nothing if all is well.
std::string read_messages(const json::Value& body, Envelope envelope, Conversation& chat);

/// The word for the end of an answer, which Converse shares.
std::string_view stop_reason(const Answer& answer);

/// The events of an answer, as JSON texts with their types: server-sent events here and on Vertex,
/// frames on Bedrock.
struct Event {
  std::string type;
  std::string data;
};
/// How many events at the end say that a stream is complete.
inline constexpr std::size_t kClosingEvents = 2;
std::vector<Event> make_events(const Conversation& chat, const Answer& answer, std::string_view id);
/// The whole message of the same answer.
std::string make_message(const Conversation& chat, const Answer& answer, std::string_view id);
/// An answer in Anthropic's own framing.
Reply reply_to(const Conversation& chat, const Call& call, std::string_view id_prefix);

/// `{"input_tokens":N}`
std::string make_count(const Conversation& chat);

}  // namespace tollgate::dataplane::mock::anthropic
