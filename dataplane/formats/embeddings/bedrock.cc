#include "dataplane/formats/chat/keep.h"
#include "dataplane/formats/converse/converse.h"
#include "dataplane/formats/embeddings/parts.h"

namespace tollgate::dataplane::formats::embeddings {
namespace {

using chat::Keeper;

base::Result<Dropped> encode_titan(const Request& request, std::string_view, std::string& out) {
  TRY(check_texts(request));
  if (request.inputs.size() != 1) {
    return cannot_say("input", "must be one text: Titan embeds one at a time");
  }
  json::Writer writer(out);
  writer.begin_object().member("inputText", request.inputs.front().text);
  if (request.dimensions) writer.raw_member("dimensions", request.dimensions->raw);
  writer.end_object();
  return dropped_of(request);
}

base::Result<Answer> decode_titan(json::Reader& reader, std::string_view body,
                                  const AnswerContext& context) {
  const auto root = reader.open(body);
  if (!root) return broken_answer("it is no JSON");
  auto embedding = root->find("embedding");
  if (!embedding) embedding = root->find({"embeddingsByType", "float"});
  if (!embedding || embedding->type() != json::Type::kArray) {
    return broken_answer("it has no embedding");
  }
  Answer answer;
  answer.vectors.emplace_back().numbers = Keeper::raw(*embedding);
  const auto count = count_in(*root, {"inputTextTokenCount"});
  answer.usage = usage_of(count ? count : context.input_tokens);
  TRY(check_count(answer, context));
  return answer;
}

/// Cohere has four kinds of input; Google's words for tasks and Cohere's own are both taken.
base::Result<std::string_view> input_type(std::string_view task) {
  constexpr std::pair<std::string_view, std::string_view> kTasks[] = {
      {"", "search_document"},
      {"RETRIEVAL_DOCUMENT", "search_document"},
      {"RETRIEVAL_QUERY", "search_query"},
      {"QUESTION_ANSWERING", "search_query"},
      {"FACT_VERIFICATION", "search_query"},
      {"CODE_RETRIEVAL_QUERY", "search_query"},
      {"CLASSIFICATION", "classification"},
      {"CLUSTERING", "clustering"},
      {"SEMANTIC_SIMILARITY", "clustering"},
      {"search_document", "search_document"},
      {"search_query", "search_query"},
      {"classification", "classification"},
      {"clustering", "clustering"},
  };
  for (const auto& [word, type] : kTasks) {
    if (word == task) return type;
  }
  return cannot_say("task_type", "is none that Cohere's models know");
}

/// Every input has the same type, since Cohere takes one for a request.
base::Result<std::string_view> common_type(const Request& request) {
  std::string_view task = request.task_type;
  for (const chat::Extra& extra : request.extras) {  // Cohere's own name for it
    const bool text = extra.raw.size() > 2 && extra.raw.front() == '"';
    if (extra.key == "input_type" && text) task = extra.raw.substr(1, extra.raw.size() - 2);
  }
  if (!task.empty()) return input_type(task);
  task = request.inputs.front().task_type;
  for (const Input& input : request.inputs) {
    if (input.task_type != task) {
      return cannot_say("input[].task_type", "must be the same for all: Cohere takes one");
    }
  }
  return input_type(task);
}

base::Result<Dropped> encode_cohere(const Request& request, std::string_view model,
                                    std::string& out) {
  constexpr std::size_t kMaxTexts = 96;
  const bool v3 = model.find("embed-english-v3") != std::string_view::npos ||
                  model.find("embed-multilingual-v3") != std::string_view::npos;
  TRY(check_texts(request));
  if (request.inputs.size() > kMaxTexts) {
    return cannot_say("input", "must hold at most 96 texts: more are not taken by Cohere");
  }
  if (request.dimensions && v3) {
    return cannot_say("dimensions", "cannot be chosen: Cohere Embed v3 has one size");
  }
  TRY_ASSIGN(const std::string_view type, common_type(request));
  json::Writer writer(out);
  writer.begin_object().key("texts").begin_array();
  for (const Input& input : request.inputs) writer.value(input.text);
  writer.end_array().member("input_type", type);
  writer.key("embedding_types").begin_array().value("float").end_array();
  if (request.dimensions) writer.raw_member("output_dimension", request.dimensions->raw);
  if (request.auto_truncate) {
    writer.member("truncate", !*request.auto_truncate ? "NONE" : v3 ? "END" : "RIGHT");
  }
  writer.end_object();
  Dropped dropped = dropped_of(request);
  std::erase(dropped, "input_type");
  return dropped;
}

base::Result<Answer> decode_cohere(json::Reader& reader, std::string_view body,
                                   const AnswerContext& context) {
  const auto root = reader.open(body);
  if (!root) return broken_answer("it is no JSON");
  auto embeddings = root->find("embeddings");
  if (embeddings && embeddings->type() == json::Type::kObject) {
    embeddings = embeddings->find("float");
  }
  if (!embeddings || embeddings->type() != json::Type::kArray) {
    return broken_answer("it has no embeddings");
  }
  Answer answer;
  auto elements = embeddings->elements();
  while (elements->next()) {
    if (elements->value().type() != json::Type::kArray) {
      return broken_answer("an embedding is no list");
    }
    answer.vectors.emplace_back().numbers = Keeper::raw(elements->value());
  }
  const auto count = count_in(*root, {"meta", "billed_units", "input_tokens"});
  answer.usage = usage_of(count ? count : context.input_tokens);
  TRY(check_count(answer, context));
  return answer;
}

chat::ChatError bedrock_error(const chat::ProviderError& error) {
  return converse::kFormat.decode_error(error);
}

}  // namespace

const EmbeddingFormat kTitan{.format = catalog::Format::kTitanEmbeddings,
                             .encode_request = encode_titan,
                             .decode_answer = decode_titan,
                             .decode_error = bedrock_error};
const EmbeddingFormat kCohere{.format = catalog::Format::kCohereEmbeddings,
                              .encode_request = encode_cohere,
                              .decode_answer = decode_cohere,
                              .decode_error = bedrock_error};

}  // namespace tollgate::dataplane::formats::embeddings
