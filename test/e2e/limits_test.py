"""Limits of users by requests and by the tokens that their answers really used: the rate-limiting example, unmodified
or with one figure raised, alone and with a Redis that two gateways share. Every answer uses 9 input and 5 output
tokens, so the tests name which call is the first to be refused. Windows end by the test clock."""
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import anthropic
import openai

from gateway import (CLAUDE, EXAMPLES, GATEWAY_CLASS, GPT_OSS, PROGRAM, QWEN, TO_ORIGIN, Gateway, chat, events,
                     free_port, request, until)
from origin import RecordingOrigin

BASE = [os.path.join(EXAMPLES, name) for name in ("gateway.yaml", "model-backends.yaml")]
LIMITS = os.path.join(EXAMPLES, "rate-limiting")
ROUTE, POLICY, BOTH = (os.path.join(LIMITS, name) for name in (
    "ai-gateway-route.yaml", "backend-traffic-policy.yaml", "ai-gateway-rate-limit.yaml"))
TEXT = "[[mock usage=9/5]]"
HOUR = 3600
HUGE = 1000000


class Clock:
    """The file that moves the time of every process of a test. It begins early in an hour (or a minute), so that no
    window ends by itself while a test runs."""

    def __init__(self, window=HOUR, begin=300, folder=None):
        handle, self.path = tempfile.mkstemp(prefix="tollgate-clock-", dir=folder)
        os.close(handle)
        self.offset = 0
        self.begin(window, begin)

    def begin(self, window, begin):
        """Forward to that second of a window."""
        self.forward((begin - time.time() - self.offset) % window)

    def forward(self, seconds):
        self.offset += seconds
        with open(self.path + "~", "w", encoding="ascii") as file:
            file.write(f"{self.offset:.3f}\n")
        os.rename(self.path + "~", self.path)


def one_limit(name):
    """The policy with the figures of the other limits out of reach."""
    figures = {"input": "requests: 10 ", "output": "requests: 20 ", "total": "requests: 25 "}
    return [(figure, f"requests: {HUGE} ") for key, figure in figures.items() if key != name]


class Asking:
    """Who asks as users do; `send` is how."""

    def ask(self, user, model=QWEN, way="chat"):
        """A request that was under way when the test moved the time ran out of it (504) and is not charged."""
        answer = self.ask_once(user, model, way)
        return self.ask_once(user, model, way) if answer.status == 504 else answer

    def ask_once(self, user, model, way):
        headers = {"x-user-id": user} if user else {}
        if way == "completions":
            return self.send("/v1/completions", {"model": model, "prompt": TEXT, "max_tokens": 64}, headers)
        if way == "messages":
            headers["anthropic-version"] = "2023-06-01"
            return self.send("/anthropic/v1/messages", chat(model, TEXT), headers)
        more = {"stream": True} if way == "stream" else {}
        return self.send("/v1/chat/completions", chat(model, TEXT, **more), headers)

    def first_refused(self, user, model=QWEN, way="chat", most=100):
        for call in range(1, most + 1):
            answer = self.ask(user, model, way)
            if answer.status == 429:
                return call
            assert answer.status == 200, answer
            if way == "stream":
                assert events(answer.body)[-1][1] == "[DONE]", answer
        return None


class Limited(Asking, Gateway):
    def __init__(self, clock, files, edits=(), extra=()):
        super().__init__(files=BASE + files, extra=extra, env={"TOLLGATE_TEST_CLOCK": clock.path})
        for old, new in edits:
            self.edit(os.path.basename(POLICY), old, new)

    def send(self, path, body, headers):
        return request(self.port, "POST", path, body, headers)

    def metric(self, name):
        text = request(self.admin_port, "GET", "/metrics").body.decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


