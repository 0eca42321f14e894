"""`tollgate run` as its users meet it: edits, mistakes, limits, credentials, the admin port, the tools."""
import json
import os
import re
import subprocess
import tempfile
import threading
import unittest

from gateway import BLUEPRINT, CLAUDE, GPT_OSS, PROGRAM, QWEN, Gateway, chat, events, exchange_bytes, parse_answer, request, until

KEY = "sk-very-secret-upstream-key"
KEYED = """
apiVersion: v1
kind: Secret
metadata: {name: openai-key, namespace: default}
stringData: {apiKey: "%s"}
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: BackendSecurityPolicy
metadata: {name: openai-key, namespace: default}
spec:
  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: qwen3}]
  type: APIKey
  apiKey: {secretRef: {name: openai-key}}
"""


def tool(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)


def files(gateway):
    return [argument for path in gateway.paths.values() for argument in ("-f", path)]


class EditTest(unittest.TestCase):
    def test_edits_are_live_and_lose_no_request(self):
        with Gateway() as gateway:
            stop, failures, count = threading.Event(), [], [0]

            def load():
                while not stop.is_set():
                    answer = request(gateway.port, "POST", "/v1/chat/completions", chat(QWEN))
                    count[0] += 1
                    if answer.status != 200:
                        failures.append(answer)

            workers = [threading.Thread(target=load) for _ in range(4)]
            for worker in workers:
                worker.start()
            for round_number in range(10):
                name = f"renamed-{round_number}"
                gateway.edit("ai-gateway-route.yaml", GPT_OSS if round_number == 0 else f"renamed-{round_number - 1}", name)
                until("the new model", lambda: name in [m["id"] for m in request(
                    gateway.port, "GET", "/v1/models").json()["data"]])
            stop.set()
            for worker in workers:
                worker.join()
            self.assertEqual(failures, [])
            self.assertGreater(count[0], 50)

    def test_a_broken_file_takes_nothing_away_and_is_named_with_its_line(self):
        with Gateway() as gateway:
            good = gateway.read("ai-gateway-route.yaml")
            gateway.write("ai-gateway-route.yaml", good + "\n  broken: [")
            until("the error", lambda: re.search(r"ai-gateway-route\.yaml:\d+", gateway.stderr()))
            self.assertEqual(request(gateway.port, "POST", "/v1/chat/completions", chat(QWEN)).status, 200)
            gateway.write("ai-gateway-route.yaml", good.replace(QWEN, "mended"))
            until("the mended file", lambda: request(gateway.port, "POST", "/v1/chat/completions", chat("mended")).status == 200)

    def test_more_folders_than_can_be_watched_end_nothing(self):
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # folders go slowly on some disks
        with tempfile.TemporaryDirectory(dir=memory) as many, Gateway(extra=["-f", many]) as gateway:
            for number in range(8300):
                os.mkdir(os.path.join(many, str(number)))
            until("the error", lambda: "some folders are not watched" in gateway.stderr())
            self.assertEqual(request(gateway.port, "POST", "/v1/chat/completions", chat(QWEN)).status, 200)
            gateway.edit("ai-gateway-route.yaml", GPT_OSS, "renamed")
            until("the new model", lambda: b"renamed" in request(gateway.port, "GET", "/v1/models").body)
            for number in range(200):
                os.rmdir(os.path.join(many, str(number)))
            until("the good news", lambda: "all folders are watched again" in gateway.stderr())
            self.assertEqual(gateway.stop(), 0)

    def test_changes_that_never_end_delay_no_edit(self):
        with tempfile.TemporaryDirectory() as noisy, Gateway(extra=["-f", noisy]) as gateway:
            over = threading.Event()

            def write():
                while not over.wait(0.01):
                    with open(os.path.join(noisy, "noise.yaml"), "w", encoding="utf-8") as file:
                        file.write("# nothing\n")
            writing = threading.Thread(target=write)
            writing.start()
            try:
                gateway.edit("ai-gateway-route.yaml", GPT_OSS, "renamed")
                until("the new model", lambda: b"renamed" in request(gateway.port, "GET", "/v1/models").body, 5)
            finally:
                over.set()
                writing.join()

    def test_a_missing_backend_costs_its_own_rule_only(self):
        with Gateway() as gateway:
            gateway.edit("ai-gateway-route.yaml", "name: bedrock", "name: bedrock-aws")
            broken = until("the broken rule", lambda: (lambda a: a if a.status == 500 else None)(
                request(gateway.port, "POST", "/anthropic/v1/messages", chat(CLAUDE))))
            self.assertEqual(broken.json()["type"], "error")
            self.assertNotIn("bedrock-aws", broken.body.decode(), "details stay in the status")
            self.assertEqual(request(gateway.port, "POST", "/v1/chat/completions", chat(QWEN)).status, 200)
            until("the status line", lambda: re.search(r"ResolvedRefs=False.*bedrock-aws", gateway.stderr()))
            checked = tool("check", *files(gateway))
            self.assertEqual(checked.returncode, 1)
            self.assertRegex(checked.stdout, r"ResolvedRefs\s+False.*bedrock-aws")

    def test_unknown_fields_are_warned_about(self):
        with Gateway() as gateway:
            gateway.edit("ai-gateway-route.yaml", "  rules:\n", "  surprise: 1\n  rules:\n")
            until("the warning", lambda: re.search(r'ai-gateway-route\.yaml:\d+.*spec\.surprise', gateway.stderr()))
            self.assertEqual(request(gateway.port, "POST", "/v1/chat/completions", chat(QWEN)).status, 200)


