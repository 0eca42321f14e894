#include "dataplane/http/h1/request_decoder.h"

#include <gtest/gtest.h>

#include "test/dataplane/http/h1/replay.h"

namespace tollgate::dataplane::http::h1 {
namespace {

using std::string_view_literals::operator""sv;

using test::for_all_splits;
using test::Pieces;
using test::request_transcript;

struct Case {
  const char* name;
  std::string_view bytes;
  std::string_view transcript;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class Accepted : public testing::TestWithParam<Case> {};

TEST_P(Accepted, WholeAndInPieces) {
  const Case& c = GetParam();
  EXPECT_EQ(request_transcript({c.bytes}), c.transcript);
  for_all_splits(c.bytes, [&c](const Pieces& pieces, const std::string& how) {
    EXPECT_EQ(request_transcript(pieces), c.transcript) << how;
  });
}

constexpr Case kAccepted[] = {
    {"Get", "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD GET |x|/a?b=c none\nEND\nCLEAN"},
    {"EmptyQuery", "GET /a? HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD GET |x|/a? none\nEND\nCLEAN"},
    {"NamesKeepCase", "GET / HTTP/1.1\r\nhOsT:x\r\nX-Ab:  1 \t\r\nx-ab:\t2\r\nempty:\r\n\r\n",
     "HEAD GET |x|/ none [X-Ab: 1] [x-ab: 2] [empty: ]\nEND\nCLEAN"},
    {"TabAndObsTextInValue", "GET / HTTP/1.1\r\nHost: x\r\nA: b\tc\xC3\xA9\r\n\r\n",
     "HEAD GET |x|/ none [A: b\tc\xC3\xA9]\nEND\nCLEAN"},
    {"Length", "POST /a HTTP/1.1\r\nHost: x:80\r\nContent-Length: 5\r\n\r\nhello",
     "HEAD POST |x:80|/a length 5\nDATA hello\nEND\nCLEAN"},
    {"LengthZero", "POST /a HTTP/1.1\r\nHost: x\r\ncontent-length: 0\r\n\r\n",
     "HEAD POST |x|/a length 0\nEND\nCLEAN"},
    {"Chunked",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
     "5\r\nhello\r\n0A\r\n, world 12\r\n0\r\n\r\n",
     "HEAD POST |x|/ chunked\nDATA hello, world 12\nEND\nCLEAN"},
    {"ChunkExtensions",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
     "1;a=b\r\na\r\n1 ; q=\"x;\\\"y\" ;z\r\nb\r\n000;last\r\n\r\n",
     "HEAD POST |x|/ chunked\nDATA ab\nEND\nCLEAN"},
    {"Trailers",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
     "1\r\na\r\n0\r\nX-Sum: 1\r\nCache-Control: no\r\ngrpc-status:0\r\n\r\n",
     "HEAD POST |x|/ chunked\nDATA a\nTRAILERS [X-Sum: 1] [grpc-status: 0]\nEND\nCLEAN"},
    {"TrailersThatVanish",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: a\r\n\r\n",
     "HEAD POST |x|/ chunked\nEND\nCLEAN"},
    {"Pipelined",
     "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\naGET /2 HTTP/1.1\r\nHost: y\r\n\r\n"
     "\r\nGET /3 HTTP/1.1\r\nHost: z\r\n\r\n",
     "HEAD POST |x|/1 length 1\nDATA a\nEND\nHEAD GET |y|/2 none\nEND\nHEAD GET |z|/3 none\nEND\n"
     "CLEAN"},
    {"NothingAfterClose",
     "GET /1 HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\nGET /2 HTTP/1.1\r\nHost: "
     "y\r\n\r\n",
     "HEAD GET |x|/1 none close [Connection: foo, Close]\nEND\nCLEAN"},
    {"OneEmptyLineBefore", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
     "HEAD GET |x|/ none\nEND\nCLEAN"},
    {"AbsoluteFormWinsOverHost", "GET HTTP://a.example:8080/p?q HTTP/1.1\r\nHost: b\r\n\r\n",
     "HEAD GET HTTP|a.example:8080|/p?q none\nEND\nCLEAN"},
    {"AbsoluteFormWithoutPath", "GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n",
     "HEAD GET http|a|/?q none\nEND\nCLEAN"},
    {"AbsoluteFormOptions", "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
     "HEAD OPTIONS http|a|* none\nEND\nCLEAN"},
    {"Asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD OPTIONS |a|* none\nEND\nCLEAN"},
    {"Connect", "CONNECT a:443 HTTP/1.1\r\nHost: b\r\n\r\n",
     "HEAD CONNECT |a:443| none\nEND\nCLEAN"},
    {"Http10", "GET / HTTP/1.0\r\n\r\n", "HEAD GET ||/ none close\nEND\nCLEAN"},
    {"Http10KeepAlive", "GET / HTTP/1.0\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n",
     "HEAD GET |x|/ none [Connection: Keep-Alive]\nEND\nCLEAN"},
    {"Http10Expect",
     "POST / HTTP/1.0\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
     "HEAD POST |x|/ length 1 close\nDATA a\nEND\nCLEAN"},
    {"Expect", "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\na",
     "HEAD POST |x|/ length 1 expect\nDATA a\nEND\nCLEAN"},
    {"ExpectWithoutBody", "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
     "HEAD GET |x|/ none\nEND\nCLEAN"},
    {"Upgrade",
     "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
     "HEAD GET |x|/ none upgrade=websocket [Connection: keep-alive, Upgrade] "
     "[Upgrade: websocket]\nEND\nCLEAN"},
    {"UpgradeNotNamedByConnection", "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
     "HEAD GET |x|/ none [Upgrade: websocket]\nEND\nCLEAN"},
    {"HostIpv6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
     "HEAD GET |[::1]:8080|/ none\nEND\nCLEAN"},
    {"HostEmptyPort", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", "HEAD GET |a:|/ none\nEND\nCLEAN"},
    {"UnknownMethod", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n",
     "HEAD BREW |a|/pot none\nEND\nCLEAN"},
    {"PathAfterDoubleSlash", "GET //a//b HTTP/1.1\r\nHost: a\r\n\r\n",
     "HEAD GET |a|//a//b none\nEND\nCLEAN"},
    {"ColonsAndQuotesInValue", "GET / HTTP/1.1\r\nHost: a\r\nA: \"b: c\", d\r\n\r\n",
     "HEAD GET |a|/ none [A: \"b: c\", d]\nEND\nCLEAN"},
    {"Incomplete", "GET / HTTP/1.1\r\nHost: a\r\n", "TRUNCATED"},
    {"IncompleteBody", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
     "HEAD POST |a|/ length 3\nDATA ab\nTRUNCATED"},
    {"IncompleteLastChunk",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
     "HEAD POST |a|/ chunked\nDATA a\nTRUNCATED"},
};

INSTANTIATE_TEST_SUITE_P(Request, Accepted, testing::ValuesIn(kAccepted),
                         [](const auto& each) { return std::string(each.param.name); });

struct Refusal {
  const char* name;
  int status;
  std::string_view bytes;
};

void PrintTo(const Refusal& c, std::ostream* out) {
  *out << c.name;
}

class Refused : public testing::TestWithParam<Refusal> {};

/// The last line of what happened; data before it is no matter.
std::string last_event(const std::string& transcript) {
  const std::size_t end = transcript.rfind('\n');
  const std::size_t start = end == std::string::npos ? end : transcript.rfind('\n', end - 1);
  return transcript.substr(start == std::string::npos ? 0 : start + 1, end - start - 1);
}

TEST_P(Refused, WholeAndInPieces) {
  const Refusal& c = GetParam();
  const std::string expected = "ERROR " + std::to_string(c.status);
  const std::string whole = request_transcript({c.bytes});
  EXPECT_EQ(whole.substr(whole.find("ERROR"), expected.size() + 1), expected + "\n") << whole;
  for_all_splits(c.bytes, [&](const Pieces& pieces, const std::string& how) {
    EXPECT_EQ(request_transcript(pieces), whole) << how;
  });
}

#define HEAD "POST / HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

constexpr Refusal kRefused[] = {
    // request line (RFC 9112 2.2, 3)
    {"BareLfEverywhere", 400, "GET / HTTP/1.1\nHost: x\n\n"},
    {"BareLfAfterRequestLine", 400, "GET / HTTP/1.1\nHost: x\r\n\r\n"},
    {"BareLfInFields", 400, "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n"},
    {"BareLfAtEnd", 400, "GET / HTTP/1.1\r\nHost: x\r\n\nGET / HTTP/1.1\r\n\r\n"},
    {"CrCrLf", 400, "GET / HTTP/1.1\r\r\nHost: x\r\n\r\n"},
    {"BareCrInRequestLine", 400, "GET /\r HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"TwoEmptyLinesBefore", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"BareLfBefore", 400, "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"SpaceBefore", 400, " GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"TwoSpacesInRequestLine", 400, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"TwoSpacesBeforeVersion", 400, "GET /  HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"TabInRequestLine", 400, "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"SpaceAfterVersion", 400, "GET / HTTP/1.1 \r\nHost: x\r\n\r\n"},
    {"SpaceInTarget", 400, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"NonTokenMethod", 400, "G@T / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"MethodWithColon", 400, "GET: / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"MethodTooLong", 501, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGH / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"NoTarget", 400, "GET HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"EmptyTarget", 400, "GET  HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"RelativeTarget", 400, "GET a/b HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"Fragment", 400, "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"HighByteInTarget", 400, "GET /\xC3\xA9 HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"NulInTarget", 400, "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"sv},
    {"DelInTarget", 400, "GET /\x7F HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"Http09", 400, "GET /\r\n\r\n"},
    {"Http12", 505, "GET / HTTP/1.2\r\nHost: x\r\n\r\n"},
    {"Http20", 505, "GET / HTTP/2.0\r\nHost: x\r\n\r\n"},
    {"Http2Preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {"LowerCaseVersion", 400, "GET / http/1.1\r\nHost: x\r\n\r\n"},
    {"VersionWithTwoDigits", 400, "GET / HTTP/1.10\r\nHost: x\r\n\r\n"},
    {"VersionWithLeadingZero", 400, "GET / HTTP/01.1\r\nHost: x\r\n\r\n"},
    {"VersionWithLetter", 400, "GET / HTTP/1.x\r\nHost: x\r\n\r\n"},
    {"Tls", 400, "\x16\x03\x01\x02"},
    // target forms (RFC 9112 3.2)
    {"ConnectOriginForm", 400, "CONNECT /a HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"ConnectWithoutPort", 400, "CONNECT a HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"ConnectWithUserinfo", 400, "CONNECT u@a:1 HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"AuthorityFormWithGet", 400, "GET a:80 HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"AsteriskWithGet", 400, "GET * HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"AbsoluteFormForeignScheme", 400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"AbsoluteFormUserinfo", 400, "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"AbsoluteFormNoHost", 400, "GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"AbsoluteFormWithoutHostField", 400, "GET http://a/ HTTP/1.1\r\n\r\n"},
    {"AbsoluteFormInvalidHostField", 400, "GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n"},
    // Host (RFC 9112 3.2)
    {"NoHost", 400, "GET / HTTP/1.1\r\nA: b\r\n\r\n"},
    {"EmptyHost", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
    {"TwoHosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
    {"TwoHostsInHttp10", 400, "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n"},
    {"HostList", 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
    {"HostWithPath", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {"HostWithQuery", 400, "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n"},
    {"HostWithFragment", 400, "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n"},
    {"HostWithUserinfo", 400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {"HostWithSpace", 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {"HostWithEscape", 400, "GET / HTTP/1.1\r\nHost: a%62\r\n\r\n"},
    {"HostWithBackslash", 400, "GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n"},
    {"HostPortWithLetters", 400, "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n"},
    {"HostPortTooLarge", 400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"},
    {"HostTwoPorts", 400, "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n"},
    {"HostBadIpv6", 400, "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n"},
    {"HostOpenIpv6", 400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
    {"HostIpv6Zone", 400, "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n"},
    {"HostEmptyLabel", 400, "GET / HTTP/1.1\r\nHost: a..b\r\n\r\n"},
    {"HostHighByte", 400, "GET / HTTP/1.1\r\nHost: \xC3\xA9\r\n\r\n"},
    // field lines (RFC 9112 5, RFC 9110 5)
    {"SpaceBeforeColon", 400, HEAD "A : b\r\n\r\n"},
    {"TabBeforeColon", 400, HEAD "A\t: b\r\n\r\n"},
    {"ObsFold", 400, HEAD "A: b\r\n c\r\n\r\n"},
    {"ObsFoldWithTab", 400, HEAD "A: b\r\n\tc\r\n\r\n"},
    {"ObsFoldOfFirstField", 400, "GET / HTTP/1.1\r\n Host: x\r\n\r\n"},
    {"ObsFoldedExpect", 400, HEAD "Expect:\r\n 100-continue\r\n\r\n"},
    {"NoColon", 400, HEAD "A\r\n\r\n"},
    {"EmptyName", 400, HEAD ": b\r\n\r\n"},
    {"SpaceInName", 400, HEAD "A b: c\r\n\r\n"},
    {"NonTokenName", 400, HEAD "A(b): c\r\n\r\n"},
    {"HighByteInName", 400, HEAD "\xC3\xA9: c\r\n\r\n"},
    {"NulInValue", 400, HEAD "A: b\0c\r\n\r\n"sv},
    {"NulInName", 400, HEAD "A\0: c\r\n\r\n"sv},
    {"BareCrInValue", 400, HEAD "A: b\rc\r\n\r\n"},
    {"EscInValue", 400, HEAD "A: \x1B[0m\r\n\r\n"},
    {"VerticalTabInValue", 400, HEAD "A: \vb\r\n\r\n"},
    {"DelInValue", 400, HEAD "A: b\x7F\r\n\r\n"},
    {"BadConnectionOption", 400, HEAD "Connection: a b\r\n\r\n"},
    // framing (RFC 9112 6)
    {"LengthAndCoding", 400,
     HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"CodingAndLength", 400,
     HEAD "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
    {"TwoLengths", 400, HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"},
    {"TwoEqualLengths", 400, HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
    {"LengthList", 400, HEAD "Content-Length: 3, 3\r\n\r\nabc"},
    {"LengthPlus", 400, HEAD "Content-Length: +3\r\n\r\nabc"},
    {"LengthMinus", 400, HEAD "Content-Length: -3\r\n\r\nabc"},
    {"LengthHex", 400, HEAD "Content-Length: 0x3\r\n\r\nabc"},
    {"LengthFraction", 400, HEAD "Content-Length: 3.0\r\n\r\nabc"},
    {"LengthEmpty", 400, HEAD "Content-Length:\r\n\r\n"},
    {"LengthInnerSpace", 400, HEAD "Content-Length: 1 2\r\n\r\n"},
    {"LengthOverflow", 400, HEAD "Content-Length: 18446744073709551617\r\n\r\n"},
    {"LengthUnderscore", 400, HEAD "Content_Length: 3\r\n\r\n"},
    {"CodingUnderscore", 400, HEAD "transfer_encoding: chunked\r\n\r\n"},
    {"CodingGzip", 400, HEAD "Transfer-Encoding: gzip\r\n\r\n"},
    {"CodingGzipChunked", 501, HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n"},
    {"CodingIdentity", 400, HEAD "Transfer-Encoding: identity\r\n\r\n"},
    {"CodingChunkedTwice", 400, HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n"},
    {"CodingTwoLines", 400,
     HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"CodingChunkedNotLast", 400, HEAD "Transfer-Encoding: chunked, gzip\r\n\r\n"},
    {"CodingQuoted", 400, HEAD "Transfer-Encoding: \"chunked\"\r\n\r\n"},
    {"CodingWithParameter", 400, HEAD "Transfer-Encoding: chunked;q=1\r\n\r\n"},
    {"CodingEmpty", 400, HEAD "Transfer-Encoding:\r\n\r\n"},
    {"CodingTrailingComma", 400, HEAD "Transfer-Encoding: chunked,\r\n\r\n"},
    {"CodingVerticalTab", 400, HEAD "Transfer-Encoding: \vchunked\r\n\r\n"},
    {"CodingNbsp", 400,
     HEAD "Transfer-Encoding: \xA0"
          "chunked\r\n\r\n"},
    {"CodingPrefix", 400, HEAD "Transfer-Encoding: xchunked\r\n\r\n"},
    {"CodingInHttp10", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"ConnectWithBody", 400, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na"},
    {"TraceWithBody", 400, "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na"},
    {"ExpectOther", 417, HEAD "Expect: 200-ok\r\n\r\n"},
    {"ExpectTwo", 417, HEAD "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n"},
    {"ExpectList", 417, HEAD "Expect: 100-continue, x\r\n\r\n"},
    // chunks (RFC 9112 7.1)
    {"ChunkSizeEmpty", 400, CHUNKED "\r\n"},
    {"ChunkSizeSign", 400, CHUNKED "+1\r\na\r\n0\r\n\r\n"},
    {"ChunkSizeMinus", 400, CHUNKED "-1\r\na\r\n0\r\n\r\n"},
    {"ChunkSize0x", 400, CHUNKED "0x1\r\na\r\n0\r\n\r\n"},
    {"ChunkSizeUnderscore", 400, CHUNKED "1_0\r\na\r\n0\r\n\r\n"},
    {"ChunkSizeLeadingSpace", 400, CHUNKED " 1\r\na\r\n0\r\n\r\n"},
    {"ChunkSizeTrailingSpace", 400, CHUNKED "1 \r\na\r\n0\r\n\r\n"},
    {"ChunkSizeSplit", 400, CHUNKED "1 0\r\na\r\n0\r\n\r\n"},
    {"ChunkSizeTooManyDigits", 400, CHUNKED "0000000000000001\r\na\r\n0\r\n\r\n"},
    {"ChunkSizeBareLf", 400, CHUNKED "1\na\r\n0\r\n\r\n"},
    {"ChunkSizeBareCr", 400, CHUNKED "1\ra\r\n0\r\n\r\n"},
    {"ChunkExtensionBareLf", 400, CHUNKED "1;a\nb\r\na\r\n0\r\n\r\n"},
    {"ChunkExtensionBareCr", 400, CHUNKED "1;a\rb\r\na\r\n0\r\n\r\n"},
    {"ChunkExtensionNul", 400, CHUNKED "1;\0\r\na"sv},
    {"ChunkExtensionOpenQuote", 400, CHUNKED "1;a=\"b\r\na\r\n0\r\n\r\n"},
    {"ChunkExtensionQuotedCrLf", 400, CHUNKED "1;a=\"\\\r\n\"\r\na\r\n0\r\n\r\n"},
    {"ChunkExtensionBadByte", 400, CHUNKED "1;a=(b)\r\na\r\n0\r\n\r\n"},
    {"ChunkDataTooLong", 400, CHUNKED "1\r\nab\r\n0\r\n\r\n"},
    {"ChunkDataBareLf", 400, CHUNKED "1\r\na\n0\r\n\r\n"},
    {"ChunkDataCrOnly", 400, CHUNKED "1\r\na\r0\r\n\r\n"},
    {"TrailerBareLf", 400, CHUNKED "0\r\nA: b\n\r\n"},
    {"TrailerLength", 400, CHUNKED "0\r\nContent-Length: 3\r\n\r\n"},
    {"TrailerCoding", 400, CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"TrailerHost", 400, CHUNKED "0\r\nHost: evil\r\n\r\n"},
    {"TrailerAuthorization", 400, CHUNKED "0\r\nAuthorization: Bearer x\r\n\r\n"},
    {"TrailerNoColon", 400, CHUNKED "0\r\nGET / HTTP/1.1\r\n\r\n"},
    {"TrailerSpaceBeforeColon", 400, CHUNKED "0\r\nA : b\r\n\r\n"},
};

INSTANTIATE_TEST_SUITE_P(Request, Refused, testing::ValuesIn(kRefused),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(RequestDecoder, ViewsOfAHeadOutliveTheInput) {
  base::Arena arena;
  RequestDecoder decoder;
  RequestHead* head = nullptr;
  {
    const std::string input =
        "GET /long/path?query HTTP/1.1\r\nHost: host.example\r\nA: value\r\n\r\n";
    head = decoder.feed(input, arena).head;
  }
  ASSERT_NE(head, nullptr);
  EXPECT_EQ(head->path, "/long/path");
  EXPECT_EQ(head->authority, "host.example");
  EXPECT_EQ(head->fields.value_of("a"), "value");
}

TEST(RequestDecoder, DataIsAViewOfTheInput) {
  base::Arena arena;
  RequestDecoder decoder;
  const std::string input = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET";
  const RequestStep head = decoder.feed(input, arena);
  const RequestStep data = decoder.feed(std::string_view(input).substr(head.consumed), arena);
  EXPECT_EQ(data.data.data(), input.data() + head.consumed);
  EXPECT_EQ(data.consumed, 3U);
  EXPECT_EQ(decoder.body_bytes(), 3U);
  EXPECT_EQ(decoder.feed("GET", arena).event, Event::kMessageEnd);
}

TEST(RequestDecoder, StaysFailed) {
  base::Arena arena;
  RequestDecoder decoder;
  const RequestStep first = decoder.feed("GET / HTTP/9.9\r\n\r\n", arena);
  ASSERT_EQ(first.event, Event::kError);
  const RequestStep second = decoder.feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n", arena);
  EXPECT_EQ(second.event, Event::kError);
  EXPECT_EQ(second.error.status, 505);
  EXPECT_EQ(second.consumed, 0U);
  EXPECT_EQ(decoder.at_eof(), AtEof::kTruncated);
}

TEST(RequestDecoder, KnowsWhenItIsIdle) {
  base::Arena arena;
  RequestDecoder decoder;
  EXPECT_TRUE(decoder.idle());
  EXPECT_FALSE(decoder.in_head());
  decoder.feed("G", arena);
  EXPECT_FALSE(decoder.idle());
  EXPECT_TRUE(decoder.in_head());
  EXPECT_EQ(decoder.feed("ET / HTTP/1.1\r\nHost: x\r\n\r\n", arena).event, Event::kHead);
  EXPECT_FALSE(decoder.idle());
  EXPECT_FALSE(decoder.in_head());
  EXPECT_EQ(decoder.feed({}, arena).event, Event::kMessageEnd);
  EXPECT_TRUE(decoder.idle());
}

std::string error_of(const std::string& bytes, const Limits& limits) {
  const std::string whole = request_transcript({bytes}, limits);
  Pieces single;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    single.push_back(std::string_view(bytes).substr(i, 1));
  }
  EXPECT_EQ(last_event(request_transcript(single, limits)), last_event(whole));
  return last_event(whole);
}

TEST(RequestDecoderLimits, HeadBytes) {
  Limits limits;
  limits.head_bytes = 64;
  const std::string line = "GET / HTTP/1.1\r\nHost: x\r\n";
  const std::string fits = line + "A: " + std::string(64 - line.size() - 7, 'a') + "\r\n\r\n";
  EXPECT_EQ(error_of(fits, limits), "END");
  EXPECT_EQ(error_of(line + "A: " + std::string(64 - line.size() - 6, 'a') + "\r\n\r\n", limits),
            "ERROR 431");
  EXPECT_EQ(error_of("GET /" + std::string(100, 'a'), limits), "ERROR 414");
}

TEST(RequestDecoderLimits, Lines) {
  Limits limits;
  limits.start_line_bytes = 20;
  limits.field_line_bytes = 10;
  EXPECT_EQ(error_of("GET /678901 HTTP/1.1\r\nHost: x\r\nA: 4567890\r\n\r\n", limits), "END");
  EXPECT_EQ(error_of("GET /6789012 HTTP/1.1\r\nHost: x\r\n\r\n", limits), "ERROR 414");
  EXPECT_EQ(error_of("GET / HTTP/1.1\r\nHost: x\r\nA: 45678901\r\n\r\n", limits), "ERROR 431");
}

TEST(RequestDecoderLimits, FieldCount) {
  Limits limits;
  limits.field_count = 3;
  const std::string head = "GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nA: 2\r\n";
  EXPECT_EQ(error_of(head + "\r\n", limits), "END");
  EXPECT_EQ(error_of(head + "A: 3\r\n\r\n", limits), "ERROR 431");
}

TEST(RequestDecoderLimits, Trailers) {
  Limits limits;
  limits.trailer_count = 2;
  limits.trailer_bytes = 40;
  const std::string head = CHUNKED "0\r\n";
  EXPECT_EQ(error_of(head + "A: 1\r\nB: 2\r\n\r\n", limits), "END");
  EXPECT_EQ(error_of(head + "A: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits), "ERROR 431");
  EXPECT_EQ(error_of(head + "A: " + std::string(50, 'a') + "\r\n\r\n", limits), "ERROR 431");
}

TEST(RequestDecoderLimits, ChunkLine) {
  Limits limits;
  limits.chunk_line_bytes = 8;
  EXPECT_EQ(error_of(CHUNKED "1;aaaaa\r\na\r\n0\r\n\r\n", limits), "END");
  EXPECT_EQ(error_of(CHUNKED "1;aaaaaa\r\na\r\n0\r\n\r\n", limits), "ERROR 400");
}

TEST(RequestDecoderLimits, Body) {
  Limits limits;
  limits.body_bytes = 4;
  EXPECT_EQ(error_of(HEAD "Content-Length: 4\r\n\r\nabcd", limits), "END");
  EXPECT_EQ(error_of(HEAD "Content-Length: 5\r\n\r\nabcde", limits), "ERROR 413");
  EXPECT_EQ(error_of(CHUNKED "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", limits), "END");
  EXPECT_EQ(error_of(CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", limits), "ERROR 413");
  EXPECT_EQ(error_of(CHUNKED "FFFFFFFFFFFFFFF\r\n", limits), "ERROR 413");
}

TEST(RequestDecoderLimits, BodyLimitSetAfterTheHead) {
  base::Arena arena;
  RequestDecoder decoder;
  const std::string_view head = CHUNKED;
  ASSERT_EQ(decoder.feed(head, arena).event, Event::kHead);
  decoder.limit_body(2);
  EXPECT_EQ(decoder.feed("3\r\nabc", arena).error.status, 413);
}

/// `count` chunks of `size` bytes: the last event.
Event run_chunks(std::size_t count, std::size_t size) {
  std::string body;
  for (std::size_t i = 0; i < count; ++i) {
    body.append(size == 1 ? "1\r\n" : "a\r\n");
    body.append(size, 'x').append("\r\n");
  }
  body.append("0\r\n\r\n");
  base::Arena arena;
  RequestDecoder decoder;
  decoder.feed(CHUNKED, arena);
  std::string_view rest = body;
  while (true) {
    const RequestStep step = decoder.feed(rest, arena);
    rest.remove_prefix(step.consumed);
    if (step.event == Event::kMessageEnd || step.event == Event::kError) return step.event;
  }
}

TEST(RequestDecoderLimits, ChunkFramingOverhead) {
  EXPECT_EQ(run_chunks(1'000'000, 1), Event::kError);
  EXPECT_EQ(run_chunks(100'000, 10), Event::kMessageEnd);
  EXPECT_EQ(run_chunks(1'000, 1), Event::kMessageEnd);
}

TEST(RequestDecoderLimits, ConnectionOptions) {
  std::string options = "a";
  for (int i = 0; i < 32; ++i) options += ",a";
  EXPECT_EQ(error_of(HEAD "Connection: " + options + "\r\n\r\n", {}), "ERROR 400");
}

}  // namespace
}  // namespace tollgate::dataplane::http::h1
