#include "dataplane/formats/openai_responses/openai_responses.h"

#include <gtest/gtest.h>

#include "test/dataplane/formats/openai_files.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using test::read_file;

TEST(OpenAiResponses, KeepsRequests) {
  test::expect_requests_kept(kFormat, 5);
}

TEST(OpenAiResponses, KeepsAnswers) {
  test::expect_answers_kept(kFormat, 4);
}

TEST(OpenAiResponses, KeepsStreams) {
  test::expect_streams_kept(kFormat, 4);
}

TEST(OpenAiResponses, ReadsWhatOtherHostsWrite) {
  test::expect_odd_streams(kFormat, 8);
}

TEST(OpenAiResponses, SaysWhatOtherDialectsAsk) {
  test::expect_foreign_requests(kFormat,
                                {{".anthropic.json", catalog::Format::kAnthropicMessages},
                                 {".chat.json", catalog::Format::kOpenAiChat}},
                                5);
}

TEST(OpenAiResponses, WritesStreamsOfOtherDialects) {
  test::expect_foreign_streams(kFormat, catalog::Format::kOpenAiChat, "openai_chat");
}

TEST(OpenAiResponses, EveryFieldHasARow) {
  test::expect_rows_for(catalog::Format::kOpenAiResponses,
                        read_file(std::string(TOLLGATE_TESTDATA) + "/fields.txt"));
}

}  // namespace
}  // namespace tollgate::dataplane::formats::openai_responses
