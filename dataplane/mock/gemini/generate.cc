#include "dataplane/base/arena.h"
#include "dataplane/http/query.h"
#include "dataplane/json/writer.h"
#include "dataplane/mock/gemini/api.h"

namespace tollgate::dataplane::mock::gemini {

namespace {

struct Context {
  const Reading& reading;
  const Answer& answer;
  std::string id;
};

std::string_view finish_reason(const Answer& answer) {
  return answer.stop == Stop::kLength ? "MAX_TOKENS" : "STOP";
}

void write_usage(json::Writer& writer, const Answer& answer) {
  writer.key("usageMetadata").begin_object().member("promptTokenCount", answer.input_tokens);
  writer.member("candidatesTokenCount", answer.output_tokens - answer.thinking_tokens);
  writer.member("totalTokenCount", answer.input_tokens + answer.output_tokens);
  if (answer.cached_tokens > 0) writer.member("cachedContentTokenCount", answer.cached_tokens);
  if (answer.thinking_tokens > 0) writer.member("thoughtsTokenCount", answer.thinking_tokens);
  writer.key("promptTokensDetails").begin_array().begin_object().member("modality", "TEXT");
  writer.member("tokenCount", answer.input_tokens).end_object().end_array().end_object();
}

/// One part. `text`: the piece of it that this chunk holds; calls are always whole. `signed_part`:
/// what the model thought is proven here.
void write_part(json::Writer& writer, const Block& block, std::string_view text, bool signed_part) {
  writer.begin_object();
  if (block.kind == PartKind::kToolCall) {
    writer.key("functionCall").begin_object().member("name", block.name);
    writer.raw_member("args", block.whole()).end_object();
  } else {
    writer.member("text", text);
    if (block.kind == PartKind::kThinking) writer.member("thought", true);
  }
  if (signed_part) writer.member("thoughtSignature", seal(block.whole()));
  writer.end_object();
}

/// Whether a block carries the signature of what was thought: the first call, else the text.
bool carries_signature(const Context& context, std::size_t index) {
  const std::vector<Block>& blocks = context.answer.blocks;
  if (blocks[index].kind == PartKind::kThinking) return false;
  const bool first = index == 0 || blocks[index - 1].kind == PartKind::kThinking;
  return first && (blocks[index].kind == PartKind::kToolCall || context.reading.chat.thinking);
}

bool hidden(const Context& context, const Block& block) {
  return block.kind == PartKind::kThinking && !context.reading.shows_thoughts;
}

void write_end(json::Writer& writer, const Context& context) {
  write_usage(writer, context.answer);
  writer.member("modelVersion", context.reading.chat.model).member("responseId", context.id);
  writer.end_object();
}

std::string whole(const Context& context) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("candidates").begin_array();
  for (std::size_t choice = 0; choice < context.reading.chat.choices; ++choice) {
    writer.begin_object().key("content").begin_object().key("parts").begin_array();
    const std::vector<Block>& blocks = context.answer.blocks;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (hidden(context, blocks[i])) continue;
      write_part(writer, blocks[i], blocks[i].whole(), carries_signature(context, i));
    }
    writer.end_array().member("role", "model").end_object();
    writer.member("finishReason", finish_reason(context.answer));
    writer.member("index", static_cast<std::int64_t>(choice)).end_object();
  }
  writer.end_array();
  write_end(writer, context);
  return out;
}

struct Piece {
  std::size_t block;
  std::string text;
  bool last;  // of its block
};

std::string chunk(const Context& context, std::size_t choice, const Piece& piece, bool last) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("candidates").begin_array().begin_object();
  writer.key("content").begin_object().key("parts").begin_array();
  write_part(writer, context.answer.blocks[piece.block], piece.text,
             piece.last && carries_signature(context, piece.block));
  writer.end_array().member("role", "model").end_object();
  if (last) writer.member("finishReason", finish_reason(context.answer));
  writer.member("index", static_cast<std::int64_t>(choice)).end_object().end_array();
  write_end(writer, context);
  return out;
}

std::vector<Piece> pieces_of(const Context& context) {
  std::vector<Piece> pieces;
  const std::vector<Block>& blocks = context.answer.blocks;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (hidden(context, blocks[i])) continue;
    if (blocks[i].kind == PartKind::kToolCall || blocks[i].pieces.empty()) {
      pieces.push_back({i, "", true});
      continue;
    }
    for (std::size_t j = 0; j < blocks[i].pieces.size(); ++j) {
      pieces.push_back({i, blocks[i].pieces[j], j + 1 == blocks[i].pieces.size()});
    }
  }
  return pieces;
}

/// Without alt=sse a stream is one JSON array, an element at a time.
void as_array(Reply& reply) {
  for (std::size_t i = 0; i < reply.chunks.size(); ++i) {
    std::string& bytes = reply.chunks[i].bytes;
    constexpr std::size_t kData = 6;   // "data: "
    constexpr std::size_t kBlank = 2;  // "\n\n"
    bytes = (i == 0 ? "[" : ",\r\n") + bytes.substr(kData, bytes.size() - kData - kBlank);
  }
  if (reply.end == End::kClean) reply.chunks.push_back({"]", {}});
  for (auto& [name, value] : reply.headers) {
    if (name == "content-type") value = "application/json; charset=UTF-8";
  }
}

}  // namespace

Reply generate(const Request& request) {
  Reading reading;
  if (auto refused = read_generate(request, request.body, reading)) return *refused;
  if (auto fault = early_fault(reading.chat.directives, kShape, false)) return *fault;
  const Answer answer = play(reading.chat);
  const Context context{reading, answer, make_id("", request.call)};
  return send_whole(reading.chat.directives, kShape, whole(context));
}

Reply stream_generate(const Request& request) {
  base::Arena arena;
  const auto alt = http::find_query_param(request.call.head->query, "alt", arena);
  if (alt && *alt != "sse" && *alt != "json") return error(400, "Invalid value for alt.");
  Reading reading;
  if (auto refused = read_generate(request, request.body, reading)) return *refused;
  if (auto fault = early_fault(reading.chat.directives, kShape, true)) return *fault;
  const Answer answer = play(reading.chat);
  const Context context{reading, answer, make_id("", request.call)};
  std::vector<std::string> events;
  const std::vector<Piece> pieces = pieces_of(context);
  for (std::size_t choice = 0; choice < reading.chat.choices; ++choice) {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      events.push_back(sse_event({}, chunk(context, choice, pieces[i], i + 1 == pieces.size())));
    }
  }
  Reply reply = send_stream(reading.chat.directives, kShape, std::move(events), 1);
  if (!alt || *alt != "sse") as_array(reply);
  return reply;
}

}  // namespace tollgate::dataplane::mock::gemini
