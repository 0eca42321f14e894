#include "dataplane/formats/openai_completions/openai_completions.h"

#include <gtest/gtest.h>

#include "test/dataplane/formats/dialect.h"

namespace tollgate::dataplane::formats::openai_completions {
namespace {

using test::for_every_split;
using test::golden;
using test::read_file;
using test::testdata_files;

/// What the client asked for, where the answer depends on it: logprobs and the usage chunk.
class Asked {
 public:
  explicit Asked(const std::string& answer) {
    request_.origin = catalog::Format::kOpenAiCompletions;
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

TEST(OpenAiCompletions, KeepsRequests) {
  const auto files = testdata_files(".", ".request.json");
  EXPECT_GE(files.size(), 2U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    test::expect_request_kept(kFormat, read_file(file));
  }
}

TEST(OpenAiCompletions, KeepsAnswers) {
  const auto files = testdata_files(".", ".answer.json");
  EXPECT_GE(files.size(), 2U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    test::expect_answer_kept(kFormat, body, Asked(body).context());
  }
}

TEST(OpenAiCompletions, KeepsStreams) {
  const auto files = testdata_files(".", ".stream.sse");
  EXPECT_GE(files.size(), 2U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    test::expect_stream_kept(kFormat, body, Asked(body).context());
  }
}

/// Streams as other hosts write them: the events that they mean, and what the client gets.
TEST(OpenAiCompletions, ReadsWhatOtherHostsWrite) {
  const auto files = testdata_files(".", ".odd.sse");
  EXPECT_GE(files.size(), 3U);
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

TEST(OpenAiCompletions, EveryFieldHasARow) {
  test::expect_rows_for(catalog::Format::kOpenAiCompletions,
                        read_file(std::string(TOLLGATE_TESTDATA) + "/fields.txt"));
}

}  // namespace
}  // namespace tollgate::dataplane::formats::openai_completions
