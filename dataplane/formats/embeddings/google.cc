#include "dataplane/formats/chat/keep.h"
#include "dataplane/formats/embeddings/parts.h"
#include "dataplane/formats/gemini/format.h"

namespace tollgate::dataplane::formats::embeddings {
namespace {

using chat::Keeper;

chat::ChatError google_error(const chat::ProviderError& error) {
  return gemini::kFormat.decode_error(error);
}

/// embedContent takes one content.
base::Result<Dropped> encode_gemini(const Request& request, std::string_view, std::string& out) {
  TRY(check_texts(request));
  if (request.inputs.size() != 1) {
    return cannot_say("input", "must be one text: the model embeds one at a time");
  }
  const Input& input = request.inputs.front();
  if (!input.task_type.empty() || !input.title.empty()) {
    return cannot_say("input", "must be a text: task type and title belong to the request here");
  }
  json::Writer writer(out);
  writer.begin_object().key("content").begin_object().key("parts").begin_array();
  writer.begin_object().member("text", input.text).end_object().end_array().end_object();
  const bool config = request.dimensions || request.auto_truncate || !request.task_type.empty() ||
                      !request.title.empty();
  if (config) {
    writer.key("embedContentConfig").begin_object();
    if (request.dimensions) writer.raw_member("outputDimensionality", request.dimensions->raw);
    if (request.auto_truncate) writer.member("autoTruncate", *request.auto_truncate);
    if (!request.task_type.empty()) writer.member("taskType", request.task_type);
    if (!request.title.empty()) writer.member("title", request.title);
    writer.end_object();
  }
  writer.end_object();
  return dropped_of(request);
}

void read_truncated(const json::Value& object, Vector& vector) {
  const auto truncated = object.find("truncated");
  if (!truncated) return;
  if (const auto flag = truncated->boolean()) vector.truncated = *flag;
}

base::Result<Answer> decode_gemini(json::Reader& reader, std::string_view body,
                                   const AnswerContext& context) {
  const auto root = reader.open(body);
  if (!root) return broken_answer("it is no JSON");
  const auto values = root->find({"embedding", "values"});
  if (!values || values->type() != json::Type::kArray) return broken_answer("it has no embedding");
  Answer answer;
  Vector& vector = answer.vectors.emplace_back();
  vector.numbers = Keeper::raw(*values);
  read_truncated(*root, vector);
  answer.usage = usage_of(count_in(*root, {"usageMetadata", "promptTokenCount"}));
  if (const auto total = count_in(*root, {"usageMetadata", "totalTokenCount"})) {
    answer.usage.total = total;
  }
  TRY(check_count(answer, context));
  return answer;
}

base::Result<Dropped> encode_vertex(const Request& request, std::string_view, std::string& out) {
  TRY(check_texts(request));
  json::Writer writer(out);
  writer.begin_object().key("instances").begin_array();
  for (const Input& input : request.inputs) {
    const std::string_view task = task_of(request, input);
    const std::string_view title = title_of(request, input);
    writer.begin_object().member("content", input.text);
    if (!task.empty()) writer.member("task_type", task);
    if (!title.empty()) writer.member("title", title);
    writer.end_object();
  }
  writer.end_array().key("parameters").begin_object();
  if (request.dimensions) writer.raw_member("outputDimensionality", request.dimensions->raw);
  if (request.auto_truncate) writer.member("autoTruncate", *request.auto_truncate);
  writer.end_object().end_object();
  return dropped_of(request);
}

base::Result<Answer> decode_vertex(json::Reader& reader, std::string_view body,
                                   const AnswerContext& context) {
  const auto root = reader.open(body);
  if (!root) return broken_answer("it is no JSON");
  const auto predictions = root->find("predictions");
  if (!predictions || predictions->type() != json::Type::kArray) {
    return broken_answer("it has no predictions");
  }
  Answer answer;
  std::optional<std::uint64_t> tokens;
  auto elements = predictions->elements();
  while (elements->next()) {
    const auto embeddings = elements->value().find("embeddings");
    const auto values = embeddings ? embeddings->find("values") : std::nullopt;
    if (!values || values->type() != json::Type::kArray) {
      return broken_answer("a prediction has no values");
    }
    Vector& vector = answer.vectors.emplace_back();
    vector.numbers = Keeper::raw(*values);
    const auto statistics = embeddings->find("statistics");
    if (!statistics) continue;
    read_truncated(*statistics, vector);
    if (const auto count = count_in(*statistics, {"token_count"})) {
      tokens = tokens.value_or(0) + *count;
    }
  }
  answer.usage = usage_of(tokens);
  TRY(check_count(answer, context));
  return answer;
}

}  // namespace

const EmbeddingFormat kGemini{.format = catalog::Format::kGeminiEmbeddings,
                              .encode_request = encode_gemini,
                              .decode_answer = decode_gemini,
                              .decode_error = google_error};
const EmbeddingFormat kVertex{.format = catalog::Format::kVertexEmbeddings,
                              .encode_request = encode_vertex,
                              .decode_answer = decode_vertex,
                              .decode_error = google_error};

}  // namespace tollgate::dataplane::formats::embeddings
