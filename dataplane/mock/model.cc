#include <algorithm>

#include "dataplane/base/hash.h"
#include "dataplane/mock/conversation.h"

namespace tollgate::dataplane::mock {

namespace {

constexpr std::size_t kBytesPerToken = 4;
constexpr std::size_t kArgumentPieces = 3;
constexpr std::size_t kSealCheck = 8;  // hex digits

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> pieces;
  std::size_t start = 0;
  while (start < text.size()) {
    std::size_t end = text.find(' ', start);
    end = end == std::string_view::npos ? text.size() : end + 1;
    pieces.emplace_back(text.substr(start, end - start));
    start = end;
  }
  return pieces;
}

std::string describe(const Part& part) {
  const std::string what = part.kind == PartKind::kImage   ? "an image"
                           : part.kind == PartKind::kAudio ? "audio"
                                                           : "a document";
  if (!part.url.empty()) return "I was given " + what + " at " + part.url + ". ";
  return "I was given " + what + " of type " + part.media_type + " with " +
         std::to_string(part.bytes) + " bytes. ";
}

std::string media_text(const Message& message) {
  std::string text;
  for (const Part& part : message.parts) {
    if (part.kind == PartKind::kImage || part.kind == PartKind::kDocument ||
        part.kind == PartKind::kAudio) {
      text += describe(part);
    }
  }
  return text;
}

/// Everything that a last message of tool results says, media among it.
std::string results_text(const Message& message) {
  std::string text;
  for (const Part& part : message.parts) {
    if (part.kind != PartKind::kToolResult) continue;
    if (!text.empty()) text += ' ';
    text += (part.is_error ? "The tool failed: " : "The tool says: ") + part.text;
  }
  return text + (text.empty() ? "" : ". ") + media_text(message);
}

std::string numbered_words(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "word" + std::to_string(i + 1) + ' ';
  return text;
}

std::string reply_text(const Conversation& chat) {
  if (chat.directives.chunks > 0) return numbered_words(chat.directives.chunks);
  const Message* last = chat.messages.empty() ? nullptr : &chat.messages.back();
  if (last != nullptr && last->has(PartKind::kToolResult)) return results_text(*last);
  if (!chat.json_schema.empty()) return example_of_schema(chat.json_schema);
  if (chat.json_object) return R"({"answer":"Hello"})";
  return "Hello! " + (last == nullptr ? "" : media_text(*last)) + "This is " +
         (chat.model.empty() ? "the model" : chat.model) +
         ", played by Tollgate's built-in model server.";
}

bool wants_call(const Conversation& chat) {
  if (chat.tools.empty() || chat.tool_choice == ToolChoice::kNone) return false;
  if (chat.messages.empty()) return false;
  const Message& last = chat.messages.back();
  return last.role == Role::kUser && !last.has(PartKind::kToolResult);
}

const Tool& demanded_tool(const Conversation& chat, std::size_t index) {
  for (const Tool& tool : chat.tools) {
    if (chat.tool_choice == ToolChoice::kNamed && tool.name == chat.named_tool) return tool;
  }
  return chat.tools[std::min(index, chat.tools.size() - 1)];
}

Block call_block(const Conversation& chat, std::size_t index) {
  const Tool& tool = demanded_tool(chat, index);
  Block block;
  block.kind = PartKind::kToolCall;
  block.name = tool.name;
  const std::string arguments = example_of_schema(tool.schema);
  const std::string seed = tool.name + arguments + std::to_string(index) +
                           std::to_string(chat.messages.size()) + chat.last_user_text();
  block.id = base::to_hex(base::hash128(seed)).substr(0, 20);
  block.signature = seal(tool.name + arguments);
  const std::size_t size = std::max<std::size_t>(1, arguments.size() / kArgumentPieces);
  for (std::size_t at = 0; at < arguments.size(); at += size) {
    block.pieces.push_back(arguments.substr(at, size));
  }
  return block;
}

/// Ends the text before the first stop sequence.
void apply_stops(const Conversation& chat, std::string& text, Answer& answer) {
  std::size_t first = std::string::npos;
  for (const std::string& stop : chat.stops) {
    const std::size_t at = stop.empty() ? std::string::npos : text.find(stop);
    if (at >= first) continue;
    first = at;
    answer.stop = Stop::kStopSequence;
    answer.stop_sequence = stop;
  }
  if (first != std::string::npos) text.resize(first);
}

void add_text(const Conversation& chat, Answer& answer) {
  std::string text = reply_text(chat);
  apply_stops(chat, text, answer);
  Block block;
  block.pieces = words_of(text);
  if (chat.max_tokens && *chat.max_tokens > 0 && chat.directives.chunks == 0 &&
      static_cast<std::size_t>(*chat.max_tokens) < block.pieces.size()) {
    block.pieces.resize(static_cast<std::size_t>(*chat.max_tokens));
    answer.stop = Stop::kLength;
    answer.stop_sequence.clear();
  }
  answer.blocks.push_back(std::move(block));
}

void add_thinking(const Conversation& chat, Answer& answer) {
  Block block;
  block.kind = PartKind::kThinking;
  const std::string text =
      "The user wrote " + std::to_string(chat.last_user_text().size()) + " bytes to me.";
  block.pieces = words_of(text);
  block.signature = sign_thinking(text);
  answer.thinking_tokens = block.pieces.size();
  answer.blocks.push_back(std::move(block));
}

}  // namespace

