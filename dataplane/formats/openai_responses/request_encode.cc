#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/chat/losses.h"
#include "dataplane/formats/chat/say.h"
#include "dataplane/formats/openai/effort.h"
#include "dataplane/formats/openai_responses/request.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using catalog::Feature;
using chat::LossCheck;
using chat::Request;
using chat::write_number;

constexpr double kLeastTokens = 16;  // fewer are refused

void write_tools(json::Writer& w, const Request& request, const LossCheck& losses) {
  if (losses.foreign() && !chat::has_function(request)) return;
  if (!request.tools.empty()) {
    w.key("tools");
    encode_tools(w, request, losses.foreign());
  }
  if (request.tool_choice.kind != chat::ToolChoiceKind::kUnset) {
    w.key("tool_choice");
    encode_tool_choice(w, request.tool_choice);
  }
  if (request.parallel_tool_calls) {
    w.member("parallel_tool_calls", *request.parallel_tool_calls);
  }
}

void write_sampling(json::Writer& w, const Request& request, const LossCheck& losses) {
  const chat::Sampling& s = request.sampling;
  write_number(w, "temperature", s.temperature);
  write_number(w, "top_p", s.top_p);
  write_number(w, "top_logprobs", s.top_logprobs);
  if (losses.foreign() && s.max_tokens && s.max_tokens->value < kLeastTokens) {
    w.member("max_output_tokens", static_cast<std::int64_t>(kLeastTokens));
  } else {
    write_number(w, "max_output_tokens", s.max_tokens);
  }
}

void write_text(json::Writer& w, const Request& request, const LossCheck& losses) {
  const bool format = request.response_format.kind != chat::ResponseFormatKind::kUnset;
  const bool nested = !losses.foreign() && chat::has_nested_extras(request.extras, "text");
  if (!format && request.verbosity.empty() && !nested) return;
  w.key("text").begin_object();
  if (format) {
    w.key("format").begin_object();
    encode_text_format(w, request.response_format, losses.foreign());
    w.end_object();
  }
  if (!request.verbosity.empty()) w.member("verbosity", request.verbosity);
  if (nested) chat::write_nested_extras(w, request.extras, "text");
  w.end_object();
}

/// Whether the client of another dialect wants to see what is thought.
bool wants_thinking(const chat::Reasoning& reasoning) {
  if (reasoning.include) return *reasoning.include;
  if (reasoning.display == "omitted") return false;
  return reasoning.thinking == chat::ThinkingKind::kEnabled ||
         reasoning.thinking == chat::ThinkingKind::kAdaptive;
}

void write_reasoning(json::Writer& w, const Request& request, const chat::Target& target,
                     const LossCheck& losses) {
  const std::string_view effort = openai::effort_of(request, target.model, losses);
  std::string_view summary = request.reasoning.summary;
  if (losses.foreign()) summary = wants_thinking(request.reasoning) ? "auto" : "";
  const bool nested = !losses.foreign() && chat::has_nested_extras(request.extras, "reasoning");
  if (effort.empty() && summary.empty() && !nested) return;
  w.key("reasoning").begin_object();
  if (!effort.empty()) w.member("effort", effort);
  if (!summary.empty()) w.member("summary", summary);
  if (nested) chat::write_nested_extras(w, request.extras, "reasoning");
  w.end_object();
}

/// Clients of other dialects hold the conversation themselves: nothing is stored, and reasoning
/// comes sealed so that it can be sent again.
void write_foreign(json::Writer& w, const Request& request, const chat::Target& target,
                   const LossCheck& losses) {
  w.member("store", false);
  const std::string_view effort = openai::effort_of(request, target.model, losses);
  const bool thinks = (!effort.empty() && effort != "none") || wants_thinking(request.reasoning);
  const bool logprobs =
      request.sampling.logprobs.value_or(false) || request.sampling.top_logprobs.has_value();
  if (!thinks && !logprobs) return;
  w.key("include").begin_array();
  if (thinks) w.value("reasoning.encrypted_content");
  if (logprobs) w.value("message.output_text.logprobs");
  w.end_array();
}

