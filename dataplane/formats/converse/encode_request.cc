#include <algorithm>
#include <array>

#include "dataplane/base/text.h"
#include "dataplane/formats/chat/claude.h"
#include "dataplane/formats/chat/say.h"
#include "dataplane/formats/converse/content_writer.h"
#include "dataplane/formats/converse/parts.h"

namespace tollgate::dataplane::formats::converse {
namespace {

using catalog::Feature;
using chat::ToolChoiceKind;
using chat::write_number;

constexpr std::string_view kNoArguments = R"({"type":"object","properties":{}})";

class Encoder {
 public:
  Encoder(const chat::Request& request, const chat::Target& target, std::string& out)
      : request_(request),
        target_(target),
        writer_(out),
        losses_(catalog::Format::kBedrockConverse),
        content_(request, writer_, losses_),
        claude_(chat::claude_traits(target.model)),
        own_(is_ours(request.origin)) {}

  base::Result<chat::Dropped> run();

 private:
  void inference();
  base::Status lost_members();
  base::Status tool_config();
  base::Status tools();
  void tool(const chat::Tool& tool);
  void tool_choice();
  base::Status additional();
  void model_effort(json::Writer& writer) const;
  void output_config();
  base::Status about();
  base::Status service_tier();
  [[nodiscard]] bool has_tool_blocks() const;
  [[nodiscard]] bool has_tools() const;
  [[nodiscard]] bool kept(std::string_view key) const {
    return content_.kept(request_.extras, key);
  }
  [[nodiscard]] bool model_has(std::string_view part) const {
    return base::to_lower(target_.model).find(part) != std::string::npos;
  }

