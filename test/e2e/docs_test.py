"""The documentation does what it says.

Task pages are played from top to bottom as a reader would: a ```yaml block whose first line is
`# NAME.yaml` is saved, a ```bash block with `tollgate check|get|explain` is run, one with curl is sent
through `tollgate run` on what was saved so far, with the flags of the page's own `tollgate run` line,
and `kubectl create secret ... > FILE` writes a key of a Google service account that is made for the run. A
```http block after a request is the answer that is expected, a ```text block after a command its output.

Reference pages name everything that the sources name: metrics, fields, errors, flags, reasons."""
import json
import os
import re
import shlex
import subprocess
import tempfile
import unittest

from gateway import (BLUEPRINT, CLAUDE, EXAMPLES, PROGRAM, QWEN, ROOT, Gateway, chat, exchange_bytes, free_port,
                     parse_answer, request, service_account, until)
from origin import RecordingOrigin

DOCS = os.path.join(ROOT, "docs")
TASKS = os.path.join(DOCS, "tasks")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
# Policies whose credentials are exchanged, which takes a moment.
EXCHANGED = re.compile(r"^kind: BackendSecurityPolicy\nmetadata:\n  name: (\S+)\n(?:(?!^---).*\n)*?"
                       r"^.*(?:type: AzureCredentials|type: GCPCredentials|oidcExchangeToken:)$", re.M)
PAGE_PORT = ":10080/"  # a Gateway's port 80 as the pages' readers reach it


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def sources(folder):
    for place, _, names in os.walk(os.path.join(ROOT, folder)):
        for name in names:
            if name.endswith((".cc", ".h")):
                yield os.path.relpath(os.path.join(place, name), ROOT)


def markdown_files():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                            capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.split() if os.path.exists(os.path.join(ROOT, path))]


def parse_curl(page, words):
    """(method, path, body, headers, host) of a curl command as the pages write them."""
    method, path, host, body, headers = "", "", None, None, {}
    words = iter(words)
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(":")
            if name.lower() == "host":
                host = value.strip()
            else:
                headers[name] = value.strip()
        elif word in ("-d", "--data"):
            body = next(words).encode()
        elif PAGE_PORT in word:
            path = "/" + word.split(PAGE_PORT, 1)[1]
        elif word not in ("-i", "-s", "-sS", "-N"):
            raise AssertionError(f"{page}: {word!r} of a curl command is not understood")
    return method or ("POST" if body else "GET"), path, body, headers, host


def undated(value):
    """Without when models were made: of routes without a date, when the proxy started."""
    for model in value.get("data", []) if isinstance(value, dict) else []:
        if isinstance(model, dict) and isinstance(model.get("created"), int) and model["created"] > 0:
            model["created"] = "a time"
    return value


