#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/chat/losses.h"
#include "dataplane/formats/chat/say.h"
#include "dataplane/formats/openai/effort.h"
#include "dataplane/formats/openai_chat/request.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using catalog::Feature;
using chat::LossCheck;
using chat::Request;
using chat::write_number;

void write_tool(json::Writer& w, const chat::Tool& tool, const LossCheck& losses) {
  if (tool.builtin) {
    if (!losses.foreign()) w.raw(tool.raw);
    return;
  }
  w.begin_object().member("type", "function").key("function").begin_object();
  w.member("name", tool.name);
  if (!tool.description.empty()) w.member("description", tool.description);
  if (!tool.schema.empty()) {
    w.raw_member("parameters", tool.schema);
  } else if (losses.foreign()) {
    w.raw_member("parameters", R"({"type":"object","properties":{}})");
  }
  if (tool.strict) w.member("strict", *tool.strict);
  if (!losses.foreign()) chat::write_nested_extras(w, tool.extras, "function");
  w.end_object();
  encode_cache(w, tool.cache, losses);
  if (!losses.foreign()) chat::write_extras(w, tool.extras, {"function"});
  w.end_object();
}

void write_sampling(json::Writer& w, const Request& request, const chat::Target& target,
                    const LossCheck& losses) {
  const chat::Sampling& s = request.sampling;
  write_number(w, "temperature", s.temperature);
  write_number(w, "top_p", s.top_p);
  const bool legacy = target.max_tokens_legacy || (!losses.foreign() && s.legacy_max_tokens);
  write_number(w, legacy ? "max_tokens" : "max_completion_tokens", s.max_tokens);
  write_number(w, "presence_penalty", s.presence_penalty);
  write_number(w, "frequency_penalty", s.frequency_penalty);
  if (losses.says(Feature::kTopK)) write_number(w, "top_k", s.top_k);
  write_number(w, "seed", s.seed);
  write_number(w, "n", s.choices);
  if (!s.logit_bias.empty()) w.raw_member("logit_bias", s.logit_bias);
  if (!losses.foreign() && s.logprobs) w.member("logprobs", *s.logprobs);
  if (losses.foreign() && chat::asks_logprobs(request)) w.member("logprobs", true);
  if (!losses.foreign() || chat::asks_logprobs(request)) {
    write_number(w, "top_logprobs", s.top_logprobs);
  }
  if (s.plain_stop && s.stop.size() == 1) {
    w.member("stop", s.stop.front());
  } else {
    chat::write_texts(w, "stop", s.stop);
  }
}

void write_response_format(json::Writer& w, const chat::ResponseFormat& format,
                           const LossCheck& losses) {
  if (format.kind == chat::ResponseFormatKind::kUnset) return;
  w.key("response_format").begin_object();
  switch (format.kind) {
    case chat::ResponseFormatKind::kJsonObject:
      w.member("type", "json_object");
      break;
    case chat::ResponseFormatKind::kJsonSchema:
      w.member("type", "json_schema");
      break;
    default:
      w.member("type", "text");
      break;
  }
  const bool bare = chat::find_extra(format.extras, "json_schema") != nullptr;
  if (format.kind == chat::ResponseFormatKind::kJsonSchema && (losses.foreign() || !bare)) {
    w.key("json_schema").begin_object();
    if (!format.name.empty()) {
      w.member("name", format.name);
    } else if (losses.foreign()) {
      w.member("name", "answer");  // required here, unknown in other dialects
    }
    if (!format.description.empty()) w.member("description", format.description);
    if (!format.schema.empty()) w.raw_member("schema", format.schema);
    if (format.strict) w.member("strict", *format.strict);
    if (!losses.foreign()) chat::write_nested_extras(w, format.extras, "json_schema");
    w.end_object();
  }
  if (!losses.foreign()) chat::write_extras(w, format.extras, {"json_schema"});
  w.end_object();
}

std::string_view thinking_name(chat::ThinkingKind kind) {
  switch (kind) {
    case chat::ThinkingKind::kEnabled:
      return "enabled";
    case chat::ThinkingKind::kDisabled:
      return "disabled";
    case chat::ThinkingKind::kAdaptive:
      return "adaptive";
    case chat::ThinkingKind::kUnset:
      break;
  }
  return {};
}

void write_reasoning(json::Writer& w, const Request& request, const chat::Target& target,
                     const LossCheck& losses) {
  const std::string_view effort = openai::effort_of(request, target.model, losses);
  if (!effort.empty()) w.member("reasoning_effort", effort);
  const chat::Reasoning& reasoning = request.reasoning;
  const std::string_view thinking = thinking_name(reasoning.thinking);
  if (thinking.empty() || losses.foreign()) return;
  w.key("thinking").begin_object().member("type", thinking);
  write_number(w, "budget_tokens", reasoning.budget_tokens);
  if (!reasoning.display.empty()) w.member("display", reasoning.display);
  chat::write_nested_extras(w, request.extras, "thinking");
  w.end_object();
}

