#include "dataplane/formats/openai/logprobs.h"

#include <optional>

#include "dataplane/base/text.h"
#include "dataplane/formats/openai/envelope.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::openai {
namespace {

/// token, logprob and bytes of one of Google's candidates, into an open object.
void write_google_token(json::Writer& w, const json::Value& candidate) {
  const std::string_view token = text_member(candidate, "token");
  w.member("token", token);
  const auto logprob = candidate.find("logProbability");
  w.raw_member("logprob", logprob ? logprob->raw().value_or("0") : "0");
  w.key("bytes").begin_array();
  for (const char c : token) w.value(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  w.end_array();
}

/// `chosenCandidates` and `topCandidates` go side by side.
void write_google_tokens(json::Writer& w, const json::Value& result) {
  const auto chosen = result.find("chosenCandidates");
  const auto top = result.find("topCandidates");
  auto tokens = chosen ? chosen->elements() : base::Result<json::Elements>(base::Error{});
  auto tops = top ? top->elements() : base::Result<json::Elements>(base::Error{});
  while (tokens && tokens->next()) {
    write_google_token(w.begin_object(), tokens->value());
    w.key("top_logprobs").begin_array();
    if (tops && tops->next()) {
      const auto list = tops->value().find("candidates");
      auto others = list ? list->elements() : base::Result<json::Elements>(base::Error{});
      while (others && others->next()) {
        write_google_token(w.begin_object(), others->value());
        w.end_object();
      }
    }
    w.end_array().end_object();
  }
}

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
  return count;
}

/// The likeliest tokens as an object from token to logprob.
void write_legacy_top(json::Writer& w, const json::Value& token) {
  const auto top = token.find("top_logprobs");
  auto others = top ? top->elements() : base::Result<json::Elements>(base::Error{});
  w.begin_object();
  while (others && others->next()) {
    const auto logprob = others->value().find("logprob");
    w.raw_member(text_member(others->value(), "token"),
                 logprob ? logprob->raw().value_or("null") : "null");
  }
  w.end_object();
}

/// Calls `take` with each token of a list.
template <typename Take>
void for_each_token(const json::Value& list, Take&& take) {
  auto tokens = list.elements();
  while (tokens && tokens->next()) take(tokens->value());
}

}  // namespace

std::string logprob_tokens(std::string_view raw, catalog::Format origin) {
  const json::PaddedText padded(raw);
  json::Reader reader;
  const auto document = reader.open(padded.view());
  std::string out;
  if (!document) return out;
  json::Writer w(out);
  w.begin_array();
  if (origin == catalog::Format::kGeminiGenerate) {
    write_google_tokens(w, *document);
  } else {
    const bool chat = origin == catalog::Format::kOpenAiChat;
    const auto list = chat ? document->find("content") : std::optional<json::Value>(*document);
    if (list && (chat || origin == catalog::Format::kOpenAiResponses)) {
      for_each_token(*list,
                     [&w](const json::Value& token) { w.raw(token.raw().value_or("null")); });
    }
  }
  w.end_array();
  out.pop_back();
  out.erase(0, 1);
  return out;
}

std::string logprob_tokens(std::span<const std::string> raws, catalog::Format origin) {
  std::string out;
  for (const std::string& raw : raws) {
    const std::string tokens = logprob_tokens(raw, origin);
    if (!out.empty() && !tokens.empty()) out += ',';
    out += tokens;
  }
  return out;
}

void write_legacy_logprobs(json::Writer& w, std::string_view tokens, std::size_t& offset) {
  if (tokens.empty()) {
    w.null();
    return;
  }
  const json::PaddedText padded("[" + std::string(tokens) + "]");
  json::Reader reader;
  const auto list = reader.open(padded.view());
  if (!list) {
    w.null();
    return;
  }
  w.begin_object().key("tokens").begin_array();
  for_each_token(*list, [&w](const json::Value& token) { w.value(text_member(token, "token")); });
  w.end_array().key("token_logprobs").begin_array();
  for_each_token(*list, [&w](const json::Value& token) {
    const auto logprob = token.find("logprob");
    w.raw(logprob ? logprob->raw().value_or("null") : "null");
  });
  w.end_array().key("top_logprobs").begin_array();
  for_each_token(*list, [&w](const json::Value& token) { write_legacy_top(w, token); });
  w.end_array().key("text_offset").begin_array();
  for_each_token(*list, [&w, &offset](const json::Value& token) {
    w.value(static_cast<std::uint64_t>(offset));
    offset += characters(text_member(token, "token"));
  });
  w.end_array().end_object();
}

}  // namespace tollgate::dataplane::formats::openai
