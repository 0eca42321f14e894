#include <algorithm>
#include <array>

#include "dataplane/base/hash.h"
#include "dataplane/formats/anthropic/anthropic.h"
#include "dataplane/formats/chat/keep.h"
#include "dataplane/formats/converse/converse.h"
#include "dataplane/formats/count/format.h"
#include "dataplane/formats/gemini/format.h"
#include "dataplane/formats/usage.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::count {
namespace {

constexpr std::string_view kBedrockVersion = "bedrock-2023-05-31";
constexpr std::string_view kVertexVersion = "vertex-2023-10-16";

base::Error broken_answer() {
  return base::backend_error(base::Code::kProtocol, true,
                             "the provider's answer does not say how many tokens there are");
}

base::Result<json::Members> open_request(json::Reader& reader, std::string_view body) {
  TRY_ASSIGN(const json::Value root, reader.open(body));
  const auto members = root.members();
  if (!members) return chat::bad_request("the request", "must be a JSON object");
  const auto messages = root.find("messages");
  if (!messages || messages->type() != json::Type::kArray) {
    return chat::bad_request("messages", "must be a list");
  }
  return *members;
}

base::Status encode_anthropic(json::Reader& reader, std::string_view body, const Target& target,
                              std::string& out) {
  TRY_ASSIGN(json::Members members, open_request(reader, body));
  json::Writer writer(out);
  writer.begin_object().member("model", target.model);
  while (members.next()) {
    if (members.key() == "model") continue;
    writer.raw_member(members.key(), chat::Keeper::raw(members.value()));
  }
  writer.end_object();
  return {};
}

/// rawPredict: the model stays in the body, and the version of the API is a member.
base::Status encode_vertex(json::Reader& reader, std::string_view body, const Target& target,
                           std::string& out) {
  TRY_ASSIGN(json::Members members, open_request(reader, body));
  json::Writer writer(out);
  writer.begin_object().member("model", vertex_model(target.model));
  writer.member("anthropic_version", target.version.empty() ? kVertexVersion : target.version);
  while (members.next()) {
    if (members.key() == "model" || members.key() == "anthropic_version") continue;
    writer.raw_member(members.key(), chat::Keeper::raw(members.value()));
  }
  writer.end_object();
  return {};
}

/// "a,b" -> ["a","b"], as InvokeModel's body wants what Anthropic takes in a header.
void write_betas(json::Writer& writer, std::string_view beta) {
  if (beta.empty()) return;
  writer.key("anthropic_beta").begin_array();
  while (!beta.empty()) {
    const std::size_t comma = beta.find(',');
    std::string_view one = beta.substr(0, comma);
    beta.remove_prefix(comma == std::string_view::npos ? beta.size() : comma + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (!one.empty()) writer.value(one);
  }
  writer.end_array();
}

/// CountTokens takes the body of an InvokeModel call, which needs a limit of the answer.
base::Status encode_bedrock(json::Reader& reader, std::string_view body, const Target& target,
                            std::string& out) {
  TRY_ASSIGN(json::Members members, open_request(reader, body));
  std::string invoke;
  invoke.reserve(body.size() + 128);
  json::Writer inner(invoke);
  inner.begin_object();
  inner.member("anthropic_version", target.version.empty() ? kBedrockVersion : target.version);
  bool limited = false;
  bool beta = false;
  while (members.next()) {
    const std::string_view key = members.key();
    if (key == "model" || key == "anthropic_version" || key == "stream") continue;
    limited = limited || key == "max_tokens";
    beta = beta || key == "anthropic_beta";
    inner.raw_member(key, chat::Keeper::raw(members.value()));
  }
  if (!limited) inner.member("max_tokens", 1);
  if (!beta) write_betas(inner, target.beta);
  inner.end_object();
  json::Writer writer(out);
  writer.begin_object().key("input").begin_object().key("invokeModel").begin_object();
  writer.member("body", base::base64_encode(invoke));
  writer.end_object().end_object().end_object();
  return {};
}

base::Result<std::uint64_t> decode_count(json::Reader& reader, std::string_view body,
                                         std::string_view name) {
  const auto root = reader.open(body);
  if (!root) return broken_answer();
  const auto count = root->find(name);
  if (!count) return broken_answer();
  const auto number = count->integer();
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > kMaxTokens) {
    return broken_answer();
  }
  return static_cast<std::uint64_t>(*number);
}

base::Result<std::uint64_t> decode_anthropic(json::Reader& reader, std::string_view body) {
  return decode_count(reader, body, "input_tokens");
}

base::Result<std::uint64_t> decode_bedrock(json::Reader& reader, std::string_view body) {
  return decode_count(reader, body, "inputTokens");
}

chat::ChatError anthropic_error(const chat::ProviderError& error) {
  return anthropic::kFormat.decode_error(error);
}

chat::ChatError bedrock_error(const chat::ProviderError& error) {
  return converse::kFormat.decode_error(error);
}

/// Errors of the model are Anthropic's, those of the platform Google's.
chat::ChatError vertex_error(const chat::ProviderError& error) {
  const json::PaddedText padded(error.body);
  json::Reader reader;
  const auto body = reader.open(padded.view());
  const auto type = body ? body->find({"error", "type"}) : std::nullopt;
  return type ? anthropic_error(error) : gemini::kFormat.decode_error(error);
}

constexpr std::array<const CountFormat*, 3> kFormats{&kAnthropic, &kVertex, &kBedrock};

}  // namespace

std::string_view bedrock_model(std::string_view model) {
  const std::size_t at = model.find("anthropic.");
  return at == std::string_view::npos ? model : model.substr(at);
}

std::string_view vertex_model(std::string_view model) {
  for (const std::string_view suffix : {"@default", "@latest"}) {
    if (model.ends_with(suffix)) model.remove_suffix(suffix.size());
  }
  return model;
}

const CountFormat* find(catalog::Format format) {
  const auto* const found =
      std::find_if(kFormats.begin(), kFormats.end(),
                   [format](const CountFormat* row) { return row->format == format; });
  return found == kFormats.end() ? nullptr : *found;
}

std::span<const CountFormat* const> all() {
  return kFormats;
}

void encode_answer(std::uint64_t input_tokens, std::string& out) {
  json::Writer(out).begin_object().member("input_tokens", input_tokens).end_object();
}

const CountFormat kAnthropic{.format = catalog::Format::kAnthropicCount,
                             .encode_request = encode_anthropic,
                             .decode_answer = decode_anthropic,
                             .decode_error = anthropic_error};
const CountFormat kVertex{.format = catalog::Format::kVertexCount,
                          .encode_request = encode_vertex,
                          .decode_answer = decode_anthropic,
                          .decode_error = vertex_error};
const CountFormat kBedrock{.format = catalog::Format::kBedrockCount,
                           .encode_request = encode_bedrock,
                           .decode_answer = decode_bedrock,
                           .decode_error = bedrock_error};

}  // namespace tollgate::dataplane::formats::count
