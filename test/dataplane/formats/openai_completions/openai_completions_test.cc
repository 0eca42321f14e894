#include "dataplane/formats/openai_completions/openai_completions.h"

#include <gtest/gtest.h>

#include "test/dataplane/formats/openai_files.h"

namespace tollgate::dataplane::formats::openai_completions {
namespace {

using test::read_file;

TEST(OpenAiCompletions, KeepsRequests) {
  test::expect_requests_kept(kFormat, 2);
}

TEST(OpenAiCompletions, KeepsAnswers) {
  test::expect_answers_kept(kFormat, 2);
}

TEST(OpenAiCompletions, KeepsStreams) {
  test::expect_streams_kept(kFormat, 2);
}

TEST(OpenAiCompletions, ReadsWhatOtherHostsWrite) {
  test::expect_odd_streams(kFormat, 3);
}

TEST(OpenAiCompletions, EveryFieldHasARow) {
  test::expect_rows_for(catalog::Format::kOpenAiCompletions,
                        read_file(std::string(TOLLGATE_TESTDATA) + "/fields.txt"));
}

}  // namespace
}  // namespace tollgate::dataplane::formats::openai_completions
