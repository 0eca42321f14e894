#include "dataplane/formats/openai_chat/openai_chat.h"

#include <gtest/gtest.h>

#include "dataplane/formats/dialects/dialects.h"
#include "test/dataplane/formats/dialect.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using test::for_every_split;
using test::golden;
using test::read_file;
using test::testdata_files;

/// What the client asked for, where the answer depends on it: logprobs and the usage chunk.
class Asked {
 public:
  explicit Asked(const std::string& answer) {
    request_.origin = catalog::Format::kOpenAiChat;
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

TEST(OpenAiChat, KeepsRequests) {
  const auto files = testdata_files(".", ".request.json");
  EXPECT_GE(files.size(), 5U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    test::expect_request_kept(kFormat, read_file(file));
  }
}

TEST(OpenAiChat, KeepsAnswers) {
  const auto files = testdata_files(".", ".answer.json");
  EXPECT_GE(files.size(), 4U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    test::expect_answer_kept(kFormat, body, Asked(body).context());
  }
}

TEST(OpenAiChat, KeepsStreams) {
  const auto files = testdata_files(".", ".stream.sse");
  EXPECT_GE(files.size(), 4U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    test::expect_stream_kept(kFormat, body, Asked(body).context());
  }
}

/// Streams as other hosts write them: the events that they mean, and what the client gets.
TEST(OpenAiChat, ReadsWhatOtherHostsWrite) {
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
TEST(OpenAiChat, SaysWhatOtherDialectsAsk) {
  const std::pair<std::string, catalog::Format> kOrigins[] = {
      {".anthropic.json", catalog::Format::kAnthropicMessages},
      {".responses.json", catalog::Format::kOpenAiResponses}};
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
TEST(OpenAiChat, WritesStreamsOfOtherDialects) {
  const auto files = testdata_files("../../openai_responses/testdata", ".stream.sse");
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string body = read_file(file);
    const std::string seen = test::translate_stream(
        *dialects::find(catalog::Format::kOpenAiResponses), kFormat, {body}, Asked(body).context());
    const auto path =
        std::filesystem::path(TOLLGATE_TESTDATA) / ("from_" + file.filename().string() + ".out");
    EXPECT_EQ(seen, golden(path, seen));
  }
}

TEST(OpenAiChat, ReadsErrorsOfEveryShape) {
  struct Case {
    int status;
    std::string_view body;
    chat::ErrorKind kind;
    std::string_view type;
    std::string_view code;
    std::string_view message;
  };
  using chat::ErrorKind;
  const Case kCases[] = {
      {401,
       R"({"error":{"message":"bad key","type":"invalid_request_error","code":"invalid_api_key"}})",
       ErrorKind::kAuthentication, "invalid_request_error", "invalid_api_key", "bad key"},
      {429,
       R"({"error":{"message":"paid up","type":"insufficient_quota","code":"insufficient_quota"}})",
       ErrorKind::kQuota, "insufficient_quota", "insufficient_quota", "paid up"},
      {400, R"({"type":"error","error":{"type":"BadRequest","code":400,"message":"no"}})",
       ErrorKind::kInvalidRequest, "BadRequest", "400", "no"},
      {400, R"({"error":{"error":{"message":"deep","type":"inner"}}})", ErrorKind::kInvalidRequest,
       "inner", "", "deep"},
      {404, R"({"error":"no such model"})", ErrorKind::kNotFound, "", "", "no such model"},
      {422, R"({"detail":[{"loc":["body"],"msg":"field required"}]})", ErrorKind::kInvalidRequest,
       "", "", "field required"},
      {400, R"([{"error":{"message":"in a list","code":400}}])", ErrorKind::kInvalidRequest, "",
       "400", "in a list"},
      {503, "upstream connect error", ErrorKind::kOverloaded, "", "", "upstream connect error"},
      {502, "<html><head><title>502 Bad Gateway</title></head></html>", ErrorKind::kServer, "", "",
       "the provider answered 502 with a page: 502 Bad Gateway"},
      {500, "", ErrorKind::kServer, "", "", "the provider answered 500 without a body"},
  };
  for (const Case& c : kCases) {
    chat::ProviderError provider;
    provider.status = c.status;
    provider.body = c.body;
    const chat::ChatError error = kFormat.decode_error(provider);
    EXPECT_EQ(error.kind, c.kind) << c.body;
    EXPECT_EQ(error.type, c.type) << c.body;
    EXPECT_EQ(error.code, c.code) << c.body;
    EXPECT_EQ(error.message, c.message) << c.body;
  }
}

TEST(OpenAiChat, WritesErrorsAsItsClientsKnowThem) {
  chat::ChatError error;
  error.status = 429;
  error.message = "a \"quoted\" word";
  EXPECT_EQ(kFormat.encode_error(error),
            R"({"type":"error","error":{"type":"TooManyRequests","code":"429",)"
            R"("message":"a \"quoted\" word"}})");
  error.type = "requests";
  error.code = "rate_limit_exceeded";
  error.param = "n";
  EXPECT_EQ(kFormat.encode_error(error),
            R"({"type":"error","error":{"type":"requests","code":"rate_limit_exceeded",)"
            R"("message":"a \"quoted\" word","param":"n"}})");
}

TEST(OpenAiChat, EveryFieldHasARow) {
  test::expect_rows_for(catalog::Format::kOpenAiChat,
                        read_file(std::string(TOLLGATE_TESTDATA) + "/fields.txt"));
}

}  // namespace
}  // namespace tollgate::dataplane::formats::openai_chat
