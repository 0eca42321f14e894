"""The documentation does what it says.

Task pages are played from top to bottom as a reader would: a ```yaml block whose first line is
`# NAME.yaml` is saved, a ```bash block with `tollgate check|get|explain` is run, one with curl is sent
through `tollgate run` on what was saved so far, with the flags of the page's own `tollgate run` line. A
```http block after a request is the answer that is expected, a ```text block after a command its output.

Reference pages name everything that the sources name: metrics, fields, errors, flags, reasons."""
import json
import os
import re
import shlex
import subprocess
import tempfile
import unittest

from gateway import PROGRAM, ROOT, Gateway, request
from origin import RecordingOrigin

DOCS = os.path.join(ROOT, "docs")
TASKS = os.path.join(DOCS, "tasks")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
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
        self.texts[name.group(1)] = text
        with open(os.path.join(self.folder.name, name.group(1)), "w", encoding="utf-8") as file:
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
            self.tollgate("check", "-f", ".")
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

    def send(self, words, expected):
        self.start()
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
            elif word.startswith("http"):
                self.test.assertIn(PAGE_PORT, word, self.name)
                path = "/" + word.split(PAGE_PORT, 1)[1]
            else:
                self.test.assertIn(word, ("-i", "-s", "-sS", "-N"), f"{self.name}: flag of curl")
        answer = request(self.gateway.port, method or ("POST" if body else "GET"), path, body, headers, host)
        self.compare(f"{self.name}: {path}", answer, expected)
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
            self.test.assertEqual(answer.json(), json.loads(body), what)
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


if __name__ == "__main__":
    unittest.main()
