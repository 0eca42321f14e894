#include "dataplane/json/writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "dataplane/json/reader.h"

namespace tollgate::dataplane::json {
namespace {

TEST(Writer, PutsCommasWhereTheyBelong) {
  std::string out;
  Writer w(out);
  w.begin_object();
  w.member("a", 1).key("b").begin_array().value("x").null().begin_object().end_object();
  w.begin_array().end_array().value(true).end_array();
  w.raw_member("c", "[1, 2]").key("d").begin_object().member("e", false).end_object();
  w.end_object();
  EXPECT_TRUE(w.complete());
  EXPECT_EQ(out, R"({"a":1,"b":["x",null,{},[],true],"c":[1, 2],"d":{"e":false}})");
}

TEST(Writer, Numbers) {
  std::string out;
  Writer w(out);
  w.begin_array();
  w.value(0).value(-5).value(std::numeric_limits<std::int64_t>::min());
  w.value(std::numeric_limits<std::uint64_t>::max());
  w.value(0.1).value(1e300).value(-0.0).value(100.0).value(1.0 / 3);
  w.value(std::numeric_limits<double>::infinity());
  w.value(std::numeric_limits<double>::quiet_NaN());
  w.end_array();
  EXPECT_EQ(out,
            "[0,-5,-9223372036854775808,18446744073709551615,0.1,1e+300,-0,100,"
            "0.3333333333333333,null,null]");
}

TEST(Writer, StringsReadBackTheSame) {
  Reader reader;
  for (const std::string& text :
       {std::string("plain"), std::string("\"\\/\b\f\n\r\t\x01\x1F\x7F"), std::string("a\0b", 3),
        std::string("\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80"), std::string()}) {
    std::string out;
    Writer w(out);
    w.begin_object().member(text, text).end_object();
    const PaddedText padded(out);
    const auto root = reader.open(padded.view());
    ASSERT_TRUE(root) << out;
    ASSERT_TRUE(root->find(text)) << out;
    EXPECT_EQ(*root->find(text)->string(), text);
  }
}

TEST(Writer, BytesThatAreNoTextAreReplaced) {
  std::string out;
  Writer w(out);
  w.value("a\xFFz\xC3");
  EXPECT_EQ(out, "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\"");
}

TEST(Writer, StringsInParts) {
  std::string out;
  Writer w(out);
  w.begin_object().key("a").begin_string().string_part("x\"").string_part("").string_part("\ny");
  w.end_string().member("b", "c").end_object();
  EXPECT_EQ(out, R"({"a":"x\"\ny","b":"c"})");
}

}  // namespace
}  // namespace tollgate::dataplane::json
