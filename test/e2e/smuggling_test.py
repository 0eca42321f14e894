"""Malformed requests through the gateway to an origin that records bytes: nothing that two parsers could
read differently may reach it, and no client may get another's answer."""
import itertools
import unittest

from gateway import ONE_GATEWAY, TO_ORIGIN, Gateway, exchange_bytes, parse_answer, until
from origin import RecordingOrigin, problems

MANIFEST = ONE_GATEWAY + TO_ORIGIN

BODY = b"5\r\nhello\r\n0\r\n\r\n"


def te_mutations():
    """Spellings of Transfer-Encoding beside a Content-Length: the classic desync."""
    whites = [b"", b" ", b"\t", b"\x0b", b"\x0c", b"\x00", b"\xa0", b"\x85", b"\r", b"\n", b"\x1f", b"\x7f", b"\xff"]
    names = [b"Transfer-Encoding", b"transfer-encoding", b"Transfer_Encoding", b"Transfer-Encodin\xc5\xbf", b"TRANSFER-ENCODING"]
    values = [b"chunked", b"Chunked", b"xchunked", b"chunked, identity", b"identity, chunked", b"identity", b"chunked;q=1",
              b"\"chunked\"", b"chunk ed", b"gzip, chunked", b", chunked", b"chunked,", b""]
    for name, before, after, value in itertools.product(names, whites, whites[:6], values):
        yield name + before + b":" + after + value
    for name, white, value in itertools.product(names[:2], whites, values[:4]):
        yield name + b": " + value + white
        yield white + name + b": " + value
        yield b"X: y\r\n" + white + name + b": " + value
        yield b"X: y" + white + b"\n" + name + b": " + value
        yield name + b":\r\n " + white + value


def length_mutations():
    for value in (b"+15", b"-1", b"15, 15", b"15,16", b"0x0f", b"1 5", b"15;", b"", b" ", b"\x0015", b"15\x00", b"1e1", b"15.0",
                  b"99999999999999999999", b"18446744073709551631", b"\t15", b"15\t", b"\xd9\xa1"):
        yield b"Content-Length: " + value
    yield b"Content-Length: 15\r\nContent-Length: 15"
    yield b"Content-Length: 15\r\nContent-Length: 0"
    yield b"Content-Length : 15"
    yield b"Content-Length\t: 15"
    yield b"Content_Length: 15"
    yield b" Content-Length: 15"
    yield b"Content-Length: 15\r\n 0"


