#include "dataplane/http/h1/response_decoder.h"

#include <gtest/gtest.h>

#include "test/dataplane/http/h1/replay.h"

namespace tollgate::dataplane::http::h1 {
namespace {

using std::string_view_literals::operator""sv;

using test::for_all_splits;
using test::Pieces;
using test::response_transcript;
using test::ResponseTo;

struct Case {
  const char* name;
  ResponseTo to;
  std::string_view bytes;
  std::string_view transcript;
  int follow = 0;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class Response : public testing::TestWithParam<Case> {};

TEST_P(Response, WholeAndInPieces) {
  const Case& c = GetParam();
  EXPECT_EQ(response_transcript({c.bytes}, c.to, c.follow), c.transcript);
  for_all_splits(c.bytes, [&c](const Pieces& pieces, const std::string& how) {
    EXPECT_EQ(response_transcript(pieces, c.to, c.follow), c.transcript) << how;
  });
}

constexpr std::string_view kRefused = "ERROR 502\nTRUNCATED";

const Case kCases[] = {
    {"Length",
     {},
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
     "HEAD 200 OK length 2\nDATA ok\nEND\nREUSABLE"},
    {"Chunked",
     {},
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: 1\r\n\r\n",
     "HEAD 200 OK chunked\nDATA ok\nTRAILERS [X: 1]\nEND\nREUSABLE"},
    {"UntilClose",
     {},
     "HTTP/1.1 200 OK\r\n\r\nall of it",
     "HEAD 200 OK close close\nDATA all of it\nEND AT CLOSE"},
    {"Two",
     {},
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 Not Found\r\n"
     "Content-Length: 0\r\n\r\n",
     "HEAD 200 OK length 1\nDATA a\nEND\nHEAD 404 Not Found length 0\nEND\nREUSABLE",
     1},
    {"BytesWithoutARequest",
     {},
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naH",
     "HEAD 200 OK length 1\nDATA a\nEND\nERROR 502\nTRUNCATED"},
    {"EmptyReason",
     {},
     "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
     "HEAD 200  length 0\nEND\nREUSABLE"},
    {"NoReasonNoSpace",
     {},
     "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
     "HEAD 200  length 0\nEND\nREUSABLE"},
    {"Close",
     {},
     "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
     "HEAD 200 OK length 0 close [Connection: close]\nEND\nSPENT"},
    {"Http10",
     {},
     "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
     "HEAD 200 OK length 1 close\nDATA a\nEND\nSPENT"},
    {"Http10KeepAlive",
     {},
     "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
     "HEAD 200 OK length 1 [Connection: keep-alive]\nDATA a\nEND\nREUSABLE"},
    {"Continue",
     {"POST"},
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     "INFO HEAD 100 Continue none\nINFO HEAD 103 Early Hints none [Link: a]\n"
     "HEAD 200 OK length 0\nEND\nREUSABLE"},
    {"NoContent", {}, "HTTP/1.1 204 No Content\r\n\r\n", "HEAD 204 No Content none\nEND\nREUSABLE"},
    {"NoContentWithLengthZero",
     {},
     "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
     "HEAD 204 No Content none\nEND\nREUSABLE"},
    {"NoContentWithLength",
     {},
     "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
     "HEAD 204 No Content none close\nEND\nSPENT"},
    {"NoContentWithCoding",
     {},
     "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
     "HEAD 204 No Content none close\nEND\nSPENT"},
    {"NotModified",
     {},
     "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
     "HEAD 304 Not Modified none\nEND\nREUSABLE"},
    {"Head",
     {"HEAD"},
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
     "HEAD 200 OK none\nEND\nREUSABLE"},
    {"HeadChunked",
     {"HEAD"},
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
     "HEAD 200 OK none\nEND\nREUSABLE"},
    {"HeadWithBody",
     {"HEAD"},
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
     "HEAD 200 OK none\nEND\nERROR 502\nTRUNCATED"},
    {"Connect", {"CONNECT"}, "HTTP/1.1 200 OK\r\n\r\n", "HEAD 200 OK none\nEND\nTUNNEL"},
    {"ConnectRefused",
     {"CONNECT"},
     "HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\na",
     "HEAD 403 No length 1\nDATA a\nEND\nREUSABLE"},
    {"Switching",
     {"GET", true},
     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
     "HEAD 101 Switching Protocols none [Upgrade: websocket]\nEND\nTUNNEL"},
    {"UpgradeDeclined",
     {"GET", true},
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     "HEAD 200 OK length 0\nEND\nREUSABLE"},
    {"SpaceBeforeColonIsRemoved",
     {},
     "HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 0\r\n\r\n",
     "HEAD 200 OK length 0 [A: b]\nEND\nREUSABLE"},
    {"TruncatedBody",
     {},
     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
     "HEAD 200 OK length 3\nDATA ab\nTRUNCATED"},
    {"TruncatedChunks",
     {},
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
     "HEAD 200 OK chunked\nDATA ab\nTRUNCATED"},
    {"TruncatedHead", {}, "HTTP/1.1 200 OK\r\n", "TRUNCATED"},
    {"Nothing", {}, "H", "TRUNCATED"},
    // refused
    {"NotAsked101", {}, "HTTP/1.1 101 Switching Protocols\r\n\r\n", kRefused},
    {"SpaceBeforeFramingColon", {}, "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\na", kRefused},
    {"LengthAndCoding",
     {},
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     kRefused},
    {"TwoLengths",
     {},
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
     kRefused},
    {"BadLength", {}, "HTTP/1.1 200 OK\r\nContent-Length: 1,1\r\n\r\na", kRefused},
    {"OtherCoding", {}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", kRefused},
    {"CodingInHttp10", {}, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", kRefused},
    {"BareLf", {}, "HTTP/1.1 200 OK\nContent-Length: 0\n\n", kRefused},
    {"BareLfInFields", {}, "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n", kRefused},
    {"LineBefore", {}, "\r\nHTTP/1.1 200 OK\r\n\r\n", kRefused},
    {"Garbage", {}, "SSH-2.0-x\r\n", kRefused},
    {"ObsFold", {}, "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", kRefused},
    {"NulInValue", {}, "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"sv, kRefused},
    {"NonTokenName", {}, "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", kRefused},
    {"EmptyName", {}, "HTTP/1.1 200 OK\r\n: c\r\n\r\n", kRefused},
    {"Http2", {}, "HTTP/2.0 200 OK\r\n\r\n", kRefused},
    {"Status99", {}, "HTTP/1.1 099 No\r\n\r\n", kRefused},
    {"Status600", {}, "HTTP/1.1 600 No\r\n\r\n", kRefused},
    {"StatusFourDigits", {}, "HTTP/1.1 2000 No\r\n\r\n", kRefused},
    {"StatusLetters", {}, "HTTP/1.1 2xx No\r\n\r\n", kRefused},
    {"StatusSign", {}, "HTTP/1.1 +20 No\r\n\r\n", kRefused},
    {"TwoSpaces", {}, "HTTP/1.1  200 OK\r\n\r\n", kRefused},
    {"ControlInReason", {}, "HTTP/1.1 200 O\x01K\r\n\r\n", kRefused},
    {"BadChunk",
     {},
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
     "HEAD 200 OK chunked\nERROR 502\nTRUNCATED"},
};

INSTANTIATE_TEST_SUITE_P(Cases, Response, testing::ValuesIn(kCases),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(ResponseDecoder, DeclaredLengthOfHeadAndNotModified) {
  base::Arena arena;
  ResponseDecoder decoder;
  decoder.start("HEAD");
  const ResponseStep step = decoder.feed("HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n", arena);
  ASSERT_EQ(step.event, Event::kHead);
  EXPECT_EQ(step.head->declared_length, 42U);
}

TEST(ResponseDecoder, UntouchedUntilTheFirstByte) {
  base::Arena arena;
  ResponseDecoder decoder;
  EXPECT_FALSE(decoder.untouched());
  decoder.start("GET");
  EXPECT_TRUE(decoder.untouched());
  decoder.feed({}, arena);
  EXPECT_TRUE(decoder.untouched());
  decoder.feed("H", arena);
  EXPECT_FALSE(decoder.untouched());
}

TEST(ResponseDecoder, StormOfInformationalHeads) {
  const Limits limits = ResponseDecoder::default_limits();
  std::string bytes;
  for (std::size_t i = 0; i <= limits.informational_heads; ++i) {
    bytes += "HTTP/1.1 102 Processing\r\n\r\n";
  }
  EXPECT_NE(response_transcript({bytes}).find("ERROR 502"), std::string::npos);
}

TEST(ResponseDecoder, TunnelLeavesTheRestAlone) {
  base::Arena arena;
  ResponseDecoder decoder;
  decoder.start("GET", true);
  const std::string_view bytes = "HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x02hi";
  const ResponseStep head = decoder.feed(bytes, arena);
  ASSERT_EQ(head.event, Event::kHead);
  const ResponseStep end = decoder.feed(bytes.substr(head.consumed), arena);
  EXPECT_EQ(end.event, Event::kMessageEnd);
  EXPECT_EQ(end.consumed, 0U);
  EXPECT_TRUE(decoder.tunnel());
  EXPECT_FALSE(decoder.reusable());
}

}  // namespace
}  // namespace tollgate::dataplane::http::h1