class Page:
    """Plays one task page."""

    def __init__(self, test, name):
        self.test, self.name = test, name
        self.blocks = FENCE.findall(read("docs/tasks", name))
        self.folder = tempfile.TemporaryDirectory(prefix="tollgate-docs-")
        self.texts, self.flags, self.redirect, self.gateway = {}, [], "", None
        self.origin = RecordingOrigin()
        self.played = 0

    def play(self):
        try:
            for index, (language, text) in enumerate(self.blocks):
                after = self.blocks[index + 1] if index + 1 < len(self.blocks) else ("", "")
                if language == "yaml":
                    self.save(text)
                elif language == "bash":
                    self.run(shlex.split(text.replace("\\\n", " "), comments=True), after)
            self.check()
        finally:
            self.stop()
            self.folder.cleanup()
        return self.played

    def stop(self):
        if self.gateway:
            gateway, self.gateway = self.gateway, None
            self.test.assertEqual(gateway.stop(), 0)

    def save(self, text):
        name = re.match(r"# ([\w-]+\.yaml)\n", text)
        self.test.assertIsNotNone(name, f"{self.name}: a manifest without a file name:\n{text[:200]}")
        self.write(name.group(1), text)

    def write(self, name, text):
        self.texts[name] = text
        with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as file:
            file.write(text)
        self.stop()  # the next request sees everything that is saved by then

    def run(self, words, after):
        if words[0] == "tollgate" and words[1] == "run":
            self.take_flags(words[2:])
        elif words[0] == "tollgate" and words[1] != "controller":
            output = self.tollgate(*words[1:])
            if after[0] == "text":
                self.test.assertEqual(output.strip(), after[1].strip(), f"{self.name}: {' '.join(words)}")
            self.played += 1
        elif words[:4] == ["kubectl", "create", "secret", "generic"] and words[-2] == ">":
            self.test.assertIn("--from-file=service_account.json", words)
            self.write(words[-1], service_account(words[4]))
        elif words[0] == "curl":
            self.test.assertEqual(after[0], "http", f"{self.name}: a request without its answer: {words}")
            self.send(words[1:], after[1])

    def take_flags(self, words):
        """The page's own `tollgate run` line; `-f .` is the folder, addresses of a --resolve are this test's."""
        self.flags = []
        for flag, value in zip(words, words[1:] + [""]):
            if flag == "--mock":
                self.flags.append(flag)
            elif flag == "--resolve":
                self.flags += [flag, f"{value.split('=')[0]}=127.0.0.1:{self.origin.port}"]
        self.test.assertIn("-f", words, f"{self.name}: {words}")

    def tollgate(self, *arguments):
        done = subprocess.run([PROGRAM, *arguments], cwd=self.folder.name, capture_output=True, text=True, timeout=60)
        self.test.assertEqual(done.returncode, 0, f"{self.name}: tollgate {' '.join(arguments)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def check(self):
        if self.texts:
            self.test.assertNotIn("ProxyTooOld", self.tollgate("check", "-f", "."), self.name)
            self.played += 1

    def start(self):
        if self.gateway:
            return
        self.check()
        texts = {}
        for name, text in self.texts.items():
            documents = re.split(r"^---\n", text, flags=re.M)
            texts[name] = "---\n".join(
                d.replace("port: 80\n", "port: @PORT@\n") if re.search(r"^kind: Gateway$", d, re.M) else d
                for d in documents)
        self.gateway = Gateway(files=[], texts=texts, mock=False, extra=self.flags).start()
        for policy in EXCHANGED.findall("\n---\n".join(texts.values())):
            until(f"the token of {policy}", lambda name=policy: f"ai-eg-bsp-{name}/token" in self.snapshot())

    def snapshot(self):
        return request(self.gateway.admin_port, "GET", "/snapshot").body.decode()

    def send(self, words, expected):
        self.start()
        call = parse_curl(self.name, words)
        self.compare(f"{self.name}: {call[1]}", request(self.gateway.port, *call), expected)
        self.played += 1

    def compare(self, what, answer, expected):
        head, _, body = expected.partition("\n\n")
        status, *fields = head.strip().split("\n")
        self.test.assertEqual(answer.status, int(status.split(" ")[1]), f"{what}: {answer!r}")
        for field in fields:
            name, _, value = field.partition(": ")
            self.test.assertEqual(answer.headers.get(name.lower()), value, f"{what}: {answer.headers}")
        body = body.strip()
        if body.startswith("{"):
            self.test.assertEqual(undated(answer.json()), undated(json.loads(body)), what)
        elif body:
            self.test.assertEqual(answer.body.decode().strip(), body, what)


class TasksTest(unittest.TestCase):
    """One test per page, made below."""


def add_page(name):
    def test(self):
        text = read("docs/tasks", name)
        played = Page(self, name).play()
        if "```yaml" in text:
            self.assertGreater(played, 1, "the page has manifests and nothing to do with them")
    setattr(TasksTest, "test_" + name.removesuffix(".md").replace("-", "_"), test)


for page in sorted(os.listdir(TASKS)) if os.path.isdir(TASKS) else []:
    add_page(page)


class FallbackTest(unittest.TestCase):
    def test_the_next_priority_takes_over(self):
        """docs/tasks/weights-and-split.md on its first three manifests: no connection, so the spare answers."""
        texts = {}
        for language, text in FENCE.findall(read("docs/tasks/weights-and-split.md")):
            if language == "yaml" and len(texts) < 3:
                texts[f"{len(texts)}.yaml"] = text.replace("port: 80\n", "port: @PORT@\n")
        places = {"east": free_port(), "west": free_port(), "spare": RecordingOrigin().port}
        flags = [word for host, port in places.items()
                 for word in ("--resolve", f"{host}.models.svc.cluster.local:8000=127.0.0.1:{port}")]
        with Gateway(files=[], texts=texts, mock=False, extra=flags) as gateway:
            self.assertEqual(request(gateway.port, "POST", "/v1/chat/completions", chat(QWEN)).status, 200)
            line = until("the log line", gateway.access_lines)[0]
        self.assertEqual((line["backend"], line["attempts"]), ("default/spare", 2))


class FirstPagesTest(unittest.TestCase):
    def test_quick_start(self):
        """Its requests, on the manifests that it names."""
        text = read("docs/quick-start.md")
        for path in re.findall(r"-f \$E/(\S+)", text):
            self.assertIn(os.path.join(EXAMPLES, path), BLUEPRINT)
        commands = [c for _, block in FENCE.findall(text) for c in re.split(r"(?m)^(?=curl )", block) if c.startswith("curl ")]
        self.assertGreaterEqual(len(commands), 2)
        with Gateway() as gateway:
            for command in commands:
                words = shlex.split(command.replace("\\\n", " "))
                answer = request(gateway.port, *parse_curl("quick-start.md", words[1:]))
                self.assertEqual(answer.status, 200, answer)

    def test_install_names_the_rights(self):
        """Every resource of the operator's roles is in the table of rights, in its kind's spelling."""
        table = read("docs/install.md").split("## Rights", 1)[1].lower().replace(" ", "")
        for rule in re.findall(r"resources: \[([^\]]*)\]", read("manifests/parts/20-rbac.yaml")):
            for resource in re.split(r",\s*", rule):
                name = resource.removesuffix("/status")
                known = name in table or name in ALL_OF_A_GROUP
                self.assertTrue(known, f"docs/install.md does not name {resource}")


# What the table of rights sums up as the kinds of the Gateway API, the AI and the Envoy Gateway.
ALL_OF_A_GROUP = {"gatewayclasses", "gateways", "httproutes", "referencegrants", "backendtlspolicies", "aigatewayroutes",
                  "aiservicebackends", "backendsecuritypolicies", "backends", "backendtrafficpolicies",
                  "clienttrafficpolicies", "envoyproxies", "gatewayconfigs"}


class TelemetryTest(unittest.TestCase):
    """What a running gateway says is what docs/reference/telemetry.md says."""

    def test_metrics_and_log(self):
        page = read("docs/reference/telemetry.md")
        with Gateway() as gateway:
            for path, model in (("/v1/chat/completions", QWEN), ("/anthropic/v1/messages", CLAUDE)):
                for stream in (False, True):
                    answer = request(gateway.port, "POST", path, chat(model, stream=stream),
                                     {"anthropic-version": "2023-06-01"})
                    self.assertEqual(answer.status, 200, answer)
            request(gateway.port, "GET", "/nothing?api_key=1")
            lines = until("five log lines", lambda: (lambda l: l if len(l) == 5 else None)(gateway.access_lines()))
            text = request(gateway.admin_port, "GET", "/metrics").body.decode()
        fields = {field for line in lines for field in line}
        self.assertGreater(len(fields), 25)
        self.assertEqual([field for field in sorted(fields) if f"`{field}`" not in page], [])
        self.assertIn("api_key=REDACTED", [line.get("query") for line in lines])
        families = re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M)
        self.assertGreater(len(families), 30)
        for name, kind in families:
            self.assertIn(f"`{name}`", page)
            if kind == "histogram":
                self.assertRegex(page, rf"`{name}` \| histogram")
        labels = set(re.findall(r'[{,](\w+)="', text)) - {"le"}
        self.assertGreater(len(labels), 10)
        self.assertEqual([label for label in sorted(labels) if f"`{label}`" not in page], [])


