#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/arena.h"
#include "dataplane/formats/chat/answer.h"
#include "dataplane/formats/chat/format.h"
#include "test/dataplane/formats/golden.h"

namespace tollgate::test {

namespace chat = dataplane::formats::chat;
namespace catalog = dataplane::catalog;
namespace base = dataplane::base;
namespace json = dataplane::json;
using Json = nlohmann::json;

/// What an encoder makes of events.
class Encoded final : public chat::EventSink {
 public:
  Encoded(const chat::ChatFormat& format, const chat::AnswerContext& context)
      : encoder_(format.make_stream_encoder(context)) {}
  base::Status on_event(const chat::Event& event) override {
    return encoder_->on_event(event, out);
  }
  dataplane::formats::StringSink out;

 private:
  std::unique_ptr<chat::StreamEncoder> encoder_;
};

/// Events as lines, for comparisons; and everything that the order of events promises is checked.
class Transcript final : public chat::EventSink {
 public:
  base::Status on_event(const chat::Event& event) override {
    static constexpr const char* kKinds[] = {"start", "block", "delta", "end-block", "stop",
                                             "usage", "ping",  "error", "end"};
    EXPECT_FALSE(over_) << "something follows the end";
    over_ = event.kind == chat::EventKind::kEnd || event.kind == chat::EventKind::kError;
    const auto kind = static_cast<int>(event.kind);
    std::ostringstream line;
    line << kKinds[kind] << ' ' << event.choice << '.' << event.block;
    if (event.kind == chat::EventKind::kBlockStart || event.kind == chat::EventKind::kDelta) {
      line << " kind=" << static_cast<int>(event.block_kind);
    }
    if (event.kind == chat::EventKind::kDelta) line << " delta=" << static_cast<int>(event.delta);
    for (const auto& [name, text] : {std::pair{" id=", event.id},
                                     {" name=", event.name},
                                     {" model=", event.model},
                                     {" text=", event.text},
                                     {" sequence=", event.stop_sequence},
                                     {" raw=", event.raw}}) {
      if (!text.empty()) line << name << text;
    }
    if (event.kind == chat::EventKind::kStop) line << " stop=" << static_cast<int>(event.stop);
    if (event.usage != nullptr) line << usage_text(*event.usage);
    if (event.error != nullptr) {
      line << ' ' << event.error->status << ' ' << event.error->type << ' ' << event.error->message;
    }
    lines_.push_back(line.str());
    return {};
  }

  [[nodiscard]] std::string text() const {
    std::string out;
    for (const std::string& line : lines_) out += line + "\n";
    return out;
  }

  static std::string usage_text(const dataplane::formats::Usage& usage) {
    std::ostringstream out;
    for (const auto& [name, value] : {std::pair{" in=", usage.input},
                                      {" cached=", usage.cached_input},
                                      {" written=", usage.cache_creation},
                                      {" out=", usage.output},
                                      {" reasoning=", usage.reasoning},
                                      {" total=", usage.total}}) {
      if (value) out << name << *value;
    }
    return out.str();
  }

 private:
  std::vector<std::string> lines_;
  bool over_ = false;
};

/// A decoded request and all that its views point into.
struct DecodedRequest {
  explicit DecodedRequest(std::string_view text) : body(text) {}
  json::PaddedText body;
  base::Arena arena;
  base::Result<chat::Request> request = base::internal_error("not decoded");
};

inline std::unique_ptr<DecodedRequest> decode(const chat::ChatFormat& format,
                                              std::string_view text) {
  auto out = std::make_unique<DecodedRequest>(text);
  json::Reader reader;
  out->request = format.decode_request(reader, out->body.view(), out->arena);
  return out;
}

struct EncodedRequest {
  std::string error;  // empty: it worked
  std::string body;
  std::vector<std::string> dropped;
};

inline EncodedRequest encode(const chat::ChatFormat& format, const chat::Request& request,
                             const chat::Target& target) {
  EncodedRequest out;
  auto dropped = format.encode_request(request, target, out.body);
  if (!dropped) {
    EXPECT_EQ(dropped.error().code, base::Code::kInvalidArgument);
    out.error = dropped.error().detail;
    return out;
  }
  for (const auto feature : *dropped) out.dropped.emplace_back(catalog::to_string(feature));
  return out;
}

/// Plays pieces of an answer into a sink; the error, if there is one.
inline std::string play(const chat::ChatFormat& format, bool streamed,
                        const std::vector<std::string_view>& pieces, chat::EventSink& sink) {
  const chat::AnswerContext context;
  const auto decoder = format.make_decoder(streamed, context);
  for (const std::string_view piece : pieces) {
    if (const auto status = decoder->push(piece, sink); !status) return status.error().detail;
  }
  const auto status = decoder->finish(sink);
  return status ? "" : status.error().detail;
}

/// Decoder's events into an encoder. `foreign` hides where they come from.
class ToEncoder final : public chat::EventSink {
 public:
  ToEncoder(const chat::ChatFormat& format, const chat::AnswerContext& context, bool foreign)
      : encoder_(format.make_stream_encoder(context)), foreign_(foreign) {}
  base::Status on_event(const chat::Event& event) override {
    chat::Event copy = event;
    if (foreign_) {
      copy.origin = catalog::Format::kNone;
      copy.extras = nullptr;
    }
    return encoder_->on_event(copy, out);
  }
  [[nodiscard]] chat::StreamEncoder& encoder() { return *encoder_; }
  dataplane::formats::StringSink out;

