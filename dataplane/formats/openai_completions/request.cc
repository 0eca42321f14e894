#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/chat/say.h"
#include "dataplane/formats/chat/survey.h"
#include "dataplane/formats/openai/members.h"
#include "dataplane/formats/openai_completions/parts.h"

namespace tollgate::dataplane::formats::openai_completions {
namespace {

using chat::Request;
using chat::write_number;
using openai::RequestReader;

/// The one text of a prompt; nullopt: several texts, or tokens.
std::optional<json::Value> only_text(const json::Value& value) {
  if (value.type() == json::Type::kString) return value;
  auto elements = value.elements();
  if (!elements || !elements->next()) return {};
  const json::Value first = elements->value();
  if (first.type() != json::Type::kString || elements->next()) return {};
  return first;
}

/// A text, also as a list of one, is the user's message. Several texts, and tokens, have no place
/// in other dialects: they stay an extra, and there is no message.
base::Result<bool> decode_prompt(const RequestReader& reader, const json::Value& value,
                                 Request& request) {
  const auto text = only_text(value);
  if (!text) return false;
  chat::Message& message = request.messages.emplace_back();
  message.plain = value.type() == json::Type::kString;
  TRY_ASSIGN(message.blocks.emplace_back().text, reader.keeper().text(*text, "prompt"));
  return true;
}

base::Result<bool> decode_member(const RequestReader& reader, std::string_view name,
                                 const json::Value& value, Request& request) {
  if (value.is_null()) return false;
  if (name == "prompt") return decode_prompt(reader, value, request);
  if (name == "max_tokens") {
    TRY_ASSIGN(request.sampling.max_tokens, reader.keeper().number(value, name));
    request.sampling.legacy_max_tokens = true;
    return true;
  }
  if (name == "logprobs") {
    TRY_ASSIGN(request.sampling.top_logprobs, reader.keeper().number(value, name));
    return true;
  }
  TRY_ASSIGN(const bool sampling, reader.sampling(name, value, request.sampling));
  if (sampling) return true;
  return reader.common(name, value, request);
}

void write_sampling(json::Writer& w, const chat::Sampling& s) {
  write_number(w, "max_tokens", s.max_tokens);
  write_number(w, "temperature", s.temperature);
  write_number(w, "top_p", s.top_p);
  write_number(w, "top_k", s.top_k);
  write_number(w, "presence_penalty", s.presence_penalty);
  write_number(w, "frequency_penalty", s.frequency_penalty);
  write_number(w, "seed", s.seed);
  write_number(w, "n", s.choices);
  write_number(w, "logprobs", s.top_logprobs);
  if (!s.logit_bias.empty()) w.raw_member("logit_bias", s.logit_bias);
  if (s.plain_stop && s.stop.size() == 1) {
    w.member("stop", s.stop.front());
  } else {
    chat::write_texts(w, "stop", s.stop);
  }
}

void write_stream(json::Writer& w, const Request& request, const chat::Target& target) {
  if (target.streamed) {
    w.member("stream", true);
  } else if (request.stream) {
    w.member("stream", false);
  }
  const bool nested = chat::has_nested_extras(request.extras, "stream_options");
  const bool said = request.include_usage.has_value();
  if (!target.streamed || !(target.want_usage || nested || said)) return;
  w.key("stream_options").begin_object();
  if (target.want_usage || said) {
    w.member("include_usage", target.want_usage || request.include_usage.value_or(false));
  }
  chat::write_nested_extras(w, request.extras, "stream_options");
  w.end_object();
}

bool said(std::string_view key, const chat::Target& target) {
  return key == "model" || (key == "stream" && target.streamed) ||
         (key == "stream_options" && target.streamed && target.want_usage) ||
         key.starts_with("stream_options.");
}

}  // namespace

base::Result<Request> decode_request(json::Reader& reader, std::string_view body,
                                     base::Arena& arena) {
  TRY_ASSIGN(const json::Value document, reader.open(body));
  auto members = document.members();
  if (!members) return chat::bad_request("the body", "must be an object");
  Request request;
  request.origin = catalog::Format::kOpenAiCompletions;
  request.is_completion = true;
  const RequestReader fields(body, arena);
  while (members->next()) {
    const std::string_view key = members->key();
    TRY_ASSIGN(const bool taken, decode_member(fields, key, members->value(), request));
    if (!taken) fields.extra(request.extras, key, members->value());
  }
  return request;
}

base::Result<chat::Dropped> encode_request(const Request& request, const chat::Target& target,
                                           std::string& out) {
  TRY_ASSIGN(chat::LossCheck losses,
             chat::LossCheck::meet(request, catalog::Format::kOpenAiCompletions));
  if (losses.foreign()) {
    return chat::cannot_say(catalog::Feature::kMessages, "only a text can be completed");
  }
  json::Writer w(out);
  w.begin_object().member("model", target.model);
  if (!request.messages.empty() && !request.messages.front().blocks.empty()) {
    const chat::Message& prompt = request.messages.front();
    w.key("prompt");
    if (!prompt.plain) w.begin_array();
    w.value(prompt.blocks.front().text);
    if (!prompt.plain) w.end_array();
  }
  write_sampling(w, request.sampling);
  write_stream(w, request, target);
  if (request.parallel_tool_calls) w.member("parallel_tool_calls", *request.parallel_tool_calls);
  if (!request.user.empty()) w.member("user", request.user);
  if (!request.metadata.empty()) w.raw_member("metadata", request.metadata);
  if (!request.service_tier.empty()) w.member("service_tier", request.service_tier);
  for (const chat::Extra& extra : request.extras) {
    if (!said(extra.key, target)) w.raw_member(extra.key, extra.raw);
  }
  w.end_object();
  return losses.take();
}

}  // namespace tollgate::dataplane::formats::openai_completions