  const chat::Request& request_;
  const chat::Target& target_;
  json::Writer writer_;
  chat::Losses losses_;
  ContentWriter content_;
  chat::ClaudeTraits claude_;
  bool own_;
  chat::ClaudeSpeech speech_{request_, claude_, own_, chat::kMinThinkingTokens, losses_};
  std::string_view effort_;  // outputConfig.effort
};

base::Result<chat::Dropped> Encoder::run() {
  writer_.begin_object();
  TRY(content_.system(speech_.instruction()));
  TRY(content_.messages());
  if (!kept("inferenceConfig")) inference();
  if (!kept("toolConfig")) TRY(tool_config());
  TRY_ASSIGN(effort_, speech_.effort());
  if (!kept("additionalModelRequestFields")) TRY(additional());
  if (!kept("outputConfig")) output_config();
  TRY(about());
  if (own_) {
    content_.extras(request_.extras);
  } else {
    TRY(lost_members());
    TRY(losses_.lose_extras(request_.extras, request_.origin));
  }
  writer_.end_object();
  return losses_.take();
}

void Encoder::inference() {
  const chat::Sampling& sampling = request_.sampling;
  if (!sampling.max_tokens && !sampling.temperature && !sampling.top_p && sampling.stop.empty()) {
    return;
  }
  writer_.key("inferenceConfig").begin_object();
  if (sampling.max_tokens) write_number(writer_, "maxTokens", *sampling.max_tokens, own_);
  write_number(writer_, "temperature", sampling.temperature);
  write_number(writer_, "topP", sampling.top_p);
  chat::write_texts(writer_, "stopSequences", sampling.stop);
  writer_.end_object();
}

base::Status Encoder::lost_members() {
  TRY(losses_.lose_sampling(request_));
  const std::pair<bool, Feature> asked[] = {
      {has_tools() && !request_.parallel_tool_calls.value_or(true), Feature::kParallelToolCalls},
      {!request_.verbosity.empty(), Feature::kVerbosity},
      {!request_.user.empty(), Feature::kUser},
      {!request_.metadata.empty(), Feature::kMetadata},
  };
  for (const auto& [is_asked, feature] : asked) {
    if (is_asked) TRY(losses_.lose(feature));
  }
  return {};
}

bool Encoder::has_tools() const {
  return std::any_of(request_.tools.begin(), request_.tools.end(), [this](const chat::Tool& tool) {
    return own_ || (!tool.builtin && chat::is_allowed(request_.tool_choice, tool));
  });
}

bool Encoder::has_tool_blocks() const {
  for (const chat::Message& message : request_.messages) {
    for (const chat::Block& block : message.blocks) {
      if (block.kind == chat::BlockKind::kToolCall || block.kind == chat::BlockKind::kToolResult) {
        return true;
      }
    }
  }
  return false;
}

base::Status Encoder::tool_config() {
  if (!own_) {
    for (const chat::Tool& tool : request_.tools) {
      if (tool.builtin) TRY(losses_.lose(Feature::kBuiltinTool));
      if (!tool.builtin) TRY(losses_.lose_extras(tool.extras, request_.origin, "tools[]."));
    }
    // The dialect cannot say "none". Without tools the model calls none, but a conversation with
    // calls in it must come with its tools.
    if (request_.tool_choice.kind == ToolChoiceKind::kNone && !request_.tools.empty()) {
      if (!has_tool_blocks()) return {};
      TRY(losses_.lose(Feature::kToolChoiceNone));
    }
  }
  if (!has_tools()) return {};
  writer_.key("toolConfig").begin_object();
  TRY(tools());
  tool_choice();
  writer_.end_object();
  return {};
}

base::Status Encoder::tools() {
  writer_.key("tools").begin_array();
  for (const chat::Tool& tool : request_.tools) {
    if (tool.builtin) {
      if (own_) writer_.raw(tool.raw);
    } else if (chat::is_allowed(request_.tool_choice, tool)) {
      this->tool(tool);
    } else {
      continue;
    }
    if (own_ || !tool.builtin) content_.cache_point(tool.cache);
  }
  writer_.end_array();
  return {};
}

void Encoder::tool(const chat::Tool& tool) {
  writer_.begin_object().key("toolSpec").begin_object().member("name", tool.name);
  const bool described = own_ ? tool.description.data() != nullptr : !tool.description.empty();
  if (described) writer_.member("description", tool.description);
  if (!tool.schema.empty() || !own_) {
    writer_.key("inputSchema").begin_object();
    writer_.raw_member("json", tool.schema.empty() ? kNoArguments : tool.schema).end_object();
  }
  if (tool.strict && (own_ || *tool.strict)) writer_.member("strict", *tool.strict);
  writer_.end_object().end_object();
}

void Encoder::tool_choice() {
  const chat::ToolChoice& choice = request_.tool_choice;
  const auto write = [this](std::string_view kind, std::string_view name) {
    writer_.key("toolChoice").begin_object().key(kind).begin_object();
    if (!name.empty()) writer_.member("name", name);
    writer_.end_object().end_object();
  };
  switch (choice.kind) {
    case ToolChoiceKind::kUnset:
    case ToolChoiceKind::kNone:
      return;
    case ToolChoiceKind::kAuto:
      return write("auto", {});
    case ToolChoiceKind::kRequired:
      return write("any", {});
    case ToolChoiceKind::kNamed:
      return write("tool", choice.name);
    case ToolChoiceKind::kAllowed:
      return write(choice.required ? "any" : "auto", {});
  }
}

/// What only some models know is said in a member that Bedrock hands to the model.
base::Status Encoder::additional() {
  std::string fields;
  json::Writer writer(fields);
  writer.begin_object();
  if (const auto& k = request_.sampling.top_k) {
    if (!own_ && model_has("nova")) {
      writer.key("inferenceConfig").begin_object();
      write_number(writer, "topK", *k, own_);
      writer.end_object();
    } else {
      write_number(writer, "top_k", *k, own_);
    }
  }
  TRY(speech_.thinking(writer));
  if (!own_) model_effort(writer);
  writer.end_object();
  if (fields != "{}") writer_.raw_member("additionalModelRequestFields", fields);
  return {};
}

/// How the models of other makers take effort; those of Anthropic have a member of the dialect.
void Encoder::model_effort(json::Writer& writer) const {
  const std::string_view asked = request_.reasoning.effort;
  if (asked.empty() || claude_.is_claude) return;
  if (model_has("gpt-oss")) {
    writer.member("reasoning_effort", asked == "none" || asked == "minimal" ? "low" : asked);
  } else if (model_has("nova")) {
    writer.key("reasoningConfig").begin_object();
    writer.member("type", asked == "none" ? "disabled" : "enabled");
    if (asked != "none") {
      const bool high = asked == "xhigh" || asked == "max";
      writer.member("maxReasoningEffort", high ? "high" : asked == "minimal" ? "low" : asked);
    }
    writer.end_object();
  } else if (asked != "none") {
    writer.member("reasoning_config", asked);
  }
}

void Encoder::output_config() {
  if (effort_.empty() && !speech_.native_schema()) return;
  const chat::ResponseFormat& format = request_.response_format;
  writer_.key("outputConfig").begin_object();
  if (!effort_.empty()) writer_.member("effort", effort_);
  if (speech_.native_schema()) {
    writer_.key("textFormat").begin_object().member("type", "json_schema");
    writer_.key("structure").begin_object().key("jsonSchema").begin_object();
    writer_.member("schema", format.schema);
    if (own_ ? format.name.data() != nullptr : !format.name.empty()) {
      writer_.member("name", format.name);
    }
    if (own_ ? format.description.data() != nullptr : !format.description.empty()) {
      writer_.member("description", format.description);
    }
    writer_.end_object().end_object().end_object();
  }
  writer_.end_object();
}

base::Status Encoder::about() {
  if (own_ && !request_.metadata.empty()) {
    writer_.raw_member("requestMetadata", request_.metadata);
  }
  return service_tier();
}

base::Status Encoder::service_tier() {
  static constexpr std::array<std::string_view, 4> kTiers{"default", "flex", "priority",
                                                          "reserved"};
  std::string_view tier = request_.service_tier;
  if (tier.empty() || kept("serviceTier")) return {};
  if (!own_) {
    if (tier == "auto") return {};
    if (tier == "standard" || tier == "standard_only") tier = "default";
    if (std::find(kTiers.begin(), kTiers.end(), tier) == kTiers.end()) {
      return losses_.lose(Feature::kServiceTier);
    }
  }
  writer_.key("serviceTier").begin_object().member("type", tier).end_object();
  return {};
}

}  // namespace

base::Result<chat::Dropped> encode_request(const chat::Request& request, const chat::Target& target,
                                           std::string& out) {
  return Encoder(request, target, out).run();
}

}  // namespace tollgate::dataplane::formats::converse
