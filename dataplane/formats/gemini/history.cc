#include <cstring>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "dataplane/formats/gemini/members.h"
#include "dataplane/formats/gemini/request_decode.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using chat::Block;
using chat::BlockKind;

/// The calls that wait for their results, by name, oldest first.
class OpenCalls {
 public:
  void add(std::string_view name, std::string_view id) { queues_[name].ids.push_back(id); }
  void answered(std::string_view id) { answered_.insert(id); }
  /// The oldest call of this name without an answer; empty if there is none.
  std::string_view take(std::string_view name) {
    const auto found = queues_.find(name);
    if (found == queues_.end()) return {};
    Queue& queue = found->second;
    while (queue.next < queue.ids.size()) {
      const std::string_view id = queue.ids[queue.next++];
      if (!answered_.contains(id)) return id;
    }
    return {};
  }

 private:
  struct Queue {
    std::vector<std::string_view> ids;
    std::size_t next = 0;
  };
  std::unordered_map<std::string_view, Queue> queues_;
  std::unordered_set<std::string_view> answered_;
};

bool is_thought(const Block& block) {
  return block.kind == BlockKind::kThinking && block.extras.empty();
}

/// A thought that the next piece may belong to: its signature, which comes last, is missing.
bool goes_on(const Block& block) {
  return is_thought(block) && block.signature.empty();
}

/// Some clients send back each piece of a stream as a content of its own.
void join_messages(std::vector<chat::Message>& messages) {
  std::vector<chat::Message> joined;
  joined.reserve(messages.size());
  for (chat::Message& message : messages) {
    chat::Message* before = joined.empty() ? nullptr : &joined.back();
    const bool follows = before != nullptr && message.role == chat::Role::kAssistant &&
                         before->role == message.role && before->extras.empty() &&
                         message.extras.empty() && !before->blocks.empty() &&
                         !message.blocks.empty() && goes_on(before->blocks.back()) &&
                         is_thought(message.blocks.front());
    if (!follows) {
      joined.push_back(std::move(message));
      continue;
    }
    before->blocks.back().raw = {};  // the pieces are no neighbours in the document
    message.blocks.front().raw = {};
    for (Block& block : message.blocks) before->blocks.push_back(std::move(block));
  }
  messages = std::move(joined);
}

/// One block of a run of thoughts. Pieces of one content lie side by side in the document, so that
/// they are one view as they came (`raw`), which this format writes again.
Block join_run(std::span<Block> run, base::Arena& arena) {
  Block whole = std::move(run.front());
  if (run.size() == 1) {
    whole.raw = {};
    return whole;
  }
  std::size_t size = whole.text.size();
  bool neighbours = !whole.raw.empty();
  for (const Block& piece : run.subspan(1)) {
    size += piece.text.size();
    neighbours = neighbours && !piece.raw.empty();
  }
  char* const text = arena.allocate_array<char>(size + 1);
  char* at = text;
  const auto append = [&at](std::string_view piece) {
    if (!piece.empty()) std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  };
  append(whole.text);
  for (const Block& piece : run.subspan(1)) append(piece.text);
  const Block& last = run.back();
  whole.text = {text, size};
  whole.signature = last.signature;
  const char* const begin = whole.raw.data();
  whole.raw = {};
  if (neighbours) {
    whole.raw = {begin, static_cast<std::size_t>(last.raw.data() + last.raw.size() - begin)};
  }
  return whole;
}

void join_blocks(chat::Message& message, base::Arena& arena) {
  std::vector<Block> joined;
  joined.reserve(message.blocks.size());
  const std::span<Block> blocks(message.blocks);
  for (std::size_t i = 0; i < blocks.size();) {
    std::size_t end = i + 1;
    if (is_thought(blocks[i])) {
      while (end < blocks.size() && goes_on(blocks[end - 1]) && is_thought(blocks[end])) ++end;
      joined.push_back(join_run(blocks.subspan(i, end - i), arena));
    } else {
      joined.push_back(std::move(blocks[i]));
    }
    i = end;
  }
  message.blocks = std::move(joined);
}

}  // namespace

void link_calls(Decoding& decoding) {
  OpenCalls open;
  std::size_t made = 0;
  for (chat::Message& message : decoding.request.messages) {
    for (Block& block : message.blocks) {
      const bool call = block.kind == BlockKind::kToolCall;
      if (!call && block.kind != BlockKind::kToolResult) continue;
      if (!call && block.id.empty()) block.id = open.take(block.name);
      if (block.id.empty()) block.id = decoding.arena.concat({kMadeId, std::to_string(made++)});
      if (call) {
        open.add(block.name, block.id);
      } else {
        open.answered(block.id);
      }
    }
  }
}

void join_thoughts(Decoding& decoding) {
  join_messages(decoding.request.messages);
  for (chat::Message& message : decoding.request.messages) join_blocks(message, decoding.arena);
}

}  // namespace tollgate::dataplane::formats::gemini
