"""A tiny HTTP server for the harness's own tests: it reports what its container looks like."""

import http.server
import json
import os
import signal
import socket
import sys


def identity():
    return {"uid": os.getuid(), "gid": os.getgid(), "groups": sorted(os.getgroups()),
            "pid": os.getpid()}


def status_line(name):
    with open("/proc/self/status", encoding="ascii") as file:
        return next(line.split()[1] for line in file if line.startswith(name + ":"))


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        verb, _, argument = self.path[1:].partition("/")
        try:
            status, answer = 200, getattr(self, "serve_" + verb)(argument)
        except OSError as error:
            status, answer = 500, str(error)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve_(self, _):
        return {"host": socket.gethostname(), "client": self.client_address[0]}

    def serve_env(self, name):
        return os.environ.get(name)

    def serve_file(self, path):
        with open("/" + path, encoding="utf-8") as file:
            return file.read()

    def serve_write(self, path):
        with open("/" + path, "w", encoding="utf-8") as file:
            return file.write("x")

    def serve_resolve(self, name):
        return sorted({info[4][0] for info in socket.getaddrinfo(name, 80)})

    def serve_identity(self, _):
        return {**identity(), "caps": status_line("CapBnd"), "nnp": status_line("NoNewPrivs"),
                "args": sys.argv[1:]}

    def serve_exit(self, code):
        print("leaving", flush=True)
        os._exit(int(code))

    def log_message(self, *_):
        print("request", self.path, flush=True)


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True


if __name__ == "__main__":
    print("starting", *sys.argv[1:], flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if sys.argv[1:] == ["crash"]:
        sys.exit(3)
    Server(("::", int(os.environ.get("PORT", "8080"))), Echo).serve_forever()
