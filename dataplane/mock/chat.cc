#include "dataplane/mock/chat.h"

#include <algorithm>

#include "dataplane/base/text.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::mock {

namespace {

constexpr std::string_view kMarker = "[[mock ";
constexpr std::size_t kBytesPerToken = 4;

void read_directive(std::string_view word, Directives& directives) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const std::string_view text =
      equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
  if (name == "hang") directives.hang = true;
  if (name == "usage") {
    const std::size_t slash = text.find('/');
    directives.input_tokens = base::parse_u64(text.substr(0, slash));
    if (slash != std::string_view::npos) {
      directives.output_tokens = base::parse_u64(text.substr(slash + 1));
    }
    return;
  }
  const std::optional<std::uint64_t> number = base::parse_u64(text);
  if (!number) return;
  if (name == "status" && *number >= 400 && *number <= 599) {
    directives.status = static_cast<int>(*number);
  }
  if (name == "chunks") directives.chunks = std::min<std::size_t>(*number, kChunkLimit);
  if (name == "delay") {
    directives.delay = std::min(kDelayLimit, std::chrono::milliseconds(*number));
  }
  if (name == "cut") directives.cut_after = *number;
  if (name == "fail") directives.fail_after = *number;
}

Directives read_directives(std::string_view text) {
  Directives directives;
  const std::size_t start = text.find(kMarker);
  if (start == std::string_view::npos) return directives;
  text.remove_prefix(start + kMarker.size());
  text = text.substr(0, text.find("]]"));
  for (const std::string_view word : base::split(text, ' ')) read_directive(word, directives);
  return directives;
}

base::Status read_part(json::Value& part, std::string& text) {
  TRY_ASSIGN(json::Members members, part.members());
  while (members.next()) {
    if (members.key() != "text") continue;
    TRY_ASSIGN(const std::string_view words, members.value().string());
    text += words;
  }
  return {};
}

base::Status read_content(json::Value& content, std::string& text) {
  if (content.type() == json::Type::kString) {
    TRY_ASSIGN(const std::string_view words, content.string());
    text = words;
    return {};
  }
  if (content.type() != json::Type::kArray) return {};
  TRY_ASSIGN(json::Elements parts, content.elements());
  while (parts.next()) {
    if (parts.value().type() == json::Type::kObject) TRY(read_part(parts.value(), text));
  }
  return {};
}

base::Status read_message(json::Value& message, Chat& chat) {
  std::string role;
  std::string text;
  TRY_ASSIGN(json::Members members, message.members());
  while (members.next()) {
    if (members.key() == "role") {
      TRY_ASSIGN(const std::string_view name, members.value().string());
      role = name;
    } else if (members.key() == "content") {
      TRY(read_content(members.value(), text));
    }
  }
  chat.text_bytes += text.size();
  if (role == "user") chat.last_user_text = text;
  chat.roles.push_back(std::move(role));
  return {};
}

base::Status read_messages(json::Value& value, Chat& chat) {
  TRY_ASSIGN(json::Elements messages, value.elements());
  while (messages.next()) TRY(read_message(messages.value(), chat));
  return {};
}

/// `input` of embeddings and `prompt` of completions: a text or a list of texts.
base::Status read_texts(json::Value& value, Chat& chat) {
  if (value.type() == json::Type::kString) {
    TRY_ASSIGN(const std::string_view text, value.string());
    chat.last_user_text = text;
    chat.text_bytes += text.size();
    chat.inputs = 1;
    return {};
  }
  TRY_ASSIGN(json::Elements elements, value.elements());
  while (elements.next()) {
    ++chat.inputs;
    if (elements.value().type() != json::Type::kString) continue;
    TRY_ASSIGN(const std::string_view text, elements.value().string());
    chat.text_bytes += text.size();
    if (chat.inputs == 1) chat.last_user_text = text;
  }
  return {};
}

base::Status read_stream_options(json::Value& value, Chat& chat) {
  if (value.type() != json::Type::kObject) return {};
  TRY_ASSIGN(json::Members members, value.members());
  while (members.next()) {
    if (members.key() == "include_usage") {
      TRY_ASSIGN(chat.include_usage, members.value().boolean());
    }
  }
  return {};
}

base::Status read_member(std::string_view key, json::Value& value, Chat& chat) {
  if (value.is_null()) return {};
  if (key == "messages") return read_messages(value, chat);
  if (key == "input" || key == "prompt") return read_texts(value, chat);
  if (key == "stream_options") return read_stream_options(value, chat);
  if (key == "stream") {
    TRY_ASSIGN(chat.stream, value.boolean());
  } else if (key == "model") {
    TRY_ASSIGN(const std::string_view model, value.string());
    chat.model = model;
  } else if (key == "anthropic_version") {
    TRY_ASSIGN(const std::string_view version, value.string());
    chat.anthropic_version = version;
  } else if (key == "max_tokens" || key == "max_completion_tokens") {
    TRY_ASSIGN(const std::int64_t tokens, value.integer());
    chat.max_tokens = tokens;
  }
  return {};
}

}  // namespace

std::uint64_t Chat::input_tokens() const {
  if (directives.input_tokens) return *directives.input_tokens;
  return std::max<std::uint64_t>(1, text_bytes / kBytesPerToken);
}

base::Result<Chat> parse_chat(std::string_view padded_body) {
  Chat chat;
  json::Reader reader;
  TRY_ASSIGN(json::Value root, reader.open(padded_body));
  TRY_ASSIGN(json::Members members, root.members());
  while (members.next()) {
    const std::string key(members.key());
    TRY(read_member(key, members.value(), chat));
    chat.members.insert(key);
  }
  TRY(reader.finish());
  chat.directives = read_directives(chat.last_user_text);
  return chat;
}

std::vector<std::string> reply_parts(const Chat& chat) {
  std::vector<std::string> parts;
  if (chat.directives.chunks > 0) {
    for (std::size_t i = 0; i < chat.directives.chunks; ++i) {
      parts.push_back("word" + std::to_string(i + 1) + " ");
    }
    return parts;
  }
  const std::string greeting = "Hello! This is " + (chat.model.empty() ? "the model" : chat.model) +
                               ", played by Tollgate's built-in model server.";
  std::size_t start = 0;
  while (start < greeting.size()) {
    std::size_t end = greeting.find(' ', start);
    end = end == std::string::npos ? greeting.size() : end + 1;
    parts.push_back(greeting.substr(start, end - start));
    start = end;
  }
  return parts;
}

}  // namespace tollgate::dataplane::mock
