#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dataplane/formats/dialects/dialects.h"
#include "test/dataplane/formats/dialect.h"

// What testdata of OpenAI's dialects says of them.

namespace tollgate::test {

/// What the client asked for, where the answer depends on it: logprobs and the usage chunk.
class Asked {
 public:
  Asked(const chat::ChatFormat& format, const std::string& answer) {
    request_.origin = format.format;
    if (answer.find("\"top_logprobs\"") != std::string::npos) request_.sampling.logprobs = true;
    context_.request = &request_;
    context_.model = "asked";
    context_.include_usage = answer.find("\"usage\"") != std::string::npos;
    context_.now_unix_s = 1700000000;
    context_.request_id = "r1";
  }
  [[nodiscard]] const chat::AnswerContext& context() const { return context_; }

 private:
  chat::Request request_;
  chat::AnswerContext context_;
};

/// Decode then encode gives back the requests, of which there are at least so many.
inline void expect_requests_kept(const chat::ChatFormat& format, std::size_t least) {
  const auto files = testdata_files(".", ".request.json");
  EXPECT_GE(files.size(), least);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    expect_request_kept(format, read_file(file));
  }
}

inline void expect_answers_kept(const chat::ChatFormat& format, std::size_t least) {
  const auto files = testdata_files(".", ".answer.json");
  EXPECT_GE(files.size(), least);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    expect_answer_kept(format, body, Asked(format, body).context());
  }
}

inline void expect_streams_kept(const chat::ChatFormat& format, std::size_t least) {
  const auto files = testdata_files(".", ".stream.sse");
  EXPECT_GE(files.size(), least);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    expect_stream_kept(format, body, Asked(format, body).context());
  }
}

/// Streams as other hosts write them: the events that they mean.
inline void expect_odd_streams(const chat::ChatFormat& format, std::size_t least) {
  const auto files = testdata_files(".", ".odd.sse");
  EXPECT_GE(files.size(), least);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    const Asked asked(format, body);
    const Decoded whole = decode(format, true, {body}, asked.context());
    const std::string seen = whole.events + whole.error + (whole.error.empty() ? "" : "\n");
    auto path = file;
    path.replace_extension(".events");
    EXPECT_EQ(seen, golden(path, seen));
    for_every_split(body, [&](const std::vector<std::string_view>& pieces) {
      const Decoded split = decode(format, true, pieces, asked.context());
      ASSERT_EQ(split.events, whole.events);
      ASSERT_EQ(split.error, whole.error);
    });
    if (!whole.error.empty()) {
      EXPECT_EQ(whole.events.find(R"({"event":"end")"), std::string::npos) << "a clean end";
    }
  }
}

/// Requests of other dialects, `NAME.SUFFIX`: what the backend gets, and what is dropped.
inline void expect_foreign_requests(
    const chat::ChatFormat& format,
    const std::vector<std::pair<std::string, catalog::Format>>& origins, std::size_t least) {
  std::size_t count = 0;
  for (const auto& [suffix, origin] : origins) {
    for (const auto& file : testdata_files(".", suffix)) {
      SCOPED_TRACE(file.filename());
      ++count;
      HeldRequest held(*formats::dialects::find(origin), read_file(file));
      ASSERT_TRUE(held.ok()) << held.error();
      chat::Target target;
      target.model = "backend";
      target.streamed = held.get().stream.value_or(false);
      std::string out;
      const auto dropped = format.encode_request(held.get(), target, out);
      std::string seen = dropped ? Json::parse(out).dump(1) + "\n" : "";
      if (dropped) {
        for (const catalog::Feature feature : *dropped) {
          seen += "dropped: " + std::string(catalog::to_string(feature)) + "\n";
        }
      } else {
        seen = describe(dropped.error()) + "\n";
      }
      auto path = file;
      path.replace_extension(".out");
      EXPECT_EQ(seen, golden(path, seen));
    }
  }
  EXPECT_GE(count, least);
}

/// Streams of another dialect in this one: every text, call and figure arrives.
inline void expect_foreign_streams(const chat::ChatFormat& format, catalog::Format origin,
                                   const std::string& folder) {
  const auto files = testdata_files("../../" + folder + "/testdata", ".stream.sse");
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    const std::string seen = translate_stream(*formats::dialects::find(origin), format, {body},
                                              Asked(format, body).context());
    const auto path =
        std::filesystem::path(TOLLGATE_TESTDATA) / ("from_" + file.filename().string() + ".out");
    EXPECT_EQ(seen, golden(path, seen));
  }
}

}  // namespace tollgate::test
