#include "dataplane/formats/sse_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tollgate::dataplane::formats {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

void drain(SseReader& reader, std::string_view in, Events& events) {
  while (!in.empty()) {
    const SseReader::Step step = reader.feed(in);
    ASSERT_NE(step.what, SseReader::What::kTooLarge);
    if (step.what == SseReader::What::kEvent) {
      events.emplace_back(step.event.name, step.event.data);
    }
    in.remove_prefix(step.consumed);
  }
}

void expect_events(std::string_view text, const Events& wanted) {
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SseReader reader(1024);
    Events events;
    drain(reader, text.substr(0, cut), events);
    drain(reader, text.substr(cut), events);
    const SseReader::Step last = reader.finish();
    if (last.what == SseReader::What::kEvent) {
      events.emplace_back(last.event.name, last.event.data);
    }
    EXPECT_EQ(events, wanted) << "cut at " << cut;
  }
  SseReader reader(1024);
  Events events;
  for (const char& c : text) {
    drain(reader, {&c, 1}, events);
  }
  const SseReader::Step last = reader.finish();
  if (last.what == SseReader::What::kEvent) {
    events.emplace_back(last.event.name, last.event.data);
  }
  EXPECT_EQ(events, wanted) << "byte by byte";
}

TEST(SseReader, CutsEventsAtBlankLines) {
  expect_events("data: {\"a\":1}\n\ndata: two\n\n", {{"", "{\"a\":1}"}, {"", "two"}});
}

TEST(SseReader, KnowsAllLineEnds) {
  expect_events("event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\rdata: 3\n\n",
                {{"a", "1"}, {"b", "2"}, {"", "3"}});
}

TEST(SseReader, JoinsLinesOfData) {
  expect_events("data: one\ndata: two\ndata:three\n\n", {{"", "one\ntwo\nthree"}});
}

TEST(SseReader, SkipsWhatIsNoData) {
  expect_events(": ping\n\nid: 7\nretry: 10\n\nevent: lonely\n\ndatum: x\n\ndata: y\n\n",
                {{"", "y"}});
}

TEST(SseReader, AnEmptyDataLineIsAnEvent) {
  expect_events("data\n\ndata:\n\n", {{"", ""}, {"", ""}});
}

TEST(SseReader, TakesALastEventWithoutItsBlankLine) {
  expect_events("data: a\n\ndata: [DONE]\n", {{"", "a"}, {"", "[DONE]"}});
}

TEST(SseReader, RefusesEventsBeyondTheLimit) {
  SseReader reader(16);
  EXPECT_EQ(reader.feed("data: 0123456").what, SseReader::What::kNeedMore);
  EXPECT_EQ(reader.feed("789").what, SseReader::What::kNeedMore);
  EXPECT_EQ(reader.feed("0\n\n").what, SseReader::What::kTooLarge);
  EXPECT_EQ(reader.feed("data: 1\n\n").what, SseReader::What::kTooLarge);
}

}  // namespace
}  // namespace tollgate::dataplane::formats
