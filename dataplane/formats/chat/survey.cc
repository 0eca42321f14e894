#include "dataplane/formats/chat/survey.h"

#include <algorithm>
#include <string>

#include "dataplane/formats/chat/extras.h"

namespace tollgate::dataplane::formats::chat {
namespace {

using catalog::Feature;
using catalog::Format;

class Survey {
 public:
  explicit Survey(const Request& request) : request_(request) {}

  Features run() {
    use(Feature::kModel);
    use(Feature::kMessages);
    for (const Message& message : request_.messages) meet(message);
    for (const Tool& tool : request_.tools) meet(tool);
    tool_choice();
    sampling();
    output();
    reasoning();
    about();
    extras(request_.extras, true);
    return features_;
  }

 private:
  void use(Feature feature, bool used = true) {
    if (used) features_.set(static_cast<std::size_t>(feature));
  }

  void extras(const Extras& extras, bool top) {
    for (const Extra& extra : extras) {
      if (asks_nothing(extra)) continue;
      use(feature_of(extra.key, top));
    }
  }

  [[nodiscard]] Feature feature_of(std::string_view key, bool top) const {
    const auto fields = catalog::request_fields(request_.origin);
    const auto* const end = fields.data() + fields.size();
    const auto* const found =
        std::find_if(fields.data(), end, [key, top](const catalog::RequestField& field) {
          if (top || field.path.size() <= key.size()) return field.path == key;
          return field.path.ends_with(key) && field.path[field.path.size() - key.size() - 1] == '.';
        });
    return found == end ? Feature::kUnknown : found->feature;
  }

  void meet(const Message& message) {
    use(Feature::kSystemPrompt, message.role == Role::kSystem);
    use(Feature::kDeveloperMessage, message.role == Role::kDeveloper);
    use(Feature::kParticipantName, !message.name.empty());
    use(Feature::kCacheControl, message.cache.set);
    for (const Block& block : message.blocks) meet(block);
    extras(message.extras, false);
  }

  void meet(const Block& block) {
    use(Feature::kCacheControl, block.cache.set);
    switch (block.kind) {
      case BlockKind::kText:
        use(Feature::kText);
        break;
      case BlockKind::kImage:
        use(Feature::kImageDetail, !block.media.detail.empty());
        source(block.media, Feature::kImageBase64, Feature::kImageUrl);
        break;
      case BlockKind::kDocument:
        use(Feature::kCitations, block.media.cite);
        source(block.media, Feature::kDocumentBase64, Feature::kDocumentUrl);
        break;
      case BlockKind::kAudio:
        source(block.media, Feature::kAudioInput, Feature::kAudioInput);
        break;
      case BlockKind::kVideo:
        source(block.media, Feature::kVideoInput, Feature::kVideoInput);
        break;
      case BlockKind::kThinking:
        use(Feature::kThinkingBlock);
        break;
      case BlockKind::kRedactedThinking:
        use(Feature::kRedactedThinking);
        break;
      case BlockKind::kRefusal:
        use(Feature::kRefusalPart);
        break;
      case BlockKind::kToolCall:
        break;
      case BlockKind::kToolResult:
        use(Feature::kToolResultError, block.is_error);
        for (const Block& part : block.content) {
          use(Feature::kToolResultImage, part.kind == BlockKind::kImage);
          meet(part);
        }
        break;
      case BlockKind::kOpaque:
        use(block.meaning);
        break;
    }
    extras(block.extras, false);
  }

  void source(const Media& media, Feature base64, Feature url) {
    switch (media.source) {
      case MediaSource::kBase64:
        return use(base64);
      case MediaSource::kUrl:
        return use(url);
      case MediaSource::kText:
        return use(Feature::kDocumentText);
      case MediaSource::kFile:
        return use(Feature::kFileReference);
      case MediaSource::kNone:
        return;
    }
  }

  void meet(const Tool& tool) {
    use(tool.builtin ? Feature::kBuiltinTool : Feature::kFunctionTool);
    use(Feature::kStrictTool, tool.strict.value_or(false));
    use(Feature::kCacheControl, tool.cache.set);
    extras(tool.extras, false);
  }

  void tool_choice() {
    const ToolChoiceKind kind = request_.tool_choice.kind;
    use(Feature::kToolChoiceAuto, kind == ToolChoiceKind::kAuto);
    use(Feature::kToolChoiceNone, kind == ToolChoiceKind::kNone);
    use(Feature::kToolChoiceRequired, kind == ToolChoiceKind::kRequired);
    use(Feature::kToolChoiceNamed, kind == ToolChoiceKind::kNamed);
    use(Feature::kAllowedTools, kind == ToolChoiceKind::kAllowed);
    use(Feature::kParallelToolCalls, request_.parallel_tool_calls.has_value());
  }

