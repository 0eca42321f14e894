#include "dataplane/limits/redis/resp.h"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::dataplane::limits::redis {
namespace {

std::string show(const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::kNull:
      return "null";
    case Reply::Type::kInteger:
      return std::to_string(reply.integer);
    case Reply::Type::kString:
      return "'" + reply.text + "'";
    case Reply::Type::kError:
      return "error(" + reply.text + ")";
    case Reply::Type::kArray: {
      std::string text = "[";
      for (const Reply& element : reply.elements) text += show(element) + " ";
      return text + "]";
    }
  }
  return "?";
}

/// What a decoder makes of the bytes, fed whole; "broken" ends it.
std::string decode(std::string_view bytes, std::size_t split = std::string_view::npos) {
  Decoder decoder;
  std::vector<Reply> replies;
  base::Status status = decoder.feed(bytes.substr(0, split), replies);
  if (status && split < bytes.size()) status = decoder.feed(bytes.substr(split), replies);
  std::string text;
  for (const Reply& reply : replies) text += show(reply) + ";";
  if (!status) return text + "broken";
  return decoder.at_rest() ? text : text + "...";
}

struct Case {
  std::string_view bytes;
  std::string_view replies;
};

constexpr Case kCases[] = {
    {"+OK\r\n", "'OK';"},
    {"+\r\n", "'';"},
    {":-17\r\n:9223372036854775807\r\n", "-17;9223372036854775807;"},
    {"$5\r\na\r\nbc\r\n", "'a\r\nbc';"},
    {"$0\r\n\r\n", "'';"},
    {"$-1\r\n*-1\r\n_\r\n", "null;null;null;"},
    {"*3\r\n:1\r\n*2\r\n:2\r\n$1\r\nx\r\n:3\r\n", "[1 [2 'x' ] 3 ];"},
    {"*0\r\n*1\r\n*0\r\n", "[];[[] ];"},
    {"-NOSCRIPT No matching script.\r\n", "error(NOSCRIPT No matching script.);"},
    {"!9\r\nERR wrong\r\n", "error(ERR wrong);"},
    {"#t\r\n#f\r\n,1.5\r\n(123\r\n=6\r\ntxt:ab\r\n", "1;0;'1.5';'123';'txt:ab';"},
    {"%1\r\n+a\r\n:1\r\n~1\r\n:2\r\n", "['a' 1 ];[2 ];"},
    {">2\r\n+pubsub\r\n+x\r\n:1\r\n", "1;"},
    {"|1\r\n+ttl\r\n:3\r\n:1\r\n", "1;"},
    {">0\r\n+OK\r\n", "'OK';"},
    {"?x\r\n", "broken"},
    {"\r\n", "broken"},
    {"+OK\n", "broken"},
    {":1x\r\n", "broken"},
    {":\r\n", "broken"},
    {"$3\r\nabcd\r\n", "broken"},
    {"$65537\r\n", "broken"},
    {"$-2\r\n", "broken"},
    {"*1025\r\n", "broken"},
    {"*2\r\n*1024\r\n", "broken"},
    {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "broken"},
    {"*2\r\n:1\r\n", "..."},
    {"$3\r\nab", "..."},
    {"+O", "..."},
};

TEST(Resp, SplitAtEveryByteIsTheSame) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decode(one.bytes), one.replies) << one.bytes;
    for (std::size_t i = 0; i <= one.bytes.size(); ++i) {
      EXPECT_EQ(decode(one.bytes, i), one.replies) << one.bytes << " at " << i;
    }
  }
}

TEST(Resp, LinesAreBounded) {
  EXPECT_EQ(decode("+" + std::string(5000, 'x') + "\r\n"), "broken");
  EXPECT_EQ(decode("+" + std::string(5000, 'x')), "broken");
}

TEST(Resp, TheCodeOfAnError) {
  Reply reply;
  reply.text = "READONLY You can't write";
  EXPECT_EQ(reply.code(), "READONLY");
  reply.text = "ERR";
  EXPECT_EQ(reply.code(), "ERR");
}

TEST(Resp, Commands) {
  std::string out;
  Command(out, 3).add("SET").add("a\r\nb").add(std::uint64_t{12});
  EXPECT_EQ(out, "*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$2\r\n12\r\n");
}

}  // namespace
}  // namespace tollgate::dataplane::limits::redis
