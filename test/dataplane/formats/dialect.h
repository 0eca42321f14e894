#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/sse_reader.h"
#include "test/dataplane/formats/golden.h"

// What the tests of all dialects of the chat family do alike.

namespace tollgate::test {

namespace base = dataplane::base;
namespace catalog = dataplane::catalog;
namespace chat = dataplane::formats::chat;
namespace formats = dataplane::formats;

using Json = nlohmann::ordered_json;

inline bool same_json(std::string_view a, std::string_view b) {
  return nlohmann::json::parse(a, nullptr, false) == nlohmann::json::parse(b, nullptr, false);
}

/// A decoded request with everything that its views point into.
class HeldRequest {
 public:
  HeldRequest(const chat::ChatFormat& format, std::string_view body)
      : body_(body), result_(format.decode_request(reader_, body_.view(), arena_)) {}
  [[nodiscard]] bool ok() const { return result_.has_value(); }
  [[nodiscard]] std::string error() const { return ok() ? "" : result_.error().detail; }
  [[nodiscard]] chat::Request& get() { return *result_; }

 private:
  dataplane::json::PaddedText body_;
  dataplane::json::Reader reader_;
  base::Arena arena_;
  base::Result<chat::Request> result_;
};

/// One line per event: what goldens of decoders hold.
class EventLog final : public chat::EventSink {
 public:
  base::Status on_event(const chat::Event& event) override;
  std::string text;
};

inline base::Status EventLog::on_event(const chat::Event& e) {
  static constexpr const char* kKinds[] = {"start", "open", "delta", "close", "stop",
                                           "usage", "ping", "error", "end"};
  static constexpr const char* kBlocks[] = {"text",  "image",    "document", "audio",
                                            "video", "thinking", "redacted", "refusal",
                                            "call",  "result",   "opaque"};
  static constexpr const char* kDeltas[] = {"text", "json",     "signature",
                                            "data", "citation", "logprobs"};
  Json line;
  line["event"] = kKinds[static_cast<std::size_t>(e.kind)];
  const bool block = e.kind == chat::EventKind::kBlockStart ||
                     e.kind == chat::EventKind::kBlockEnd || e.kind == chat::EventKind::kDelta;
  if (block || e.kind == chat::EventKind::kStop) line["choice"] = e.choice;
  if (block) line["block"] = e.block;
  if (block) line["kind"] = kBlocks[static_cast<std::size_t>(e.block_kind)];
  if (e.kind == chat::EventKind::kDelta) line["delta"] = kDeltas[static_cast<int>(e.delta)];
  for (const auto& [name, value] : {std::pair{"text", e.text},
                                    {"id", e.id},
                                    {"name", e.name},
                                    {"model", e.model},
                                    {"stop_sequence", e.stop_sequence},
                                    {"raw", e.raw},
                                    {"tier", e.service_tier}}) {
    if (!value.empty()) line[name] = value;
  }
  if (e.created_unix_s != 0) line["created"] = e.created_unix_s;
  if (e.kind == chat::EventKind::kStop) line["stop"] = static_cast<int>(e.stop);
  if (e.usage != nullptr) {
    line["input"] = e.usage->input.value_or(0);
    line["output"] = e.usage->output.value_or(0);
    if (e.usage->cached_input) line["cached"] = *e.usage->cached_input;
    if (e.usage->cache_creation) line["cache_creation"] = *e.usage->cache_creation;
    if (e.usage->reasoning) line["reasoning"] = *e.usage->reasoning;
  }
  if (e.error != nullptr) {
    line["status"] = e.error->status;
    line["type"] = e.error->type;
    line["code"] = e.error->code;
    line["message"] = e.error->message;
  }
  text += line.dump() + "\n";
  return {};
}

struct Decoded {
  std::string events;
  std::string error;  // empty: the decoder took everything
};

inline Decoded decode(const chat::ChatFormat& format, bool streamed,
                      const std::vector<std::string_view>& pieces,
                      const chat::AnswerContext& context) {
  EventLog log;
  const auto decoder = format.make_decoder(streamed, context);
  base::Status status;
  for (const std::string_view piece : pieces) {
    if (status) status = decoder->push(piece, log);
  }
  if (status) status = decoder->finish(log);
  return {log.text, status ? std::string() : describe(status.error())};
}

/// Events straight into an encoder.
class EncodeSink final : public chat::EventSink {
 public:
  explicit EncodeSink(std::unique_ptr<chat::StreamEncoder> encoder)
      : encoder_(std::move(encoder)) {}
  base::Status on_event(const chat::Event& event) override {
    return encoder_->on_event(event, out);
  }
  chat::StreamEncoder& encoder() { return *encoder_; }
  formats::StringSink out;

