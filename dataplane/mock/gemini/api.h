#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dataplane/mock/conversation.h"
#include "dataplane/mock/fields.h"
#include "dataplane/mock/reply.h"

namespace tollgate::dataplane::mock::gemini {

/// Google AI below /v1beta/models, and Vertex AI below /v1/projects/P/locations/L/publishers. Host
/// and credential were checked before.
Reply answer(const ModelHost& host, const Call& call);
Reply answer_vertex(const ModelHost& host, const Call& call);

/// An error in Google's shape with the status name that goes with the number.
Reply error(int status, std::string_view message);
extern const Shape kShape;

struct Request {
  const Call& call;
  const json::Value& body;
  std::string model;
  bool vertex = false;
};
Reply generate(const Request& request);
Reply stream_generate(const Request& request);
Reply count_tokens(const Request& request);
Reply embed_content(const Request& request);
Reply batch_embed_contents(const Request& request);
Reply predict(const Request& request);
/// Claude on Vertex AI.
Reply raw_predict(const Request& request);
Reply stream_raw_predict(const Request& request);

/// Refuses what a table does not know, in Google's words.
std::optional<Reply> check_table(const json::Value& body, std::span<const Field> table);
/// A generateContent body. A reply = what is wrong with it.
struct Reading {
  Conversation chat;
  bool shows_thoughts = false;
};
std::optional<Reply> read_generate(const Request& request, const json::Value& body,
                                   Reading& reading);
/// The texts of a Content object.
std::string text_of_content(const json::Value& content);

}  // namespace tollgate::dataplane::mock::gemini
