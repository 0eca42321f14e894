#include "dataplane/formats/openai/envelope.h"

#include <limits>

#include "dataplane/formats/openai/usage.h"

namespace tollgate::dataplane::formats::openai {
namespace {

constexpr std::size_t kMaxIdBytes = 256;

bool known(std::string_view key) {
  return key == "id" || key == "object" || key == "created" || key == "model" || key == "choices" ||
         key == "usage" || key == "error" || key == "service_tier" || key == "obfuscation";
}

/// What the envelope says besides: an object, or empty.
std::string rest_of(const json::Value& document) {
  std::string out;
  json::Writer w(out);
  auto members = document.members();
  while (members && members->next()) {
    if (known(members->key()) || members->value().is_null()) continue;
    if (out.empty()) w.begin_object();
    w.raw_member(members->key(), members->value().raw().value_or("null"));
  }
  if (!out.empty()) w.end_object();
  return out;
}

std::optional<json::Value> unless_null(const json::Value& value) {
  if (value.is_null()) return std::nullopt;
  return value;
}

}  // namespace

bool says_error(const json::Value& value) {
  switch (value.type()) {
    case json::Type::kNull:
    case json::Type::kBool:
    case json::Type::kNumber:
      return false;
    case json::Type::kString:
      return !text_or_empty(value).empty();
    case json::Type::kArray:
      return !empty_list(value);
    case json::Type::kObject: {
      auto members = value.members();
      return members && members->next();
    }
  }
  return false;
}

std::string_view text_or_empty(const json::Value& value) {
  if (value.type() != json::Type::kString) return {};
  const auto text = value.string();
  return text ? *text : std::string_view{};
}

std::string_view text_member(const json::Value& value, std::string_view name) {
  const auto member = value.find(name);
  return member ? text_or_empty(*member) : std::string_view{};
}

bool empty_list(const std::optional<json::Value>& value) {
  if (!value) return false;
  auto elements = value->elements();
  return elements && !elements->next();
}

Envelope read_envelope(const json::Value& document) {
  Envelope envelope;
  auto members = document.members();
  while (members && members->next()) {
    const std::string_view key = members->key();
    const json::Value& value = members->value();
    if (key == "choices") {
      envelope.choices = unless_null(value);
    } else if (key == "id") {
      envelope.id = text_or_empty(value);
    } else if (key == "model") {
      envelope.model = text_or_empty(value);
    } else if (key == "created" && value.type() == json::Type::kNumber) {
      const auto seconds = value.number();
      constexpr double kMax = 1e15;
      if (seconds && *seconds > 0 && *seconds < kMax) {
        envelope.created = static_cast<std::int64_t>(*seconds);
      }
    } else if (key == "usage") {
      envelope.usage = unless_null(value);
    } else if (key == "service_tier") {
      envelope.service_tier = text_or_empty(value);
    } else if (key == "error") {
      if (says_error(value)) envelope.error = value;
    } else if (key == "object") {
      envelope.is_error = text_or_empty(value) == "error";
    }
  }
  return envelope;
}

base::Status hand_out_start(const Envelope& envelope, const json::Value& document,
                            catalog::Format origin, chat::EventSink& sink) {
  const std::string rest = rest_of(document);
  chat::Event event;
  event.kind = chat::EventKind::kStart;
  event.origin = origin;
  event.id = envelope.id;
  event.model = envelope.model;
  event.created_unix_s = envelope.created;
  event.service_tier = envelope.service_tier;
  event.raw = rest;
  return sink.on_event(event);
}

base::Status hand_out_usage(const Envelope& envelope, catalog::Format origin,
                            chat::EventSink& sink) {
  if (!envelope.usage) return {};
  const Usage usage = decode_usage(*envelope.usage);
  if (!usage.reported) return {};
  chat::Event event;
  event.kind = chat::EventKind::kUsage;
  event.origin = origin;
  event.usage = &usage;
  event.raw = envelope.usage->raw().value_or("");
  event.service_tier = envelope.service_tier;
  return sink.on_event(event);
}

std::size_t choice_index(const json::Value& choice) {
  const auto index = choice.find("index");
  if (!index || index->type() != json::Type::kNumber) return 0;
  const auto number = index->integer();
  if (!number || *number < 0) return std::numeric_limits<std::size_t>::max();
  return static_cast<std::size_t>(*number);
}

std::string answer_id(std::string_view own, std::string_view prefix,
                      const chat::AnswerContext& context) {
  if (!own.empty() && own.size() <= kMaxIdBytes) return std::string(own);
  std::string id(prefix);
  id += context.request_id;
  return id;
}

Identity made_identity(std::string_view prefix, const chat::AnswerContext& context) {
  Identity identity;
  identity.id = answer_id({}, prefix, context);
  identity.model = context.model;
  identity.created = context.now_unix_s;
  return identity;
}

void take_identity(Identity& identity, const chat::Event& start, catalog::Format own) {
  if (!start.id.empty()) identity.id = start.id;
  if (!start.model.empty()) identity.model = start.model;
  if (start.created_unix_s > 0) identity.created = start.created_unix_s;
  if (start.origin == own) identity.raw = start.raw;
}

Identity identity_of(const chat::WholeAnswer& answer, std::string_view prefix,
                     const chat::AnswerContext& context, catalog::Format own) {
  Identity identity = made_identity(prefix, context);
  identity.id = answer_id(answer.id, prefix, context);
  if (!answer.model.empty()) identity.model = answer.model;
  if (answer.created_unix_s > 0) identity.created = answer.created_unix_s;
  if (answer.origin == own) identity.raw = answer.raw;
  return identity;
}

void write_usage_of(json::Writer& w, const chat::WholeAnswer& answer, catalog::Format own) {
  if (answer.origin == own && !answer.usage_raw.empty()) {
    w.raw_member("usage", answer.usage_raw);
  } else if (answer.usage.reported || answer.usage.estimated) {
    write_usage(w.key("usage"), answer.usage);
  }
}

void write_members(json::Writer& w, std::string_view raw) {
  if (raw.empty()) return;
  json::Reader reader;
  const json::PaddedText padded(raw);
  const auto document = reader.open(padded.view());
  if (!document) return;
  auto members = document->members();
  while (members && members->next()) {
    w.raw_member(members->key(), members->value().raw().value_or("null"));
  }
}

void write_identity(json::Writer& w, const Identity& identity, std::string_view object) {
  w.member("id", identity.id).member("object", object);
  w.member("created", identity.created).member("model", identity.model);
  if (!identity.service_tier.empty()) w.member("service_tier", identity.service_tier);
  write_members(w, identity.raw);
}

}  // namespace tollgate::dataplane::formats::openai
