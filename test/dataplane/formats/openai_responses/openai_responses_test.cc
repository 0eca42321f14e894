#include "dataplane/formats/openai_responses/openai_responses.h"

#include <gtest/gtest.h>

#include "dataplane/formats/dialects/dialects.h"
#include "test/dataplane/formats/dialect.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using test::for_every_split;
using test::golden;
using test::read_file;
using test::testdata_files;

/// What the client asked for, where the answer depends on it: logprobs and the usage chunk.
class Asked {
 public:
  explicit Asked(const std::string& answer) {
    request_.origin = catalog::Format::kOpenAiResponses;
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

TEST(OpenAiResponses, KeepsRequests) {
  const auto files = testdata_files(".", ".request.json");
  EXPECT_GE(files.size(), 5U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    test::expect_request_kept(kFormat, read_file(file));
  }
}

TEST(OpenAiResponses, KeepsAnswers) {
  const auto files = testdata_files(".", ".answer.json");
  EXPECT_GE(files.size(), 4U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    test::expect_answer_kept(kFormat, body, Asked(body).context());
  }
}

TEST(OpenAiResponses, KeepsStreams) {
  const auto files = testdata_files(".", ".stream.sse");
  EXPECT_GE(files.size(), 4U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    test::expect_stream_kept(kFormat, body, Asked(body).context());
  }
}

/// Streams as other hosts write them: the events that they mean, and what the client gets.
TEST(OpenAiResponses, ReadsWhatOtherHostsWrite) {
  const auto files = testdata_files(".", ".odd.sse");
  EXPECT_GE(files.size(), 8U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    const Asked asked(body);
    const test::Decoded whole = test::decode(kFormat, true, {body}, asked.context());
    const std::string seen = whole.events + whole.error + (whole.error.empty() ? "" : "\n");
    auto path = file;
    path.replace_extension(".events");
    EXPECT_EQ(seen, golden(path, seen));
    for_every_split(body, [&](const std::vector<std::string_view>& pieces) {
      const test::Decoded split = test::decode(kFormat, true, pieces, asked.context());
      ASSERT_EQ(split.events, whole.events);
      ASSERT_EQ(split.error, whole.error);
    });
    if (!whole.error.empty()) {
      EXPECT_EQ(whole.events.find(R"({"event":"end")"), std::string::npos) << "a clean end";
    }
  }
}

/// Requests of other dialects, `NAME.DIALECT.json`: what the backend gets, and what is dropped.
TEST(OpenAiResponses, SaysWhatOtherDialectsAsk) {
  const std::pair<std::string, catalog::Format> kOrigins[] = {
      {".anthropic.json", catalog::Format::kAnthropicMessages},
      {".chat.json", catalog::Format::kOpenAiChat}};
  std::size_t count = 0;
  for (const auto& [suffix, origin] : kOrigins) {
    for (const auto& file : testdata_files(".", suffix)) {
      SCOPED_TRACE(file.filename());
      ++count;
      test::HeldRequest held(*dialects::find(origin), read_file(file));
      ASSERT_TRUE(held.ok()) << held.error();
      chat::Target target;
      target.model = "backend";
      target.streamed = held.get().stream.value_or(false);
      std::string out;
      const auto dropped = kFormat.encode_request(held.get(), target, out);
      std::string seen = dropped ? test::Json::parse(out).dump(1) + "\n" : "";
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
  EXPECT_GE(count, 5U);
}

/// Streams of another dialect in this one: every text, call and figure arrives.
TEST(OpenAiResponses, WritesStreamsOfOtherDialects) {
  const auto files = testdata_files("../../openai_chat/testdata", ".stream.sse");
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    const std::string seen = test::translate_stream(*dialects::find(catalog::Format::kOpenAiChat),
                                                    kFormat, {body}, Asked(body).context());
    const auto path =
        std::filesystem::path(TOLLGATE_TESTDATA) / ("from_" + file.filename().string() + ".out");
    EXPECT_EQ(seen, golden(path, seen));
  }
}

TEST(OpenAiResponses, EveryFieldHasARow) {
  test::expect_rows_for(catalog::Format::kOpenAiResponses,
                        read_file(std::string(TOLLGATE_TESTDATA) + "/fields.txt"));
}

}  // namespace
}  // namespace tollgate::dataplane::formats::openai_responses