class LinksTest(unittest.TestCase):
    LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")

    def anchors(self, text):
        out = set()
        for heading in re.findall(r"^#+ (.*)$", text, re.M):
            plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
            out.add(re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-"))
        return out

    def test_relative_links_resolve(self):
        count = 0
        for path in markdown_files():
            for link in self.LINK.findall(FENCE.sub("", read(path))):
                if re.match(r"[a-z]+:", link):
                    continue
                count += 1
                target, _, anchor = link.partition("#")
                resolved = os.path.normpath(os.path.join(ROOT, os.path.dirname(path), target)) if target else os.path.join(ROOT, path)
                self.assertTrue(os.path.exists(resolved), f"{path}: {link}")
                if anchor and resolved.endswith(".md"):
                    self.assertIn(anchor, self.anchors(read(os.path.relpath(resolved, ROOT))), f"{path}: {link}")
        self.assertGreater(count, 50)

    def test_every_page_is_linked(self):
        linked = set()
        for path in markdown_files():
            for link in self.LINK.findall(read(path)):
                linked.add(os.path.normpath(os.path.join(os.path.dirname(path), link.partition("#")[0])))
        pages = [path for path in markdown_files() if path.startswith("docs/")]
        self.assertEqual([page for page in pages if page not in linked and os.path.dirname(page) not in linked], [])


class ReferenceTest(unittest.TestCase):
    """What the sources name, the pages name."""

    def assert_named(self, page, names, least):
        self.assertGreaterEqual(len(set(names)), least, "the sources are not read as they were; adjust the test")
        text = read("docs/reference", page)
        missing = [name for name in sorted(set(names)) if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]
        self.assertEqual(missing, [], f"not in docs/reference/{page}")

    def test_metrics(self):
        names = []
        for path in [*sources("dataplane/telemetry"), *sources("dataplane/proxy"), *sources("controller/pipeline")]:
            names += re.findall(r'"((?:tollgate|gen_ai|process)_[a-z_]+)"', read(path))
        self.assert_named("telemetry.md", names, 35)

    def test_access_log_fields(self):
        text = read("dataplane/telemetry/access_line.cc")
        self.assert_named("telemetry.md", re.findall(r'_member\(out, "(\w+)"', text) + ["time"], 30)

    def test_errors(self):
        text = read("dataplane/exchange/attempt/fault.cc")
        faults = re.findall(r"FaultInfo\{Fault::k\w+, (\d+), \"(\w+)\",\s*((?:\"[^\"]*\"\s*)+)\}", text)
        self.assert_named("errors.md", [code for _, code, _ in faults], 30)
        page = read("docs/reference/errors.md")
        for status, code, message in faults:
            message = "".join(re.findall(r'"([^"]*)"', message))
            row = re.search(rf"^\| {status} \| `{code}` \| (.*)$", page, re.M)
            self.assertIsNotNone(row, f"{status} {code}")
            self.assertIn(message, row.group(1))

    def test_flags(self):
        names = re.findall(r'"(--[a-z-]+)"', read("dataplane/proxy/command_line.cc"))
        names += re.findall(r'"(?:-\w,)?(--[a-z-]+)"', read("controller/cli/options.cc"))
        self.assert_named("commands.md", names, 25)

    def test_reasons(self):
        names = []
        for folder in ("reconcilers", "controller/resolve"):
            for path in sources(folder):
                text = read(path)
                names += re.findall(r'\b(?:no|yes)\(\s*[\w:]+,\s*"(\w+)"', text)
                names += re.findall(r'\b(?:unusable\(|Withheld\{|withheld\{|Fault\{|return \{)\s*"([A-Z]\w+)",', text)
                names += [name for pair in re.findall(r'\? "([A-Z][a-z]\w+)" : "([A-Z][a-z]\w+)"', text) for name in pair]
        self.assert_named("status.md", names, 35)

    def test_endpoints_and_schemas(self):
        paths = re.findall(r'EndpointInfo\{Endpoint::\w+, "([^"]+)"', read("dataplane/catalog/endpoint.cc"))
        schemas = re.findall(r'SchemaInfo\{Schema::\w+, "([^"]+)"', read("dataplane/catalog/schema.cc"))
        self.assert_named("kinds.md", schemas, 8)
        text = read("docs/reference/kinds.md")
        self.assertEqual([path for path in paths if f"`{path}`" not in text], [])

    def test_kinds(self):
        names = re.findall(r'KindInfo\{Kind::\w+, \w*"?\w*"?, "(\w+)"', read("reconcilers/resources/kinds.cc").replace("\n", " "))
        self.assert_named("kinds.md", names, 18)


class ErrorsTest(unittest.TestCase):
    """Errors of docs/reference/errors.md that a request alone can cause: status, code in the log, body."""

    CHAT, MESSAGES = "/v1/chat/completions", "/anthropic/v1/messages"

    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway().start()

    @classmethod
    def tearDownClass(cls):
        assert cls.gateway.stop() == 0

    def expect(self, status, code, method, path, body=None, headers=None, host=None):
        answer = request(self.gateway.port, method, path, body, headers, host)
        self.assertEqual(answer.status, status, answer)
        self.assert_row(status, code, answer)
        until(f"a log line with {code}", lambda: [line for line in self.gateway.access_lines()
                                                  if line["status"] == status and line.get("error") == code])
        return answer

    def assert_row(self, status, code, answer):
        """The page has the row, and the type of the body is the one that it says for the dialect."""
        page = read("docs/reference/errors.md")
        self.assertRegex(page, rf"(?m)^\| {status} \| `{code}` \|")
        error = answer.json()["error"]
        row = re.search(rf"(?m)^\| {status} \| (\w+) \| (\w+) \|$", page)
        if row and error["type"] != code:
            self.assertEqual(error["type"], row.group(1 if "code" in error else 2))

    def test_client_mistakes(self):
        self.expect(400, "malformed_path", "GET", "/v1/%zz")
        self.expect(405, "method_refused", "TRACE", "/")
        self.expect(400, "malformed_body", "POST", self.CHAT, b"{")
        self.expect(400, "malformed_body", "POST", self.MESSAGES, b'{"model":"a","model":"b"}')
        self.expect(413, "body_too_large", "POST", self.CHAT, headers={"content-length": str(51 << 20)})

    def test_malformed_http(self):
        for raw, status in ((b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
                            (b"GET /" + b"a" * 17000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
                            (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
                            (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: gifts\r\n\r\n", 417),
                            (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501)):
            answer = parse_answer(exchange_bytes(self.gateway.port, raw))
            self.assertEqual(answer.status, status, raw[:60])
            self.assertRegex(read("docs/reference/errors.md"), rf"(?m)^\| {status} \| ")

    def test_routing(self):
        self.expect(404, "unsupported_path", "GET", "/favicon.ico")
        for path in (self.CHAT, self.MESSAGES):
            self.expect(404, "route_not_found", "POST", path, chat("nobody"))

    def test_configuration(self):
        self.expect(500, "unsupported_pair", "POST", "/v1/embeddings", {"model": CLAUDE, "input": "Hello"})
        self.expect(500, "unsupported_pair", "POST", self.MESSAGES + "/count_tokens", chat(QWEN))

    def test_what_a_backend_cannot_say(self):
        self.expect(422, "not_expressible", "POST", self.CHAT, {**chat(CLAUDE), "n": 2})

    def test_each_dialect_has_its_form(self):
        """The JSON blocks of "The body", as each client gets them."""
        page = read("docs/reference/errors.md").split("## The body", 1)[1].split("\n## ", 1)[0]
        forms = [json.loads(text) for language, text in FENCE.findall(page) if language == "json"]
        paths = (self.CHAT, self.MESSAGES, "/v1beta/models/nobody:generateContent", "/model/nobody/converse")
        self.assertEqual(len(forms), len(paths))
        for path, form in zip(paths, forms):
            answer = request(self.gateway.port, "POST", path, chat("nobody"))
            self.assertEqual(answer.status, 404, answer)
            self.assertEqual(answer.json().keys(), form.keys(), path)
            if "error" in form:
                self.assertEqual(answer.json()["error"].keys(), form["error"].keys(), path)
            if path.startswith("/v1beta"):
                self.assertEqual(answer.json()["error"]["status"], form["error"]["status"])
            if path.startswith("/model"):
                self.assertEqual(answer.headers["x-amzn-errortype"], "ResourceNotFoundException")

    def test_a_broken_stream(self):
        for path, model, mark in ((self.CHAT, QWEN, 'data: {"error":{"type":"BadGateway","code":"502"'),
                                  (self.MESSAGES, CLAUDE, 'event: error\ndata: {"type":"error","error":{"type":"api_error"')):
            self.assertIn(mark, read("docs/reference/errors.md"))
            body = json.dumps(chat(model, "[[mock cut=8]]", stream=True)).encode()
            raw = (f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                   f"anthropic-version: 2023-06-01\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
            answer = exchange_bytes(self.gateway.port, raw).decode()
            self.assertIn(mark, answer)
            self.assertFalse(answer.endswith("0\r\n\r\n"), "the answer must not look complete")


if __name__ == "__main__":
    unittest.main()
