#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dataplane/formats/errors.h"
#include "dataplane/formats/event_stream.h"
#include "dataplane/formats/json_members.h"
#include "dataplane/formats/models_list.h"

namespace tollgate::dataplane::formats {
namespace {

using catalog::Dialect;
using nlohmann::json;

TEST(Errors, BodiesInTheClientsDialect) {
  EXPECT_EQ(error_body(Dialect::kOpenAi, 400, "malformed \"x\"\n"),
            R"({"type":"error","error":{"type":"BadRequest","code":"400",)"
            R"("message":"malformed \"x\"\n"}})");
  EXPECT_EQ(error_body(Dialect::kAnthropic, 404, "gone"),
            R"({"type":"error","error":{"type":"not_found_error","message":"gone"}})");
  EXPECT_EQ(error_body(Dialect::kGemini, 429, "slow", "limited"),
            R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"slow"}})");
  EXPECT_EQ(error_body(Dialect::kBedrock, 404, "gone", "no_route"), R"({"message":"gone"})");
  EXPECT_EQ(error_type(Dialect::kBedrock, 404), "ResourceNotFoundException");
  EXPECT_EQ(error_type(Dialect::kBedrock, 418), "ValidationException");
  EXPECT_EQ(error_type(Dialect::kGemini, 599), "INTERNAL");
  EXPECT_EQ(error_type(Dialect::kAnthropic, 529), "overloaded_error");
  EXPECT_EQ(error_type(Dialect::kAnthropic, 418), "invalid_request_error");
  EXPECT_EQ(error_type(Dialect::kOpenAi, 401), "Unauthorized");
  EXPECT_EQ(error_type(Dialect::kOpenAi, 599), "InternalServerError");
}

TEST(Errors, AlwaysValidJson) {
  std::string hostile;
  for (int c = 0; c < 256; ++c) {
    hostile += static_cast<char>(c);
  }
  for (const Dialect dialect :
       {Dialect::kOpenAi, Dialect::kAnthropic, Dialect::kGemini, Dialect::kBedrock}) {
    EXPECT_TRUE(json::accept(error_body(dialect, 500, hostile, hostile)));
    EXPECT_TRUE(json::accept(wrap_provider_error(dialect, 500, hostile)));
    if (dialect == Dialect::kBedrock) continue;  // its streams are no text
    std::string event = stream_error_event(dialect, 500, hostile);
    ASSERT_TRUE(event.ends_with("\n\n"));
    event.resize(event.size() - 2);
    const std::size_t data = event.find("data: ");
    ASSERT_NE(data, std::string::npos);
    EXPECT_EQ(event.find('\n', data), std::string::npos);
    EXPECT_TRUE(json::accept(event.substr(data + 6)));
  }
}

TEST(Errors, StreamEvents) {
  EXPECT_EQ(stream_error_event(Dialect::kOpenAi, 502, "cut"),
            R"(data: {"error":{"type":"BadGateway","code":"502","message":"cut"}})"
            "\n\n");
  EXPECT_EQ(stream_error_event(Dialect::kAnthropic, 504, "late", {}, true),
            "\n\nevent: error\n"
            R"(data: {"type":"error","error":{"type":"timeout_error","message":"late"}})"
            "\n\n");
  EXPECT_EQ(stream_error_event(Dialect::kGemini, 504, "late"),
            R"(data: {"error":{"code":504,"status":"DEADLINE_EXCEEDED","message":"late"}})"
            "\n\n");
}

/// A frame that Bedrock's clients take for the exception that it is.
TEST(Errors, StreamFramesOfBedrock) {
  const std::string frame = stream_error_event(Dialect::kBedrock, 503, "busy", {}, true);
  EventStreamDecoder decoder;
  const EventStreamDecoder::Step step = decoder.feed(frame);
  ASSERT_EQ(step.what, EventStreamDecoder::What::kFrame);
  EXPECT_EQ(step.frame.message_type, "exception");
  EXPECT_EQ(step.frame.exception_type, "serviceUnavailableException");
  EXPECT_EQ(step.frame.payload, R"({"message":"busy"})");
}