  void sampling() {
    const Sampling& s = request_.sampling;
    use(Feature::kMaxTokens, s.max_tokens.has_value());
    use(Feature::kTemperature, s.temperature.has_value());
    use(Feature::kTopP, s.top_p.has_value());
    use(Feature::kTopK, s.top_k.has_value());
    use(Feature::kStop, !s.stop.empty());
    use(Feature::kSeed, s.seed.has_value());
    use(Feature::kPresencePenalty, s.presence_penalty && s.presence_penalty->value != 0);
    use(Feature::kFrequencyPenalty, s.frequency_penalty && s.frequency_penalty->value != 0);
    use(Feature::kLogitBias, !s.logit_bias.empty() && s.logit_bias != "{}");
    use(Feature::kLogprobs, asks_logprobs(request_));
    use(Feature::kChoices, s.choices && s.choices->value > 1);
    use(Feature::kPrompt, request_.is_completion);
  }

  void output() {
    use(Feature::kJsonObject, request_.response_format.kind == ResponseFormatKind::kJsonObject);
    use(Feature::kJsonSchema, request_.response_format.kind == ResponseFormatKind::kJsonSchema);
    use(Feature::kVerbosity, !request_.verbosity.empty());
    extras(request_.response_format.extras, false);
  }

  void reasoning() {
    const Reasoning& r = request_.reasoning;
    use(Feature::kReasoningEffort, !r.effort.empty());
    use(Feature::kThinkingBudget, r.budget_tokens.has_value());
    use(Feature::kThinkingAdaptive, r.thinking == ThinkingKind::kAdaptive);
    use(Feature::kThinkingDisabled, r.thinking == ThinkingKind::kDisabled);
    use(Feature::kReasoningSummary,
        !r.summary.empty() || !r.display.empty() || r.include.has_value());
  }

  void about() {
    use(Feature::kStream, request_.stream.value_or(false));
    use(Feature::kStreamUsage, request_.include_usage.value_or(false));
    use(Feature::kUser, !request_.user.empty());
    use(Feature::kMetadata, !request_.metadata.empty() && request_.metadata != "{}");
    use(Feature::kServiceTier, !request_.service_tier.empty());
  }

  const Request& request_;
  Features features_;
};

Format table_of(Format format) {
  const bool anthropic =
      format == Format::kBedrockInvokeMessages || format == Format::kVertexMessages;
  return anthropic ? Format::kAnthropicMessages : format;
}

}  // namespace

bool asks_logprobs(const Request& request) {
  const Sampling& sampling = request.sampling;
  if (sampling.logprobs) return *sampling.logprobs;
  return sampling.top_logprobs && (request.is_completion || sampling.top_logprobs->value > 0);
}

Features features_of(const Request& request) {
  return Survey(request).run();
}

base::Error cannot_say(Feature feature, std::string_view why) {
  std::string text(catalog::to_string(feature));
  text += ": ";
  text += why.empty() ? std::string_view("the backend's API has nothing like it") : why;
  return base::client_error(base::Code::kInvalidArgument, std::move(text));
}

base::Result<LossCheck> LossCheck::meet(const Request& request, Format target) {
  LossCheck losses;
  losses.target_ = target;
  losses.foreign_ = table_of(request.origin) != table_of(target);
  if (!losses.foreign_) return losses;
  const Features used = features_of(request);
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    const auto feature = static_cast<Feature>(i);
    const catalog::FeatureRow& row = catalog::feature_row(target, feature);
    if (row.treatment == catalog::Treatment::kRefuse) return cannot_say(feature, row.note);
    if (row.treatment == catalog::Treatment::kWarn) losses.dropped_.push_back(feature);
  }
  return losses;
}

bool LossCheck::says(Feature feature) const {
  if (!foreign_) return true;
  const catalog::Treatment treatment = catalog::feature_row(target_, feature).treatment;
  return treatment == catalog::Treatment::kMap || treatment == catalog::Treatment::kClamp;
}

void LossCheck::warn(Feature feature) {
  if (std::find(dropped_.begin(), dropped_.end(), feature) == dropped_.end()) {
    dropped_.push_back(feature);
  }
}

}  // namespace tollgate::dataplane::formats::chat
