#include <algorithm>
#include <array>

#include "dataplane/base/hash.h"
#include "dataplane/json/writer.h"
#include "dataplane/mock/anthropic/messages.h"
#include "dataplane/mock/bedrock/api.h"

namespace tollgate::dataplane::mock::bedrock {

namespace {

constexpr std::string_view kVersion = "bedrock-2023-05-31";

constexpr std::array kTitanFields{
    Field{"inputText", kString, true},
    Field{"dimensions", kInteger},
    Field{"normalize", kBool},
    Field{"embeddingTypes", kArray},
};
constexpr std::array kCohereFields{
    Field{"input_type", kString, true},
    Field{"texts", kArray},
    Field{"images", kArray},
    Field{"inputs", kArray},
    Field{"truncate", kString},
    Field{"embedding_types", kArray},
    Field{"output_dimension", kInteger},
    Field{"max_tokens", kInteger},
};
constexpr std::array kInvokeInput{
    Field{"body", kString, true},
};
constexpr std::array kCountInput{
    Field{"invokeModel", kObject, false, kInvokeInput},
    Field{"converse", kObject},
};
constexpr std::array kCountFields{
    Field{"input", kObject, true, kCountInput},
};

Reply invalid(std::string_view message) {
  return typed_error(400, "ValidationException", message);
}

Headers token_headers(std::uint64_t input, std::uint64_t output, const Call& call) {
  return {{"x-amzn-bedrock-input-token-count", std::to_string(input)},
          {"x-amzn-bedrock-output-token-count", std::to_string(output)},
          {"x-amzn-bedrock-invocation-latency", "21"},
          {"x-amzn-RequestId", make_id("", call)}};
}

void write_vector(json::Writer& writer, const std::vector<double>& vector) {
  writer.begin_array();
  for (const double number : vector) writer.value(number);
  writer.end_array();
}

Reply titan(const Request& request) {
  if (const auto problem = check_fields(request.body, kTitanFields)) {
    return invalid(describe(*problem));
  }
  const std::string text = text_of(request.body, "inputText");
  const Directives directives = read_directives(text, request.model);
  if (auto fault = early_fault(directives, kShape, false)) return *fault;
  if (text.empty()) return invalid("expected minLength: 1, actual: 0");
  const std::uint64_t tokens =
      directives.input_tokens.value_or(std::max<std::uint64_t>(1, text.size() / 4));
  const auto size = integer_of(request.body, "dimensions").value_or(kEmbeddingSize);
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("embedding");
  write_vector(writer, embed(text, static_cast<std::size_t>(std::max<std::int64_t>(size, 1))));
  writer.member("inputTextTokenCount", tokens).end_object();
  return send_whole(directives, kShape, std::move(out), token_headers(tokens, 0, request.call));
}

Reply cohere(const Request& request) {
  if (const auto problem = check_fields(request.body, kCohereFields)) {
    return invalid(describe(*problem));
  }
  const std::vector<std::string> texts = texts_of(request.body, "texts");
  if (texts.empty()) return invalid("#: required key [texts] not found");
  const Directives directives = read_directives(texts.front(), request.model);
  if (auto fault = early_fault(directives, kShape, false)) return *fault;
  std::string out;
  std::size_t bytes = 0;
  json::Writer writer(out);
  writer.begin_object().member("id", make_id("", request.call)).key("embeddings");
  const bool typed = !list_of(request.body, "embedding_types").empty();
  if (typed) writer.begin_object().key("float");
  writer.begin_array();
  for (const std::string& text : texts) {
    bytes += text.size();
    write_vector(
        writer,
        embed(text,
              static_cast<std::size_t>(std::max<std::int64_t>(
                  1, integer_of(request.body, "output_dimension").value_or(kEmbeddingSize)))));
  }
  writer.end_array();
  if (typed) writer.end_object();
  writer.member("response_type", typed ? "embeddings_by_type" : "embeddings_floats");
  writer.key("texts").begin_array();
  for (const std::string& text : texts) writer.value(text);
  writer.end_array().end_object();
  const std::uint64_t tokens =
      directives.input_tokens.value_or(std::max<std::uint64_t>(1, bytes / 4));
  return send_whole(directives, kShape, std::move(out), token_headers(tokens, 0, request.call));
}

std::string chunk_message(std::string_view event_json) {
  std::string payload;
  json::Writer writer(payload);
  writer.begin_object().member("bytes", base::base64_encode(event_json));
  writer.member("p", "abcdefghijkl").end_object();
  return event_message("chunk", payload);
}

/// Events of faults go inside chunks as well.
std::string chunk_frame(std::string_view, std::string_view json) {
  return chunk_message(json);
}

std::string with_metrics(const std::string& data, const Answer& answer) {
  std::string out = data.substr(0, data.size() - 1);
  out += R"(,"amazon-bedrock-invocationMetrics":{"inputTokenCount":)";
  out += std::to_string(answer.input_tokens);
  out += R"(,"outputTokenCount":)" + std::to_string(answer.output_tokens);
  out += R"(,"invocationLatency":210,"firstByteLatency":120}})";
  return out;
}

Reply claude(const Request& request) {
  Conversation chat;
  chat.model = request.model;
  const std::string problem =
      anthropic::read_messages(request.body, anthropic::Envelope::kBedrock, chat);
  if (!problem.empty()) return invalid(problem);
  if (text_of(request.body, "anthropic_version") != kVersion) return invalid("Invalid API version");
  if (auto fault = early_fault(chat.directives, kShape, request.streamed)) return *fault;
  const Answer answer = play(chat);
  const std::string id = make_id("msg_bdrk_", request.call);
  if (!request.streamed) {
    return send_whole(chat.directives, kShape, anthropic::make_message(chat, answer, id),
                      token_headers(answer.input_tokens, answer.output_tokens, request.call));
  }
  std::vector<std::string> events;
  for (const anthropic::Event& event : anthropic::make_events(chat, answer, id)) {
    const bool last = event.type == "message_stop";
    events.push_back(chunk_message(last ? with_metrics(event.data, answer) : event.data));
  }
  Shape shape = kShape;
  shape.frame = &chunk_frame;
  return send_stream(chat.directives, shape, std::move(events), anthropic::kClosingEvents,
                     {{"x-amzn-bedrock-content-type", "application/json"},
                      {"x-amzn-RequestId", make_id("", request.call)}});
}

std::string read_invoked(const json::Value& input, Conversation& chat) {
  const auto text = base::base64_decode(text_of(input, "body"));
  if (!text) return "The body is no valid base64";
  const json::PaddedText padded(*text);
  json::Reader reader;
  const auto body = reader.open(padded.view());
  if (!body || body->type() != json::Type::kObject) return "The body is no valid JSON";
  std::string problem = anthropic::read_messages(*body, anthropic::Envelope::kBedrock, chat);
  if (problem.empty() && text_of(*body, "anthropic_version") != kVersion) {
    problem = "Invalid API version";
  }
  return problem;
}

bool begins(std::string_view model, std::string_view name) {
  // "us.amazon.titan-embed..." and the like: an inference profile's region comes first.
  return model.find(name) != std::string_view::npos;
}

}  // namespace

Reply invoke(const Request& request) {
  const bool is_titan = begins(request.model, "amazon.titan-embed");
  if (is_titan || begins(request.model, "cohere.embed")) {
    if (request.streamed) return invalid("The model is unsupported for streaming.");
    return is_titan ? titan(request) : cohere(request);
  }
  return claude(request);
}

Reply count_tokens(const Request& request) {
  if (const auto problem = check_fields(request.body, kCountFields)) {
    return invalid(describe(*problem));
  }
  const json::Value input = *get(request.body, "input");
  const auto invoked = get(input, "invokeModel");
  const auto conversed = get(input, "converse");
  if (invoked.has_value() == conversed.has_value()) {
    return invalid("Exactly one of invokeModel and converse must be set in input");
  }
  Conversation chat;
  chat.model = request.model;
  const std::string problem =
      invoked ? read_invoked(*invoked, chat) : read_converse(*conversed, true, chat);
  if (!problem.empty()) return invalid(problem);
  if (auto fault = early_fault(chat.directives, kShape, false)) return *fault;
  std::string out;
  json::Writer(out).begin_object().member("inputTokens", chat.input_tokens()).end_object();
  return send_whole(chat.directives, kShape, std::move(out));
}

}  // namespace tollgate::dataplane::mock::bedrock
