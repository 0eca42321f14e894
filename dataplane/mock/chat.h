#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace tollgate::dataplane::mock {

/// What the last user message asks the model server to do.
struct Directives {
  int status = 0;  // 0 = answer normally
  std::size_t chunks = 0;
  std::chrono::milliseconds delay{0};
  std::optional<std::uint64_t> input_tokens;
  std::optional<std::uint64_t> output_tokens;
  std::optional<std::size_t> cut_after;
  std::optional<std::size_t> fail_after;
  bool hang = false;
};

/// The parts of a chat, completion or embedding request that the model server looks at.
struct Chat {
  std::set<std::string> members;  // every top-level name
  std::string model;
  bool stream = false;
  bool include_usage = false;
  std::optional<std::int64_t> max_tokens;
  std::string anthropic_version;
  std::vector<std::string> roles;
  std::string last_user_text;  // of `messages`, or `prompt`, or the first of `input`
  std::size_t text_bytes = 0;  // of all messages
  std::size_t inputs = 0;      // elements of `input`
  Directives directives;

  [[nodiscard]] bool has(const std::string& name) const { return members.contains(name); }
  /// About four bytes a token, at least one.
  [[nodiscard]] std::uint64_t input_tokens() const;
};

/// Limits: directives are small numbers; a body is bounded by the server.
inline constexpr std::size_t kChunkLimit = 4096;
inline constexpr std::chrono::milliseconds kDelayLimit{60'000};

/// `padded_body` is followed by json::kPaddingBytes readable bytes.
base::Result<Chat> parse_chat(std::string_view padded_body);

/// The model's words for this chat, cut into `chat.directives.chunks` parts (or one per word).
std::vector<std::string> reply_parts(const Chat& chat);

}  // namespace tollgate::dataplane::mock
