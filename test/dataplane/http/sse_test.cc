#include "dataplane/http/sse.h"

#include <gtest/gtest.h>

#include <vector>

namespace tollgate::dataplane::http {
namespace {

using std::string_view_literals::operator""sv;

using Pieces = std::vector<std::string_view>;

void describe(const SseEvent& event, std::string& out) {
  out.append("[").append(event.type).append("|").append(event.data).append("|").append(event.id);
  if (event.retry_ms) out.append("|").append(std::to_string(*event.retry_ms));
  out.append("]");
}

std::string transcript(const Pieces& pieces, std::size_t limit = 1000) {
  SseDecoder decoder(limit);
  std::string out;
  for (const std::string_view piece : pieces) {
    const std::string input(piece);
    std::string_view rest = input;
    while (true) {
      const SseDecoder::Step step = decoder.feed(rest);
      rest.remove_prefix(step.consumed);
      if (step.what == SseDecoder::What::kError) return out + "!";
      if (step.what == SseDecoder::What::kNeedMore) break;
      describe(step.event, out);
    }
    EXPECT_TRUE(rest.empty());
  }
  if (const auto last = decoder.finish()) {
    out += "~";
    describe(*last, out);
  }
  return out;
}

struct Case {
  std::string_view stream;
  std::string_view events;
};

const Case kCases[] = {
    {"data: a\n\n", "[|a|]"},
    {"data:a\n\n", "[|a|]"},
    {"data:  a\n\n", "[| a|]"},
    {"data\n\n", "[||]"},
    {"data:\n\n", "[||]"},
    {"data\ndata\n\n", "[|\n|]"},
    {"data: a\ndata: b\ndata:\ndata: c\n\n", "[|a\nb\n\nc|]"},
    {"event: x\ndata: a\n\ndata: b\n\n", "[x|a|][|b|]"},
    {"event: x\n\ndata: b\n\n", "[|b|]"},
    {"event: x\nevent: y\ndata: b\n\n", "[y|b|]"},
    {": comment\n\n:\n\ndata: a\n: more\n\n", "[|a|]"},
    {"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", "[|a|1][|b|1][|c|]"},
    {"id: 1\n\ndata: a\n\n", "[|a|1]"},
    {"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"sv, "[|a|1][|b|1]"},
    {"retry: 10\ndata: a\n\ndata: b\n\n", "[|a||10][|b|]"},
    {"retry: x\ndata: a\n\n", "[|a|]"},
    {"retry: -1\ndata: a\n\n", "[|a|]"},
    {"foo: bar\ndata: a\nDATA: b\n\n", "[|a|]"},
    {"data: a\r\n\r\n", "[|a|]"},
    {"data: a\r\rdata: b\r\r", "[|a|][|b|]"},
    {"data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", "[|a|][|b|][|c|]"},
    {"data: a\rdata: b\ndata: c\r\n\n", "[|a\nb\nc|]"},
    {"\n\n\r\r\r\n\r\ndata: a\n\n", "[|a|]"},
    {"\xEF\xBB\xBF"
     "data: a\n\n",
     "[|a|]"},
    {"\xEF\xBB\xBF\xEF\xBB\xBF"
     "data: a\ndata: b\n\n",
     "[|b|]"},
    {"\xEF\xBB"
     "data: a\ndata: b\n\n",
     "[|b|]"},
    {"data: a:b: c\n\n", "[|a:b: c|]"},
    {"data: \xE4\xBD\xA0\n\n", "[|\xE4\xBD\xA0|]"},
    {"data: {\"a\":1}\n\ndata: [DONE]\n\n", "[|{\"a\":1}|][|[DONE]|]"},
    {"data: a\n\ndata: cut", "[|a|]~[|cut|]"},
    {"data: a\n\ndata: b\n", "[|a|]~[|b|]"},
    {"data: a\n\nevent: x\n", "[|a|]"},
    {"event: error\ndata: {}\n\n", "[error|{}|]"},
    {"", ""},
    {"\n", ""},
};

TEST(SseDecoder, EverySplit) {
  for (const auto& [stream, events] : kCases) {
    EXPECT_EQ(transcript({stream}), events) << stream;
    for (std::size_t i = 1; i < stream.size(); ++i) {
      for (std::size_t j = i; j < stream.size(); ++j) {
        const Pieces pieces = {stream.substr(0, i), stream.substr(i, j - i), stream.substr(j)};
        ASSERT_EQ(transcript(pieces), events) << stream << " at " << i << " and " << j;
      }
    }
    Pieces single;
    for (std::size_t i = 0; i < stream.size(); ++i) single.push_back(stream.substr(i, 1));
    EXPECT_EQ(transcript(single), events) << stream;
  }
}

TEST(SseDecoder, ConsumedMarksTheEndOfEachEvent) {
  SseDecoder decoder;
  const std::string_view stream = ": c\nevent: x\ndata: a\r\n\r\ndata: b\n\nrest";
  const auto first = decoder.feed(stream);
  EXPECT_EQ(stream.substr(0, first.consumed), ": c\nevent: x\ndata: a\r\n\r\n");
  const auto second = decoder.feed(stream.substr(first.consumed));
  EXPECT_EQ(stream.substr(first.consumed, second.consumed), "data: b\n\n");
  EXPECT_TRUE(decoder.idle());
  decoder.feed(stream.substr(first.consumed + second.consumed));
  EXPECT_FALSE(decoder.idle());
}

TEST(SseDecoder, DataIsAViewOfTheInput) {
  SseDecoder decoder;
  const std::string_view stream = "event: x\ndata: abc\n\n";
  EXPECT_EQ(decoder.feed(stream).event.data.data(), stream.data() + 15);
}

TEST(SseDecoder, EventSizeIsBounded) {
  const std::string fits = "data: " + std::string(100, 'a') + "\n\n";
  const std::string lines = "data: " + std::string(60, 'a') + "\ndata: " + std::string(60, 'b');
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
    const auto run = [piece](const std::string& text) {
      Pieces pieces;
      for (std::size_t i = 0; i < text.size(); i += piece) {
        pieces.push_back(std::string_view(text).substr(i, piece));
      }
      return transcript(pieces, 110);
    };
    EXPECT_EQ(run(fits + fits),
              "[|" + std::string(100, 'a') + "|][|" + std::string(100, 'a') + "|]");
    EXPECT_EQ(run("data: " + std::string(110, 'a') + "\n\n"), "!");
    EXPECT_EQ(run(lines), "!");
    EXPECT_EQ(run(":" + std::string(200, 'c')), "!");
  }
}

TEST(SseDecoder, ManySmallEventsInOneInput) {
  std::string stream;
  for (int i = 0; i < 20'000; ++i) stream += "data:x\r\r";
  std::string_view rest = stream;
  SseDecoder decoder;
  std::size_t events = 0;
  while (true) {
    const auto step = decoder.feed(rest);
    rest.remove_prefix(step.consumed);
    if (step.what != SseDecoder::What::kEvent) break;
    ++events;
  }
  EXPECT_EQ(events, 20'000U);
}

TEST(SseEncoder, RoundTrip) {
  for (const std::string_view data : {"a", "", "a\nb", "\n", "a\n\nb", " a", "a: b", ":c"}) {
    SseEvent event;
    event.type = "t";
    event.data = data;
    event.id = "7";
    event.retry_ms = 5;
    std::string out;
    ASSERT_TRUE(append_sse_event(out, event));
    EXPECT_EQ(transcript({out}), "[t|" + std::string(data) + "|7|5]") << out;
  }
  SseEvent lines;
  lines.data = "a\r\nb\rc";
  std::string out;
  ASSERT_TRUE(append_sse_event(out, lines));
  EXPECT_EQ(out, "data: a\ndata: b\ndata: c\n\n");
}

TEST(SseEncoder, RefusesLineEndsInNames) {
  std::string out;
  SseEvent event;
  event.type = "a\nb";
  EXPECT_FALSE(append_sse_event(out, event));
  event.type = {};
  event.id = "a\rb";
  EXPECT_FALSE(append_sse_event(out, event));
  EXPECT_EQ(out, "");
}

TEST(SseEncoder, Json) {
  std::string out;
  append_sse_json(out, "ping", "{}");
  append_sse_json(out, "", "[DONE]");
  EXPECT_EQ(out, "event: ping\ndata: {}\n\ndata: [DONE]\n\n");
}

}  // namespace
}  // namespace tollgate::dataplane::http
