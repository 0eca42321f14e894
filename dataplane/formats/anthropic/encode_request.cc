#include <algorithm>

#include "dataplane/formats/anthropic/anthropic.h"
#include "dataplane/formats/anthropic/content_writer.h"
#include "dataplane/formats/anthropic/parts.h"
#include "dataplane/formats/chat/claude.h"
#include "dataplane/formats/chat/say.h"

namespace tollgate::dataplane::formats::anthropic {
namespace {

using catalog::Feature;
using chat::cannot_say;
using chat::kMaxExactInteger;
using chat::ThinkingKind;
using chat::ToolChoiceKind;
using chat::write_number;

class Encoder {
 public:
  Encoder(const chat::Request& request, const chat::Target& target, std::string& out)
      : request_(request),
        target_(target),
        writer_(out),
        losses_(catalog::Format::kAnthropicMessages),
        content_(request, writer_, losses_),
        traits_(chat::claude_traits(target.model)),
        own_(is_ours(request.origin)) {
    traits_.is_claude = true;  // whatever the backend calls it
  }

  base::Result<chat::Dropped> run();

 private:
  void max_tokens();
  base::Status sampling();
  base::Status temperature();
  base::Status tools();
  base::Status tool(const chat::Tool& tool);
  base::Status tool_choice();
  void write_choice(std::string_view type, std::string_view name, std::optional<bool> parallel);
  void output_config();
  base::Status about();
  base::Status service_tier();
  [[nodiscard]] bool kept(std::string_view key) const {
    return content_.kept(request_.extras, key);
  }

