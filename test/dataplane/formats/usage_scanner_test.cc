#include "dataplane/formats/usage_scanner.h"

#include <gtest/gtest.h>

#include <sstream>

#include "dataplane/formats/byte_search.h"
#include "test/dataplane/formats/golden.h"

namespace tollgate::dataplane::formats {
namespace {

using catalog::Format;

std::string describe(const UsageScanner& scanner) {
  std::ostringstream out;
  const auto counter = [&out](const char* name, const std::optional<std::uint64_t>& value) {
    out << name << ": " << (value ? std::to_string(*value) : "-") << "\n";
  };
  const Usage& usage = scanner.usage();
  counter("input", usage.input);
  counter("cached_input", usage.cached_input);
  counter("cache_creation", usage.cache_creation);
  counter("output", usage.output);
  counter("reasoning", usage.reasoning);
  counter("total", usage.total);
  out << "reported: " << usage.reported << "\nmodel: " << scanner.model()
      << "\nfinish_reason: " << scanner.finish_reason()
      << "\nend_marker: " << scanner.saw_end_marker() << "\nclean: " << scanner.ended_cleanly()
      << "\nerror: " << scanner.saw_error() << "\ncontent_events: " << scanner.content_events()
      << "\ninside_event: " << scanner.inside_event() << "\nbytes: " << scanner.bytes_seen()
      << "\n";
  return out.str();
}

Format format_of(const std::string& name) {
  if (name.find(".openai_chat.") != std::string::npos) return Format::kOpenAiChat;
  if (name.find(".openai_completions.") != std::string::npos) return Format::kOpenAiCompletions;
  if (name.find(".openai_embeddings.") != std::string::npos) return Format::kOpenAiEmbeddings;
  EXPECT_NE(name.find(".anthropic_messages."), std::string::npos) << name;
  return Format::kAnthropicMessages;
}

TEST(UsageScanner, GoldenFilesSplitAtEveryByte) {
  const auto files = test::testdata_files("usage", ".in");
  ASSERT_GE(files.size(), 10U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename().string());
    const std::string name = file.filename().string();
    const bool streamed = name.find(".stream.") != std::string::npos;
    const std::string text = test::read_file(file);
    const auto scan = [&](const std::vector<std::string_view>& pieces) {
      UsageScanner scanner(format_of(name), streamed);
      for (const std::string_view piece : pieces) {
        scanner.feed(std::string(piece));  // a copy: the scanner may keep no views of its input
      }
      scanner.finish();
      scanner.finish();
      return describe(scanner);
    };
    std::string out = file.string();
    out.replace(out.size() - 2, 2, "out");
    const std::string expected = test::golden(out, scan({text}));
    test::for_every_split(text, [&](const std::vector<std::string_view>& pieces) {
      ASSERT_EQ(scan(pieces), expected);
    });
  }
}

TEST(UsageScanner, ReadsWhatItHasBeforeTheEnd) {
  UsageScanner scanner(Format::kAnthropicMessages, true);
  scanner.feed(
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m\","
      "\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n");
  EXPECT_EQ(scanner.usage().input, 7U);
  EXPECT_EQ(scanner.usage().output, 1U);
  EXPECT_TRUE(scanner.inside_event());
  scanner.feed("\n");
  EXPECT_FALSE(scanner.inside_event());
  EXPECT_FALSE(scanner.ended_cleanly());
}

TEST(UsageScanner, LineBeyondTheLimitIsSkippedAndTheNextOneRead) {
  UsageScanner scanner(Format::kOpenAiChat, true);
  scanner.feed("data: {\"choices\":[{\"delta\":{\"content\":\"");
  const std::string filler(1000, 'x');
  for (std::size_t sent = 0; sent < 2 * UsageScanner::kMaxLineBytes; sent += filler.size()) {
    scanner.feed(filler);
  }
  scanner.feed("\"}}],\"usage\":{\"prompt_tokens\":1}}\n\n");
  EXPECT_EQ(scanner.usage().input, std::nullopt);
  scanner.feed("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":2}}\n\n");
  EXPECT_EQ(scanner.usage().input, 2U);
}

TEST(UsageScanner, LongTextsAreCut) {
  UsageScanner scanner(Format::kOpenAiChat, false);
  scanner.feed("{\"model\":\"" + std::string(100000, 'm') +
               "\",\"choices\":[{\"finish_reason\":\"" + std::string(1000, 'f') + "\"}]}");
  EXPECT_EQ(scanner.model().size(), UsageScanner::kMaxModelBytes);
  EXPECT_EQ(scanner.finish_reason().size(), UsageScanner::kMaxFinishReasonBytes);
}