class CredentialTest(unittest.TestCase):
    def test_the_key_is_injected_rotated_and_never_shown(self):
        with Gateway(texts={"key.yaml": KEYED % KEY}) as gateway:
            headers = {"authorization": "Bearer sk-client", "cookie": "session=1", "x-api-key": "k"}
            ask = lambda: request(gateway.port, "POST", "/v1/chat/completions", chat(QWEN), headers)
            self.assertEqual(ask().status, 200, "the model server takes exactly the key and no other credential")
            gateway.write("key.yaml", KEYED % (KEY + "-2"))
            until("the new key", lambda: "2" and ask().status == 200)
            for path in ("/snapshot", "/metrics"):
                dump = request(gateway.admin_port, "GET", path)
                self.assertEqual(dump.status, 200)
                self.assertNotIn(KEY, dump.body.decode())
            shown = tool("explain", *files(gateway), "--gateway", "default/ai-gateway", "--path", "/v1/chat/completions",
                         "--body", json.dumps(chat(QWEN)))
            self.assertIn("authorization: Bearer", shown.stdout)
            logs = gateway.stderr() + json.dumps(gateway.access_lines()) + shown.stdout + tool("check", "-o", "json", *files(gateway)).stderr
            self.assertNotIn(KEY, logs)
            self.assertNotIn("sk-client", logs)

    def test_a_missing_secret_is_said_and_costs_its_own_backend(self):
        with Gateway(texts={"key.yaml": KEYED.split("---")[1]}) as gateway:
            self.assertEqual(request(gateway.port, "POST", "/v1/chat/completions", chat(QWEN)).status, 500)
            self.assertEqual(request(gateway.port, "POST", "/v1/chat/completions", chat(GPT_OSS)).status, 200)
            self.assertRegex(gateway.stderr(), r"BackendSecurityPolicy default/openai-key: ResolvedRefs=False.*openai-key")

    def test_credentials_of_google_without_a_source_are_refused(self):
        policy = KEYED.split("---")[1].replace("type: APIKey", "type: GCPCredentials").replace(
            "apiKey: {secretRef: {name: openai-key}}", "gcpCredentials: {projectName: p, region: r}")
        with Gateway(texts={"key.yaml": policy}) as gateway:
            self.assertEqual(request(gateway.port, "POST", "/v1/chat/completions", chat(QWEN)).status, 500)
            self.assertRegex(gateway.stderr(), r"Accepted=False.*gcpCredentials without credentialsFile")


class AnswerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        texts = {}
        cls.gateway = Gateway(texts=texts)
        cls.gateway.edit("gateway.yaml", "bufferLimit: 50Mi", "bufferLimit: 64Ki")
        cls.gateway.start()
        cls.port = cls.gateway.port

    @classmethod
    def tearDownClass(cls):
        assert cls.gateway.stop() == 0

    def openai(self, body, **more):
        return request(self.port, "POST", "/v1/chat/completions", body, **more)

    def test_errors_speak_the_clients_dialect(self):
        for path, check in (("/v1/chat/completions", lambda e: e["error"]["message"]),
                            ("/anthropic/v1/messages", lambda e: e["error"]["message"])):
            for body, status in ((b"{", 400), (b"[]", 400), (b'{"model":1}', 400), (b'{"model":"a","model":"b"}', 400),
                                 (b"x" * 70000, 413), (json.dumps(chat("nobody")).encode(), 404)):
                answer = request(self.port, "POST", path, body)
                self.assertEqual(answer.status, status, (path, body[:40]))
                self.assertEqual(answer.headers["content-type"], "application/json")
                self.assertEqual(answer.json()["type"], "error")
                self.assertTrue(check(answer.json()))

    def test_no_model_matches(self):
        self.assertIn("No matching route found", self.openai(chat("nobody")).json()["error"]["message"])

    def test_an_unknown_path_comes_before_an_unknown_model(self):
        answer = request(self.port, "POST", "/v1/nothing", chat("nobody"))
        self.assertEqual(answer.status, 404)
        self.assertIn(b"unsupported path: /v1/nothing", answer.body)

    def test_a_clients_model_header_never_wins(self):
        answer = self.openai(chat(QWEN), headers={"x-ai-eg-model": GPT_OSS})
        self.assertEqual(answer.json()["model"], QWEN)

    def test_chunked_uploads_reach_the_provider_with_a_length(self):
        body = json.dumps(chat(QWEN)).encode()
        raw = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
               b"Content-Type: application/json\r\n\r\n" + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
        self.assertEqual(parse_answer(exchange_bytes(self.port, raw)).status, 200)

    def test_expect_continue(self):
        body = json.dumps(chat(QWEN)).encode()
        raw = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\n"
               b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        answer = exchange_bytes(self.port, raw)
        self.assertTrue(answer.startswith(b"HTTP/1.1 100 "), answer[:80])
        self.assertIn(b"HTTP/1.1 200 ", answer)

    def test_pipelined_requests_are_answered_in_order(self):
        raw = b"".join(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"
                       % (b"Connection: close\r\n" if model is None else b"", len(body), body)
                       for model in (QWEN, GPT_OSS, None)
                       for body in [json.dumps(chat(model or QWEN)).encode()])
        answer = exchange_bytes(self.port, raw)
        self.assertEqual(answer.count(b"HTTP/1.1 200 "), 3)
        self.assertLess(answer.index(QWEN.encode()), answer.index(GPT_OSS.encode()))

    def test_a_stream_that_breaks_ends_as_an_error(self):
        for directive in ("cut=8", "fail=8"):
            answer = request(self.port, "POST", "/anthropic/v1/messages", chat(CLAUDE, f"[[mock {directive}]]", stream=True),
                             cut_allowed=True)
            seen = events(answer.body)
            self.assertEqual(seen[-1][0], "error", (directive, seen))
            self.assertNotIn("message_stop", [event for event, _ in seen])

    def test_a_stream_that_breaks_before_its_first_content_is_an_error_answer(self):
        for model, path in ((CLAUDE, "/anthropic/v1/messages"), (CLAUDE, "/v1/chat/completions")):
            answer = request(self.port, "POST", path, chat(model, "[[mock cut=1]]", stream=True))
            self.assertEqual(answer.status, 502, answer)
            self.assertIn("error", json.loads(answer.body))

    def test_usage_is_in_the_access_log_and_the_metrics(self):
        marker = chat(QWEN, "[[mock usage=9/5]]")
        self.assertEqual(self.openai(marker).status, 200)
        self.assertEqual(self.openai({**marker, "stream": True}).status, 200)
        until("two lines with the usage", lambda: 2 <= sum(
            line.get("input_tokens") == 9 and line.get("output_tokens") == 5 for line in self.gateway.access_lines()))
        metrics = request(self.gateway.admin_port, "GET", "/metrics").body.decode()
        self.assertRegex(metrics, r"gen_ai_\w*token\w*")
        self.assertRegex(metrics, r"tollgate_\w+")

    def test_slow_and_vanishing_clients_disturb_nobody(self):
        import socket
        idle = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(50)]
        for number, connection in enumerate(idle):
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"[:10 + number])
        self.assertEqual(self.openai(chat(QWEN)).status, 200)
        for connection in idle:
            connection.close()
        self.assertEqual(self.openai(chat(QWEN)).status, 200)


class ToolTest(unittest.TestCase):
    def test_check_agrees_with_the_running_gateway(self):
        with Gateway(texts={"key.yaml": KEYED.split("---")[1]}) as gateway:
            listed = json.loads(tool("check", "-o", "json", *files(gateway)).stdout)
            said = gateway.stderr()
            for item in listed["items"]:
                for condition in item.get("status", {}).get("conditions", []):
                    if condition["status"] == "False" and condition["type"] in ("Accepted", "ResolvedRefs", "Programmed"):
                        self.assertIn(f"{condition['type']}=False: {condition['message']}", said)

    def test_explain_names_what_the_gateway_does(self):
        with Gateway() as gateway:
            explained = json.loads(tool("explain", *files(gateway), "--gateway", "default/ai-gateway", "--path",
                                        "/anthropic/v1/messages", "--body", json.dumps(chat(CLAUDE)), "-o", "json").stdout)
            decision = explained["listeners"][0]["decision"]
            self.assertEqual(request(gateway.port, "POST", "/anthropic/v1/messages", chat(CLAUDE)).status, 200)
            line = until("the access line", lambda: [l for l in gateway.access_lines() if l["path"] == "/anthropic/v1/messages"])[0]
            self.assertEqual(decision["rule"], line["rule"])
            self.assertEqual(decision["backends"][0]["backend"], "backend/AIServiceBackend/" + line["backend"]
                             if decision["backends"][0]["backend"].count("/") > 2 else "backend/" + line["backend"])
            self.assertEqual(decision["backends"][0]["translation"]["how"], "translate")

    def test_mistakes_exit_with_two(self):
        self.assertEqual(tool("run").returncode, 2)
        self.assertEqual(tool("check", "-f", BLUEPRINT[0], "-o", "nonsense").returncode, 2)
        self.assertEqual(tool("version").returncode, 0)


if __name__ == "__main__":
    unittest.main()