TEST(Errors, ProviderErrors) {
  EXPECT_TRUE(is_json_error("application/json; charset=utf-8", "<html>"));
  EXPECT_TRUE(is_json_error("application/problem+JSON", ""));
  EXPECT_FALSE(is_json_error("text/html", "{}"));
  EXPECT_TRUE(is_json_error("", " \n{\"error\":1}"));
  EXPECT_FALSE(is_json_error("", "upstream gone"));
  EXPECT_EQ(wrap_provider_error(Dialect::kOpenAi, 503, "no \"healthy\" upstream"),
            R"({"type":"error","error":{"type":"OpenAIBackendError","code":"503",)"
            R"("message":"no \"healthy\" upstream"}})");
  const std::string euros = "x" + [] {
    std::string text;
    for (std::size_t i = 0; i < kMaxErrorTextBytes; ++i) text += "\xE2\x82\xAC";
    return text;
  }();
  const json cut = json::parse(wrap_provider_error(Dialect::kAnthropic, 500, euros));
  const auto message = cut["error"]["message"].get<std::string>();
  EXPECT_LE(message.size(), kMaxErrorTextBytes);
  EXPECT_EQ(message.find("\xEF\xBF\xBD"), std::string::npos);
}

TEST(ModelsList, Documents) {
  const ListedModel models[] = {
      {"gpt-4o", "Envoy AI Gateway", std::chrono::sys_seconds(std::chrono::seconds(1767225600))},
      {"we\"ird", "x", std::chrono::sys_seconds(std::chrono::seconds(951782399))},
  };
  EXPECT_EQ(
      models_document(Dialect::kOpenAi, models),
      R"({"object":"list","data":[)"
      R"({"id":"gpt-4o","object":"model","created":1767225600,"owned_by":"Envoy AI Gateway"},)"
      R"({"id":"we\"ird","object":"model","created":951782399,"owned_by":"x"}]})");
  EXPECT_EQ(models_document(Dialect::kAnthropic, models),
            R"({"data":[{"id":"gpt-4o","type":"model","display_name":"gpt-4o",)"
            R"("created_at":"2026-01-01T00:00:00Z"},)"
            R"({"id":"we\"ird","type":"model","display_name":"we\"ird",)"
            R"("created_at":"2000-02-28T23:59:59Z"}],)"
            R"("first_id":"gpt-4o","last_id":"we\"ird","has_more":false})");
  EXPECT_EQ(models_document(Dialect::kOpenAi, {}), R"({"object":"list","data":[]})");
  EXPECT_EQ(models_document(Dialect::kAnthropic, {}),
            R"({"data":[],"first_id":null,"last_id":null,"has_more":false})");
}

TEST(JsonMembers, Walks) {
  JsonMembers members(
      " { \"a\" : [1,{\"b\":\"]}\"}] ,\"c\\\"\":\"x\\\\\",\"d\":-1.5e3,\"e\":{} } ");
  std::string seen;
  while (members.next()) {
    seen += std::string(members.raw_key()) + "=" + std::string(members.value()) + "|";
  }
  EXPECT_EQ(seen, "a=[1,{\"b\":\"]}\"}]|c\\\"=\"x\\\\\"|d=-1.5e3|e={}|");
}

TEST(JsonMembers, FindsAndUnescapes) {
  constexpr std::string_view kText =
      R"({"m\u0065ssage":"a\u00e9\ud83d\ude00\n\"\/\ud800","n":5,"message2":"x"})";
  EXPECT_EQ(find_string_member(kText, "message"), "a\xC3\xA9\xF0\x9F\x98\x80\n\"/\xEF\xBF\xBD");
  EXPECT_EQ(find_string_member(kText, "n"), std::nullopt);
  EXPECT_EQ(find_member(kText, "n"), "5");
  EXPECT_EQ(find_member(kText, "x"), std::nullopt);
}

TEST(JsonMembers, MalformedTextEndsTheWalk) {
  for (const std::string_view text : {"", "[", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":,",
                                      "{a:1}", "{\"a\\", "{\"a\":\"\\", "{\"a\":{{{", "\"a\":1"}) {
    JsonMembers members(text);
    for (int i = 0; members.next(); ++i) {
      ASSERT_LT(i, 10);
    }
  }
}

}  // namespace
}  // namespace tollgate::dataplane::formats
