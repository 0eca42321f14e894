#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/formats/chat/answer.h"
#include "dataplane/formats/dialects/dialects.h"

namespace tollgate::dataplane::formats::test {

using catalog::Format;
using nlohmann::json;

/// A request as the backend gets it.
struct SentRequest {
  std::string error;
  json body;
  std::vector<std::string> dropped;
};

inline SentRequest send(Format client, Format backend, const json& request,
                        std::string_view model = "claude-sonnet-4-5") {
  const dataplane::json::PaddedText padded(request.dump());
  dataplane::json::Reader reader;
  base::Arena arena;
  SentRequest sent;
  auto decoded = dialects::find(client)->decode_request(reader, padded.view(), arena);
  if (!decoded) {
    sent.error = decoded.error().detail;
    return sent;
  }
  chat::Target target;
  target.model = model;
  std::string out;
  auto encoded = dialects::find(backend)->encode_request(*decoded, target, out);
  if (!encoded) {
    sent.error = encoded.error().detail;
    return sent;
  }
  sent.body = json::parse(out);
  for (const catalog::Feature feature : *encoded) {
    sent.dropped.emplace_back(catalog::to_string(feature));
  }
  return sent;
}

class FoldEncode final : public chat::EventSink {
 public:
  FoldEncode(const chat::ChatFormat& client, const chat::AnswerContext& context)
      : encoder_(client.make_stream_encoder(context)) {}
  base::Status on_event(const chat::Event& event) override {
    if (event.kind == chat::EventKind::kError) error = event.error->message;
    TRY(fold.on_event(event));
    return encoder_->on_event(event, stream);
  }
  chat::AnswerFold fold;
  StringSink stream;
  std::string error;

 private:
  std::unique_ptr<chat::StreamEncoder> encoder_;
};

/// An answer as the client gets it.
struct ToldAnswer {
  std::string error;
  json whole;
  std::string stream;
};

/// `answer` is a stream of the backend's, or its whole answer.
inline ToldAnswer tell(Format backend, Format client, std::string_view answer,
                       bool streamed = false) {
  chat::AnswerContext context;
  context.model = "m";
  context.request_id = "r";
  FoldEncode sink(*dialects::find(client), context);
  const auto decoder = dialects::find(backend)->make_decoder(streamed, context);
  base::Status status = decoder->push(answer, sink);
  if (status) status = decoder->finish(sink);
  ToldAnswer told;
  std::string out;
  if (status) {
    status = dialects::find(client)->encode_answer(sink.fold.answer(), context, out);
  }
  if (!status) {
    told.error = status.error().detail;
    return told;
  }
  told.whole = json::parse(out);
  told.stream = sink.stream.text;
  return told;
}

/// What the `data:` lines of a stream say.
inline std::vector<json> events_of(std::string_view stream) {
  std::vector<json> events;
  while (!stream.empty()) {
    const std::size_t end = stream.find('\n');
    const std::string_view line = stream.substr(0, end);
    if (line.starts_with("data: {")) events.push_back(json::parse(line.substr(6)));
    stream.remove_prefix(end == std::string_view::npos ? stream.size() : end + 1);
  }
  return events;
}

}  // namespace tollgate::dataplane::formats::test
