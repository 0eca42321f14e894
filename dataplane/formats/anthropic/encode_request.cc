#include <algorithm>
#include <array>
#include <cmath>

#include "dataplane/formats/anthropic/anthropic.h"
#include "dataplane/formats/anthropic/content_writer.h"
#include "dataplane/formats/anthropic/parts.h"
#include "dataplane/formats/chat/claude.h"
#include "dataplane/formats/chat/say.h"
#include "dataplane/formats/chat/survey.h"

namespace tollgate::dataplane::formats::anthropic {
namespace {

using catalog::Feature;
using chat::cannot_say;
using chat::is_nonzero;
using chat::kMaxExactInteger;
using chat::Number;
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
        own_(is_ours(request.origin)) {}

  base::Result<chat::Dropped> run();

 private:
  void max_tokens();
  base::Status sampling();
  base::Status temperature();
  base::Status lost_sampling();
  base::Status tools();
  base::Status tool(const chat::Tool& tool);
  base::Status tool_choice();
  void write_choice(std::string_view type, std::string_view name, std::optional<bool> parallel);
  base::Status reasoning();
  base::Status effort();
  base::Status thinking(std::string_view type, Feature asked);
  base::Status output_config();
  base::Status about();
  base::Status service_tier();
  [[nodiscard]] std::string instruction() const;
  [[nodiscard]] bool kept(std::string_view key) const {
    return content_.kept(request_.extras, key);
  }
  [[nodiscard]] bool native_schema() const {
    return request_.response_format.kind == chat::ResponseFormatKind::kJsonSchema &&
           (own_ || traits_.json_schema) && !request_.response_format.schema.empty();
  }

  const chat::Request& request_;
  const chat::Target& target_;
  json::Writer writer_;
  chat::Losses losses_;
  ContentWriter content_;
  chat::ClaudeTraits traits_;
  bool own_;
  std::string_view effort_;
};

base::Result<chat::Dropped> Encoder::run() {
  writer_.begin_object();
  if (!target_.model.empty()) writer_.member("model", target_.model);
  max_tokens();
  TRY(content_.system(instruction()));
  TRY(content_.messages());
  TRY(tools());
  TRY(tool_choice());
  TRY(sampling());
  TRY(reasoning());
  TRY(output_config());
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
  if (sampling.top_p) writer_.raw_member("top_p", sampling.top_p->raw);
  if (sampling.top_k) write_number(writer_, "top_k", *sampling.top_k, own_);
  if (!sampling.stop.empty()) {
    writer_.key("stop_sequences").begin_array();
    for (const std::string_view stop : sampling.stop) writer_.value(stop);
    writer_.end_array();
  }
  return own_ ? base::Status{} : lost_sampling();
}

base::Status Encoder::lost_sampling() {
  const chat::Sampling& sampling = request_.sampling;
  const std::pair<bool, Feature> asked[] = {
      {sampling.choices && sampling.choices->value > 1, Feature::kChoices},
      {sampling.seed.has_value(), Feature::kSeed},
      {is_nonzero(sampling.presence_penalty), Feature::kPresencePenalty},
      {is_nonzero(sampling.frequency_penalty), Feature::kFrequencyPenalty},
      {!sampling.logit_bias.empty() && sampling.logit_bias != "{}" && sampling.logit_bias != "null",
       Feature::kLogitBias},
      {chat::asks_logprobs(request_), Feature::kLogprobs},
  };
  for (const auto& [is_asked, feature] : asked) {
    if (is_asked) TRY(losses_.lose(feature));
  }
  return {};
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

base::Status Encoder::thinking(std::string_view type, Feature asked) {
  const chat::Reasoning& reasoning = request_.reasoning;
  // Room for the answer behind the thinking.
  const auto budget = chat::thinking_budget(request_, kDefaultMaxTokens / 2);
  if (!own_ && type == "enabled" && !budget) return losses_.lose(asked);
  writer_.key("thinking").begin_object().member("type", type);
  if (own_) {
    if (reasoning.budget_tokens) writer_.raw_member("budget_tokens", reasoning.budget_tokens->raw);
  } else if (type == "enabled") {
    writer_.member("budget_tokens", *budget);
  }
  if (!reasoning.display.empty()) {
    writer_.member("display", reasoning.display);
  } else if (!own_ && type != "disabled") {
    if (reasoning.include) {
      writer_.member("display", *reasoning.include ? "summarized" : "omitted");
    } else if (!reasoning.summary.empty()) {
      writer_.member("display", "summarized");
    }
  }
  writer_.end_object();
  return {};
}

base::Status Encoder::reasoning() {
  TRY(effort());
  const std::string_view by_itself = own_ || traits_.effort ? "adaptive" : "enabled";
  switch (kept("thinking") ? ThinkingKind::kUnset : request_.reasoning.thinking) {
    case ThinkingKind::kUnset:
      if (own_) return {};
      if (request_.reasoning.effort == "none") {
        TRY(thinking("disabled", Feature::kThinkingDisabled));
      }
      if (request_.reasoning.summary.empty()) return {};
      // Who wants to read the thoughts wants the model to have some.
      if (!traits_.thinking) return losses_.lose(Feature::kReasoningSummary);
      return thinking(by_itself, Feature::kReasoningSummary);
    case ThinkingKind::kDisabled:
      return thinking("disabled", Feature::kThinkingDisabled);
    case ThinkingKind::kEnabled:
      return thinking("enabled", Feature::kThinkingBudget);
    case ThinkingKind::kAdaptive:
      if (!own_ && !traits_.thinking) return losses_.lose(Feature::kThinkingAdaptive);
      return thinking(by_itself, Feature::kThinkingAdaptive);
  }
  return {};
}

base::Status Encoder::effort() {
  static constexpr std::array<std::string_view, 5> kEfforts{"low", "medium", "high", "xhigh",
                                                            "max"};
  const std::string_view asked = request_.reasoning.effort;
  if (own_) {
    effort_ = asked;
    return {};
  }
  if (asked.empty() || asked == "none") return {};
  const std::string_view said = asked == "minimal" ? "low" : asked;
  if (std::find(kEfforts.begin(), kEfforts.end(), said) == kEfforts.end()) {
    return cannot_say("reasoning_effort \"" + std::string(asked) +
                      "\" is not supported by Anthropic (low, medium, high, xhigh and max are)");
  }
  if (!traits_.effort) return losses_.lose(Feature::kReasoningEffort);
  effort_ = said;
  return {};
}

base::Status Encoder::output_config() {
  if (kept("output_config") || (effort_.empty() && !native_schema())) return {};
  writer_.key("output_config").begin_object();
  if (!effort_.empty()) writer_.member("effort", effort_);
  if (native_schema()) {
    writer_.key("format").begin_object().member("type", "json_schema");
    writer_.raw_member("schema", request_.response_format.schema).end_object();
  }
  writer_.end_object();
  return {};
}

std::string Encoder::instruction() const {
  if (own_ || native_schema()) return {};
  return chat::json_instruction(request_.response_format);
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
