#include "dataplane/json/body_scan.h"

#include <gtest/gtest.h>

#include "dataplane/json/splice.h"

namespace tollgate::dataplane::json {
namespace {

class BodyScanTest : public testing::Test {
 protected:
  base::Result<BodyScan> scan(std::string_view text) {
    padded_ = std::make_unique<PaddedText>(text);
    return scan_body(reader_, padded_->view(), arena_);
  }
  std::string error(std::string_view text) {
    const auto result = scan(text);
    return result ? "accepted" : result.error().detail;
  }
  std::string_view at(Range range) { return padded_->view().substr(range.offset, range.length); }
  /// The body after forced usage and a new model.
  std::string edited(std::string_view text) {
    const auto result = scan(text);
    if (!result) return result.error().detail;
    Splice splice;
    force_include_usage(*result, splice);
    set_model(*result, "\"new\"", splice);
    std::string out;
    splice.apply(padded_->view(), out);
    std::string joined;
    for (const std::string_view slice : splice.slices(padded_->view())) joined += slice;
    EXPECT_EQ(joined, out);
    const PaddedText again(out);
    Reader reader;
    EXPECT_TRUE(reader.check(again.view())) << out;
    return out;
  }

  Reader reader_;
  base::Arena arena_;
  std::unique_ptr<PaddedText> padded_;
};

TEST_F(BodyScanTest, FindsWhatPolicyReads) {
  const auto result = scan(
      R"({"messages":[{"model":"inner","stream":false}],"model" : "gpt\u002d4o" ,"stream":true,)"
      R"("stream_options":{"include_usage":false},"max_tokens":10,"max_completion_tokens":2e1,)"
      R"("max_output_tokens":30,"user":"u\"1"})");
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_TRUE(result->has_model);
  EXPECT_EQ(result->model, "gpt-4o");
  EXPECT_EQ(at(result->model_token), R"("gpt\u002d4o")");
  EXPECT_EQ(result->stream, true);
  EXPECT_EQ(at(result->stream_token), "true");
  EXPECT_TRUE(result->has_stream_options);
  EXPECT_EQ(at(result->stream_options), R"({"include_usage":false})");
  EXPECT_EQ(result->include_usage, false);
  EXPECT_EQ(at(result->include_usage_token), "false");
  EXPECT_EQ(result->max_tokens, 10U);
  EXPECT_EQ(result->max_completion_tokens, 20U);
  EXPECT_EQ(result->max_output_tokens, 30U);
  EXPECT_EQ(result->user, "u\"1");
  EXPECT_EQ(result->members_open, 1U);
  EXPECT_FALSE(result->empty_object);
}

TEST_F(BodyScanTest, AbsentAndNull) {
  const auto empty = scan(" { } ");
  ASSERT_TRUE(empty);
  EXPECT_FALSE(empty->has_model);
  EXPECT_TRUE(empty->empty_object);
  EXPECT_EQ(empty->members_open, 2U);
  EXPECT_EQ(empty->stream, std::nullopt);
  EXPECT_EQ(empty->stream_token.length, 0U);
  const auto null =
      scan(R"({"model":null,"stream":null,"stream_options":null,"max_tokens":null,"user":null})");
  ASSERT_TRUE(null);
  EXPECT_FALSE(null->has_model);
  EXPECT_EQ(at(null->model_token), "null");
  EXPECT_EQ(at(null->stream_token), "null");
  EXPECT_FALSE(null->has_stream_options);
  EXPECT_EQ(at(null->stream_options), "null");
  EXPECT_EQ(null->max_tokens, std::nullopt);
}

TEST_F(BodyScanTest, ModelByEscapedName) {
  const auto result = scan(R"({"mod\u0065l":"m"})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->model, "m");
}

TEST_F(BodyScanTest, RefusesAmbiguousKeys) {
  EXPECT_EQ(error(R"({"model":"a","model":"b"})"), "repeated member model");
  EXPECT_EQ(error(R"({"model":"a","mod\u0065l":"a"})"), "repeated member model");
  EXPECT_EQ(error(R"({"model":"a","Model":"b"})"), "a member differs from model only by case");
  EXPECT_EQ(error(R"({"MODEL":"a"})"), "a member differs from model only by case");
  EXPECT_EQ(error("{\"\xC5\xBFtream\":true}"), "a member differs from stream only by case");
  EXPECT_EQ(error(R"({"\u017Ftream":true})"), "a member differs from stream only by case");
  EXPECT_EQ(error("{\"max_to\xE2\x84\xAA"
                  "ens\":1}"),
            "a member differs from max_tokens only by case");
  EXPECT_EQ(error(R"({"messages":[],"messages":[]})"), "repeated member messages");
  EXPECT_EQ(error(R"({"stream_options":{"include_usage":true,"include_usage":false}})"),
            "stream_options.include_usage is ambiguous");
  EXPECT_EQ(error(R"({"stream_options":{"Include_Usage":true}})"),
            "stream_options.include_usage is ambiguous");
  EXPECT_EQ(error(R"({"seed":1,"seed":2,"models":"x","mode":1,"":0,"model ":1})"), "accepted");
  EXPECT_EQ(error("{\"\xE4\xBD\xA0\xE5\xA5\xBD\":1}"), "accepted");
}

TEST_F(BodyScanTest, RefusesWrongTypes) {
  EXPECT_EQ(error(R"({"model":1})"), "model is not a string");
  EXPECT_EQ(error(R"({"stream":"true"})"), "stream is not a boolean");
  EXPECT_EQ(error(R"({"stream":1})"), "stream is not a boolean");
  EXPECT_EQ(error(R"({"stream_options":[]})"), "stream_options is not an object");
  EXPECT_EQ(error(R"({"stream_options":{"include_usage":1}})"),
            "stream_options.include_usage is not a boolean");
  for (const std::string_view value :
       {"-1", "1.5", "\"1\"", "18446744073709551616", "1e40", "9007199254740993", "true"}) {
    EXPECT_EQ(error("{\"max_tokens\":" + std::string(value) + "}"),
              "max_tokens is not a whole number of tokens")
        << value;
  }
  EXPECT_EQ(error(R"({"max_tokens":9007199254740992})"), "accepted");
  EXPECT_EQ(error(R"({"user":5})"), "accepted");
}

TEST_F(BodyScanTest, RefusesWhatIsNotOneObject) {
  for (const std::string_view text : {"[]", "1", "\"model\"", "null"}) {
    EXPECT_EQ(error(text), "body is not a JSON object") << text;
  }
  EXPECT_EQ(error(R"({"model":"a"}{"model":"b"})"),
            "invalid JSON: text after the value at byte 13");
  EXPECT_EQ(error("{\"model\":\"a\"} x"), "invalid JSON: text after the value at byte 14");
  EXPECT_EQ(error("\xEF\xBB\xBF{}").substr(0, 12), "invalid JSON");
  EXPECT_EQ(error(R"({"model":"a","messages":[tru]})"), "invalid JSON: value expected at byte 25");
  EXPECT_EQ(error(""), "invalid JSON: no value at byte 0");
  std::string deep = R"({"model":"a","x":)";
  for (int i = 0; i < 100'000; ++i) deep += "[";
  EXPECT_EQ(error(deep), "JSON nested too deeply");
}

TEST_F(BodyScanTest, Edits) {
  EXPECT_EQ(edited(R"({"model":"old","stream":true})"),
            R"({"stream_options":{"include_usage":true},"model":"new","stream":true})");
  EXPECT_EQ(edited(R"({"stream_options":{"include_usage": false },"model": "old"})"),
            R"({"stream_options":{"include_usage": true },"model": "new"})");
  EXPECT_EQ(edited(R"({"stream_options":{"include_usage":null},"model":"old"})"),
            R"({"stream_options":{"include_usage":true},"model":"new"})");
  EXPECT_EQ(edited(R"({"stream_options":{"include_usage":true},"model":"old"})"),
            R"({"stream_options":{"include_usage":true},"model":"new"})");
  EXPECT_EQ(edited(R"({"stream_options":{ },"model":"old"})"),
            R"({"stream_options":{"include_usage":true },"model":"new"})");
  EXPECT_EQ(edited(R"({"stream_options":{"x":1},"model":"old"})"),
            R"({"stream_options":{"include_usage":true,"x":1},"model":"new"})");
  EXPECT_EQ(edited(R"({"stream_options":null,"model":null})"),
            R"({"stream_options":{"include_usage":true},"model":"new"})");
}

TEST_F(BodyScanTest, EditsOfABodyWithoutModel) {
  EXPECT_EQ(edited(R"({"x":1})"),
            R"({"stream_options":{"include_usage":true},"model":"new","x":1})");
  EXPECT_EQ(edited(" {} "), R"( {"stream_options":{"include_usage":true},"model":"new"} )");
  const auto empty = scan("{}");
  Splice splice;
  set_model(*empty, "\"new\"", splice);
  std::string out;
  splice.apply(padded_->view(), out);
  EXPECT_EQ(out, R"({"model":"new"})");
  splice.clear();
  force_include_usage(*empty, splice);
  splice.apply(padded_->view(), out);
  EXPECT_EQ(out, R"({"stream_options":{"include_usage":true}})");
}

TEST(Splice, EditsInAnyOrder) {
  Splice splice;
  splice.replace({5, 1}, "FIVE");
  splice.replace({1, 2}, "");
  splice.insert(3, "<");
  splice.insert(3, ">");
  splice.insert(10, "$");
  splice.insert(0, "^");
  std::string out;
  splice.apply("0123456789", out);
  EXPECT_EQ(out, "^0<>34FIVE6789$");
  EXPECT_EQ(splice.result_bytes("0123456789"), out.size());
  EXPECT_GE(out.capacity(), out.size() + kPaddingBytes);
}

}  // namespace
}  // namespace tollgate::dataplane::json