TEST(UsageScanner, DeepNestingIsSkipped) {
  UsageScanner scanner(Format::kOpenAiChat, false);
  scanner.feed("{\"choices\":" + std::string(100000, '[') + std::string(100000, ']') +
               ",\"usage\":{\"prompt_tokens\":6}}");
  EXPECT_EQ(scanner.usage().input, 6U);
  EXPECT_TRUE(scanner.saw_end_marker());
}

TEST(UsageScanner, NestingIsTheSameHoweverItIsCut) {
  const std::string deep =
      R"({"a":[{"b":"\\\"]}{[","c":"\\\\"},[1,2,[{"x":"0123456789abcdef{{"}]]]})";
  for (std::size_t at = 0; at <= deep.size(); ++at) {
    search::Nesting nesting;
    nesting.add(deep.data(), deep.data() + at);
    EXPECT_EQ(nesting.closed(), at == 0 || at == deep.size()) << at;
    nesting.add(deep.data() + at, deep.data() + deep.size());
    EXPECT_TRUE(nesting.closed()) << at;
  }
}

TEST(UsageScanner, NoneSeesNothing) {
  UsageScanner scanner(Format::kNone, true);
  scanner.feed("data: {\"usage\":{\"prompt_tokens\":1}}\n\n");
  scanner.finish();
  EXPECT_FALSE(scanner.usage().reported);
  EXPECT_FALSE(scanner.ended_cleanly());
}

TEST(UsageScanner, UsageThatComesTwiceIsCumulative) {
  UsageScanner scanner(Format::kOpenAiChat, true);
  scanner.feed(
      "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":"
      "{\"prompt_tokens\":9,\"completion_tokens\":1,\"total_tokens\":10}}\n\n");
  scanner.feed(
      "data: {\"choices\":[],\"usage\":"
      "{\"prompt_tokens\":9,\"completion_tokens\":5,\"total_tokens\":14}}\n\n");
  EXPECT_EQ(scanner.usage().input, 9U);
  EXPECT_EQ(scanner.usage().output, 5U);
  EXPECT_EQ(scanner.usage().total, 14U);
}

TEST(UsageScanner, HostileFiguresAreNoFigures) {
  for (const char* figure : {"-5", "\"many\"", "9223372036854775808", "18446744073709551616",
                             "9007199254740993", "100000001", "1e3", "1.5", "null", "{}", "NaN"}) {
    UsageScanner scanner(Format::kOpenAiChat, false);
    scanner.feed(std::string("{\"usage\":{\"prompt_tokens\":") + figure +
                 ",\"completion_tokens\":4}}");
    EXPECT_EQ(scanner.usage().input, std::nullopt) << figure;
    Usage usage = scanner.usage();
    estimate_missing(usage, {.request_text_bytes = 40, .content_bytes = 0});
    EXPECT_EQ(usage.input, 10U) << figure;
    EXPECT_TRUE(usage.estimated) << figure;
  }
}

TEST(Usage, ABeginningIsNotTheSum) {
  // Anthropic's first figure for output is 1; who leaves after 40 pieces has had 40.
  Usage usage;
  usage.input = 7;
  usage.output = 1;
  usage.total = 8;
  estimate_missing(usage, {.content_events = 40, .unfinished = true});
  EXPECT_EQ(usage.output, 40U);
  EXPECT_EQ(usage.total, 47U);
  EXPECT_TRUE(usage.estimated);
}

TEST(Usage, ATotalBelowItsPartsIsTheirSum) {
  Usage usage;
  usage.input = 3;
  usage.output = 10;
  usage.total = 10;
  estimate_missing(usage, {});
  EXPECT_EQ(usage.total, 13U);
}

TEST(Usage, EstimatesOnlyWhatIsMissing) {
  Usage usage;
  usage.output = 9;
  usage.reported = true;
  estimate_missing(usage, {.request_text_bytes = 401, .content_events = 3, .content_bytes = 0});
  EXPECT_EQ(usage.input, 101U);
  EXPECT_EQ(usage.output, 9U);
  EXPECT_EQ(usage.total, 110U);
  EXPECT_TRUE(usage.estimated);

  Usage complete;
  complete.input = 1;
  complete.output = 2;
  complete.total = 3;
  const Usage before = complete;
  estimate_missing(complete, {.request_text_bytes = 400, .content_events = 0, .content_bytes = 0});
  EXPECT_EQ(complete, before);

  Usage stream;
  estimate_missing(stream, {.request_text_bytes = 0, .content_events = 12, .content_bytes = 0});
  EXPECT_EQ(stream.output, 12U);
}

TEST(Usage, ZerosForAnAnswerWithContentAreNoFigures) {
  Usage usage;
  usage.input = 0;
  usage.output = 0;
  usage.total = 0;
  usage.reported = true;
  estimate_missing(usage, {.request_text_bytes = 40, .content_bytes = 400});
  EXPECT_EQ(usage.input, 10U);
  EXPECT_EQ(usage.output, 100U);
  EXPECT_EQ(usage.total, 110U);
  EXPECT_TRUE(usage.estimated);
}

