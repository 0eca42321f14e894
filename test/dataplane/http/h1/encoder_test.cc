#include "dataplane/http/h1/encoder.h"

#include <gtest/gtest.h>

#include "dataplane/http/h1/request_decoder.h"
#include "dataplane/http/h1/response_decoder.h"
#include "dataplane/http/hop_by_hop.h"
#include "test/dataplane/http/h1/replay.h"

namespace tollgate::dataplane::http::h1 {
namespace {

class EncoderTest : public testing::Test {
 protected:
  RequestHead* request(std::string_view method, std::string_view path) {
    RequestHead* head = new_request_head(arena_);
    head->method = method;
    head->authority = "up.example";
    head->path = path;
    return head;
  }
  ResponseHead* response(int status) {
    ResponseHead* head = new_response_head(arena_);
    head->status = status;
    return head;
  }
  static std::string written(const RequestHead& head) {
    std::string out;
    return write_request_head(head, out) ? out : "refused" + out;
  }
  static std::string written(const ResponseHead& head, const ResponseContext& context = {}) {
    std::string out;
    return write_response_head(head, context, out) ? out : "refused" + out;
  }

  base::Arena arena_;
};

TEST_F(EncoderTest, RequestIsGeneratedFromTheHead) {
  RequestHead* head = request("POST", "/v1/chat");
  head->query = "a=b";
  head->has_query = true;
  head->target = "http://elsewhere/";
  head->framing = Framing::kLength;
  head->content_length = 12;
  head->fields.add("X-One", "1");
  head->fields.add("Host", "evil");
  head->fields.add("content-length", "99");
  head->fields.add("TRANSFER-ENCODING", "chunked");
  head->fields.add("Connection", "x-one");
  head->fields.add("Keep-Alive", "1");
  head->fields.add("Upgrade", "h2c");
  head->fields.add("Expect", "100-continue");
  EXPECT_EQ(written(*head),
            "POST /v1/chat?a=b HTTP/1.1\r\nHost: up.example\r\nX-One: 1\r\n"
            "Content-Length: 12\r\n\r\n");
}

TEST_F(EncoderTest, RequestFraming) {
  RequestHead* head = request("POST", "/");
  EXPECT_EQ(written(*head), "POST / HTTP/1.1\r\nHost: up.example\r\nContent-Length: 0\r\n\r\n");
  head->framing = Framing::kChunked;
  EXPECT_EQ(written(*head),
            "POST / HTTP/1.1\r\nHost: up.example\r\nTransfer-Encoding: chunked\r\n\r\n");
  head->framing = Framing::kUntilClose;
  EXPECT_EQ(written(*head), "refused");
  EXPECT_EQ(written(*request("GET", "/")), "GET / HTTP/1.1\r\nHost: up.example\r\n\r\n");
}

TEST_F(EncoderTest, RequestConnection) {
  RequestHead* head = request("GET", "/");
  head->keep_alive = false;
  head->upgrade = "websocket";
  head->fields.add("TE", "trailers");
  EXPECT_EQ(written(*head),
            "GET / HTTP/1.1\r\nHost: up.example\r\nTE: trailers\r\n"
            "Connection: close, Upgrade, TE\r\nUpgrade: websocket\r\n\r\n");
}

TEST_F(EncoderTest, RequestForms) {
  RequestHead* options = request("OPTIONS", "*");
  options->form = TargetForm::kAsterisk;
  EXPECT_EQ(written(*options), "OPTIONS * HTTP/1.1\r\nHost: up.example\r\n\r\n");
  RequestHead* connect = request("CONNECT", "");
  connect->form = TargetForm::kAuthority;
  connect->authority = "a:443";
  EXPECT_EQ(written(*connect), "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
  RequestHead* odd = request("GET", "*");
  odd->form = TargetForm::kAsterisk;
  EXPECT_EQ(written(*odd), "refused");
}

TEST_F(EncoderTest, RefusesWhatCouldBeReadInTwoWays) {
  const std::string_view nul("a\0b", 3);
  for (const std::string_view bad : {std::string_view("a\r\nX: y"), std::string_view("a\nb"), nul,
                                     std::string_view("a\rb"), std::string_view("a\x7F")}) {
    RequestHead* head = request("GET", "/");
    head->fields.add("X-One", bad);
    EXPECT_EQ(written(*head), "refused");
    head = request("GET", "/");
    head->fields.add(bad, "v");
    EXPECT_EQ(written(*head), "refused");
    head = request(bad, "/");
    EXPECT_EQ(written(*head), "refused");
    head = request("GET", "/");
    head->path = arena_.concat({"/", bad});
    EXPECT_EQ(written(*head), "refused");
    head = request("GET", "/");
    head->query = bad;
    head->has_query = true;
    EXPECT_EQ(written(*head), "refused");
    head = request("GET", "/");
    head->authority = bad;
    EXPECT_EQ(written(*head), "refused");
    head = request("GET", "/");
    head->upgrade = bad;
    EXPECT_EQ(written(*head), "refused");
    ResponseHead* answer = response(200);
    answer->fields.add("X-One", bad);
    EXPECT_EQ(written(*answer), "refused");
    answer = response(200);
    answer->reason = bad;
    EXPECT_EQ(written(*answer), "refused");
  }
}

TEST_F(EncoderTest, RefusesOddNamesPathsAndHosts) {
  RequestHead* head = request("GET", "/");
  for (const std::string_view name : {"", "a b", "a:", "a(b)", "\xC3\xA9"}) {
    head->fields.clear();
    head->fields.add(name, "v");
    EXPECT_EQ(written(*head), "refused") << name;
  }
  head->fields.clear();
  head->fields.add("a", " leading");
  EXPECT_EQ(written(*head), "refused");
  for (const std::string_view path : {"", "a", "/a b", "/a?b", "/a#b", "http://a/"}) {
    EXPECT_EQ(written(*request("GET", path)), "refused") << path;
  }
  for (const std::string_view authority : {"", "a b", "a/b", "u@a", "a:x", "a,b"}) {
    head = request("GET", "/");
    head->authority = authority;
    EXPECT_EQ(written(*head), "refused") << authority;
  }
}

TEST_F(EncoderTest, NothingIsLeftOfARefusedHead) {
  std::string out = "before";
  RequestHead* head = request("GET", "/");
  head->fields.add("ok", "1");
  head->fields.add("bad", "\n");
  EXPECT_FALSE(write_request_head(*head, out));
  EXPECT_EQ(out, "before");
}

TEST_F(EncoderTest, ResponseFraming) {
  ResponseHead* head = response(200);
  head->fields.add("A", "b");
  EXPECT_EQ(written(*head), "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\n\r\n");
  head->framing = Framing::kLength;
  head->content_length = 7;
  EXPECT_EQ(written(*head), "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 7\r\n\r\n");
  head->framing = Framing::kChunked;
  EXPECT_EQ(written(*head), "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n");
  head->framing = Framing::kUntilClose;
  EXPECT_EQ(written(*head), "HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n");
}

TEST_F(EncoderTest, ResponsesWithoutBody) {
  ResponseHead* head = response(204);
  EXPECT_EQ(written(*head), "HTTP/1.1 204 No Content\r\n\r\n");
  head->framing = Framing::kLength;
  EXPECT_EQ(written(*head), "refused");
  head = response(304);
  head->declared_length = 10;
  EXPECT_EQ(written(*head), "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n");
  head = response(200);
  head->declared_length = 10;
  ResponseContext context;
  context.request_method = "HEAD";
  EXPECT_EQ(written(*head, context), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
  head->declared_length.reset();
  EXPECT_EQ(written(*head, context), "HTTP/1.1 200 OK\r\n\r\n");
}

TEST_F(EncoderTest, ResponseToHttp10) {
  ResponseContext context;
  context.client_version = Version::kHttp10;
  ResponseHead* head = response(200);
  EXPECT_EQ(written(*head, context),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
  head->keep_alive = false;
  EXPECT_EQ(written(*head, context),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  head->framing = Framing::kChunked;
  EXPECT_EQ(written(*head, context), "refused");
}

TEST_F(EncoderTest, ResponseDateAndUpgrade) {
  ResponseContext context;
  context.date = "Thu, 01 Jan 2026 00:00:00 GMT";
  ResponseHead* head = response(101);
  context.upgrade = "websocket";
  EXPECT_EQ(written(*head, context),
            "HTTP/1.1 101 Switching Protocols\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  context.upgrade = {};
  head = response(200);
  head->fields.add("date", "theirs");
  EXPECT_EQ(written(*head, context),
            "HTTP/1.1 200 OK\r\ndate: theirs\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(EncoderTest, Informational) {
  std::string out;
  write_informational(100, out);
  EXPECT_EQ(out, "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_F(EncoderTest, Chunks) {
  std::string out;
  append_chunk(out, "");
  append_chunk(out, "hello");
  append_chunk(out, std::string(26, 'x'));
  FieldList trailers(arena_);
  trailers.add("grpc-status", "0");
  EXPECT_TRUE(append_last_chunk(out, trailers));
  EXPECT_EQ(out, "5\r\nhello\r\n1a\r\n" + std::string(26, 'x') + "\r\n0\r\ngrpc-status: 0\r\n\r\n");
  for (const std::string_view name : {"Content-Length", "host", "authorization", "a b"}) {
    trailers.clear();
    trailers.add(name, "x");
    std::string refused = "kept";
    EXPECT_FALSE(append_last_chunk(refused, trailers)) << name;
    EXPECT_EQ(refused, "kept");
  }
  EXPECT_EQ(chunk_prefix(UINT64_MAX).view(), "ffffffffffffffff\r\n");
}

/// What one decoder reads, the encoder writes, and the decoder reads the same again.
TEST_F(EncoderTest, RoundTripOfRequests) {
  for (const std::string_view bytes :
       {"GET /a?b HTTP/1.1\r\nHost: x\r\nA: 1\r\nA: 2\r\nb:\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\n\r\n",
        "PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
        "GET http://abs.example/x HTTP/1.1\r\nHost: other\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"}) {
    RequestDecoder decoder;
    RequestHead* head = decoder.feed(bytes, arena_).head;
    ASSERT_NE(head, nullptr) << bytes;
    strip_hop_by_hop(head->fields);
    const std::string text = written(*head);
    RequestDecoder again;
    RequestHead* second = again.feed(text, arena_).head;
    ASSERT_NE(second, nullptr) << text;
    strip_hop_by_hop(second->fields);
    head->scheme = {};
    EXPECT_EQ(test::describe(*second), test::describe(*head));
    EXPECT_EQ(written(*second), text);
  }
}

TEST_F(EncoderTest, RoundTripOfResponses) {
  for (const std::string_view bytes :
       {"HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n",
        "HTTP/1.1 200 Fine\r\n\r\n"}) {
    ResponseDecoder decoder;
    decoder.start("GET");
    ResponseHead* head = decoder.feed(bytes, arena_).head;
    ASSERT_NE(head, nullptr) << bytes;
    strip_hop_by_hop(head->fields);
    const std::string text = written(*head);
    ResponseDecoder again;
    again.start("GET");
    ResponseHead* second = again.feed(text, arena_).head;
    ASSERT_NE(second, nullptr) << text;
    strip_hop_by_hop(second->fields);
    EXPECT_EQ(test::describe(*second), test::describe(*head));
    EXPECT_EQ(written(*second), text);
  }
}

}  // namespace
}  // namespace tollgate::dataplane::http::h1