void write_stream(json::Writer& w, const Request& request, const chat::Target& target,
                  const LossCheck& losses) {
  if (target.streamed) {
    w.member("stream", true);
  } else if (request.stream && !losses.foreign()) {
    w.member("stream", false);
  }
  const bool asked = target.streamed && target.want_usage;
  const bool nested = !losses.foreign() && target.streamed &&
                      chat::has_nested_extras(request.extras, "stream_options");
  const bool said = !losses.foreign() && target.streamed && request.include_usage.has_value();
  if (!asked && !nested && !said) return;
  w.key("stream_options").begin_object();
  if (asked || said) w.member("include_usage", asked || request.include_usage.value_or(false));
  if (nested) chat::write_nested_extras(w, request.extras, "stream_options");
  w.end_object();
}

/// The gateway has said this member itself.
bool said(std::string_view key, const chat::Target& target) {
  return key == "model" || (key == "max_tokens" && target.max_tokens_legacy) ||
         (key == "stream" && target.streamed) ||
         (key == "stream_options" && target.streamed && target.want_usage);
}

void write_rest(json::Writer& w, const Request& request, const chat::Target& target,
                LossCheck& losses) {
  if (!request.verbosity.empty() && losses.says(Feature::kVerbosity)) {
    w.member("verbosity", request.verbosity);
  }
  if (!request.user.empty() && losses.says(Feature::kUser)) w.member("user", request.user);
  if (!request.metadata.empty() && losses.says(Feature::kMetadata)) {
    w.raw_member("metadata", request.metadata);
  }
  const std::string_view tier = openai::tier_of(request, losses);
  if (!tier.empty()) w.member("service_tier", tier);
  if (losses.foreign()) return;
  for (const chat::Extra& extra : request.extras) {
    if (said(extra.key, target)) continue;
    if (extra.key.starts_with("stream_options.") || extra.key.starts_with("thinking.")) continue;
    w.raw_member(extra.key, extra.raw);
  }
}

}  // namespace

void encode_tools(json::Writer& w, const Request& request, const LossCheck& losses) {
  if (request.tools.empty() || (losses.foreign() && !chat::has_function(request))) return;
  if (!losses.foreign() && request.legacy_functions) return;  // an extra says them
  w.key("tools").begin_array();
  for (const chat::Tool& tool : request.tools) write_tool(w, tool, losses);
  w.end_array();
}

void encode_tool_choice(json::Writer& w, const Request& request, const LossCheck& losses) {
  const chat::ToolChoice& choice = request.tool_choice;
  if (losses.foreign() && !chat::has_function(request)) return;
  const bool said = !losses.foreign() && request.legacy_functions;  // by an extra
  switch (said ? chat::ToolChoiceKind::kUnset : choice.kind) {
    case chat::ToolChoiceKind::kUnset:
      break;
    case chat::ToolChoiceKind::kAuto:
      w.member("tool_choice", "auto");
      break;
    case chat::ToolChoiceKind::kNone:
      w.member("tool_choice", "none");
      break;
    case chat::ToolChoiceKind::kRequired:
      w.member("tool_choice", "required");
      break;
    case chat::ToolChoiceKind::kNamed:
      w.key("tool_choice").begin_object().member("type", "function");
      w.key("function").begin_object().member("name", choice.name).end_object().end_object();
      break;
    case chat::ToolChoiceKind::kAllowed:
      w.key("tool_choice").begin_object().member("type", "allowed_tools");
      w.key("allowed_tools").begin_object();
      w.member("mode", choice.required ? "required" : "auto").key("tools").begin_array();
      for (const std::string_view name : choice.names) {
        w.begin_object().member("type", "function");
        w.key("function").begin_object().member("name", name).end_object().end_object();
      }
      w.end_array().end_object().end_object();
      break;
  }
  if (request.parallel_tool_calls) {
    w.member("parallel_tool_calls", *request.parallel_tool_calls);
  }
}

base::Result<chat::Dropped> encode_request(const Request& request, const chat::Target& target,
                                           std::string& out) {
  TRY_ASSIGN(LossCheck losses, LossCheck::meet(request, catalog::Format::kOpenAiChat));
  json::Writer w(out);
  w.begin_object().member("model", target.model).key("messages").begin_array();
  for (const chat::Message& message : request.messages) {
    encode_message(w, message, losses);
  }
  if (losses.foreign() && out.ends_with('[')) return chat::nothing_said(request);
  w.end_array();
  encode_tools(w, request, losses);
  encode_tool_choice(w, request, losses);
  write_sampling(w, request, target, losses);
  write_response_format(w, request.response_format, losses);
  write_reasoning(w, request, target, losses);
  write_stream(w, request, target, losses);
  write_rest(w, request, target, losses);
  w.end_object();
  return losses.take();
}

}  // namespace tollgate::dataplane::formats::openai_chat