 private:
  std::unique_ptr<chat::StreamEncoder> encoder_;
};

/// A stream of `from` as a stream of `to`; what a decoder says at last stands behind "error: ".
inline std::string translate_stream(const chat::ChatFormat& from, const chat::ChatFormat& to,
                                    const std::vector<std::string_view>& pieces,
                                    const chat::AnswerContext& context) {
  EncodeSink sink(to.make_stream_encoder(context));
  const auto decoder = from.make_decoder(true, context);
  base::Status status;
  for (const std::string_view piece : pieces) {
    if (status) status = decoder->push(piece, sink);
  }
  if (status) status = decoder->finish(sink);
  return status ? sink.out.text : sink.out.text + "error: " + describe(status.error());
}

/// The data of all events of a stream, for comparison as JSON: names before, [DONE] as it is.
inline std::vector<Json> sse_values(std::string_view text) {
  std::vector<Json> values;
  formats::SseReader reader(text.size() + 1);
  const auto take = [&values](const formats::SseEvent& event) {
    if (!event.name.empty()) values.emplace_back(std::string(event.name));
    Json value = Json::parse(event.data, nullptr, false);
    values.push_back(value.is_discarded() ? Json(std::string(event.data)) : value);
  };
  while (!text.empty()) {
    const auto step = reader.feed(text);
    text.remove_prefix(step.consumed);
    if (step.what == formats::SseReader::What::kEvent) take(step.event);
    if (step.what != formats::SseReader::What::kEvent) break;
  }
  const auto last = reader.finish();
  if (last.what == formats::SseReader::What::kEvent) take(last.event);
  return values;
}

inline std::string whole_answer(const chat::ChatFormat& from, const chat::ChatFormat& to,
                                bool streamed, std::string_view body,
                                const chat::AnswerContext& context) {
  chat::AnswerFold fold;
  const auto decoder = from.make_decoder(streamed, context);
  auto status = decoder->push(body, fold);
  if (status) status = decoder->finish(fold);
  if (!status) return "error: " + describe(status.error());
  std::string out;
  status = to.encode_answer(fold.answer(), context, out);
  return status ? out : "error: " + describe(status.error());
}

/// Decode then encode gives back the client's request.
inline void expect_request_kept(const chat::ChatFormat& format, const std::string& body) {
  HeldRequest held(format, body);
  ASSERT_TRUE(held.ok()) << held.error();
  const chat::Request& request = held.get();
  chat::Target target;
  target.model = request.model;
  target.streamed = request.stream.value_or(false);
  target.want_usage = request.include_usage.value_or(false);
  std::string out;
  const auto dropped = format.encode_request(request, target, out);
  ASSERT_TRUE(dropped) << dropped.error().detail;
  EXPECT_TRUE(dropped->empty());
  EXPECT_EQ(nlohmann::json::parse(out, nullptr, false), nlohmann::json::parse(body, nullptr, false))
      << out;
}

inline void expect_answer_kept(const chat::ChatFormat& format, const std::string& body,
                               const chat::AnswerContext& context) {
  const std::string out = whole_answer(format, format, false, body, context);
  EXPECT_EQ(nlohmann::json::parse(out, nullptr, false), nlohmann::json::parse(body, nullptr, false))
      << out;
}

inline void expect_stream_kept(const chat::ChatFormat& format, const std::string& body,
                               const chat::AnswerContext& context) {
  const std::vector<Json> wanted = sse_values(body);
  const std::string whole = translate_stream(format, format, {body}, context);
  const std::vector<Json> got = sse_values(whole);
  for (std::size_t i = 0; i < std::max(wanted.size(), got.size()); ++i) {
    ASSERT_LT(i, wanted.size()) << "too much: " << got[i].dump();
    ASSERT_LT(i, got.size()) << "missing: " << wanted[i].dump();
    ASSERT_EQ(nlohmann::json(wanted[i]), nlohmann::json(got[i])) << "event " << i;
  }
  for_every_split(body, [&](const std::vector<std::string_view>& pieces) {
    ASSERT_EQ(translate_stream(format, format, pieces, context), whole);
  });
}

/// Every member that the official SDK knows has a row: `fields.txt` below testdata, one path a
/// line, comments with #.
inline void expect_rows_for(catalog::Format format, const std::string& list) {
  const auto rows = catalog::request_fields(format);
  std::size_t count = 0;
  std::size_t at = 0;
  while (at < list.size()) {
    const std::size_t end = std::min(list.find('\n', at), list.size());
    const std::string path = list.substr(at, end - at);
    at = end + 1;
    if (path.empty() || path.front() == '#') continue;
    ++count;
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(),
                            [&path](const auto& row) { return row.path == path; }))
        << path << " has no row";
  }
  EXPECT_GT(count, 10U);
}

}  // namespace tollgate::test
