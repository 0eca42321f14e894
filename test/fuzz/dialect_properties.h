#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/arena.h"
#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/dialects/dialects.h"
#include "test/fuzz/split.h"

namespace tollgate::fuzz {

namespace chat = dataplane::formats::chat;
namespace base = dataplane::base;
namespace json = dataplane::json;

inline bool is_json(std::string_view text) {
  json::Reader reader(1024);
  const json::PaddedText padded(text);
  return reader.check(padded.view()).has_value();
}

/// A request that a dialect takes becomes JSON in every dialect, or an error of the client's; in
/// its own dialect always JSON.
inline void check_request(const chat::ChatFormat& format, std::string_view text) {
  const json::PaddedText body(text);
  base::Arena arena;
  json::Reader reader;
  const auto request = format.decode_request(reader, body.view(), arena);
  if (!request) {
    if (request.error().origin != base::Origin::kClient) std::abort();
    return;
  }
  for (const chat::ChatFormat* target : dataplane::formats::dialects::all()) {
    std::string out;
    chat::Target to;
    to.model = "claude-opus-5";
    const auto dropped = target->encode_request(*request, to, out);
    if (!dropped && dropped.error().code != base::Code::kInvalidArgument) std::abort();
    if (!dropped && target == &format) std::abort();
    if (dropped && !is_json(out)) std::abort();
  }
}

/// Events into every encoder, as their own origin and as a stranger's, and into a whole answer.
class EventCheck final : public chat::EventSink {
 public:
  EventCheck() {
    const chat::AnswerContext context;
    for (const chat::ChatFormat* format : dataplane::formats::dialects::all()) {
      own_.push_back(format->make_stream_encoder(context));
      foreign_.push_back(format->make_stream_encoder(context));
    }
  }

  base::Status on_event(const chat::Event& event) override {
    if (over_) std::abort();  // something follows the end
    over_ = event.kind == chat::EventKind::kEnd || event.kind == chat::EventKind::kError;
    if (event.kind == chat::EventKind::kEnd) ended_ = true;
    count_ += 1;
    bytes_ += event.text.size() + event.raw.size();
    for (const auto& encoder : own_) static_cast<void>(encoder->on_event(event, sink_));
    chat::Event foreign = event;
    foreign.origin = dataplane::catalog::Format::kNone;
    foreign.extras = nullptr;
    for (const auto& encoder : foreign_) static_cast<void>(encoder->on_event(foreign, sink_));
    static_cast<void>(fold_.on_event(event));
    sink_.text.clear();
    return {};
  }

  /// The whole answer in every dialect.
  void finish() {
    if (!fold_.complete()) return;
    for (const chat::ChatFormat* format : dataplane::formats::dialects::all()) {
      std::string out;
      if (!format->encode_answer(fold_.answer(), {}, out) || !is_json(out)) std::abort();
    }
  }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::string summary() const {
    return std::to_string(count_) + " " + std::to_string(bytes_);
  }

 private:
  std::vector<std::unique_ptr<chat::StreamEncoder>> own_;
  std::vector<std::unique_ptr<chat::StreamEncoder>> foreign_;
  dataplane::formats::StringSink sink_;
  chat::AnswerFold fold_;
  bool over_ = false;
  bool ended_ = false;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

/// Plays an answer in pieces. It never ends cleanly without kEnd. What came of it, for comparisons.
inline std::string check_answer(const chat::ChatFormat& format, bool streamed,
                                const std::vector<std::string_view>& pieces) {
  EventCheck events;
  const auto decoder = format.make_decoder(streamed, {});
  base::Status status;
  for (const std::string_view piece : pieces) {
    if (status = decoder->push(piece, events); !status) break;
  }
  if (status) status = decoder->finish(events);
  if (status && !events.ended()) std::abort();
  if (status) events.finish();
  return events.summary() + (status ? " whole" : " broken");
}

inline std::string as_it_is(std::string_view text) {
  return std::string(text);
}

/// The first byte chooses: a request, a whole answer, an error body or a stream, which `stream_of`
/// makes of the rest.
inline int check_dialect(const chat::ChatFormat& format, const std::uint8_t* data, std::size_t size,
                         std::string (*stream_of)(std::string_view) = as_it_is) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      check_request(format, text);
      break;
    case 1:
      check_answer(format, false, {text});
      break;
    case 2: {
      chat::ProviderError error;
      error.body = text;
      if (!is_json(format.encode_error(format.decode_error(error)))) std::abort();
      break;
    }
    default: {
      const std::string stream = stream_of(text);
      const std::string whole = check_answer(format, true, {stream});
      if (whole != check_answer(format, true, pieces_of(stream, data[0]))) std::abort();
      break;
    }
  }
  return 0;
}

}  // namespace tollgate::fuzz