 private:
  std::unique_ptr<chat::StreamEncoder> encoder_;
  bool foreign_;
};

inline Json parse(std::string_view text) {
  return Json::parse(text, nullptr, false);
}

/// The members of a vendor's schema that have no row, by the list in testdata/request_fields.txt.
/// A row without rows below it stands for everything below.
inline std::vector<std::string> fields_without_row(catalog::Format format) {
  const auto rows = catalog::request_fields(format);
  const auto covered = [&](std::string_view path) {
    for (const auto& row : rows) {
      if (row.path == path) return true;
      const bool below = path.starts_with(row.path) &&
                         (path[row.path.size()] == '.' || path[row.path.size()] == '[');
      if (!below) continue;
      const bool leaf = std::none_of(rows.begin(), rows.end(), [&](const auto& other) {
        return other.path.size() > row.path.size() && other.path.starts_with(row.path) &&
               (other.path[row.path.size()] == '.' || other.path[row.path.size()] == '[');
      });
      if (leaf) return true;
    }
    return false;
  };
  std::vector<std::string> missing;
  std::istringstream list(
      read_file(std::filesystem::path(TOLLGATE_TESTDATA) / "request_fields.txt"));
  for (std::string path; std::getline(list, path);) {
    if (!path.starts_with('#') && !covered(path)) missing.push_back(path);
  }
  return missing;
}

/// Requests below testdata/requests come back as they were.
inline void expect_requests_kept(const chat::ChatFormat& format) {
  for (const auto& path : testdata_files("requests", ".json")) {
    SCOPED_TRACE(path.filename());
    const std::string text = read_file(path);
    const auto decoded = decode(format, text);
    ASSERT_TRUE(decoded->request) << decoded->request.error().detail;
    chat::Target target;
    target.model = decoded->request->model;
    const EncodedRequest encoded = encode(format, *decoded->request, target);
    EXPECT_EQ(encoded.error, "");
    EXPECT_TRUE(encoded.dropped.empty());
    EXPECT_EQ(parse(encoded.body), parse(text)) << encoded.body;
  }
}

/// Broken requests, and the errors that name the place.
inline void expect_request_errors(const chat::ChatFormat& format,
                                  const std::vector<std::pair<const char*, const char*>>& cases) {
  for (const auto& [text, wanted] : cases) {
    const auto decoded = decode(format, text);
    ASSERT_FALSE(decoded->request) << text;
    EXPECT_EQ(decoded->request.error().detail, wanted);
    EXPECT_EQ(decoded->request.error().code, base::Code::kInvalidArgument);
    EXPECT_EQ(decoded->request.error().origin, base::Origin::kClient);
  }
}

/// Answers below testdata/answers come back as they were.
inline void expect_answers_kept(const chat::ChatFormat& format) {
  for (const auto& path : testdata_files("answers", ".json")) {
    SCOPED_TRACE(path.filename());
    const std::string text = read_file(path);
    chat::AnswerFold fold;
    ASSERT_EQ(play(format, false, {text}, fold), "");
    ASSERT_TRUE(fold.complete());
    std::string out;
    ASSERT_TRUE(format.encode_answer(fold.answer(), {}, out));
    EXPECT_EQ(parse(out), parse(text)) << out;
  }
}

inline std::string as_it_is(const std::string& text) {
  return text;
}

/// Streams below testdata/streams come back as they were, and give the events that stand beside
/// them however they are split. `bytes_of` makes the stream of a file's text, `events_of` what is
/// compared of a stream.
template <typename EventsOf>
void expect_streams_kept(const chat::ChatFormat& format, std::string_view suffix,
                         EventsOf&& events_of,
                         std::string (*bytes_of)(const std::string&) = as_it_is) {
  for (const auto& path : testdata_files("streams", suffix)) {
    SCOPED_TRACE(path.filename());
    const std::string text = bytes_of(read_file(path));
    ToEncoder encoder(format, {}, false);
    ASSERT_EQ(play(format, true, {text}, encoder), "");
    EXPECT_EQ(events_of(encoder.out.text), events_of(text));
    Transcript whole;
    ASSERT_EQ(play(format, true, {text}, whole), "");
    EXPECT_EQ(golden(path.string() + ".events", whole.text()), whole.text());
    for_every_split(text, [&](const std::vector<std::string_view>& pieces) {
      Transcript split;
      ASSERT_EQ(play(format, true, pieces, split), "");
      ASSERT_EQ(split.text(), whole.text());
    });
  }
}

}  // namespace tollgate::test