void write_rest(json::Writer& w, const Request& request, const chat::Target& target,
                LossCheck& losses) {
  if (!request.user.empty()) w.member("user", request.user);
  if (!request.metadata.empty()) w.raw_member("metadata", request.metadata);
  const std::string_view tier = openai::tier_of(request, losses);
  if (!tier.empty()) w.member("service_tier", tier);
  if (target.streamed) {
    w.member("stream", true);
  } else if (request.stream && !losses.foreign()) {
    w.member("stream", false);
  }
  if (losses.foreign()) {
    write_foreign(w, request, target, losses);
    return;
  }
  for (const chat::Extra& extra : request.extras) {
    if (extra.key == "model" || (extra.key == "stream" && target.streamed)) continue;
    if (extra.key.starts_with("text.") || extra.key.starts_with("reasoning.")) continue;
    w.raw_member(extra.key, extra.raw);
  }
}

}  // namespace

void encode_tools(json::Writer& w, const Request& request, bool foreign) {
  w.begin_array();
  for (const chat::Tool& tool : request.tools) {
    if (tool.builtin) {
      if (!foreign) w.raw(tool.raw);
      continue;
    }
    w.begin_object().member("type", "function").member("name", tool.name);
    if (!tool.description.empty()) w.member("description", tool.description);
    if (!tool.schema.empty()) {
      w.raw_member("parameters", tool.schema);
    } else if (foreign) {
      w.raw_member("parameters", R"({"type":"object","properties":{}})");
    }
    if (tool.strict) {
      w.member("strict", *tool.strict);
    } else if (foreign) {
      w.member("strict", false);  // here tools are strict unless they say otherwise
    }
    if (!foreign) chat::write_extras(w, tool.extras);
    w.end_object();
  }
  w.end_array();
}

bool encode_tool_choice(json::Writer& w, const chat::ToolChoice& choice) {
  switch (choice.kind) {
    case chat::ToolChoiceKind::kUnset:
      return false;
    case chat::ToolChoiceKind::kAuto:
      w.value("auto");
      return true;
    case chat::ToolChoiceKind::kNone:
      w.value("none");
      return true;
    case chat::ToolChoiceKind::kRequired:
      w.value("required");
      return true;
    case chat::ToolChoiceKind::kNamed:
      w.begin_object().member("type", "function").member("name", choice.name).end_object();
      return true;
    case chat::ToolChoiceKind::kAllowed:
      w.begin_object().member("type", "allowed_tools");
      w.member("mode", choice.required ? "required" : "auto").key("tools").begin_array();
      for (const std::string_view name : choice.names) {
        w.begin_object().member("type", "function").member("name", name).end_object();
      }
      w.end_array().end_object();
      return true;
  }
  return false;
}

void encode_text_format(json::Writer& w, const chat::ResponseFormat& format, bool foreign) {
  switch (format.kind) {
    case chat::ResponseFormatKind::kJsonObject:
      w.member("type", "json_object");
      break;
    case chat::ResponseFormatKind::kJsonSchema:
      w.member("type", "json_schema");
      w.member("name", format.name.empty() ? "answer" : format.name);
      if (!format.description.empty()) w.member("description", format.description);
      if (!format.schema.empty()) w.raw_member("schema", format.schema);
      if (format.strict) w.member("strict", *format.strict);
      break;
    default:
      w.member("type", "text");
      break;
  }
  if (!foreign) chat::write_extras(w, format.extras);
}

base::Result<chat::Dropped> encode_request(const Request& request, const chat::Target& target,
                                           std::string& out) {
  TRY_ASSIGN(LossCheck losses, LossCheck::meet(request, catalog::Format::kOpenAiResponses));
  json::Writer w(out);
  w.begin_object().member("model", target.model);
  encode_input(w, request, losses);
  if (losses.foreign() && out.ends_with("[]")) return chat::nothing_said(request);
  write_tools(w, request, losses);
  write_sampling(w, request, losses);
  write_text(w, request, losses);
  write_reasoning(w, request, target, losses);
  write_rest(w, request, target, losses);
  w.end_object();
  return losses.take();
}

}  // namespace tollgate::dataplane::formats::openai_responses
