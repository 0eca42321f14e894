#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/catalog/feature.h"

namespace tollgate::dataplane::formats::chat {

// The canonical request of the chat family. All texts are views: of the client's held body, or of
// the arena that was given to the decoder; both outlive it. Text is decoded (no JSON escapes); what
// is called `raw` or `json` is a valid JSON value as it stood. An empty view means absent unless
// said otherwise.

/// A number with the digits that the client wrote, so that 1.0 stays 1.0.
struct Number {
  double value = 0;
  std::string_view raw;
};

/// A member that the canonical form has no place for. It is written again only by the format that
/// it came from (Request::origin).
struct Extra {
  std::string_view key;
  std::string_view raw;
};
using Extras = std::vector<Extra>;

/// Everything up to here may be kept by the provider for later requests.
struct CacheMark {
  bool set = false;
  std::string_view ttl;  // "5m", "1h"; empty: the provider's default
};

enum class BlockKind : std::uint8_t {
  kText,
  kImage,
  kDocument,
  kAudio,
  kVideo,
  kThinking,          // text, signature
  kRedactedThinking,  // data: what the provider encrypted, base64
  kRefusal,           // text
  kToolCall,          // id, name, json: the arguments
  kToolResult,        // id of the call, name if known, content, is_error
  kOpaque,            // raw: a block of Request::origin that has no meaning elsewhere
};

enum class MediaSource : std::uint8_t { kNone, kBase64, kUrl, kText, kFile };

/// An image, document, sound or film.
struct Media {
  MediaSource source = MediaSource::kNone;
  std::string_view type;  // media type: image/png
  /// Base64 without line breaks, the URL (never data:), the text, or the provider's id of a file.
  std::string_view data;
  std::string_view name;     // title or file name
  std::string_view detail;   // images: low, high, auto, as OpenAI names them
  std::string_view context;  // documents: what the client says about it
  bool cite = false;         // documents: citations are wanted
};

struct Block {
  BlockKind kind = BlockKind::kText;
  std::string_view text;
  std::string_view signature;
  std::string_view data;
  std::string_view id;
  std::string_view name;
  /// kToolCall: a JSON object ("{}" if the client sent none). Decoders check it; arguments that are
  /// no JSON object stand here as they came, with `json_broken`.
  std::string_view json;
  bool json_broken = false;
  bool is_error = false;
  Media media;
  std::vector<Block> content;  // kToolResult: text, images, documents
  bool plain = false;          // kToolResult: the content was one string
  CacheMark cache;
  /// kOpaque; also what stands for the typed fields in the origin's own form, if they do not say
  /// all of it.
  std::string_view raw;
  catalog::Feature meaning = catalog::Feature::kUnknown;  // kOpaque: what others lose with it
  Extras extras;
};

enum class Role : std::uint8_t { kSystem, kDeveloper, kUser, kAssistant, kTool };

/// Decoders keep the order and grouping of the client. OpenAI's tool messages are kTool with one
/// kToolResult each; Anthropic's tool results are blocks of a kUser message. Encoders take both.
struct Message {
  Role role = Role::kUser;
  std::string_view name;
  bool plain = false;  // the content was one string, not a list
  std::vector<Block> blocks;
  CacheMark cache;  // on the message itself
  Extras extras;
};

struct Tool {
  bool builtin = false;  // run by the provider: `type` and `raw` only
  std::string_view type;
  std::string_view name;
  std::string_view description;
  std::string_view schema;  // JSON schema of the arguments, a JSON object; empty: no arguments
  std::optional<bool> strict;
  CacheMark cache;
  std::string_view raw;  // builtin: the whole tool
  Extras extras;
};

enum class ToolChoiceKind : std::uint8_t { kUnset, kAuto, kNone, kRequired, kNamed, kAllowed };

struct ToolChoice {
  ToolChoiceKind kind = ToolChoiceKind::kUnset;
  std::string_view name;                // kNamed
  std::vector<std::string_view> names;  // kAllowed
  bool required = false;                // kAllowed: one of them must be called
};

struct Sampling {
  std::optional<Number> temperature;
  std::optional<Number> top_p;
  std::optional<Number> top_k;
  std::optional<Number> presence_penalty;
  std::optional<Number> frequency_penalty;
  std::optional<Number> seed;
  std::optional<Number> choices;  // n
  std::optional<Number> max_tokens;
  bool legacy_max_tokens = false;  // OpenAI chat: it was `max_tokens`, not `max_completion_tokens`
  std::vector<std::string_view> stop;
  bool plain_stop = false;      // it was one string
  std::string_view logit_bias;  // raw
  std::optional<bool> logprobs;
  std::optional<Number> top_logprobs;
};

enum class ResponseFormatKind : std::uint8_t { kUnset, kText, kJsonObject, kJsonSchema };

struct ResponseFormat {
  ResponseFormatKind kind = ResponseFormatKind::kUnset;
  std::string_view name;
  std::string_view description;
  std::string_view schema;  // JSON object
  std::optional<bool> strict;
  Extras extras;
};

enum class ThinkingKind : std::uint8_t { kUnset, kDisabled, kEnabled, kAdaptive };

struct Reasoning {
  ThinkingKind thinking = ThinkingKind::kUnset;
  std::optional<Number> budget_tokens;
  std::string_view effort;      // none, minimal, low, medium, high, xhigh, max
  std::string_view summary;     // auto, concise, detailed
  std::string_view display;     // summarized, omitted
  std::optional<bool> include;  // Gemini: send thoughts
};

/// The client's request, decoded once, whatever backend it goes to.
struct Request {
  catalog::Format origin = catalog::Format::kNone;
  std::string_view model;  // as the client asked, empty if the path says it
  std::vector<Message> messages;
  bool plain_system = false;  // formats with a system member: it was one string
  std::vector<Tool> tools;
  ToolChoice tool_choice;
  std::optional<bool> parallel_tool_calls;
  Sampling sampling;
  ResponseFormat response_format;
  Reasoning reasoning;
  std::string_view verbosity;
  std::string_view user;      // a stable name of the end user
  std::string_view metadata;  // raw JSON object of texts
  std::string_view service_tier;
  std::optional<bool> stream;  // as the body says
  std::optional<bool> include_usage;
  /// Legacy completions: the text to go on with stands in one user message; here is the rest.
  bool is_completion = false;
  /// OpenAI chat: the tools came as `functions`, and a call is wanted as `function_call`.
  bool legacy_functions = false;
  Extras extras;
};

}  // namespace tollgate::dataplane::formats::chat
