#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dataplane/formats/chat/format.h"
#include "dataplane/json/reader.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::openai {

/// The members of an answer or a chunk of chat and completions, in one pass.
struct Envelope {
  std::string_view id;
  std::string_view model;
  std::string_view service_tier;
  std::int64_t created = 0;
  std::optional<json::Value> choices;
  std::optional<json::Value> usage;
  std::optional<json::Value> error;
  bool is_error = false;  // {"object": "error", "message": ...}, as older hosts say it
};

Envelope read_envelope(const json::Value& document);
/// kStart, with what the envelope says besides.
base::Status hand_out_start(const Envelope& envelope, const json::Value& document,
                            catalog::Format origin, chat::EventSink& sink);
/// kUsage, if there are figures.
base::Status hand_out_usage(const Envelope& envelope, catalog::Format origin,
                            chat::EventSink& sink);
/// The `index` of a choice; 0 if it does not say.
std::size_t choice_index(const json::Value& choice);
/// Whether an `error` member tells of one: some hosts send it always, empty where all went well.
bool says_error(const json::Value& value);
bool empty_list(const std::optional<json::Value>& value);
/// A member's text, if it is one and not empty.
std::string_view text_member(const json::Value& value, std::string_view name);
std::string_view text_or_empty(const json::Value& value);

/// What identifies an answer that is written: the same in all its chunks.
struct Identity {
  std::string id;
  std::string model;
  std::int64_t created = 0;
  std::string service_tier;
  std::string raw;  // of an answer of the same dialect: members that it says besides
};

/// Of a stream, until its origin says more; `prefix` is that of the id.
Identity made_identity(std::string_view prefix, const chat::AnswerContext& context);
/// What kStart says of it.
void take_identity(Identity& identity, const chat::Event& start, catalog::Format own);
Identity identity_of(const chat::WholeAnswer& answer, std::string_view prefix,
                     const chat::AnswerContext& context, catalog::Format own);
/// The member `usage` of a whole answer, if there are figures.
void write_usage_of(json::Writer& w, const chat::WholeAnswer& answer, catalog::Format own);

/// The provider's own id, or `prefix` and the request's.
std::string answer_id(std::string_view own, std::string_view prefix,
                      const chat::AnswerContext& context);
/// id, object, created, model, service_tier and the rest, into an open object.
void write_identity(json::Writer& w, const Identity& identity, std::string_view object);
/// The members of the JSON object `raw` into an open object.
void write_members(json::Writer& w, std::string_view raw);

}  // namespace tollgate::dataplane::formats::openai