TEST(Usage, EmbeddingsHaveNoOutput) {
  Usage usage;
  usage.input = 8;
  usage.total = 8;
  usage.reported = true;
  estimate_missing(usage, {.content_bytes = 20'000, .has_output = false});
  EXPECT_EQ(usage.output, 0U);
  EXPECT_EQ(usage.total, 8U);
  EXPECT_FALSE(usage.estimated);
}

TEST(Usage, NoPartIsAboveItsWhole) {
  Usage usage;
  usage.input = 9;
  usage.cached_input = 1000;
  usage.cache_creation = 5;
  usage.output = 5;
  usage.reasoning = 6;
  estimate_missing(usage, {});
  EXPECT_EQ(usage.cached_input, 9U);
  EXPECT_EQ(usage.cache_creation, 0U);
  EXPECT_EQ(usage.reasoning, 5U);
  EXPECT_TRUE(usage.estimated);
}

TEST(Usage, FewLargePiecesAreMeasuredByTheirText) {
  Usage usage;
  estimate_missing(usage, {.content_events = 3, .content_bytes = 4000});
  EXPECT_EQ(usage.output, 1000U);
}

TEST(Usage, WhatSeveralAnswersUsedIsAdded) {
  Usage sum;
  Usage one;
  one.input = 3;
  one.output = 4;
  one.reported = true;
  add_usage(sum, one);
  Usage two;
  two.input = 1;
  two.cached_input = 1;
  two.estimated = true;
  add_usage(sum, two);
  EXPECT_EQ(sum.input, 4U);
  EXPECT_EQ(sum.cached_input, 1U);
  EXPECT_EQ(sum.output, 4U);
  EXPECT_EQ(sum.reasoning, std::nullopt);
  EXPECT_TRUE(sum.reported && sum.estimated);
}

TEST(TextMeter, PicturesCountAsPictures) {
  std::string picture;
  for (int i = 0; i < 20'000; ++i) picture += "AbC9+/zZ";
  const std::string body =
      R"({"text":"what is this","url":"data:image/png;base64,)" + picture + R"("})";
  TextMeter whole;
  whole.add(body);
  EXPECT_EQ(whole.bytes(), body.size() - picture.size() + TextMeter::kPictureBytes);
  for (const std::size_t cut :
       {std::size_t{1}, std::size_t{60}, std::size_t{5000}, body.size() - 2}) {
    TextMeter parts;
    parts.add(std::string_view(body).substr(0, cut));
    parts.add(std::string_view(body).substr(cut));
    EXPECT_EQ(parts.bytes(), whole.bytes()) << cut;
  }
  TextMeter text;
  text.add(std::string(5000, 'x'));
  EXPECT_EQ(text.bytes(), 5000U) << "one letter again and again is no picture";
}

TEST(UsageScanner, FiguresOfAStreamNeverFall) {
  UsageScanner scanner(Format::kOpenAiChat, true);
  scanner.feed(
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":500,\"completion_tokens\":500}}\n\n");
  scanner.feed(
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0}}\n\n");
  EXPECT_EQ(scanner.usage().input, 500U);
  EXPECT_EQ(scanner.usage().output, 500U);
}

TEST(UsageScanner, TextOfStreamsIsMeasuredWithoutWhatIsAroundIt) {
  const std::string text(8000, 'x');
  const auto chunk = [](const std::string& content) {
    return R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m",)"
           R"("choices":[{"index":0,"delta":{"content":")" +
           content + "\"}}]}\n\n";
  };
  const std::string openai = chunk("") + chunk(text) + chunk("a") + chunk("b") + chunk(text);
  UsageScanner scanner(Format::kOpenAiChat, true);
  scanner.feed(openai);
  EXPECT_EQ(scanner.content_events(), 4U);
  EXPECT_NEAR(static_cast<double>(scanner.content_bytes()), 16'002, 60);

  const std::string anthropic =
      R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")" +
      text + "\"}}\n\n";
  UsageScanner claude(Format::kAnthropicMessages, true);
  claude.feed(anthropic);
  EXPECT_NEAR(static_cast<double>(claude.content_bytes()), 8000, 60);

  UsageScanner long_line(Format::kOpenAiChat, true);
  const std::string line = chunk(std::string(UsageScanner::kMaxLineBytes * 2, 'x'));
  long_line.feed(std::string_view(line).substr(0, 100));
  long_line.feed(std::string_view(line).substr(100));
  EXPECT_NEAR(static_cast<double>(long_line.content_bytes()), UsageScanner::kMaxLineBytes * 2, 300);
}

}  // namespace
}  // namespace tollgate::dataplane::formats
