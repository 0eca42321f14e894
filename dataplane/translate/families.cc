#include "dataplane/translate/families.h"

#include <algorithm>
#include <utility>

#include "dataplane/formats/count/format.h"
#include "dataplane/formats/dialects/dialects.h"
#include "dataplane/formats/embeddings/format.h"
#include "dataplane/formats/errors.h"
#include "dataplane/translate/held_answer.h"

namespace tollgate::dataplane::translate {

using catalog::Format;
using catalog::Schema;
namespace count = formats::count;
namespace embeddings = formats::embeddings;

namespace {

base::Error no_format(Format format) {
  return base::config_error(base::Code::kUnsupported, "this build does not translate into " +
                                                          std::string(catalog::to_string(format)));
}

/// Which of a cloud's formats a model's embeddings are asked for in: its name decides.
Format embedding_format(Schema schema, std::string_view model) {
  if (schema == Schema::kAwsBedrock) {
    return model.find("cohere.") != std::string_view::npos ? Format::kCohereEmbeddings
                                                           : Format::kTitanEmbeddings;
  }
  const bool gemini = model.find("gemini") != std::string_view::npos;
  return gemini && model != "gemini-embedding-001" ? Format::kGeminiEmbeddings
                                                   : Format::kVertexEmbeddings;
}

std::string_view client_beta(const http::RequestHead& head) {
  return head.fields.value_of("anthropic-beta");
}

}  // namespace

std::string write_error(catalog::Dialect dialect, const formats::chat::ChatError& error) {
  const Format format =
      dialect == catalog::Dialect::kAnthropic ? Format::kAnthropicMessages : Format::kOpenAiChat;
  const formats::chat::ChatFormat* known = formats::dialects::find(format);
  return known != nullptr ? known->encode_error(error)
                          : formats::error_body(dialect, error.status, error.message, error.type);
}

base::Result<providers::UpstreamRequest> prepare_body(const providers::BackendSpec& backend,
                                                      const Asked& asked, Format format,
                                                      std::string_view model,
                                                      const std::string& body,
                                                      http::RequestHead& head, base::Arena& arena) {
  char* const copy = arena.allocate_array<char>(body.size() + json::kPaddingBytes);
  std::fill_n(std::copy(body.begin(), body.end(), copy), json::kPaddingBytes, '\0');
  providers::ClientRequest request;
  request.format = format;
  request.dialect = asked.endpoint->dialect;
  request.body = {copy, body.size()};
  request.model = model;
  request.want_usage = asked.want_usage;
  TRY_ASSIGN(const json::BodyScan scan, json::scan_body(*asked.reader, request.body, arena));
  request.scan = &scan;
  head.fields.set("content-type", "application/json");
  return providers::prepare(backend, request, head, arena);
}

base::Result<Prepared> translate_embeddings(const providers::BackendSpec& backend,
                                            const Asked& asked, http::RequestHead& head,
                                            base::Arena& arena) {
  const std::string_view model =
      arena.copy(backend.model_override.empty() ? asked.model : backend.model_override);
  const Format format = embedding_format(backend.schema, model);
  const embeddings::EmbeddingFormat* client = embeddings::find(asked.endpoint->format);
  const embeddings::EmbeddingFormat* target = embeddings::find(format);
  if (client == nullptr || target == nullptr) return no_format(format);
  TRY_ASSIGN(embeddings::Request decoded, client->decode_request(*asked.reader, asked.body, arena));
  const auto request = std::make_shared<const embeddings::Request>(std::move(decoded));
  std::string body;
  TRY_ASSIGN(const embeddings::Dropped dropped, target->encode_request(*request, model, body));

  Prepared out;
  TRY_ASSIGN(out.upstream, prepare_body(backend, asked, format, model, body, head, arena));
  head.fields.set("accept", "application/json");
  out.upstream.answer = std::make_unique<HeldAnswer>(
      [request, target, client, model, reader = asked.reader](
          std::string_view padded, HeldAnswer::Figures& figures) -> base::Result<std::string> {
        const embeddings::AnswerContext context{request.get(), model, figures.input_tokens};
        TRY_ASSIGN(const embeddings::Answer answer,
                   target->decode_answer(*reader, padded, context));
        figures.usage = answer.usage;
        figures.model = answer.model;
        std::string text;
        TRY(client->encode_answer(answer, context, text));
        return text;
      },
      target->decode_error,
      [dialect = asked.endpoint->dialect](const formats::chat::ChatError& error) {
        return write_error(dialect, error);
      });
  return out;
}

base::Result<Prepared> translate_count(const providers::BackendSpec& backend, const Asked& asked,
                                       Format format, http::RequestHead& head, base::Arena& arena) {
  const count::CountFormat* target = count::find(format);
  if (target == nullptr) return no_format(format);
  count::Target about;
  about.model = arena.copy(backend.model_override.empty() ? asked.model : backend.model_override);
  about.version = backend.version;
  about.beta = client_beta(head);
  std::string body;
  TRY(target->encode_request(*asked.reader, asked.body, about, body));

  providers::BackendSpec place = backend;
  place.model_override = {};
  if (format == Format::kBedrockCount) place.schema = Schema::kAwsBedrock;
  if (format == Format::kVertexCount) place.schema = Schema::kGcpVertexAi;
  const std::string_view model =
      format == Format::kBedrockCount ? count::bedrock_model(about.model) : about.model;
  Prepared out;
  TRY_ASSIGN(out.upstream, prepare_body(place, asked, format, model, body, head, arena));
  out.upstream.model = about.model;
  head.fields.remove("anthropic-beta");
  head.fields.remove("anthropic-version");
  out.upstream.answer = std::make_unique<HeldAnswer>(
      [target, reader = asked.reader](std::string_view padded,
                                      HeldAnswer::Figures&) -> base::Result<std::string> {
        TRY_ASSIGN(const std::uint64_t tokens, target->decode_answer(*reader, padded));
        std::string text;
        count::encode_answer(tokens, text);
        return text;
      },
      target->decode_error,
      [](const formats::chat::ChatError& error) {
        return write_error(catalog::Dialect::kAnthropic, error);
      });
  return out;
}

}  // namespace tollgate::dataplane::translate