bool Message::has(PartKind kind) const {
  return std::any_of(parts.begin(), parts.end(),
                     [kind](const Part& part) { return part.kind == kind; });
}

std::string Conversation::last_user_text() const {
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    if (message->role != Role::kUser || !message->has(PartKind::kText)) continue;
    std::string text;
    for (const Part& part : message->parts) {
      if (part.kind == PartKind::kText) text += part.text;
    }
    return text;
  }
  return {};
}

std::uint64_t Conversation::input_tokens() const {
  if (directives.input_tokens) return *directives.input_tokens;
  return std::max<std::uint64_t>(1, text_bytes / kBytesPerToken);
}

void Conversation::finish() {
  for (const std::string& text : system) text_bytes += text.size();
  for (const Message& message : messages) {
    for (const Part& part : message.parts) text_bytes += part.text.size();
  }
  directives = read_directives(last_user_text(), model);
}

std::string Block::whole() const {
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  return text;
}

std::string Answer::text(PartKind kind) const {
  std::string text;
  for (const Block& block : blocks) {
    if (block.kind == kind) text += block.whole();
  }
  return text;
}

std::string sign_thinking(std::string_view text) {
  return base::base64_encode("thought-" + base::to_hex(base::hash128(text)));
}

std::string seal(std::string_view seed) {
  const std::string text = base::to_hex(base::hash128(seed));
  return base::base64_encode("sealed-" + text +
                             base::to_hex(base::hash128(text)).substr(0, kSealCheck));
}

bool is_sealed(std::string_view signature) {
  constexpr std::string_view kStart = "sealed-";
  constexpr std::size_t kDigits = 32;
  const auto text = base::base64_decode(signature);
  if (!text || text->substr(0, kStart.size()) != kStart) return false;
  const std::string_view digits = std::string_view(*text).substr(kStart.size());
  if (digits.size() != kDigits + kSealCheck) return false;
  return digits.substr(kDigits) ==
         base::to_hex(base::hash128(digits.substr(0, kDigits))).substr(0, kSealCheck);
}

Answer play(const Conversation& chat) {
  Answer answer;
  if (chat.thinking) add_thinking(chat, answer);
  if (wants_call(chat)) {
    const std::size_t calls =
        chat.tool_choice == ToolChoice::kNamed ? 1 : std::min(chat.directives.calls, kCallLimit);
    for (std::size_t i = 0; i < calls; ++i) answer.blocks.push_back(call_block(chat, i));
    answer.stop = Stop::kToolCalls;
  } else {
    add_text(chat, answer);
  }
  for (const Block& block : answer.blocks) answer.output_tokens += block.pieces.size();
  if (chat.directives.output_tokens) answer.output_tokens = *chat.directives.output_tokens;
  answer.thinking_tokens = std::min(answer.thinking_tokens, answer.output_tokens);
  answer.input_tokens = chat.input_tokens();
  answer.cached_tokens = std::min(chat.directives.cached_tokens, answer.input_tokens);
  return answer;
}

}  // namespace tollgate::dataplane::mock