  const chat::Request& request_;
  const chat::Target& target_;
  json::Writer writer_;
  chat::Losses losses_;
  ContentWriter content_;
  chat::ClaudeTraits traits_;
  bool own_;
  // Half of the default is room for the answer behind the thinking.
  chat::ClaudeSpeech speech_{request_, traits_, own_, kDefaultMaxTokens / 2, losses_};
  std::string_view effort_;
};

base::Result<chat::Dropped> Encoder::run() {
  writer_.begin_object();
  if (!target_.model.empty()) writer_.member("model", target_.model);
  max_tokens();
  TRY(content_.system(speech_.instruction()));
  TRY(content_.messages());
  TRY(tools());
  TRY(tool_choice());
  TRY(sampling());
  TRY_ASSIGN(effort_, speech_.effort());
  if (!kept("thinking")) TRY(speech_.thinking(writer_));
  if (!kept("output_config")) output_config();
  TRY(about());
  if (own_) {
    if (request_.stream) {
      writer_.member("stream", *request_.stream);
    } else if (target_.streamed && !kept("stream")) {
      writer_.member("stream", true);
    }
    content_.extras(request_.extras);
  } else {
    if (target_.streamed) writer_.member("stream", true);
    TRY(losses_.lose_extras(request_.extras, request_.origin));
  }
  writer_.end_object();
  return losses_.take();
}

void Encoder::max_tokens() {
  const auto& asked = request_.sampling.max_tokens;
  if (asked) return write_number(writer_, "max_tokens", *asked, own_);
  if (own_) return;
  const auto& budget = request_.reasoning.budget_tokens;
  double limit = static_cast<double>(kDefaultMaxTokens);
  if (request_.reasoning.thinking == ThinkingKind::kEnabled && budget) {
    // Room for the answer behind the thinking.
    limit += std::clamp(budget->value, static_cast<double>(chat::kMinThinkingTokens),
                        kMaxExactInteger / 2);
  }
  writer_.member("max_tokens", static_cast<std::int64_t>(limit));
}

base::Status Encoder::temperature() {
  const auto& temperature = request_.sampling.temperature;
  if (!temperature) return {};
  if (!own_ && (temperature->value < 0 || temperature->value > 1)) {
    return cannot_say("temperature " + std::string(temperature->raw) +
                      " is not supported by Anthropic (must be between 0.0 and 1.0)");
  }
  writer_.raw_member("temperature", temperature->raw);
  return {};
}

base::Status Encoder::sampling() {
  const chat::Sampling& sampling = request_.sampling;
  TRY(temperature());
  write_number(writer_, "top_p", sampling.top_p);
  if (sampling.top_k) write_number(writer_, "top_k", *sampling.top_k, own_);
  chat::write_texts(writer_, "stop_sequences", sampling.stop);
  return own_ ? base::Status{} : losses_.lose_sampling(request_);
}

base::Status Encoder::tools() {
  if (request_.tools.empty()) return {};
  bool open = false;
  for (const chat::Tool& tool : request_.tools) {
    if (!own_ && tool.builtin) {
      TRY(losses_.lose(Feature::kBuiltinTool));
      continue;
    }
    if (!chat::is_allowed(request_.tool_choice, tool)) continue;
    if (!open) writer_.key("tools").begin_array();
    open = true;
    TRY(this->tool(tool));
  }
  if (open) writer_.end_array();
  return {};
}

base::Status Encoder::tool(const chat::Tool& tool) {
  if (tool.builtin) {
    writer_.raw(tool.raw);
    return {};
  }
  if (!own_) TRY(losses_.lose_extras(tool.extras, request_.origin, "tools[]."));
  writer_.begin_object();
  if (own_ && !tool.type.empty()) writer_.member("type", tool.type);
  writer_.member("name", tool.name);
  if (tool.description.data() != nullptr) writer_.member("description", tool.description);
  if (!tool.schema.empty()) {
    writer_.raw_member("input_schema", tool.schema);
  } else if (!own_) {
    writer_.raw_member("input_schema", R"({"type":"object","properties":{}})");
  }
  if (tool.strict) writer_.member("strict", *tool.strict);
  content_.cache(tool.cache, tool.extras);
  content_.extras(tool.extras);
  writer_.end_object();
  return {};
}

void Encoder::write_choice(std::string_view type, std::string_view name,
                           std::optional<bool> parallel) {
  writer_.key("tool_choice").begin_object().member("type", type);
  if (!name.empty()) writer_.member("name", name);
  if (parallel) writer_.member("disable_parallel_tool_use", !*parallel);
  writer_.end_object();
}

base::Status Encoder::tool_choice() {
  if (kept("tool_choice")) return {};
  const chat::ToolChoice& choice = request_.tool_choice;
  if (!own_ && request_.tools.empty()) return {};
  // Parallel calls are the default: only a client of this dialect says so itself.
  std::optional<bool> parallel = request_.parallel_tool_calls;
  if (!own_ && parallel.value_or(true)) parallel.reset();
  switch (choice.kind) {
    case ToolChoiceKind::kUnset:
      if (parallel) write_choice("auto", {}, parallel);
      break;
    case ToolChoiceKind::kAuto:
      write_choice("auto", {}, parallel);
      break;
    case ToolChoiceKind::kNone:
      write_choice("none", {}, own_ ? parallel : std::nullopt);
      break;
    case ToolChoiceKind::kRequired:
      write_choice("any", {}, parallel);
      break;
    case ToolChoiceKind::kNamed:
      write_choice("tool", choice.name, parallel);
      break;
    case ToolChoiceKind::kAllowed:
      write_choice(choice.required ? "any" : "auto", {}, parallel);
      break;
  }
  return {};
}

void Encoder::output_config() {
  if (effort_.empty() && !speech_.native_schema()) return;
  writer_.key("output_config").begin_object();
  if (!effort_.empty()) writer_.member("effort", effort_);
  if (speech_.native_schema()) {
    writer_.key("format").begin_object().member("type", "json_schema");
    writer_.raw_member("schema", request_.response_format.schema).end_object();
  }
  writer_.end_object();
}

base::Status Encoder::about() {
  if (!request_.user.empty() && !kept("metadata")) {
    writer_.key("metadata").begin_object().member("user_id", request_.user).end_object();
  }
  TRY(service_tier());
  if (own_) return {};
  if (!request_.metadata.empty()) TRY(losses_.lose(Feature::kMetadata));
  if (!request_.verbosity.empty()) TRY(losses_.lose(Feature::kVerbosity));
  return {};
}

base::Status Encoder::service_tier() {
  std::string_view tier = request_.service_tier;
  if (tier.empty()) return {};
  if (!own_) {
    if (tier == "default" || tier == "standard") tier = "standard_only";
    if (tier == "priority") tier = "auto";
    if (tier != "auto" && tier != "standard_only") return losses_.lose(Feature::kServiceTier);
  }
  writer_.member("service_tier", tier);
  return {};
}

}  // namespace

base::Result<chat::Dropped> encode_request(const chat::Request& request, const chat::Target& target,
                                           std::string& out) {
  return Encoder(request, target, out).run();
}

}  // namespace tollgate::dataplane::formats::anthropic
