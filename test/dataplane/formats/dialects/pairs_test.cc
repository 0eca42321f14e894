#include <gtest/gtest.h>

#include "dataplane/formats/chat/answer.h"
#include "dataplane/formats/dialects/dialects.h"
#include "test/dataplane/formats/dialect_harness.h"

namespace tollgate::dataplane::formats {
namespace {

chat::WholeAnswer answer_of_a_stranger() {
  chat::WholeAnswer answer;
  answer.id = "answer-1";
  answer.model = "some-model";
  answer.created_unix_s = 1700000000;
  chat::AnswerChoice& choice = answer.choices.emplace_back();
  choice.blocks.resize(3);
  choice.blocks[0].text = "I look: \"\xC3\xBC\"\n";
  for (const std::size_t i : {1U, 2U}) {
    choice.blocks[i].kind = chat::BlockKind::kToolCall;
    choice.blocks[i].id = "call_" + std::to_string(i);
    choice.blocks[i].name = "weather";
    choice.blocks[i].json = R"({"n":)" + std::to_string(i) + "}";
  }
  choice.stop = chat::StopReason::kToolCalls;
  answer.usage.input = 115;
  answer.usage.cached_input = 100;
  answer.usage.output = 6;
  answer.usage.total = 121;
  answer.usage.reported = true;
  return answer;
}

void expect_same(const chat::WholeAnswer& got, const chat::WholeAnswer& wanted) {
  ASSERT_EQ(got.choices.size(), 1U);
  const auto& blocks = got.choices[0].blocks;
  const auto& wanted_blocks = wanted.choices[0].blocks;
  ASSERT_EQ(blocks.size(), wanted_blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(blocks[i].kind, wanted_blocks[i].kind);
    EXPECT_EQ(blocks[i].text, wanted_blocks[i].text);
    EXPECT_EQ(blocks[i].name, wanted_blocks[i].name);
    EXPECT_EQ(blocks[i].json, wanted_blocks[i].json);
  }
  EXPECT_EQ(got.choices[0].stop, wanted.choices[0].stop);
  EXPECT_EQ(got.usage.input, wanted.usage.input);
  EXPECT_EQ(got.usage.cached_input, wanted.usage.cached_input);
  EXPECT_EQ(got.usage.output, wanted.usage.output);
}

/// Legacy completions answer with text alone.
bool has_tool_calls(const chat::ChatFormat& format) {
  return format.format != catalog::Format::kOpenAiCompletions;
}

/// What a dialect's encoder writes, its own decoder reads as the answer that went in.
TEST(Pairs, EveryDialectTellsAStrangersAnswer) {
  const chat::WholeAnswer answer = answer_of_a_stranger();
  chat::Request request;
  chat::AnswerContext context;
  context.request = &request;
  context.model = "asked-model";
  context.request_id = "req-1";
  for (const chat::ChatFormat* format : dialects::all()) {
    SCOPED_TRACE(catalog::to_string(format->format));
    if (!has_tool_calls(*format)) continue;
    test::Encoded stream(*format, context);
    ASSERT_TRUE(chat::unfold(answer, stream));
    std::string whole;
    ASSERT_TRUE(format->encode_answer(answer, context, whole));
    for (const bool streamed : {false, true}) {
      SCOPED_TRACE(streamed ? "streamed" : "whole");
      const auto decoder = format->make_decoder(streamed, context);
      chat::AnswerFold fold;
      ASSERT_TRUE(decoder->push(streamed ? stream.out.text : whole, fold));
      const auto status = decoder->finish(fold);
      ASSERT_TRUE(status) << status.error().detail;
      ASSERT_TRUE(fold.complete());
      expect_same(fold.answer(), answer);
    }
  }
}

/// Calls whose pieces come in turns stand one behind the other where a dialect wants that.
TEST(Pairs, ParallelCallsMayComeInTurns) {
  for (const catalog::Format name :
       {catalog::Format::kAnthropicMessages, catalog::Format::kBedrockConverse,
        catalog::Format::kOpenAiChat, catalog::Format::kOpenAiResponses,
        catalog::Format::kGeminiGenerate}) {
    SCOPED_TRACE(catalog::to_string(name));
    const chat::ChatFormat* format = dialects::find(name);
    ASSERT_NE(format, nullptr);
    chat::Request request;
    chat::AnswerContext context;
    context.request = &request;
    context.request_id = "req-1";
    test::Encoded stream(*format, context);
    chat::Event event;
    const auto send = [&](chat::EventKind kind, std::uint32_t block, std::string_view text) {
      event = {};
      event.kind = kind;
      event.block = block;
      event.block_kind = chat::BlockKind::kToolCall;
      event.delta = chat::DeltaKind::kJson;
      if (kind == chat::EventKind::kBlockStart) event.id = event.name = text;
      if (kind == chat::EventKind::kDelta) event.text = text;
      if (kind == chat::EventKind::kStop) event.stop = chat::StopReason::kToolCalls;
      ASSERT_TRUE(stream.on_event(event));
    };
    send(chat::EventKind::kStart, 0, {});
    send(chat::EventKind::kBlockStart, 0, "first");
    send(chat::EventKind::kBlockStart, 1, "second");
    send(chat::EventKind::kDelta, 1, R"({"b")");
    send(chat::EventKind::kDelta, 0, R"({"a")");
    send(chat::EventKind::kDelta, 1, ":2}");
    send(chat::EventKind::kBlockEnd, 1, {});
    send(chat::EventKind::kDelta, 0, ":1}");
    send(chat::EventKind::kBlockEnd, 0, {});
    send(chat::EventKind::kStop, 0, {});
    send(chat::EventKind::kEnd, 0, {});
    const auto decoder = format->make_decoder(true, context);
    chat::AnswerFold fold;
    ASSERT_TRUE(decoder->push(stream.out.text, fold));
    ASSERT_TRUE(decoder->finish(fold));
    const auto& blocks = fold.answer().choices.at(0).blocks;
    ASSERT_EQ(blocks.size(), 2U);
    EXPECT_EQ(blocks[0].name + blocks[0].json, R"(first{"a":1})");
    EXPECT_EQ(blocks[1].name + blocks[1].json, R"(second{"b":2})");
  }
}

}  // namespace
}  // namespace tollgate::dataplane::formats
