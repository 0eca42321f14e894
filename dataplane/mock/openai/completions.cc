#include <algorithm>

#include "dataplane/base/hash.h"
#include "dataplane/json/writer.h"
#include "dataplane/mock/openai/chat.h"
#include "dataplane/mock/openai/tables.h"

namespace tollgate::dataplane::mock::openai {

namespace {

constexpr std::size_t kMostInputs = 2048;

std::string completion(const Conversation& chat, const Answer& answer, const Call& call,
                       std::string_view text, std::string_view finish, bool usage) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("id", make_id("cmpl-", call)).member("object", "text_completion");
  writer.member("created", unix_seconds(call)).member("model", chat.model);
  writer.key("choices").begin_array();
  for (std::size_t i = 0; i < (usage && chat.stream ? 0 : chat.choices); ++i) {
    writer.begin_object().member("index", static_cast<std::int64_t>(i)).member("text", text);
    writer.key("logprobs").null().key("finish_reason");
    finish.empty() ? writer.null() : writer.value(finish);
    writer.end_object();
  }
  writer.end_array();
  if (usage) {
    writer.key("usage").begin_object().member("prompt_tokens", answer.input_tokens);
    writer.member("completion_tokens", answer.output_tokens);
    writer.member("total_tokens", answer.input_tokens + answer.output_tokens).end_object();
  }
  writer.end_object();
  return out;
}

/// The texts of `input`; token lists count as texts of their own.
std::vector<std::string> inputs_of(const json::Value& body, std::string_view name) {
  std::vector<std::string> texts = texts_of(body, name);
  if (!texts.empty()) return texts;
  const std::vector<json::Value> elements = list_of(body, name);
  const bool one = !elements.empty() && elements.front().type() == json::Type::kNumber;
  if (one) return {raw_of(body, name)};
  for (const json::Value& element : elements) texts.emplace_back(*element.raw());
  return texts;
}

}  // namespace

Reply completions(const Request& request) {
  if (auto refused = check_table(request, completion_fields())) return *refused;
  const json::Value& body = request.body;
  Conversation chat;
  chat.model =
      request.path_model.empty() ? text_of(body, "model") : std::string(request.path_model);
  if (auto refused = refuse_model(request.host, chat.model)) return *refused;
  chat.stream = is_true(body, "stream");
  const auto options = get(body, "stream_options");
  chat.include_usage = options && is_true(*options, "include_usage");
  chat.max_tokens = integer_of(body, "max_tokens");
  chat.stops = texts_of(body, "stop");
  chat.choices = static_cast<std::size_t>(
      std::clamp<std::int64_t>(integer_of(body, "n").value_or(1), 1, kMostChoices));
  chat.messages.emplace_back();
  for (std::string& text : inputs_of(body, "prompt")) {
    chat.messages.back().parts.push_back({});
    chat.messages.back().parts.back().text = std::move(text);
  }
  chat.finish();
  if (auto fault = early_fault(chat.directives, kShape, chat.stream)) return *fault;
  const Answer answer = play(chat);
  const std::string_view finish = answer.stop == Stop::kLength ? "length" : "stop";
  if (!chat.stream) {
    return send_whole(
        chat.directives, kShape,
        completion(chat, answer, request.call, answer.text(PartKind::kText), finish, true));
  }
  std::vector<std::string> events;
  for (const std::string& piece : answer.blocks.front().pieces) {
    events.push_back(sse_event({}, completion(chat, answer, request.call, piece, {}, false)));
  }
  events.push_back(sse_event({}, completion(chat, answer, request.call, "", finish, false)));
  if (chat.include_usage) {
    events.push_back(sse_event({}, completion(chat, answer, request.call, "", {}, true)));
  }
  events.emplace_back("data: [DONE]\n\n");
  return send_stream(chat.directives, kShape, std::move(events), chat.include_usage ? 3 : 2);
}

Reply embeddings(const Request& request) {
  if (auto refused = check_table(request, embedding_fields())) return *refused;
  const json::Value& body = request.body;
  const std::string model =
      request.path_model.empty() ? text_of(body, "model") : std::string(request.path_model);
  if (auto refused = refuse_model(request.host, model)) return *refused;
  const std::vector<std::string> inputs = inputs_of(body, "input");
  if (inputs.empty() || inputs.size() > kMostInputs) {
    return coded_error(400, "invalid_value", "'input' must hold 1 to 2048 texts.", "input");
  }
  const std::string encoding = text_of(body, "encoding_format");
  if (!encoding.empty() && encoding != "float" && encoding != "base64") {
    return coded_error(400, "invalid_value", "'encoding_format' is 'float' or 'base64'.",
                       "encoding_format");
  }
  const Directives directives = read_directives(inputs.front(), model);
  if (auto fault = early_fault(directives, kShape, false)) return *fault;
  const auto size = integer_of(body, "dimensions").value_or(kEmbeddingSize);
  std::string out;
  std::size_t bytes = 0;
  json::Writer writer(out);
  writer.begin_object().member("object", "list").key("data").begin_array();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    bytes += inputs[i].size();
    const std::vector<double> vector =
        embed(inputs[i], static_cast<std::size_t>(std::max<std::int64_t>(size, 1)));
    writer.begin_object().member("object", "embedding");
    writer.member("index", static_cast<std::int64_t>(i)).key("embedding");
    if (encoding == "base64") {
      const std::vector<float> floats(vector.begin(), vector.end());
      writer.value(base::base64_encode(
          {reinterpret_cast<const char*>(floats.data()), floats.size() * sizeof(float)}));
    } else {
      writer.begin_array();
      for (const double number : vector) writer.value(number);
      writer.end_array();
    }
    writer.end_object();
  }
  const std::uint64_t tokens =
      directives.input_tokens.value_or(std::max<std::uint64_t>(1, bytes / 4));
  writer.end_array().member("model", model).key("usage").begin_object();
  writer.member("prompt_tokens", tokens).member("total_tokens", tokens);
  writer.end_object().end_object();
  return send_whole(directives, kShape, std::move(out));
}

}  // namespace tollgate::dataplane::mock::openai
