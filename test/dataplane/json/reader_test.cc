#include "dataplane/json/reader.h"

#include <gtest/gtest.h>

#include <limits>

namespace tollgate::dataplane::json {
namespace {

using std::string_literals::operator""s;

std::string repeat(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

std::string verdict(std::string_view text) {
  Reader reader;
  const PaddedText padded(text);
  const auto status = reader.check(padded.view());
  if (status) return "ok";
  EXPECT_EQ(status.error().origin, base::Origin::kClient) << text;
  return status.error().detail;
}

TEST(ReaderCheck, Accepts) {
  for (const std::string& text : {
           R"({})"s,
           R"([])"s,
           R"(null)"s,
           R"(true)"s,
           R"(false)"s,
           R"("a")"s,
           R"("")"s,
           R"(0)"s,
           R"(-0)"s,
           R"(-1)"s,
           R"(12.5e-3)"s,
           R"(0e1)"s,
           R"(1E+2)"s,
           R"(0.0)"s,
           R"(1e400)"s,
           R"( [ 1 , 2 ] )"s,
           "\t\r\n 1 \n"s,
           R"([[[]],{}])"s,
           R"({"a":{"b":[{}]}})"s,
           R"({"":""})"s,
           R"({"a":1,"a":2})"s,
           R"("\"\\\/\b\f\n\r\t")"s,
           R"("\u0000\u20AC")"s,
           R"("\ud83d\ude00")"s,
           R"("\ud800")"s,
           R"("\udc00")"s,
           R"("\ud800\u0041")"s,
           R"("\ud800\n")"s,
           R"("\ud800\ud800")"s,
           R"("\uD83D\uDE00x")"s,
           "\"\xC3\xA9\xF0\x9F\x98\x80\x7F\""s,
           "[\"\\\\\\\\\"]"s,
           R"(["\\"])"s,
           R"({"a\\":"\\\""})"s,
           R"([1,"2",null,true,{"3":4.5}])"s,
           "[" + repeat("1,", 5000) + "1]",
           std::string(300, '1'),
           repeat("[", 128) + repeat("]", 128),
           "\"" + repeat("\\\\", 500) + "\"",
           "\"" + std::string(70, 'x') + "\\n\"",
           R"([123456789012345678901234567890])"s,
           R"(["a"   ,   "b"])"s,
       }) {
    EXPECT_EQ(verdict(text), "ok") << text.substr(0, 80);
  }
}

TEST(ReaderCheck, Refuses) {
  for (const std::string& text : {
           // structure
           ""s,
           " "s,
           "["s,
           "]"s,
           "{"s,
           "}"s,
           "[}"s,
           "{]"s,
           "[1"s,
           "[1,"s,
           "[1,]"s,
           "[,1]"s,
           "[1,,2]"s,
           "[1 2]"s,
           "[1:2]"s,
           R"({"a"})"s,
           R"({"a":})"s,
           R"({"a":1,})"s,
           R"({,"a":1})"s,
           R"({"a":1 "b":2})"s,
           R"({"a":1,,"b":2})"s,
           R"({"a",1})"s,
           R"({"a"::1})"s,
           R"({a:1})"s,
           R"({1:1})"s,
           R"({null:1})"s,
           R"({"a":1}})"s,
           R"([1]])"s,
           R"({} {})"s,
           "1 2"s,
           "[] []"s,
           R"({"a":1}x)"s,
           R"({"a":1}"b")"s,
           R"(["a""b"])"s,
           R"(["a"1])"s,
           R"([1"a"])"s,
           R"([tru"e"])"s,
           R"("a"x)"s,
           R"({"a"x:1})"s,
           ","s,
           ":"s,
           "[:]"s,
           R"({"a":[1,2})"s,
           R"([{"a":1])"s,
           R"({"a":1]})"s,
           "[]]"s,
           "[[]"s,
           // literals and numbers
           "nul"s,
           "nulll"s,
           "True"s,
           "NaN"s,
           "Infinity"s,
           "-Infinity"s,
           "[tru]"s,
           "[truex]"s,
           "undefined"s,
           "+1"s,
           "01"s,
           "-01"s,
           "1."s,
           ".1"s,
           "-.1"s,
           "1.e1"s,
           "1e"s,
           "1e+"s,
           "1e1.5"s,
           "-"s,
           "--1"s,
           "0x1"s,
           "1_000"s,
           "1,"s,
           "1a"s,
           "[1a]"s,
           "[-]"s,
           "[0e]"s,
           "[1-2]"s,
           "1\x0c"s,
           "[1\0]"s,
           "2.5.1"s,
           "[1\x0b]"s,
           "\xE2\x80\xA8[]"s,
           "[1,\xC2\xA0 2]"s,
           "[\"a\",\n4\n,1,1"s,
           "'a'"s,
           "/*c*/1"s,
           "1//c"s,
           "[1]#"s,
           // strings
           "\""s,
           "\"a"s,
           "\"a\\\""s,
           "\"\\"s,
           "\"\n\""s,
           "\"\t\""s,
           "\"a\0b\""s,
           "\"\x1F\""s,
           R"("\x")"s,
           R"("\a")"s,
           R"("\'")"s,
           R"("\u")"s,
           R"("\u12")"s,
           R"("\u123g")"s,
           R"("\U0041")"s,
           R"("\u 041")"s,
           R"("\ud83d\ude0")"s,
           R"({"\u":1})"s,
           R"([\n])"s,
           "[\\u000A\"\"]"s,
           "\"\\\xC3\xA9\""s,
           // bytes
           "\xEF\xBB\xBF{}"s,
           "\xEF\xBB\xBF"s,
           "\"\xFF\""s,
           "\"\xC0\xAF\""s,
           "\"\xED\xA0\x80\""s,
           "\"\xE2\x82\""s,
           "\"\xF4\x90\x80\x80\""s,
           "\xFE\xFF"s,
           "{\"\xE9\":1}"s,
           "\0"s,
           "[]\0"s,
           "{}\x01"s,
       }) {
    EXPECT_NE(verdict(text), "ok") << text;
  }
}