class TokensTest(unittest.TestCase):
    def first_refused(self, limit, expected):
        clock = Clock()
        with Limited(clock, [ROUTE, POLICY], one_limit(limit)) as gateway:
            for way in ("chat", "completions", "stream"):
                with self.subTest(way):
                    self.assertEqual(gateway.first_refused("alice " + way, way=way), expected)
                    self.assertEqual(gateway.ask("alice " + way, way=way).status, 429)
                    self.assertEqual(gateway.ask("bob " + way, way=way).status, 200, "another user is untouched")
            clock.forward(HOUR)
            until("the next window", lambda: gateway.ask("alice chat").status == 200)
            self.assertEqual(gateway.first_refused("alice stream", way="stream"), expected)

    def test_input_tokens(self):
        self.first_refused("input", 3)  # 10 tokens, 9 per call: 0, 9, 18

    def test_output_tokens(self):
        self.first_refused("output", 6)  # 20 tokens, 5 per call: 0, 5, 10, 15, 20, 25

    def test_total_tokens(self):
        self.first_refused("total", 3)  # 25 tokens, 14 per call: 0, 14, 28

    def test_the_example_as_it_is(self):
        clock = Clock()
        with Limited(clock, [ROUTE, POLICY]) as gateway:
            first = gateway.ask("alice")
            self.assertEqual(first.status, 200)
            self.assertEqual(first.headers["x-ratelimit-limit"], "10, 10;w=3600, 20;w=3600, 25;w=3600")
            self.assertEqual(first.headers["x-ratelimit-remaining"], "10")
            self.assertAlmostEqual(int(first.headers["x-ratelimit-reset"]), HOUR - 300, delta=60)
            self.assertEqual(gateway.ask("alice").headers["x-ratelimit-remaining"], "1")
            refused = gateway.ask("alice")
            self.assertEqual(refused.status, 429)
            self.assertEqual(refused.headers["x-ratelimit-remaining"], "0")
            self.assertEqual(refused.headers["x-envoy-ratelimited"], "true")
            self.assertAlmostEqual(int(refused.headers["retry-after"]), HOUR - 300, delta=60)
            self.assertEqual(refused.json()["error"]["type"], "TooManyRequests")
            # The rule whose backend does not exist answers an error alone, and no token was used for that.
            self.assertEqual(gateway.ask("carol", CLAUDE, "messages").status, 500)
            self.assertEqual(gateway.ask("carol").headers["x-ratelimit-remaining"], "10")
            # Without the header there is nobody to count for.
            self.assertIsNone(gateway.first_refused("", most=5))
            lines = until("the log", lambda: [one for one in gateway.access_lines() if one["status"] == 429])
            self.assertEqual(lines[0]["limited_by"], "default/rate-limit-policy")
            good = next(one for one in gateway.access_lines() if one["status"] == 200)
            self.assertEqual({key: good["io.envoy.ai_gateway:" + key] for key in (
                "llm_input_token", "llm_output_token", "llm_total_token", "llm_cached_input_token")},
                {"llm_input_token": 9, "llm_output_token": 5, "llm_total_token": 14, "llm_cached_input_token": 0})

    def test_sdks_see_their_own_error(self):
        clock = Clock()
        with Limited(clock, [ROUTE, POLICY]) as gateway:
            headers = {"x-user-id": "alice"}
            client = openai.OpenAI(base_url=gateway.url + "/v1", api_key="sk", max_retries=0, default_headers=headers)
            for _ in range(2):
                client.chat.completions.create(model=QWEN, messages=[{"role": "user", "content": TEXT}])
            with self.assertRaises(openai.RateLimitError) as caught:
                client.chat.completions.create(model=QWEN, messages=[{"role": "user", "content": TEXT}])
            self.assertGreater(int(caught.exception.response.headers["retry-after"]), 60)
            claude = anthropic.Anthropic(base_url=gateway.url + "/anthropic", api_key="sk", max_retries=0,
                                         default_headers=headers)
            with self.assertRaises(anthropic.RateLimitError) as caught:
                claude.messages.create(model=CLAUDE, max_tokens=9, messages=[{"role": "user", "content": TEXT}])
            self.assertEqual(caught.exception.body["error"]["type"], "rate_limit_error")

    def test_what_was_used_survives_a_restart(self):
        clock = Clock()
        with tempfile.TemporaryDirectory(prefix="tollgate-state-") as folder:
            state = ("--state-dir", os.path.join(folder, "made"))
            with Limited(clock, [ROUTE, POLICY], extra=state) as gateway:
                self.assertIsNotNone(gateway.first_refused("alice"))
            with Limited(clock, [ROUTE, POLICY], extra=state) as gateway:
                self.assertEqual(gateway.ask("alice").status, 429)
                self.assertEqual(gateway.ask("bob").status, 200)
            with open(os.path.join(folder, "file"), "w", encoding="ascii") as file:
                wrong = subprocess.run([PROGRAM, "run", "-f", POLICY, "--state-dir", file.name], capture_output=True,
                                       text=True, check=False)
            self.assertEqual(wrong.returncode, 1)
            self.assertIn("--state-dir " + file.name, wrong.stderr)

    def test_an_aborted_stream_is_charged(self):
        clock = Clock()
        with Limited(clock, [ROUTE, POLICY]) as gateway:
            body = chat(QWEN, "[[mock chunks=500 delay=20]] " + "word " * 100, stream=True)
            payload = str(body).replace("'", '"').replace("True", "true").encode()
            with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
                connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx-user-id: eve\r\nContent-Type: "
                                   b"application/json\r\nContent-Length: %d\r\n\r\n" % len(payload) + payload)
                self.assertIn(b"200 OK", connection.recv(4096))
            line = until("the record", lambda: [one for one in gateway.access_lines() if one.get("client_left")])[0]
            self.assertTrue(line["tokens_estimated"])
            self.assertGreater(line["io.envoy.ai_gateway:llm_input_token"], 100)
            self.assertEqual(gateway.ask("eve").status, 429)


