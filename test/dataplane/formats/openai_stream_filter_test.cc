#include "dataplane/formats/openai_stream_filter.h"

#include <gtest/gtest.h>

#include "test/dataplane/formats/golden.h"

namespace tollgate::dataplane::formats {
namespace {

std::string filter(const std::vector<std::string_view>& pieces) {
  OpenAiStreamFilter filter;
  StringSink sink;
  for (const std::string_view piece : pieces) {
    filter.push(std::string(piece), sink);
    EXPECT_LE(filter.held_bytes(), OpenAiStreamFilter::kMaxHeldBytes);
  }
  filter.finish(sink);
  return sink.text;
}

void expect_filtered(std::string_view in, std::string_view out) {
  test::for_every_split(
      in, [&](const std::vector<std::string_view>& pieces) { ASSERT_EQ(filter(pieces), out); });
}

constexpr std::string_view kUsage =
    R"(data: {"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})";
constexpr std::string_view kContent =
    R"(data: {"choices":[{"delta":{"content":"\"usage\":{"}}],"usage":null})";

std::string events(std::initializer_list<std::string_view> lines, std::string_view end) {
  std::string out;
  for (const std::string_view line : lines) {
    out.append(line).append(end).append(end);
  }
  return out;
}

TEST(OpenAiStreamFilter, DropsTheUsageChunkOnly) {
  for (const std::string_view end : {"\n", "\r\n", "\r"}) {
    expect_filtered(events({kContent, kUsage, "data: [DONE]"}, end),
                    events({kContent, "data: [DONE]"}, end));
    expect_filtered(events({kUsage}, end), "");
    expect_filtered(events({kUsage, kUsage, kContent, kUsage}, end), events({kContent}, end));
  }
}

TEST(OpenAiStreamFilter, MixedLineEnds) {
  expect_filtered(std::string(kUsage) + "\r\n\n" + std::string(kContent) + "\n\r\n" +
                      std::string(kUsage) + "\r\r\n" + "data: [DONE]\n\n",
                  std::string(kContent) + "\n\r\n" + "data: [DONE]\n\n");
}

TEST(OpenAiStreamFilter, KeepsEverythingElseByteByByte) {
  for (const std::string_view event : {
           R"(data: {"choices":[],"prompt_filter_results":[{}],"usage":null})",
           R"(data: {"choices":[],"usage":[]})",
           R"(data: {"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}})",
           R"(data: {"usage":{"prompt_tokens":1}})",
           R"(data: {"choices":[],"usage":{"prompt_tokens":1})",
           R"(data: {"x":{"choices":[],"usage":{"a":1}}})",
           R"(: comment "choices":[],"usage":{})",
           "event: x\nid: 5\ndata: [DONE]",
           "",
       }) {
    const std::string text = std::string(event) + "\n\n";
    expect_filtered(text, text);
  }
}

TEST(OpenAiStreamFilter, SpacesOrderAndSeveralDataLinesDoNotHideIt) {
  expect_filtered(
      "data:{ \"usage\" : {\"prompt_tokens\":1} , \"choices\" : [ ] }\n\ndata: [DONE]\n\n",
      "data: [DONE]\n\n");
  expect_filtered(": note\nid: 1\ndata: {\"choices\":[],\ndata: \"usage\":{}}\n\nx\n\n", "x\n\n");
}

TEST(OpenAiStreamFilter, UnfinishedEventIsPassedOnAtTheEnd) {
  expect_filtered("data: {\"choices\":[{}]}\n\ndata: {\"cho",
                  "data: {\"choices\":[{}]}\n\ndata: {\"cho");
}

TEST(OpenAiStreamFilter, WholeEventsAreNotHeld) {
  OpenAiStreamFilter filter;
  StringSink sink;
  const std::string text = events({kContent, kContent}, "\n");
  filter.push(text, sink);
  EXPECT_EQ(sink.text, text);
  EXPECT_EQ(filter.held_bytes(), 0U);
}

TEST(OpenAiStreamFilter, LongEventPassesAndTheNextOneIsFiltered) {
  const std::string big = "data: {\"choices\":[],\"usage\":{},\"x\":\"" +
                          std::string(3 * OpenAiStreamFilter::kMaxHeldBytes, 'x') + "\"}\n\n";
  OpenAiStreamFilter filter;
  StringSink sink;
  for (std::size_t at = 0; at < big.size(); at += 1000) {
    filter.push(std::string_view(big).substr(at, 1000), sink);
    EXPECT_LE(filter.held_bytes(), OpenAiStreamFilter::kMaxHeldBytes);
    EXPECT_EQ(filter.inside_event(),
              at + 1000 > OpenAiStreamFilter::kMaxHeldBytes && at + 1000 < big.size());
  }
  filter.push(events({kUsage, "data: [DONE]"}, "\n"), sink);
  EXPECT_EQ(sink.text, big + "data: [DONE]\n\n");
}

}  // namespace
}  // namespace tollgate::dataplane::formats
