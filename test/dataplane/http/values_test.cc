#include <gtest/gtest.h>

#include "dataplane/http/date.h"
#include "dataplane/http/grammar.h"
#include "dataplane/http/method.h"
#include "dataplane/http/query.h"
#include "dataplane/http/status.h"

namespace tollgate::dataplane::http {
namespace {

using std::chrono::seconds;

TEST(Grammar, TokensAndValues) {
  EXPECT_TRUE(is_token("GET"));
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09az"));
  for (const std::string_view bad : {"", "a b", "a:", "a/b", "a\"", "\xE9", "a\x7F", "a,"}) {
    EXPECT_FALSE(is_token(bad)) << bad;
  }
  EXPECT_TRUE(is_field_value(""));
  EXPECT_TRUE(is_field_value("a\tb \xE9"));
  for (const std::string_view bad : {" a", "a ", "\ta",
                                     "a\x01"
                                     "b",
                                     "long enough\x7F to step over"}) {
    EXPECT_FALSE(is_field_value(bad)) << bad;
  }
}

TEST(Grammar, FindsEveryControlCharacterAtEveryPlace) {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(c);
        const bool control = c < 0x20 || c == 0x7F;
        ASSERT_EQ(find_control(text, 0), control ? at : size) << c << " at " << at;
      }
    }
  }
}

TEST(Grammar, Authority) {
  const auto parsed = parse_authority("a.example:8080");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->host, "a.example");
  EXPECT_EQ(parsed->port, "8080");
  EXPECT_EQ(parse_authority("[2001:db8::1]:443")->host, "[2001:db8::1]");
  EXPECT_EQ(parse_authority("127.0.0.1")->host, "127.0.0.1");
  EXPECT_EQ(parse_authority("under_score.a.")->host, "under_score.a.");
  for (const std::string_view bad : {"", ":80", ".", "a..b", ".a", "a:b", "a:-1", "a:123456",
                                     "[::1]x", "[]", "[a]", "::1", "a b", "a@b", "a%20", "*"}) {
    EXPECT_FALSE(parse_authority(bad)) << bad;
  }
  EXPECT_FALSE(parse_authority(std::string(300, 'a')));
}

TEST(Grammar, Lists) {
  ListIterator list(" , a,\tb c ,,d");
  std::string out;
  std::string_view element;
  while (list.next(element)) out.append("<").append(element).append(">");
  EXPECT_EQ(out, "<a><b c><d>");
}

TEST(Query, Walk) {
  QueryIterator query("a=1&&b&=x&c=d=e&");
  std::string out;
  std::string_view name;
  std::string_view value;
  while (query.next(name, value)) out.append(name).append(":").append(value).append(" ");
  EXPECT_EQ(out, "a:1 b: :x c:d=e ");
}

TEST(Query, DecodeAndFind) {
  base::Arena arena;
  EXPECT_EQ(percent_decode("a%20b+c", true, arena), "a b c");
  EXPECT_EQ(percent_decode("a%2Bb+c", false, arena), "a+b+c");
  EXPECT_EQ(percent_decode("%", true, arena), std::nullopt);
  EXPECT_EQ(percent_decode("%1", true, arena), std::nullopt);
  EXPECT_EQ(percent_decode("%g1", true, arena), std::nullopt);
  EXPECT_EQ(find_query_param("x=1&%61=b+c&a=2", "a", arena), "b c");
  EXPECT_EQ(find_query_param("%zz=1&b", "b", arena), "");
  EXPECT_EQ(find_query_param("a=1", "A", arena), std::nullopt);
}

TEST(Status, Phrases) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(299), "Unknown");
  EXPECT_TRUE(is_server_error(503));
  EXPECT_FALSE(is_success(304));
}

TEST(Method, Properties) {
  EXPECT_TRUE(is_idempotent("PUT"));
  EXPECT_FALSE(is_idempotent("POST"));
  EXPECT_FALSE(is_safe("get"));
  EXPECT_FALSE(response_has_body("HEAD", 200));
  EXPECT_FALSE(response_has_body("CONNECT", 200));
  EXPECT_TRUE(response_has_body("CONNECT", 403));
  EXPECT_FALSE(response_has_body("GET", 204));
}

TEST(Date, FormatsOncePerSecond) {
  DateCache cache;
  const base::WallTime time(seconds(784'111'777));
  EXPECT_EQ(cache.at(time), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.at(time + std::chrono::milliseconds(999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.at(time + seconds(1)), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(cache.at(base::WallTime(seconds(1'709'164'799))), "Wed, 28 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(cache.at(base::WallTime(seconds(1'709'164'800))), "Thu, 29 Feb 2024 00:00:00 GMT");
}

TEST(Date, ParsesThreeForms) {
  const base::WallTime now(seconds(1'767'225'600));
  const base::WallTime expected(seconds(784'111'777));
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now), expected);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), expected);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", now), expected);
  for (const std::string_view bad :
       {"", "x", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT "}) {
    EXPECT_EQ(parse_http_date(bad, now), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace tollgate::dataplane::http
