#include "dataplane/http/path.h"

#include <gtest/gtest.h>

namespace tollgate::dataplane::http {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kRefused = "400";

struct Spelling {
  std::string_view raw;
  std::string_view normal;
};

std::string normalized(std::string_view raw, const PathPolicy& policy = {}) {
  base::Arena arena;
  const auto result = normalize_path(raw, policy, arena);
  if (!result) return std::string(kRefused);
  EXPECT_EQ(result->changed, result->path != raw) << raw;
  return std::string(result->path);
}

constexpr Spelling kSpellings[] = {
    // as they are
    {"/", "/"},
    {"/a", "/a"},
    {"/a/", "/a/"},
    {"/v1/chat/completions", "/v1/chat/completions"},
    {"/a.b/.c/..d/e..", "/a.b/.c/..d/e.."},
    {"/.../a", "/.../a"},
    {"/a;p=1/b;q", "/a;p=1/b;q"},
    {"/a:b@c,d$e&f=g+h!i'j(k)l*m~n_o-p", "/a:b@c,d$e&f=g+h!i'j(k)l*m~n_o-p"},
    {"/v1beta/models/gemini-pro:generateContent", "/v1beta/models/gemini-pro:generateContent"},
    {"/model/anthropic.claude-3%3A0/converse", "/model/anthropic.claude-3%3A0/converse"},
    // dot segments
    {"/.", "/"},
    {"/./", "/"},
    {"/..", "/"},
    {"/../", "/"},
    {"/../..", "/"},
    {"/../../a", "/a"},
    {"/a/.", "/a/"},
    {"/a/./b", "/a/b"},
    {"/a/..", "/"},
    {"/a/../", "/"},
    {"/a/../b", "/b"},
    {"/a/b/..", "/a/"},
    {"/a/b/../c", "/a/c"},
    {"/a/b/../../c", "/c"},
    {"/a/b/../../../c", "/c"},
    {"/a/./../b", "/b"},
    // the same, escaped
    {"/%2e", "/"},
    {"/%2E%2e/a", "/a"},
    {"/a/%2e%2e/b", "/b"},
    {"/a/.%2E/b", "/b"},
    {"/a/%2e./b", "/b"},
    {"/a/%2e/b", "/a/b"},
    {"/a/%2e%2e", "/"},
    {"/%61dmin/%2e%2e/%61dmin", "/admin"},
    // escapes
    {"/%61", "/a"},
    {"/%7Ea%2Db%5fc%2Ed", "/~a-b_c.d"},
    {"/%2f", "/%2F"},
    {"/a%2Fb", "/a%2Fb"},
    {"/a%2f..%2fb", "/a%2F..%2Fb"},
    {"/%5c", "/%5C"},
    {"/a%5C..%5Cb", "/a%5C..%5Cb"},
    {"/%25", "/%25"},
    {"/%252e%252e/a", "/%252e%252e/a"},
    {"/%25%32%65", "/%252e"},
    {"/%3f%23", "/%3F%23"},
    {"/%3bp", "/%3Bp"},
    {"/%20a%0a%0D%09%7f", "/%20a%0A%0D%09%7F"},
    {"/%c3%a9", "/%C3%A9"},
    {"/%e4%bd%a0", "/%E4%BD%A0"},
    {"/%f0%9f%98%80", "/%F0%9F%98%80"},
    {"/%ff%fe", "/%FF%FE"},
    {"/%41%3D%40", "/A%3D%40"},
    // characters that only escapes may spell
    {"/a{b}", "/a%7Bb%7D"},
    {"/a|b", "/a%7Cb"},
    {"/\"<>^`[]", "/%22%3C%3E%5E%60%5B%5D"},
    // slashes
    {"//", "/"},
    {"///a", "/a"},
    {"//a//b//", "/a/b/"},
    {"/a//../b", "/b"},
    {"/a/.//b", "/a/b"},
    {"/a/..//b", "/b"},
    // refused
    {"", kRefused},
    {"a", kRefused},
    {"*", kRefused},
    {"http://a/", kRefused},
    {"/%", kRefused},
    {"/%4", kRefused},
    {"/%zz", kRefused},
    {"/%4g", kRefused},
    {"/%%34%31", kRefused},
    {"/%u002e%u002e/", kRefused},
    {"/%00", kRefused},
    {"/a%00.html", kRefused},
    {"/%c0%ae%c0%ae/", kRefused},
    {"/%C0%AF", kRefused},
    {"/%c1%9c", kRefused},
    {"/%e0%80%af", kRefused},
    {"/%e0%9f%bf", kRefused},
    {"/%f0%80%80%af", kRefused},
    {"/\\", kRefused},
    {"/..\\a", kRefused},
    {"/a b", kRefused},
    {"/a\tb", kRefused},
    {"/a\nb", kRefused},
    {"/a\x7F", kRefused},
    {"/\xC3\xA9", kRefused},
    {"/\xC0\xAE", kRefused},
    {"/a?b", kRefused},
    {"/a#b", kRefused},
    {"/..;/a", kRefused},
    {"/a/..;x=y/b", kRefused},
    {"/.;/a", kRefused},
    {"/%2e%2e;/a", kRefused},
    {"/..%3b/a", kRefused},
    {"/a/..;", kRefused},
    // near misses of the last
    {"/a..;/b", "/a..;/b"},
    {"/...;/b", "/...;/b"},
    {"/;/b", "/;/b"},
};

TEST(NormalizePath, OneSpelling) {
  for (const auto& [raw, normal] : kSpellings) {
    EXPECT_EQ(normalized(raw), normal) << raw;
  }
  const std::string_view nul = "/a\0b"sv;
  EXPECT_EQ(normalized(nul), kRefused);
}

TEST(NormalizePath, TwiceIsOnce) {
  for (const bool merge : {true, false}) {
    for (const auto escaped : {EscapedSlash::kKeep, EscapedSlash::kUnescape}) {
      for (const auto& [raw, normal] : kSpellings) {
        const PathPolicy policy{merge, escaped};
        const std::string once = normalized(raw, policy);
        if (once == kRefused) continue;
        EXPECT_EQ(normalized(once, policy), once) << raw;
      }
    }
  }
}

TEST(NormalizePath, EscapedSlashPolicies) {
  const PathPolicy reject{true, EscapedSlash::kReject};
  const PathPolicy unescape{true, EscapedSlash::kUnescape};
  for (const std::string_view raw : {"/a%2fb", "/a%2Fb", "/a%5cb", "/a%5Cb"}) {
    EXPECT_EQ(normalized(raw, reject), kRefused) << raw;
    EXPECT_EQ(normalized(raw, unescape), "/a/b") << raw;
  }
  EXPECT_EQ(normalized("/a%2f..%2fb", unescape), "/b");
  EXPECT_EQ(normalized("/a%2f%2e%2e/b", unescape), "/b");
  EXPECT_EQ(normalized("/a%252fb", unescape), "/a%252fb");
  base::Arena arena;
  EXPECT_TRUE(normalize_path("/a%2fb", unescape, arena)->unescaped_slash);
  EXPECT_FALSE(normalize_path("/a/%62", unescape, arena)->unescaped_slash);
}

TEST(NormalizePath, SlashesKept) {
  const PathPolicy keep{false, EscapedSlash::kKeep};
  constexpr Spelling kKept[] = {
      {"//", "//"},        {"//a//b//", "//a//b//"}, {"/a//../b", "/a/b"}, {"//..", "/"},
      {"/a/..//b", "//b"}, {"///..//", "///"},       {"/a/.//b", "/a//b"}, {"/%2F/", "/%2F/"},
  };
  for (const auto& [raw, normal] : kKept) EXPECT_EQ(normalized(raw, keep), normal) << raw;
}

TEST(NormalizePath, NoCopyIfNothingChanges) {
  base::Arena arena;
  const std::string_view raw = "/v1/chat/completions";
  EXPECT_EQ(normalize_path(raw, {}, arena)->path.data(), raw.data());
  EXPECT_EQ(arena.used_bytes(), 0U);
}

}  // namespace
}  // namespace tollgate::dataplane::http
