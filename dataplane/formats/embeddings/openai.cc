#include "dataplane/formats/chat/keep.h"
#include "dataplane/formats/embeddings/parts.h"
#include "dataplane/formats/openai/errors.h"

namespace tollgate::dataplane::formats::embeddings {
namespace {

using chat::Keeper;

base::Error too_many() {
  return chat::bad_request("input", "must hold at most 2048 elements");
}

base::Status check_tokens(const json::Value& tokens) {
  auto elements = tokens.elements();
  while (elements->next()) {
    if (!elements->value().integer()) {
      return chat::bad_request("input", "must hold texts or lists of token numbers");
    }
  }
  return {};
}

/// A text, a list of tokens, or Vertex's object with a task of its own.
base::Status decode_input(const Keeper& keep, const json::Value& value, Request& request) {
  if (request.inputs.size() >= kMaxInputs) return too_many();
  Input& input = request.inputs.emplace_back();
  if (value.type() == json::Type::kArray) {
    TRY(check_tokens(value));
    input.tokens = Keeper::raw(value);
    return {};
  }
  if (value.type() != json::Type::kObject) {
    TRY_ASSIGN(input.text, keep.text(value, "input"));
    return {};
  }
  auto members = value.members();
  while (members->next()) {
    if (members->key() == "content") {
      TRY_ASSIGN(input.text, keep.text(members->value(), "input[].content"));
    } else if (members->key() == "task_type") {
      TRY_ASSIGN(input.task_type, keep.text_or_null(members->value(), "input[].task_type"));
    } else if (members->key() == "title") {
      TRY_ASSIGN(input.title, keep.text_or_null(members->value(), "input[].title"));
    }
  }
  if (!input.title.empty() && input.task_type != "RETRIEVAL_DOCUMENT") {
    return chat::bad_request("input[].title", "goes with the task type RETRIEVAL_DOCUMENT only");
  }
  return {};
}

base::Status decode_inputs(const Keeper& keep, const json::Value& value, Request& request) {
  auto elements = value.elements();
  if (!elements) {
    request.plain_input = true;
    return decode_input(keep, value, request);
  }
  auto first = *elements;
  if (first.next() && first.value().type() == json::Type::kNumber) {
    request.plain_input = true;  // one list of tokens
    return decode_input(keep, value, request);
  }
  while (elements->next()) TRY(decode_input(keep, elements->value(), request));
  return {};
}

base::Status decode_member(const Keeper& keep, std::string_view key, const json::Value& value,
                           Request& request) {
  if (key == "input") return decode_inputs(keep, value, request);
  if (value.is_null()) {
    request.extras.push_back(keep.extra(key, value));
    return {};
  }
  const std::pair<std::string_view, std::string_view Request::*> kTexts[] = {
      {"model", &Request::model}, {"encoding_format", &Request::encoding_format},
      {"user", &Request::user},   {"task_type", &Request::task_type},
      {"title", &Request::title},
  };
  for (const auto& [name, member] : kTexts) {
    if (name != key) continue;
    TRY_ASSIGN(request.*member, keep.text(value, name));
    return {};
  }
  if (key == "dimensions") {
    TRY_ASSIGN(request.dimensions, keep.number(value, key));
  } else if (key == "auto_truncate") {
    TRY_ASSIGN(request.auto_truncate, keep.boolean(value, key));
  } else {
    request.extras.push_back(keep.extra(key, value));
  }
  return {};
}

base::Result<Request> decode_request(json::Reader& reader, std::string_view body,
                                     base::Arena& arena) {
  TRY_ASSIGN(const json::Value root, reader.open(body));
  auto members = root.members();
  if (!members) return chat::bad_request("the request", "must be a JSON object");
  const Keeper keep(body, arena);
  Request request;
  request.origin = catalog::Format::kOpenAiEmbeddings;
  while (members->next()) {
    TRY(decode_member(keep, members->key(), members->value(), request));
  }
  if (request.inputs.empty()) return chat::bad_request("input", "must hold something to embed");
  const std::string_view encoding = request.encoding_format;
  if (!encoding.empty() && encoding != "float" && encoding != "base64") {
    return chat::bad_request("encoding_format", "must be float or base64");
  }
  return request;
}

void write_input(json::Writer& writer, const Input& input) {
  if (!input.tokens.empty()) {
    writer.raw(input.tokens);
  } else if (input.task_type.empty() && input.title.empty()) {
    writer.value(input.text);
  } else {
    writer.begin_object().member("content", input.text);
    if (!input.task_type.empty()) writer.member("task_type", input.task_type);
    if (!input.title.empty()) writer.member("title", input.title);
    writer.end_object();
  }
}

base::Result<Dropped> encode_request(const Request& request, std::string_view model,
                                     std::string& out) {
  json::Writer writer(out);
  writer.begin_object().key("input");
  if (request.plain_input) {
    write_input(writer, request.inputs.front());
  } else {
    writer.begin_array();
    for (const Input& input : request.inputs) write_input(writer, input);
    writer.end_array();
  }
  writer.member("model", model);
  if (request.dimensions) writer.raw_member("dimensions", request.dimensions->raw);
  const std::pair<std::string_view, std::string_view> kTexts[] = {
      {"encoding_format", request.encoding_format},
      {"user", request.user},
      {"task_type", request.task_type},
      {"title", request.title},
  };
  for (const auto& [name, text] : kTexts) {
    if (!text.empty()) writer.member(name, text);
  }
  if (request.auto_truncate) writer.member("auto_truncate", *request.auto_truncate);
  for (const chat::Extra& extra : request.extras) writer.raw_member(extra.key, extra.raw);
  writer.end_object();
  return Dropped{};
}

base::Result<Answer> decode_answer(json::Reader& reader, std::string_view body,
                                   const AnswerContext& context) {
  const auto root = reader.open(body);
  if (!root) return broken_answer("it is no JSON");
  const auto data = root->find("data");
  auto elements = data ? data->elements() : base::Result<json::Elements>(broken_answer(""));
  if (!elements) return broken_answer("it has no data");
  Answer answer;
  while (elements->next()) {
    const auto embedding = elements->value().find("embedding");
    if (!embedding) return broken_answer("an element has no embedding");
    Vector& vector = answer.vectors.emplace_back();
    if (embedding->type() == json::Type::kArray) {
      vector.numbers = Keeper::raw(*embedding);
    } else if (const auto text = embedding->string()) {
      vector.base64 = *text;
    } else {
      return broken_answer("an embedding is neither a list nor base64");
    }
    if (const auto truncated = elements->value().find("truncated")) {
      if (const auto flag = truncated->boolean()) vector.truncated = *flag;
    }
  }
  if (const auto model = root->find("model")) {
    if (const auto text = model->string()) answer.model = *text;
  }
  answer.usage = usage_of(count_in(*root, {"usage", "prompt_tokens"}));
  if (const auto total = count_in(*root, {"usage", "total_tokens"})) answer.usage.total = total;
  TRY(check_count(answer, context));
  return answer;
}

base::Status write_vector(json::Writer& writer, const Vector& vector, bool base64) {
  writer.key("embedding");
  if (base64 && vector.base64.empty()) {
    TRY_ASSIGN(const std::string text, to_base64(vector.numbers));
    writer.value(text);
  } else if (base64) {
    writer.value(vector.base64);
  } else if (vector.numbers.empty()) {
    TRY_ASSIGN(const std::string numbers, to_numbers(vector.base64));
    writer.raw(numbers);
  } else {
    writer.raw(vector.numbers);
  }
  return {};
}

base::Status encode_answer(const Answer& answer, const AnswerContext& context, std::string& out) {
  const bool base64 = context.request != nullptr && context.request->encoding_format == "base64";
  json::Writer writer(out);
  writer.begin_object().member("object", "list").key("data").begin_array();
  for (std::size_t i = 0; i < answer.vectors.size(); ++i) {
    const Vector& vector = answer.vectors[i];
    writer.begin_object().member("object", "embedding");
    writer.member("index", static_cast<std::uint64_t>(i));
    TRY(write_vector(writer, vector, base64));
    if (vector.truncated) writer.member("truncated", *vector.truncated);
    writer.end_object();
  }
  writer.end_array();
  writer.member("model", answer.model.empty() ? context.model : answer.model);
  const std::uint64_t input = answer.usage.input.value_or(0);
  writer.key("usage").begin_object().member("prompt_tokens", input);
  writer.member("total_tokens", answer.usage.total.value_or(input)).end_object();
  writer.end_object();
  return {};
}

}  // namespace

const EmbeddingFormat kOpenAi{.format = catalog::Format::kOpenAiEmbeddings,
                              .decode_request = decode_request,
                              .encode_request = encode_request,
                              .decode_answer = decode_answer,
                              .encode_answer = encode_answer,
                              .decode_error = openai::decode_error};

}  // namespace tollgate::dataplane::formats::embeddings