TEST(ReaderCheck, PaddingIsNoPartOfTheText) {
  Reader reader;
  // What follows would change the verdict if it were read.
  for (const std::string_view text : {"1", "12", "true", "[1]", "\"a\""}) {
    const std::string bytes = std::string(text) + "2,]}x\"" + std::string(kPaddingBytes, '3');
    EXPECT_TRUE(reader.check(std::string_view(bytes).substr(0, text.size()))) << text;
  }
  for (const std::string_view text : {"tru", "[1", "1.", "\"a", "{\"a\":"}) {
    const std::string bytes = std::string(text) + "e" + "]\"1}" + std::string(kPaddingBytes, '3');
    EXPECT_FALSE(reader.check(std::string_view(bytes).substr(0, text.size()))) << text;
  }
}

TEST(ReaderCheck, DepthIsBounded) {
  for (const std::string_view open : {"[", "{\"a\":", "[{\"a\":"}) {
    const std::string bomb = repeat(open, 100'000);
    Reader reader;
    const PaddedText padded(bomb);
    const auto status = reader.check(padded.view());
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, base::Code::kLimitExceeded);
  }
  Reader shallow(2);
  const PaddedText fits("[[1],{}]");
  const PaddedText deep("[[1,{}]]");
  EXPECT_TRUE(shallow.check(fits.view()));
  EXPECT_FALSE(shallow.check(deep.view()));
}

TEST(ReaderCheck, ErrorsHoldNoContent) {
  const std::string detail = verdict(R"({"secret": hunter2})");
  EXPECT_EQ(detail, "invalid JSON: value expected at byte 11");
}

TEST(ReaderCheck, LargeThenSmall) {
  Reader reader;
  const PaddedText large("[" + repeat("123,", 3'000'000) + "1]");
  EXPECT_TRUE(reader.check(large.view()));
  const PaddedText small("[1]");
  EXPECT_TRUE(reader.check(small.view()));
  EXPECT_TRUE(reader.check(large.view()));
}

class ReaderTest : public testing::Test {
 protected:
  Value open(std::string_view text) {
    padded_ = std::make_unique<PaddedText>(text);
    auto root = reader_.open(padded_->view());
    EXPECT_TRUE(root) << text;
    return *root;
  }

  Reader reader_;
  std::unique_ptr<PaddedText> padded_;
};

