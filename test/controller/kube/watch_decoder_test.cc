#include "controller/kube/watch_decoder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tollgate::controller::kube {
namespace {

constexpr std::size_t kLimit = 1000;

const std::string kStream =
    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"}}}\n"
    "\n"
    "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"a\xC3\xA9\"}}}\r\n"
    "{\"type\":\"NEWER\",\"object\":{}}\n"
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}\n"
    "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n"
    "{\"type\":\"ADD";

TEST(WatchDecoder, DecodesHoweverTheStreamIsCut) {
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    WatchDecoder decoder(kLimit);
    std::vector<WatchEvent> events;
    ASSERT_TRUE(decoder.push(std::string_view(kStream).substr(0, cut), events));
    ASSERT_TRUE(decoder.push(std::string_view(kStream).substr(cut), events));
    ASSERT_EQ(events.size(), 4U) << cut;
    EXPECT_EQ(events[0].type, WatchEventType::kAdded);
    EXPECT_EQ(events[1].type, WatchEventType::kModified);
    EXPECT_EQ(events[2].type, WatchEventType::kBookmark);
    EXPECT_EQ(events[3].type, WatchEventType::kDeleted);
    EXPECT_EQ(resource_version_of(*events[2].object), "9");
    EXPECT_EQ(decoder.ignored(), 1U);
    EXPECT_EQ(decoder.pending_bytes(), 12U);
  }
}

TEST(WatchDecoder, DecodesByteByByte) {
  WatchDecoder decoder(kLimit);
  std::vector<WatchEvent> events;
  for (const char c : kStream) ASSERT_TRUE(decoder.push({&c, 1}, events));
  EXPECT_EQ(events.size(), 4U);
}

TEST(WatchDecoder, AnErrorEventIsTheServersStatus) {
  WatchDecoder decoder(kLimit);
  std::vector<WatchEvent> events;
  const auto result = decoder.push(
      "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\","
      "\"message\":\"too old resource version\"}}\n",
      events);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().gone());
  EXPECT_EQ(result.error().reason, "Expired");
  EXPECT_EQ(result.error().message, "too old resource version");
}

TEST(WatchDecoder, RefusesBrokenAndEndlessLines) {
  std::vector<WatchEvent> events;
  EXPECT_FALSE(WatchDecoder(kLimit).push("{\"type\":\"ADDED\"}\n", events));
  EXPECT_FALSE(WatchDecoder(kLimit).push("nonsense\n", events));
  EXPECT_FALSE(WatchDecoder(kLimit).push("[1]\n", events));
  EXPECT_FALSE(WatchDecoder(kLimit).push("{\"type\":\"ADDED\",\"object\":7}\n", events));
  WatchDecoder decoder(kLimit);
  EXPECT_TRUE(decoder.push(std::string(kLimit, ' '), events));
  const auto result = decoder.push(" ", events);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.code, dataplane::base::Code::kLimitExceeded);
  EXPECT_TRUE(events.empty());
}

TEST(StatusError, KeepsReasonMessageAndRetryAfter) {
  const auto status = nlohmann::json::parse(R"({"kind":"Status","reason":"TooManyRequests",
    "message":"slow down","code":429,"details":{"retryAfterSeconds":3}})");
  const ApiError error = status_error(429, &status, "get /x");
  EXPECT_EQ(error.retry_after, std::chrono::seconds(3));
  EXPECT_TRUE(error.error.retryable);
  EXPECT_EQ(error.error.detail, "get /x: 429 TooManyRequests: slow down");
  EXPECT_EQ(status_error(500, nullptr, "x").http_code, 500);
}

}  // namespace
}  // namespace tollgate::controller::kube
