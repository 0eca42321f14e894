#include "dataplane/formats/openai_chat/openai_chat.h"

#include <gtest/gtest.h>

#include "test/dataplane/formats/openai_files.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using test::read_file;

TEST(OpenAiChat, KeepsRequests) {
  test::expect_requests_kept(kFormat, 5);
}

TEST(OpenAiChat, KeepsAnswers) {
  test::expect_answers_kept(kFormat, 4);
}

TEST(OpenAiChat, KeepsStreams) {
  test::expect_streams_kept(kFormat, 4);
}

TEST(OpenAiChat, ReadsWhatOtherHostsWrite) {
  test::expect_odd_streams(kFormat, 8);
}

TEST(OpenAiChat, SaysWhatOtherDialectsAsk) {
  test::expect_foreign_requests(kFormat,
                                {{".anthropic.json", catalog::Format::kAnthropicMessages},
                                 {".responses.json", catalog::Format::kOpenAiResponses}},
                                5);
}

TEST(OpenAiChat, WritesStreamsOfOtherDialects) {
  test::expect_foreign_streams(kFormat, catalog::Format::kOpenAiResponses, "openai_responses");
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