class RequestsTest(unittest.TestCase):
    """ai-gateway-rate-limit.yaml alone."""

    def test_requests_per_minute(self):
        clock = Clock(window=60, begin=1)  # certificates are looked at with the machine's own clock
        with Limited(clock, [BOTH]) as gateway:
            self.assertEqual(gateway.first_refused("alice", GPT_OSS), 31, "30 per minute for this model")
            self.assertEqual(gateway.first_refused("bob", CLAUDE, "messages"), 61, "60 per minute for all")
            for kind, tokens in (("input", 9), ("output", 5), ("total", 14)):
                name = f'tollgate_request_costs_total{{route="default/multi-model-rate-limit-route",key="llm_{kind}_token"}}'
                self.assertEqual(gateway.metric(name), 90 * tokens)
            clock.forward(60)
            until("the next minute", lambda: gateway.ask("alice", GPT_OSS).status == 200)


class ListenersTest(unittest.TestCase):
    """A policy that cannot be served costs the requests of its own listener, no others."""
    MANIFESTS = GATEWAY_CLASS + """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: default}
spec:
  gatewayClassName: tollgate
  listeners: [{name: http, port: @PORT@, protocol: HTTP}, {name: other, port: @OTHER@, protocol: HTTP}]
""" + TO_ORIGIN + """---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: broken, namespace: default}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw, sectionName: other}]
  rateLimit:
    global:
      rules: [{clientSelectors: [{headers: [{name: "@NAME@", value: a}]}], limit: {requests: 1, unit: Hour}}]
"""

    def test_one_listener_pays(self):
        other, origin = free_port(), RecordingOrigin()
        text = self.MANIFESTS.replace("@OTHER@", str(other)).replace("@ORIGIN@", str(origin.port))
        with Gateway(files=[], texts={"all.yaml": text.replace("@NAME@", "x y")}, mock=False) as gateway:
            refused = request(other, "GET", "/")
            self.assertEqual((refused.status, refused.json()["error"]["type"]), (500, "policy_invalid"))
            self.assertEqual(request(gateway.port, "GET", "/").status, 200)
            said = subprocess.run([PROGRAM, "explain", "-f", gateway.folder, "--gateway", "default/gw", "--method", "GET",
                                   "--path", "/"], check=True, capture_output=True, text=True).stdout
            self.assertIn("500 The gateway cannot apply the limits", said)
            gateway.edit("all.yaml", "x y", "x-y")
            until("the repaired policy", lambda: request(other, "GET", "/").status == 200)


class Redis:
    def __init__(self):
        self.port = free_port()
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--loglevel", "warning"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("redis", lambda: socket.create_connection(("127.0.0.1", self.port), timeout=1).close() is None)

    def kill(self):
        self.process.kill()
        self.process.wait()


class SharedTest(unittest.TestCase):
    def setUp(self):
        self.redis = Redis()
        self.addCleanup(self.redis.kill)
        self.clock = Clock()
        store = ("--limit-store", f"redis://127.0.0.1:{self.redis.port}/2")
        self.gateways = [Limited(self.clock, [ROUTE, POLICY], one_limit("output"), store).start() for _ in range(2)]
        for gateway in self.gateways:
            self.addCleanup(gateway.stop)
            self.healthy(gateway)

    @staticmethod
    def healthy(gateway):
        until("the store", lambda: gateway.metric("tollgate_limit_store_links_up") >= gateway.metric(
            "tollgate_limit_store_links ") > 0)

    def settled(self):
        for gateway in self.gateways:
            until("acknowledgements", lambda one=gateway: one.metric("tollgate_limit_store_charges_waiting") == 0)

    def test_two_gateways_share_a_budget(self):
        for call in range(5):
            self.assertEqual(self.gateways[call % 2].ask("alice").status, 200, call)
            self.settled()
        for gateway in self.gateways:
            self.assertEqual(gateway.ask("alice").status, 429)
            self.assertEqual(gateway.ask("bob").status, 200)
        self.clock.forward(HOUR)
        until("the next window", lambda: self.gateways[1].ask("alice").status == 200)

    def test_a_store_that_goes_and_comes_back(self):
        gateway = self.gateways[0]
        self.assertEqual(gateway.ask("alice").status, 200)
        for state in ("paused", "killed"):
            with self.subTest(state):
                if state == "paused":
                    self.redis.process.send_signal(signal.SIGSTOP)
                else:
                    self.redis.kill()
                waits = []
                for _ in range(30):
                    begun = time.monotonic()
                    self.assertEqual(gateway.ask("carol").status, 200, "the example's limits fail open")
                    waits.append(time.monotonic() - begun)
                self.assertLess(sorted(waits)[len(waits) // 2], 0.5)
                if state == "paused":
                    self.redis.process.send_signal(signal.SIGCONT)
                else:
                    self.redis.start()
                self.healthy(gateway)
                self.settled()
                self.assertEqual(gateway.ask("carol").status, 429, "what was used meanwhile was charged")


if __name__ == "__main__":
    unittest.main()
