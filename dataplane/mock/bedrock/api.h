#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/mock/conversation.h"
#include "dataplane/mock/fields.h"
#include "dataplane/mock/reply.h"

namespace tollgate::dataplane::mock::bedrock {

/// Bedrock's runtime API: InvokeModel, Converse and CountTokens. Host and signature were checked
/// before.
Reply answer(const ModelHost& host, const Call& call);

/// An error in AWS's shape with the type that goes with the status.
Reply error(int status, std::string_view message);
/// With a type of its own, e.g. "AccessDeniedException".
Reply typed_error(int status, std::string_view type, std::string_view message);
extern const Shape kShape;

/// One application/vnd.amazon.eventstream message with string headers.
std::string event_stream_message(const std::vector<std::pair<std::string, std::string>>& headers,
                                 std::string_view payload);
/// A message of one event.
std::string event_message(std::string_view type, std::string_view json);

struct Request {
  const Call& call;
  const json::Value& body;
  std::string model;
  bool streamed = false;
};
Reply invoke(const Request& request);
Reply converse(const Request& request);
Reply count_tokens(const Request& request);

/// Reads and checks a Converse request, or the one inside CountTokens. The text of the
/// ValidationException, or nothing.
std::string read_converse(const json::Value& body, bool count, Conversation& chat);
std::string describe(const Problem& problem);

}  // namespace tollgate::dataplane::mock::bedrock
