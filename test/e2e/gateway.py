"""Starts the built program as a user would and talks to it over sockets."""
import base64
import itertools
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("TOLLGATE_BUILD", os.path.join(ROOT, "build/release"))
PROGRAM = os.path.join(BUILD, "tollgate")
EXAMPLES = os.path.join(ROOT, "manifests/examples/envoy-ai-gateway")
BLUEPRINT = [os.path.join(EXAMPLES, name) for name in
             ("gateway.yaml", "model-backends.yaml", "multi-model-routing/ai-gateway-route.yaml")]
DEADLINE_S = float(os.environ.get("TOLLGATE_TEST_DEADLINE_S", "20"))

QWEN, GPT_OSS = "Qwen/Qwen3-1.7B", "openai/gpt-oss-20b"
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"

# Manifests that tests begin with; @PORT@ is the gateway's port, @ORIGIN@ a server's on this machine.
GATEWAY_CLASS = """\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: tollgate}
spec: {controllerName: tollgate.dev/gateway-controller}
---
"""
ONE_GATEWAY = GATEWAY_CLASS + """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: default}
spec:
  gatewayClassName: tollgate
  listeners: [{name: http, port: @PORT@, protocol: HTTP}]
"""
TO_ORIGIN = """\
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {name: origin, namespace: default}
spec: {endpoints: [{ip: {address: 127.0.0.1, port: @ORIGIN@}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: default}
spec:
  parentRefs: [{name: gw}]
  rules: [{backendRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: origin}]}]
"""


def until(what, predicate, deadline_s=None):
    """Polls until predicate() is true and returns its value; says what it waited for if time runs out."""
    deadline = time.monotonic() + (deadline_s or DEADLINE_S)
    last = None
    while time.monotonic() < deadline:
        try:
            last = predicate()
            if last:
                return last
        except (OSError, AssertionError) as error:
            last = error
        select.select([], [], [], 0.01)  # waits for the outside world; the deadline above decides
    raise AssertionError(f"waited in vain for {what}; last: {last!r}")


def service_account(name):
    """A Secret with a key made for this run, as Google hands them out."""
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], check=True,
                         capture_output=True, text=True).stdout
    account = {"type": "service_account", "project_id": "my-project", "private_key_id": "1", "private_key": key,
               "client_email": "models@my-project.iam.gserviceaccount.com", "client_id": "1",
               "token_uri": "https://oauth2.googleapis.com/token"}
    data = base64.b64encode(json.dumps(account).encode()).decode()
    return (f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: default\n"
            f"data:\n  service_account.json: {data}\n")


class Gateway:
    """`tollgate run` on files of its own, which tests may edit. Ports are moved by editing the manifests: a
    listener port P below 1024 is bound at P + 10000, so each test picks a free pair."""

    def __init__(self, files=None, mock=True, extra=(), env=None, texts=None):
        self.folder = tempfile.mkdtemp(prefix="tollgate-e2e-")
        self.port = free_port()
        self.paths = {}
        for path in files if files is not None else BLUEPRINT:
            name = os.path.basename(path)
            with open(path, encoding="utf-8") as file:
                self.write(name, file.read().replace("port: 80\n", f"port: {self.port}\n"))
        for name, text in (texts or {}).items():
            self.write(name, text.replace("@PORT@", str(self.port)))
        self.mock, self.extra, self.env = mock, list(extra), env or {}
        self.process = None

    def write(self, name, text):
        """Replaces a manifest in one step, as editors and ConfigMap mounts do."""
        path = os.path.join(self.folder, name)
        with open(path + "~", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + "~", path)
        self.paths[name] = path

    def read(self, name):
        with open(self.paths[name], encoding="utf-8") as file:
            return file.read()

    def edit(self, name, old, new):
        text = self.read(name)
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new))

    def start(self):
        self.admin_port = free_port()
        command = [PROGRAM, "run", "--admin", f"127.0.0.1:{self.admin_port}"]
        for path in self.paths.values():
            command += ["-f", path]
        command += (["--mock"] if self.mock else []) + self.extra
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        self.access = open(os.path.join(self.folder, "access"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.access,
                                        stderr=self.log, env={**os.environ, **self.env})
        try:
            until("the ready line", self.ready)
        except AssertionError:
            text = self.stderr()
            self.stop()
            raise AssertionError("not ready:\n" + text) from None
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"ended with {self.process.returncode}: {self.stderr()}")
        return re.search(r"^ready$", self.stderr(), re.M)

    def stderr(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def access_lines(self):
        with open(self.access.name, encoding="utf-8") as file:
            return [json.loads(line) for line in file.read().splitlines() if line]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        code = self.process.returncode if self.process else None
        self.log.close()
        self.access.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return code

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()


PORTS = itertools.count(20000 + os.getpid() % 100 * 100)


def free_port():
    """A port that nobody has and that no socket is given by chance: not one of the system's ephemeral ones."""
    while True:
        port = 20000 + (next(PORTS) - 20000) % 12000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def request(port, method, path, body=None, headers=None, host=None, timeout=DEADLINE_S, cut_allowed=False):
    """One request on a connection of its own; the whole answer. `cut_allowed`: it may end without its end."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", "Connection: close"]
    fields = {"content-type": "application/json"} if body is not None else {}
    fields.update(headers or {})
    lines += [f"{name}: {value}" for name, value in fields.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(payload)}")
    raw = "\r\n".join(lines).encode() + b"\r\n\r\n" + payload
    return parse_answer(exchange_bytes(port, raw, timeout), cut_allowed)


def exchange_bytes(port, raw, timeout=DEADLINE_S):
    """Sends bytes as they are and reads until the peer closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(raw)
        chunks = []
        while True:
            try:
                data = connection.recv(65536)
            except ConnectionResetError:
                break
            if not data:
                break
            chunks.append(data)
    return b"".join(chunks)


def parse_answer(raw, cut_allowed=False):
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ")[1]) if lines[0] else 0
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding") == "chunked":
        body = dechunk(body, cut_allowed)
    return Answer(status, headers, body)


def dechunk(data, cut_allowed=False):
    out = b""
    while data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if length == 0:
            return out
        if len(rest) < length + 2:
            break
        out, data = out + rest[:length], rest[length + 2:]
    if cut_allowed:
        return out
    raise AssertionError("a chunked answer has no end")


def chat(model, text="Say hello", **more):
    return {"model": model, "max_tokens": 64, "messages": [{"role": "user", "content": text}], **more}


def events(body):
    """(event, data) pairs of a server-sent event stream."""
    out = []
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        event, data = "", []
        for line in block.split("\n"):
            if line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
        if data:
            out.append((event, "\n".join(data)))
    return out
