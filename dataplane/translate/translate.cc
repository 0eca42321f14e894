#include "dataplane/translate/translate.h"

#include <array>
#include <cstring>
#include <utility>

#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"
#include "dataplane/catalog/hosts/host_row.h"
#include "dataplane/catalog/support.h"
#include "dataplane/formats/dialects/dialects.h"
#include "dataplane/formats/usage_fields.h"
#include "dataplane/http/query.h"
#include "dataplane/translate/families.h"
#include "dataplane/translate/observed_answer.h"
#include "dataplane/translate/translated_answer.h"

namespace tollgate::dataplane::translate {

using catalog::Format;
using formats::chat::ChatFormat;

namespace {

constexpr std::string_view kAnthropicVersion = "2023-06-01";

/// Fields that mean something to the client's own provider only.
constexpr std::array<std::string_view, 6> kDialectFields{
    "anthropic-", "openai-", "x-stainless-", "x-goog-", "x-amz-", "amz-sdk-",
};

base::Error unsupported(const Asked& asked, catalog::Schema schema, std::string_view reason) {
  return base::config_error(base::Code::kUnsupported,
                            std::string(catalog::to_string(asked.endpoint->endpoint)) +
                                " on schema " + std::string(catalog::to_string(schema)) + ": " +
                                std::string(reason));
}

/// Google's streams are events where the query says so, else one JSON array that grows.
bool wants_array(const Asked& asked, const http::RequestHead& head, base::Arena& arena) {
  if (asked.endpoint->endpoint != catalog::Endpoint::kStreamGenerateContent) return false;
  const auto alt = http::find_query_param(head.query, "alt", arena);
  return !alt || *alt != "sse";
}

providers::ClientRequest as_sent(const Asked& asked, Format format) {
  providers::ClientRequest request;
  request.format = format;
  request.dialect = asked.endpoint->dialect;
  request.body = asked.body;
  request.scan = asked.scan;
  request.model = asked.model;
  request.streamed = asked.streamed;
  request.want_usage = asked.want_usage;
  return request;
}

formats::chat::AnswerContext context_for(const Asked& asked, std::string_view model,
                                         const formats::chat::Request* request,
                                         base::Arena& arena) {
  formats::chat::AnswerContext context;
  context.request = request;
  context.model = model;
  context.now_unix_s = asked.now_unix_s;
  context.request_id = arena.copy(base::to_hex(base::hash128(asked.request_id)));
  if (asked.endpoint->format == Format::kOpenAiChat ||
      asked.endpoint->format == Format::kOpenAiCompletions) {
    context.include_usage = asked.scan->include_usage.value_or(false);
  }
  return context;
}

/// `text` in the arena, with the padding that JSON readers want behind it.
std::string_view copy_padded(std::string_view text, base::Arena& arena) {
  char* const copy = arena.allocate_array<char>(text.size() + json::kPaddingBytes);
  std::memcpy(copy, text.data(), text.size());
  std::memset(copy + text.size(), 0, json::kPaddingBytes);
  return {copy, text.size()};
}

std::string_view names_of(const formats::chat::Dropped& dropped, base::Arena& arena) {
  std::string names;
  for (const catalog::Feature feature : dropped) {
    if (!names.empty()) names += ", ";
    names += catalog::to_string(feature);
  }
  return arena.copy(names);
}

void set_dialect_fields(Format format, bool streamed, http::FieldList& fields) {
  fields.remove_if([](const http::Field& field) {
    const std::string name = base::to_lower(field.name);
    for (const std::string_view prefix : kDialectFields) {
      if (name.starts_with(prefix)) return true;
    }
    return false;
  });
  if (format == Format::kAnthropicMessages) fields.set("anthropic-version", kAnthropicVersion);
  const bool frames = streamed && format == Format::kBedrockConverse;
  fields.set("content-type", "application/json");
  fields.set("accept", frames     ? "application/vnd.amazon.eventstream"
                       : streamed ? "text/event-stream"
                                  : "application/json");
}

base::Status decode_once(const Asked& asked, const ChatFormat& client, Canonical& canonical,
                         base::Arena& arena) {
  if (canonical.chat) return {};
  TRY_ASSIGN(formats::chat::Request decoded,
             client.decode_request(*asked.reader, asked.body, arena));
  canonical.chat = std::make_unique<formats::chat::Request>(std::move(decoded));
  return {};
}

/// The client's bytes go to a backend that speaks its format.
base::Result<Prepared> pass(const providers::BackendSpec& backend, const Asked& asked,
                            Format format, http::RequestHead& head, base::Arena& arena) {
  Prepared out;
  providers::ClientRequest request = as_sent(asked, format);
  request.as_array = wants_array(asked, head, arena);
  TRY_ASSIGN(out.upstream, providers::prepare(backend, request, head, arena));
  const ChatFormat* known = formats::dialects::find(format);
  if (known != nullptr && formats::usage_places(format).nodes.empty()) {
    auto context = context_for(asked, out.upstream.model, nullptr, arena);
    context.as_array = request.as_array;
    out.upstream.answer =
        std::make_unique<ObservedAnswer>(*known, context, std::move(out.upstream.answer));
  }
  return out;
}

base::Result<Prepared> translate_chat(const providers::BackendSpec& backend, const Asked& asked,
                                      Format format, Canonical& canonical, http::RequestHead& head,
                                      base::Arena& arena) {
  const ChatFormat* client = formats::dialects::find(asked.endpoint->format);
  const ChatFormat* target_format = formats::dialects::find(format);
  if (client == nullptr || target_format == nullptr) {
    return unsupported(asked, backend.schema, "this build does not translate between them");
  }
  TRY(decode_once(asked, *client, canonical, arena));
  const bool as_array = wants_array(asked, head, arena);

  formats::chat::Target target;
  target.model = backend.model_override.empty() ? asked.model : backend.model_override;
  target.version = backend.version;
  target.streamed = asked.streamed;
  target.want_usage = asked.want_usage;
  if (!backend.host.empty()) {
    const catalog::hosts::HostRow& host = catalog::hosts::find_host(backend.host);
    target.max_tokens_legacy = host.max_tokens_legacy;
    target.want_usage =
        target.want_usage && host.stream_usage == catalog::hosts::StreamUsage::kOnRequest;
  }
  std::string body;
  Prepared out;
  TRY_ASSIGN(out.dropped, target_format->encode_request(*canonical.chat, target, body));

  providers::ClientRequest request = as_sent(asked, format);
  request.body = copy_padded(body, arena);
  request.model = target.model;
  request.dialect = catalog::Dialect::kAnthropic;  // of what comes out of an envelope
  TRY_ASSIGN(const json::BodyScan scan, json::scan_body(*asked.reader, request.body, arena));
  request.scan = &scan;
  set_dialect_fields(format, asked.streamed, head.fields);
  TRY_ASSIGN(out.upstream, providers::prepare(backend, request, head, arena));

  TranslatedAnswer::Setup setup;
  setup.backend = target_format;
  setup.client = client;
  setup.context = context_for(asked, out.upstream.model, canonical.chat.get(), arena);
  setup.context.as_array = as_array;
  setup.streamed = asked.streamed;
  setup.dropped = names_of(out.dropped, arena);
  if (out.upstream.enveloped) setup.envelope = std::move(out.upstream.answer);
  out.upstream.answer = std::make_unique<TranslatedAnswer>(std::move(setup));
  return out;
}

}  // namespace

base::Result<Prepared> prepare(const providers::BackendSpec& backend, const Asked& asked,
                               Canonical& canonical, http::RequestHead& head, base::Arena& arena) {
  const catalog::Support support = catalog::supports(asked.endpoint->endpoint, backend.schema);
  if (support.kind == catalog::SupportKind::kUnsupported) {
    return unsupported(asked, backend.schema, support.reason);
  }
  const Format format = support.backend_format;
  if (asked.endpoint->family != catalog::Family::kChat &&
      support.kind == catalog::SupportKind::kTranslate) {
    return asked.endpoint->family == catalog::Family::kEmbeddings
               ? translate_embeddings(backend, asked, head, arena)
               : translate_count(backend, asked, format, head, arena);
  }
  if (catalog::dialect_of(format) == catalog::dialect_of(asked.endpoint->format)) {
    return pass(backend, asked, format, head, arena);
  }
  return translate_chat(backend, asked, format, canonical, head, arena);
}

}  // namespace tollgate::dataplane::translate
