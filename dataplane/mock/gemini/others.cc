#include <algorithm>
#include <array>

#include "dataplane/json/writer.h"
#include "dataplane/mock/anthropic/messages.h"
#include "dataplane/mock/gemini/api.h"
#include "dataplane/mock/gemini/tables.h"

namespace tollgate::dataplane::mock::gemini {

namespace {

constexpr std::string_view kVertexVersion = "vertex-2023-10-16";

constexpr std::array kEmbedFields{
    Field{"content", kObject, true},
    Field{"model", kString},
    Field{"taskType", kString},
    Field{"title", kString},
    Field{"outputDimensionality", kInteger},
    Field{"autoTruncate", kBool},
    Field{"embedContentConfig", kObject},
};
constexpr std::array kBatchFields{
    Field{"requests", kArray, true, kEmbedFields},
    Field{"model", kString},
};
constexpr std::array kInstance{
    Field{"content", kString, true},
    Field{"task_type", kString},
    Field{"title", kString},
};
constexpr std::array kParameters{
    Field{"outputDimensionality", kInteger},
    Field{"autoTruncate", kBool},
};
constexpr std::array kPredictFields{
    Field{"instances", kArray, true, kInstance},
    Field{"parameters", kObject, false, kParameters},
};
constexpr std::array kCountFields{
    Field{"contents", kArray},           Field{"generateContentRequest", kObject},
    Field{"systemInstruction", kObject}, Field{"tools", kArray},
    Field{"generationConfig", kObject},  Field{"model", kString},
    Field{"instances", kArray},
};

std::uint64_t tokens_of(std::size_t bytes) {
  return std::max<std::uint64_t>(1, bytes / 4);
}

std::size_t dimensions(const json::Value& object) {
  const auto wanted = integer_of(object, "outputDimensionality");
  return static_cast<std::size_t>(
      std::max<std::int64_t>(1, wanted.value_or(static_cast<std::int64_t>(kEmbeddingSize))));
}

void write_values(json::Writer& writer, std::string_view text, std::size_t size) {
  writer.key("values").begin_array();
  for (const double number : embed(text, size)) writer.value(number);
  writer.end_array();
}

std::string embed_problem(const json::Value& request) {
  const auto content = get(request, "content");
  const bool empty = !content || list_of(*content, "parts").empty();
  return empty ? "content.parts must not be empty." : "";
}

/// The body of Claude's request, and the answer that it gets.
Reply claude(const Request& request, bool streamed) {
  const bool counts = request.model == "count-tokens";
  Conversation chat;
  if (!counts) chat.model = request.model;
  const std::string problem = anthropic::read_messages(
      request.body, counts ? anthropic::Envelope::kVertexCount : anthropic::Envelope::kVertex,
      chat);
  if (!problem.empty()) return anthropic::error(400, problem);
  if (text_of(request.body, "anthropic_version") != kVertexVersion) {
    return anthropic::error(400, "anthropic_version: Input should be 'vertex-2023-10-16'");
  }
  if (counts) {
    if (auto fault = early_fault(chat.directives, anthropic::kShape, false)) return *fault;
    return send_whole(chat.directives, anthropic::kShape, anthropic::make_count(chat));
  }
  if (chat.stream != streamed) {
    return anthropic::error(400, "stream: must be true for streamRawPredict and for nothing else");
  }
  return anthropic::reply_to(chat, request.call, "msg_vrtx_");
}

}  // namespace

Reply count_tokens(const Request& request) {
  if (auto refused = check_table(request.body, kCountFields)) return *refused;
  const auto inner = get(request.body, "generateContentRequest");
  Reading reading;
  if (auto refused = read_generate(request, inner ? *inner : request.body, reading)) {
    return *refused;
  }
  const Directives& directives = reading.chat.directives;
  if (auto fault = early_fault(directives, kShape, false)) return *fault;
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("totalTokens", reading.chat.input_tokens());
  writer.key("promptTokensDetails").begin_array().begin_object().member("modality", "TEXT");
  writer.member("tokenCount", reading.chat.input_tokens()).end_object().end_array().end_object();
  return send_whole(directives, kShape, std::move(out));
}

Reply embed_content(const Request& request) {
  if (auto refused = check_table(request.body, kEmbedFields)) return *refused;
  const std::string problem = embed_problem(request.body);
  if (!problem.empty()) return error(400, problem);
  const std::string text = text_of_content(*get(request.body, "content"));
  const Directives directives = read_directives(text, request.model);
  if (auto fault = early_fault(directives, kShape, false)) return *fault;
  const auto config = get(request.body, "embedContentConfig");
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("embedding").begin_object();
  write_values(writer, text, dimensions(config ? *config : request.body));
  writer.end_object();
  const std::uint64_t tokens = directives.input_tokens.value_or(tokens_of(text.size()));
  if (request.vertex) {
    writer.member("truncated", false);
    writer.key("usageMetadata").begin_object().member("promptTokenCount", tokens);
    writer.member("totalTokenCount", tokens).end_object();
  }
  writer.end_object();
  return send_whole(directives, kShape, std::move(out));
}

Reply batch_embed_contents(const Request& request) {
  if (auto refused = check_table(request.body, kBatchFields)) return *refused;
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("embeddings").begin_array();
  Directives directives;
  for (const json::Value& one : list_of(request.body, "requests")) {
    const std::string problem = embed_problem(one);
    if (!problem.empty()) return error(400, problem);
    if (text_of(one, "model") != "models/" + request.model) {
      return error(400, "BatchEmbedContentsRequest.requests.model: must be that of the request.");
    }
    const std::string text = text_of_content(*get(one, "content"));
    directives = read_directives(text, request.model);
    if (auto fault = early_fault(directives, kShape, false)) return *fault;
    writer.begin_object();
    write_values(writer, text, dimensions(one));
    writer.end_object();
  }
  writer.end_array().end_object();
  return send_whole(directives, kShape, std::move(out));
}

Reply predict(const Request& request) {
  if (auto refused = check_table(request.body, kPredictFields)) return *refused;
  const std::vector<json::Value> instances = list_of(request.body, "instances");
  if (instances.empty()) return error(400, "instances must not be empty.");
  const auto parameters = get(request.body, "parameters");
  const std::size_t size = parameters ? dimensions(*parameters) : kEmbeddingSize;
  const Directives directives =
      read_directives(text_of(instances.front(), "content"), request.model);
  if (auto fault = early_fault(directives, kShape, false)) return *fault;
  std::string out;
  std::size_t bytes = 0;
  json::Writer writer(out);
  writer.begin_object().key("predictions").begin_array();
  for (const json::Value& instance : instances) {
    const std::string text = text_of(instance, "content");
    if (get(instance, "title") && text_of(instance, "task_type") != "RETRIEVAL_DOCUMENT") {
      return error(400, "title is only valid with task_type RETRIEVAL_DOCUMENT.");
    }
    bytes += text.size();
    writer.begin_object().key("embeddings").begin_object();
    write_values(writer, text, size);
    writer.key("statistics").begin_object().member("truncated", false);
    writer.member("token_count", directives.input_tokens.value_or(tokens_of(text.size())));
    writer.end_object().end_object().end_object();
  }
  writer.end_array().key("metadata").begin_object();
  writer.member("billableCharacterCount", static_cast<std::uint64_t>(bytes));
  writer.end_object().end_object();
  return send_whole(directives, kShape, std::move(out));
}

Reply raw_predict(const Request& request) {
  return claude(request, false);
}

Reply stream_raw_predict(const Request& request) {
  return claude(request, true);
}

}  // namespace tollgate::dataplane::mock::gemini
