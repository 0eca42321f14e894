"""A backend that records every byte it gets and answers each request it can delimit; and a strict checker
of what a proxy sent it."""
import re
import socket
import threading

TOKEN = re.compile(rb"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$")
BODY = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class RecordingOrigin:
    """Listens on a free port. `answer(request_bytes)` may replace the answer; None closes the connection."""

    def __init__(self, answer=None):
        self.answer = answer or (lambda request: ANSWER)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.connections = []  # raw bytes of each connection, in order of accept
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                record = bytearray()
                self.connections.append(record)
            threading.Thread(target=self._serve, args=(connection, record), daemon=True).start()

    def _serve(self, connection, record):
        buffer = b""
        with connection:
            try:
                while True:
                    data = connection.recv(65536)
                    if not data:
                        return
                    with self.lock:
                        record.extend(data)
                    buffer += data
                    while True:
                        request, rest = cut_request(buffer)
                        if request is None:
                            break
                        buffer = rest
                        answer = self.answer(request)
                        if answer is None:
                            return
                        connection.sendall(answer)
            except OSError:
                return

    def requests(self):
        """All requests recorded so far, as bytes; what cannot be cut into requests is returned as it is."""
        out = []
        with self.lock:
            records = [bytes(record) for record in self.connections]
        for record in records:
            while record:
                request, rest = cut_request(record)
                if request is None:
                    out.append(record)
                    break
                out.append(request)
                record = rest
        return out

    def reset(self):
        with self.lock:
            for record in self.connections:
                record.clear()

    def close(self):
        self.listener.close()


def cut_request(data):
    """(first whole request, rest), or (None, data) while it is incomplete. Only unambiguous framing is cut."""
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return None, data
    length = re.search(rb"\r\ncontent-length: *(\d+)(?=\r\n|$)", head, re.I)
    if re.search(rb"\r\ntransfer-encoding:", head, re.I):
        end = rest.find(b"0\r\n\r\n")
        if end < 0:
            return None, data
        size = end + 5
    else:
        size = int(length.group(1)) if length else 0
    if len(rest) < size:
        return None, data
    return head + separator + rest[:size], rest[size:]


def problems(request):
    """What in a request as it reached the origin could be read in two ways, by RFC 9110 and 9112. Empty if nothing."""
    found = []
    head, separator, body = request.partition(b"\r\n\r\n")
    if not separator:
        return ["no end of head"]
    if b"\n" in head.replace(b"\r\n", b""):
        found.append("bare LF")
    if b"\r" in head.replace(b"\r\n", b""):
        found.append("bare CR")
    lines = head.split(b"\r\n")
    parts = lines[0].split(b" ")
    if len(parts) != 3 or not TOKEN.match(parts[0]) or parts[2] != b"HTTP/1.1" or not parts[1]:
        found.append(f"request line {lines[0]!r}")
    elif re.search(rb"[\x00-\x20\x7f-\xff#]", parts[1]):
        found.append(f"target {parts[1]!r}")
    names = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.match(name):
            found.append(f"field line {line!r}")
        if re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value):
            found.append(f"control byte in {line!r}")
        names.setdefault(name.lower(), []).append(value.strip(b" \t"))
    if len(names.get(b"host", [])) != 1:
        found.append("not one Host")
    elif not re.match(rb"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]+)(:\d*)?$", names[b"host"][0]):
        found.append(f"Host {names[b'host'][0]!r}")
    lengths, codings = names.get(b"content-length", []), names.get(b"transfer-encoding", [])
    if lengths and codings:
        found.append("Content-Length and Transfer-Encoding")
    if len(lengths) > 1 or (lengths and not re.match(rb"^\d+$", lengths[0])):
        found.append(f"Content-Length {lengths!r}")
    if codings and codings != [b"chunked"]:
        found.append(f"Transfer-Encoding {codings!r}")
    for hop in (b"connection-named", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"http2-settings", b"upgrade"):
        if hop in names and not (hop == b"te" and names[hop] == [b"trailers"]):
            found.append(f"hop-by-hop {hop!r}")
    if lengths and re.match(rb"^\d+$", lengths[0]) and len(body) != int(lengths[0]):
        found.append("body is not as long as it says")
    return found