TEST_F(ReaderTest, Scalars) {
  EXPECT_EQ(*open(R"("a\nb\u00e9\ud83d\ude00")").string(), "a\nb\xC3\xA9\xF0\x9F\x98\x80");
  // Halves of a character are replaced, each by itself.
  EXPECT_EQ(*open(R"("a\ud83d")").string(), "a\xEF\xBF\xBD");
  EXPECT_EQ(*open(R"("\ude00b")").string(),
            "\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(*open(R"("\ud83d\ud83d\ude00")").string(), "\xEF\xBF\xBD\xF0\x9F\x98\x80");
  EXPECT_EQ(*open(R"("\ud83d\u0041\n")").string(),
            "\xEF\xBF\xBD"
            "A\n");
  EXPECT_EQ(*open("-12").integer(), -12);
  EXPECT_EQ(*open("3e2").integer(), 300);
  EXPECT_EQ(*open("3.0").integer(), 3);
  EXPECT_EQ(*open("9223372036854775807").integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(*open("-9223372036854775808").integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(*open("0.25").number(), 0.25);
  EXPECT_EQ(*open(" true ").boolean(), true);
  EXPECT_EQ(*open("false").boolean(), false);
  EXPECT_TRUE(open("null").is_null());
  EXPECT_FALSE(open("9223372036854775808").integer());
  EXPECT_FALSE(open("1e30").integer());
  EXPECT_FALSE(open("1.5").integer());
  EXPECT_FALSE(open("1e400").number());
  EXPECT_FALSE(open("\"1\"").integer());
  EXPECT_FALSE(open("1").string());
  EXPECT_FALSE(open("1").boolean());
  EXPECT_FALSE(open("null").string());
  EXPECT_FALSE(open("[]").members());
  EXPECT_FALSE(open("{}").elements());
}

TEST_F(ReaderTest, WalksInOrder) {
  auto members =
      open(R"( { "a" : 1 , "mod\u0065l" : [ 1 , {"x":[]} , "s" ] , "b":{} } )").members();
  ASSERT_TRUE(members);
  std::string seen;
  while (members->next()) {
    seen.append(members->key()).append("=").append(*members->value().raw()).append(";");
  }
  EXPECT_EQ(seen, R"(a=1;model=[ 1 , {"x":[]} , "s" ];b={};)");
  EXPECT_FALSE(members->next());
}

TEST_F(ReaderTest, ElementsAndNesting) {
  auto elements = open(R"([[1,2],[],[3]])").elements();
  ASSERT_TRUE(elements);
  std::int64_t sum = 0;
  int rows = 0;
  while (elements->next()) {
    ++rows;
    auto row = elements->value().elements();
    ASSERT_TRUE(row);
    while (row->next()) sum += *row->value().integer();
  }
  EXPECT_EQ(rows, 3);
  EXPECT_EQ(sum, 6);
  auto empty = open("[]").elements();
  EXPECT_FALSE(empty->next());
}

TEST_F(ReaderTest, FindTakesTheFirstAndCanBeRepeated) {
  const Value root = open(R"({"a":{"b":[1],"c":"x"},"a":2,"d":null})");
  EXPECT_EQ(*root.find({"a", "c"})->string(), "x");
  EXPECT_EQ(*root.find({"a", "b"})->raw(), "[1]");
  EXPECT_TRUE(root.find("d")->is_null());
  EXPECT_FALSE(root.find("e"));
  EXPECT_FALSE(root.find({"d", "x"}));
  EXPECT_EQ(*root.find({"a", "c"})->string(), "x");
  EXPECT_EQ(root.find("d")->offset(), 33U);
}

TEST_F(ReaderTest, ViewsPointIntoTheDocument) {
  const Value root = open(R"({"a":"plain","b":[1, 2]})");
  EXPECT_EQ(root.find("a")->string()->data(), padded_->view().data() + 6);
  EXPECT_EQ(root.find("b")->raw()->data(), padded_->view().data() + 17);
}

TEST_F(ReaderTest, FinishSaysWhatOpenSaid) {
  open("1");
  EXPECT_TRUE(reader_.finish());
  const PaddedText bad("[");
  EXPECT_FALSE(reader_.open(bad.view()));
  EXPECT_FALSE(reader_.finish());
}

TEST(Find, ByPath) {
  Reader reader;
  const PaddedText doc(R"({"usage":{"prompt_tokens":12,"cost":0.5,"name":"n\t"},"list":[1]})");
  EXPECT_EQ(find_integer(reader, doc.view(), {"usage", "prompt_tokens"}), 12);
  EXPECT_EQ(find_number(reader, doc.view(), {"usage", "cost"}), 0.5);
  EXPECT_EQ(find_string(reader, doc.view(), {"usage", "name"}), "n\t");
  EXPECT_EQ(find_raw(reader, doc.view(), {"list"}), "[1]");
  EXPECT_EQ(find_number(reader, doc.view(), {"usage", "name"}), std::nullopt);
  EXPECT_EQ(find_number(reader, doc.view(), {"usage", "none"}), std::nullopt);
  EXPECT_EQ(find_integer(reader, doc.view(), {"usage", "cost"}), std::nullopt);
  const PaddedText broken(R"({"usage":{"prompt_tokens":12})");
  EXPECT_EQ(find_integer(reader, broken.view(), {"usage", "prompt_tokens"}), std::nullopt);
}

}  // namespace
}  // namespace tollgate::dataplane::json