def probes():
    for line in te_mutations():
        yield b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n" % len(BODY) + line + b"\r\n\r\n" + BODY
    for line in length_mutations():
        yield b"POST /p HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n" + BODY
    for host in (b"", b"Host:\r\n", b"Host: a\r\nHost: a\r\n", b"Host: a\r\nHost: b\r\n", b"Host: a/?x\r\n", b"Host: a#b\r\n",
                 b"Host: a b\r\n", b"Host : a\r\n", b"Host: a@b\r\n", b"Host: a:b\r\n", b"Host: [::1\r\n", b"Host: a\x00\r\n",
                 b"Host: a\r\n\tb\r\n", b"Host: a:99999\r\n", b"Host: \xff\r\n", b"Host: a,b\r\n"):
        yield b"GET /p HTTP/1.1\r\n" + host + b"\r\n"
    for line in (b"GET  /p HTTP/1.1", b"GET /p  HTTP/1.1", b"GET /p HTTP/1.1 ", b" GET /p HTTP/1.1", b"GET\t/p HTTP/1.1", b"GET /p",
                 b"GET /p HTTP/1.2", b"GET /p HTTP/2.0", b"GET /p HTTP/0.9", b"GET /p http/1.1", b"GET /p HTTP/1.1\x00", b"G\x00T /p HTTP/1.1",
                 b"GET /\x00 HTTP/1.1", b"GET /a b HTTP/1.1", b"GET /\xff HTTP/1.1", b"GET /p# HTTP/1.1", b"GET p HTTP/1.1",
                 b"GET http://b/p HTTP/1.1", b"GET http://a@b/p HTTP/1.1", b"GET https://a/p HTTP/1.1", b"GET * HTTP/1.1", b"OPTIONS * HTTP/1.1",
                 b"CONNECT a:80 HTTP/1.1", b"GET /%00 HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET /..%2f HTTP/1.1", b"GET /\\..\\x HTTP/1.1",
                 b"PRI * HTTP/2.0", b"G(T /p HTTP/1.1", b"GET /p HTTP/1.1\r\nX: y\n", b"GET /p HTTP/1.1\r\n\r\r\n", b"GET /p HTTP/01.1"):
        yield line + b"\r\nHost: a\r\n\r\n"
        yield line + b"\nHost: a\n\n"
    for control in range(0x20):
        if control == 9:
            continue
        yield b"GET /p HTTP/1.1\r\nHost: a\r\nX: a" + bytes([control]) + b"b\r\n\r\n"
        yield b"GET /p HTTP/1.1\r\nHost: a\r\nX" + bytes([control]) + b": b\r\n\r\n"
    for expect in (b"100-continue", b"100-Continue", b"200-ok", b"100-continue, x", b"\r\n 100-continue", b""):
        yield b"POST /p HTTP/1.1\r\nHost: a\r\nExpect: " + expect + b"\r\nContent-Length: 2\r\n\r\n{}"
    for chunk in (b"0x5\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"5;a\r\nhello\r\n0\r\n\r\n", b"5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
                  b"5\nhello\n0\n\n", b"5\r\nhello0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n",
                  b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n", b"5;a\rb\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n",
                  b"5\r\nhello\r\n0\r\nHost: b\r\n\r\n", b"5\r\nhello\r\n0\r\n X: y\r\n\r\n", b"5\r\nhello\r\n00\r\n\r\n", b"_5\r\nhello\r\n0\r\n\r\n",
                  b"\r\n5\r\nhello\r\n0\r\n\r\n", b"5\r\n\r\nhello\r\n0\r\n\r\n", b"5\r\r\nhello\r\n0\r\n\r\n"):
        yield b"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk
        yield b"POST /p HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk
    for fields in (b"Connection: X-Secret\r\nX-Secret: 1", b"Connection: close, Host", b"Connection: content-length\r\nContent-Length: 0",
                   b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk", b"Upgrade: websocket\r\nConnection: upgrade",
                   b"TE: trailers, deflate", b"Proxy-Connection: keep-alive", b"Keep-Alive: 5", b"Trailer: Host", b"X: " + b"y" * 70000,
                   b"\r\nX: y", b": y", b"X", b"X y: z", b"X:\r\n\ty", b"(X): y"):
        yield b"GET /p HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n\r\n"


class SmugglingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origin = RecordingOrigin(cls.answer)
        manifest = MANIFEST.replace("@ORIGIN@", str(cls.origin.port))
        cls.gateway = Gateway(files=[], mock=False, texts={"gateway.yaml": manifest}).start()

    @classmethod
    def tearDownClass(cls):
        cls.origin.close()
        assert cls.gateway.stop() == 0

    @staticmethod
    def answer(request):
        tag = request.split(b" ", 2)[1]
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(tag) + tag

    def tagged(self, number):
        answer = parse_answer(exchange_bytes(
            self.gateway.port, b"GET /tag/%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % number))
        self.assertEqual((answer.status, answer.body), (200, b"/tag/%d" % number))

    def test_nothing_ambiguous_reaches_the_origin(self):
        cases = list(probes())
        self.assertGreater(len(cases), 2000)
        forwarded = 0
        for number, probe in enumerate(cases):
            # The last request of a connection says close, so that a well-formed probe ends too.
            raw = probe + b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            self.origin.reset()
            answer = parse_answer(exchange_bytes(self.gateway.port, raw, timeout=15))
            self.assertIn(answer.status // 100, (1, 2, 3, 4, 5), probe)
            self.assertNotEqual(answer.status, 502, probe)
            for request in self.origin.requests():
                forwarded += 1
                self.assertEqual(problems(request), [], (probe, request))
            if number % 10 == 0:
                self.tagged(number)
        self.assertGreater(forwarded, 20, "well-formed probes are forwarded")

    def test_hop_by_hop_fields_do_not_travel(self):
        self.origin.reset()
        exchange_bytes(self.gateway.port, b"GET /hop HTTP/1.1\r\nHost: a\r\nConnection: close, X-Named\r\nX-Named: 1\r\n"
                       b"Keep-Alive: 5\r\nX-Kept: 1\r\nx-ai-eg-model: m\r\n\r\n")
        request = until("the request at the origin", lambda: self.origin.requests())[0].lower()
        self.assertNotIn(b"x-named", request)
        self.assertNotIn(b"keep-alive: 5", request)
        self.assertNotIn(b"x-ai-eg", request)
        self.assertIn(b"x-kept: 1", request)


if __name__ == "__main__":
    unittest.main()
