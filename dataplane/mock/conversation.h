#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/mock/directives.h"

namespace tollgate::dataplane::mock {

enum class PartKind : std::uint8_t {
  kText,
  kImage,
  kDocument,
  kAudio,
  kToolCall,
  kToolResult,
  kThinking,
  kOther,
};

/// A part of a message, decoded as far as the model server looks at it.
struct Part {
  PartKind kind = PartKind::kText;
  std::string text;        // kText, kToolResult, kThinking
  std::string media_type;  // kImage, kDocument, kAudio
  std::size_t bytes = 0;   // decoded size of media
  std::string url;         // media by reference
  std::string id;          // of a tool call, here or answered
  std::string name;        // of a tool
  std::string json;        // kToolCall: arguments
  std::string signature;   // kThinking, and tool calls where a dialect signs those
  bool is_error = false;
};

enum class Role : std::uint8_t { kUser, kAssistant };

struct Message {
  Role role = Role::kUser;
  std::vector<Part> parts;

  [[nodiscard]] bool has(PartKind kind) const;
};

struct Tool {
  std::string name;
  std::string schema;  // JSON; empty = none given
};

enum class ToolChoice : std::uint8_t { kAuto, kNone, kRequired, kNamed };

/// A chat request of any dialect, as far as the model server looks at it. It shares nothing with
/// the gateway's own canonical form, so that it can catch its mistakes.
struct Conversation {
  std::string model;
  bool stream = false;
  bool include_usage = false;
  std::vector<std::string> system;
  std::vector<Message> messages;
  std::vector<Tool> tools;
  ToolChoice tool_choice = ToolChoice::kAuto;
  std::string named_tool;
  std::optional<std::int64_t> max_tokens;
  std::vector<std::string> stops;
  bool thinking = false;
  bool json_object = false;
  std::string json_schema;
  std::size_t choices = 1;
  std::size_t text_bytes = 0;  // of all texts
  Directives directives;

  /// Of the last user message that holds text.
  [[nodiscard]] std::string last_user_text() const;
  /// About four bytes a token, at least one.
  [[nodiscard]] std::uint64_t input_tokens() const;
  /// Counts texts and reads the directives: called once, when everything else is set.
  void finish();
};

enum class Stop : std::uint8_t { kEnd, kLength, kStopSequence, kToolCalls };

/// A block of the answer, in the pieces that a stream sends.
struct Block {
  PartKind kind = PartKind::kText;  // kText, kThinking or kToolCall
  std::vector<std::string> pieces;  // of text, thinking or the arguments' JSON
  std::string id;
  std::string name;
  std::string signature;

  [[nodiscard]] std::string whole() const;
};

struct Answer {
  std::vector<Block> blocks;
  Stop stop = Stop::kEnd;
  std::string stop_sequence;
  std::uint64_t input_tokens = 0;   // all of the input
  std::uint64_t cached_tokens = 0;  // the part of it that came from a cache
  std::uint64_t output_tokens = 0;
  std::uint64_t thinking_tokens = 0;  // the part of the output that was thought

  [[nodiscard]] bool calls_tools() const { return stop == Stop::kToolCalls; }
  /// Thinking and text as one string each, for dialects that have no blocks.
  [[nodiscard]] std::string text(PartKind kind) const;
};

/// The model: what it says depends on nothing but the conversation. With tools and a user's
/// message last it calls the first tool (or the one that is demanded) with arguments that fit its
/// schema; after a tool's result it answers with the result's text; images and documents are told
/// by media type and size; `json_schema` gets JSON that fits.
Answer play(const Conversation& conversation);

/// What a model's signature of its thinking is. Thinking that comes back with another one is
/// refused by every provider that signs.
std::string sign_thinking(std::string_view text);
/// The same for what need not come back byte by byte: a signature that proves itself.
std::string seal(std::string_view seed);
bool is_sealed(std::string_view signature);

/// JSON that fits a JSON schema: the members that are required (all of them if none is named),
/// bounds, enumerations, references within the schema. "{}" if the schema is no object.
std::string example_of_schema(std::string_view schema);

}  // namespace tollgate::dataplane::mock
