"""Limits of users on a cluster: three proxies of one Gateway that count in one Redis, or each alone.

The example's files are as they are, but for single figures that are put out of reach. Every answer
uses 9 input and 5 output tokens. Run like cluster_test.py.
"""
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from cluster_test import AI, CLIENT, GATEWAY, SELECTOR, condition, holds
from gateway import CLAUDE, GPT_OSS, PROGRAM, QWEN, Answer
from limits_test import BASE, BOTH, HOUR, POLICY, ROUTE, Asking, Clock, one_limit
from on_cluster import REDIS, SYSTEM, Installation, object_path

ENVOY = "gateway.envoyproxy.io/v1alpha1"
PROXIES, HTTP_PORT, METRICS_PORT = 3, 10080, 19001
WAITING = "tollgate_limit_store_charges_waiting"
OPENED = ("tollgate_limit_decisions_total", 'result="failed_open"')
BACK_LIMIT_S = 2  # until limits are shared again once the store is back
AWAY_LIMIT_S = 0.5  # of one request while the store is away, on a busy machine
EXPORTED = ("gatewayclasses,gateways,aigatewayroutes,aiservicebackends,"
            "backendtrafficpolicies.gateway.envoyproxy.io,backends.gateway.envoyproxy.io,"
            "envoyproxies.gateway.envoyproxy.io")


def policy_path(name):
    return object_path("backendtrafficpolicies", name, "default", ENVOY)


def route_path(name):
    return object_path("aigatewayroutes", name, "default", AI)


OLDER, YOUNGER = (policy_path(name) for name in (
    "rate-limit-policy", "multi-model-rate-limit-policy"))
OLDER_ROUTE, YOUNGER_ROUTE = (route_path(name) for name in (
    "ai-gateway-route", "multi-model-rate-limit-route"))


def together(paths):
    """The manifests of several files as one."""
    texts = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            texts.append(file.read())
    return "\n---\n".join(texts)


def verdict(policy, kind):
    """The condition of that type of a policy towards its one target."""
    (ancestor,) = policy["status"]["ancestors"]
    return condition({"status": ancestor}, kind)


def obeyed(policy):
    """Every proxy runs the policy as it is now."""
    found = verdict(policy, "Programmed")
    return (found["status"] == "True"
            and found["observedGeneration"] == policy["metadata"]["generation"])


class Proxies(Asking):
    """The proxies of the Gateway, asked in turn over new connections; after each answer what it
    charged has arrived at the store."""

    def __init__(self, cluster, addresses):
        self.addresses = addresses
        self.turn = itertools.cycle(addresses)
        self.served = 0
        self.wait = cluster.wait
        self.process = cluster.popen_in_netns([sys.executable, CLIENT, "relay"], text=True,
                                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def exchange(self, *question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if isinstance(answer, str):
            raise AssertionError(f"{question[:4]}: {answer}")
        status, headers, body = answer
        return Answer(status, headers, body.encode())

    def send(self, path, body, headers):
        address = next(self.turn)
        headers = {"content-type": "application/json", **headers}
        answer = self.exchange(address, HTTP_PORT, "POST", path, body, headers)
        self.served += answer.status == 200
        self.wait(lambda: self.metric(WAITING, addresses=[address]) == 0
                  or not self.shares(address), what="the store's acknowledgement")
        return answer

    def first_refused(self, user, *question, **more):
        """Of a user for whom the store was always in time: on a busy machine it is not always."""
        for name in (user, *(f"{user} again {i}" for i in range(9))):
            before = self.metric(*OPENED)
            call = super().first_refused(name, *question, **more)
            if self.metric(*OPENED) == before:
                return call
        raise AssertionError("the store is never in time")

    @contextlib.contextmanager
    def only(self, address):
        """Asks this one for a while."""
        turn, self.turn = self.turn, itertools.repeat(address)
        try:
            yield
        finally:
            self.turn = turn

    def metric(self, name, label="", addresses=None):
        """The sum over what begins like that and has that label, of some proxies or of all."""
        total = 0
        for one in addresses or self.addresses:
            text = self.exchange(one, METRICS_PORT, "GET", "/metrics", None, {}).body.decode()
            total += sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                         if line.startswith(name) and label in line)
        return total

    def shares(self, address):
        """The store answers every worker of this proxy."""
        links = self.metric("tollgate_limit_store_links ", addresses=[address])
        up = self.metric("tollgate_limit_store_links_up", addresses=[address])
        return 0 < links == up

    def all_share(self):
        return all(self.shares(address) for address in self.addresses)

    def none_shares(self):
        return self.metric("tollgate_limit_store_links ") == 0


class LimitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="tollgate-clock-"))
        os.chmod(folder, 0o755)
        cls.clock = Clock(window=1, begin=0, folder=folder)
        cls.installation = Installation(clock=cls.clock.path)
        cls.addClassCleanup(cls.installation.stop)
        cls.installation.start()
        cls.cluster = cls.installation.cluster
        cls.api = cls.cluster.api
        cls.cluster.apply(together([REDIS, *BASE]))
        cls.api.patch(object_path("envoyproxies", "ai-gateway", "default", ENVOY), {
            "spec": {"provider": {"kubernetes": {"envoyDeployment": {"replicas": PROXIES}}}}})
        cls.cluster.wait_deployment(SYSTEM, "tollgate-redis")
        cls.api.wait_object(GATEWAY, holds("Programmed"))
        cls.api.wait_object(object_path("deployments", "ai-gateway", "default", "apps/v1"),
                            lambda d: d["spec"]["replicas"] == PROXIES)
        cls.cluster.wait_deployment("default", "ai-gateway")
        cls.proxies = Proxies(cls.cluster, [pod["status"]["podIP"] for pod in cls.pods()])
        cls.addClassCleanup(cls.proxies.stop)
        assert len(cls.proxies.addresses) == PROXIES, cls.proxies.addresses

    @classmethod
    def pods(cls, selector=SELECTOR, namespace="default"):
        return [pod for pod in
                cls.api.get(f"/api/v1/namespaces/{namespace}/pods?{selector}")["items"]
                if "deletionTimestamp" not in pod["metadata"]]

    def redis(self):
        (pod,) = self.pods("labelSelector=app.kubernetes.io%2Fcomponent%3Dlimit-store", SYSTEM)
        return pod["metadata"]["name"]

    def setUp(self):
        self.shared()

    def shared(self, timeout=30):
        self.cluster.wait(self.proxies.all_share, timeout=timeout, what="links to the store")

    def apply(self, paths, edits=()):
        """Applies files for this test, with other figures if wanted."""
        text = together(paths)
        for old, new in edits:
            self.assertIn(old, text)
            text = text.replace(old, new)
        self.addCleanup(self.cluster.delete, text)
        self.cluster.apply(text)

    def limit(self, edits=()):
        """The route and the policy of the first checkpoint, in effect."""
        self.apply([ROUTE, POLICY], edits)
        self.api.wait_object(OLDER_ROUTE, holds("Programmed"))
        self.api.wait_object(OLDER, obeyed)

    def asked_everywhere(self, *question):
        """The status that each proxy answers."""
        return [self.proxies.ask(*question).status for _ in self.proxies.addresses]

    # --- the example ----------------------------------------------------------------------------

    def tokens(self, limit, expected):
        self.clock.begin(HOUR, 300)
        self.limit(one_limit(limit))
        for way in ("chat", "completions", "stream"):
            with self.subTest(way):
                alice, bob = f"alice {limit} {way}", f"bob {limit} {way}"
                self.assertEqual(self.proxies.first_refused(alice, way=way), expected)
                self.assertEqual(self.asked_everywhere(alice, QWEN, way), [429] * PROXIES)
                self.assertEqual(self.proxies.ask(bob, way=way).status, 200, "is untouched")
        for address in self.proxies.addresses:
            with self.proxies.only(address):
                self.assertEqual(self.proxies.first_refused(f"{address} {limit}"), expected,
                                 "as many as all together")
        self.clock.forward(HOUR)
        self.cluster.wait(lambda: self.proxies.ask(f"alice {limit} chat").status == 200,
                          what="the next window")

    def test_input_tokens(self):
        self.tokens("input", 3)  # 10 tokens, 9 per call: 0, 9, 18

    def test_output_tokens(self):
        self.tokens("output", 6)  # 20 tokens, 5 per call: 0, 5, 10, 15, 20, 25

    def test_total_tokens(self):
        self.tokens("total", 3)  # 25 tokens, 14 per call: 0, 14, 28

    def test_the_example_as_it_is(self):
        self.clock.begin(HOUR, 300)
        self.limit()
        for remaining in ("10", "1"):
            answer = self.proxies.ask("ann")
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["x-ratelimit-limit"],
                             "10, 10;w=3600, 20;w=3600, 25;w=3600")
            self.assertEqual(answer.headers["x-ratelimit-remaining"], remaining)
        refused = self.proxies.ask("ann")
        self.assertEqual(refused.status, 429)
        self.assertAlmostEqual(int(refused.headers["retry-after"]), HOUR - 300, delta=60)
        # The rule whose backend does not exist answers 500 alone.
        found = condition(self.api.get(OLDER_ROUTE), "ResolvedRefs")
        self.assertEqual((found["status"], found["reason"]), ("False", "BackendNotFound"))
        self.assertIn("default/bedrock-aws", found["message"])
        self.assertEqual(self.asked_everywhere("cid", CLAUDE, "messages"), [500] * PROXIES)
        self.assertEqual(self.proxies.ask("cid").headers["x-ratelimit-remaining"], "10")
        self.assertEqual(self.proxies.ask("cid", GPT_OSS).status, 200)

    def test_requests_per_minute(self):
        self.clock.begin(60, 1)
        self.apply([BOTH])
        self.api.wait_object(YOUNGER_ROUTE, holds("Programmed"))
        self.api.wait_object(YOUNGER, obeyed)
        names = {tokens: 'tollgate_request_costs_total{route="default/multi-model-rate-limit-route'
                         f'",key="llm_{kind}_token"}}'
                 for kind, tokens in (("input", 9), ("output", 5), ("total", 14))}
        for user, model, way, calls in (("dan", GPT_OSS, "chat", 30),
                                        ("eve", CLAUDE, "messages", 60)):
            with self.subTest(model):
                before = {tokens: self.proxies.metric(name) for tokens, name in names.items()}
                served = self.proxies.served
                self.assertEqual(self.proxies.first_refused(user, model, way), calls + 1)
                self.assertEqual(self.asked_everywhere(user, model, way), [429] * PROXIES)
                served = self.proxies.served - served
                self.assertGreaterEqual(served, calls)
                for tokens, name in names.items():
                    self.assertEqual(self.proxies.metric(name) - before[tokens], served * tokens)

    # --- two policies, two routes ---------------------------------------------------------------

    def created(self, path):
        return self.api.get(path)["metadata"]["creationTimestamp"]

    def explain(self):
        """What `tollgate explain` says about the objects as the cluster has them."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "exported.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.cluster.kubectl("get", EXPORTED, "-n", "default", "-o", "yaml"))
            result = subprocess.run(
                [PROGRAM, "explain", "-f", path, "--gateway", "default/ai-gateway", "--path",
                 "/v1/chat/completions", "-H", "x-user-id: fay", "--body",
                 json.dumps({"model": GPT_OSS}), "-o", "json"],
                check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return json.loads(result.stdout)["listeners"][0]["decision"]

    def test_the_older_wins(self):
        self.clock.begin(HOUR, 300)
        self.limit()
        # An API server knows the age of objects in seconds.
        second = time.time() // 1
        self.cluster.wait(lambda: time.time() // 1 > second, what="the next second")
        self.apply([BOTH])
        younger = self.api.wait_object(YOUNGER, lambda p: verdict(p, "Accepted"))
        self.assertLess(self.created(OLDER), self.created(YOUNGER))
        self.assertLess(self.created(OLDER_ROUTE), self.created(YOUNGER_ROUTE))
        found = verdict(younger, "Accepted")
        self.assertEqual((found["status"], found["reason"]), ("False", "Conflicted"))
        self.assertIn("default/rate-limit-policy", found["message"])
        self.assertTrue(obeyed(self.api.get(OLDER)))
        route = self.api.wait_object(YOUNGER_ROUTE, holds("Programmed"))
        shadowed = condition(route, "RulesShadowed")
        self.assertEqual((shadowed["status"], shadowed["reason"]), ("True", "OlderRouteMatches"))
        self.assertIn("default/ai-gateway-route rule 0", shadowed["message"])

        costs = 'tollgate_request_costs_total{route="default/ai-gateway-route",key="llm_total'
        before, served = self.proxies.metric(costs), self.proxies.served
        self.assertEqual(self.proxies.first_refused("fay", GPT_OSS), 3, "by the older policy")
        self.assertEqual(self.proxies.metric(costs) - before,
                         (self.proxies.served - served) * 14, "charged by the older route")
        self.assertEqual(self.asked_everywhere("gus", CLAUDE, "messages"), [500] * PROXIES)

        decision = self.explain()
        self.assertEqual(decision["route"], "AIGatewayRoute default/ai-gateway-route")
        self.assertEqual([(limit["policy"], limit["limit"]) for limit in decision["limits"]],
                         [("default/rate-limit-policy", f"{n} per hour") for n in (10, 20, 25)])

    # --- the store ------------------------------------------------------------------------------

    def test_without_a_store(self):
        def says(text, wanted=True):
            self.api.wait_object(
                OLDER, lambda p: (text in verdict(p, "Accepted")["message"]) == wanted)
        self.clock.begin(HOUR, 300)
        self.limit(one_limit("input"))
        separately = (f"No store is configured, so that the {PROXIES} proxies of Gateway default/"
                      f"ai-gateway count separately: together they let pass up to {PROXIES} times")
        says(separately, wanted=False)
        self.addCleanup(self.cluster.apply, REDIS)
        self.cluster.delete(REDIS)
        says(separately)
        self.cluster.wait(self.proxies.none_shares, what="the end of the links")
        # Two of each proxy.
        self.assertEqual(self.proxies.first_refused("hal"), 2 * PROXIES + 1)
        self.cluster.apply(REDIS)
        says(separately, wanted=False)
        self.shared()
        self.assertEqual(self.proxies.first_refused("ida"), 3)

    def scale_redis(self, replicas):
        path = object_path("deployments", "tollgate-redis", SYSTEM, "apps/v1")
        self.api.patch(f"{path}/scale", {"spec": {"replicas": replicas}})
        if replicas:
            self.cluster.wait_deployment(SYSTEM, "tollgate-redis")
        else:
            self.cluster.wait(lambda: not self.api.get(
                f"/api/v1/namespaces/{SYSTEM}/pods?labelSelector=app.kubernetes.io%2Fcomponent"
                "%3Dlimit-store")["items"], what="the end of the store")

    def killed(self):
        """SIGKILL; what follows is a new process."""
        pod = self.redis()
        old = self.cluster.container_pid(SYSTEM, pod)
        self.cluster.signal_container(SYSTEM, pod)
        return lambda: self.cluster.wait(
            lambda: self.cluster.container_pid(SYSTEM, pod) not in (None, old),
            what="the next process")

    def hung(self):
        pod = self.redis()
        self.cluster.signal_container(SYSTEM, pod, signal.SIGSTOP)
        return lambda: self.cluster.signal_container(SYSTEM, pod, signal.SIGCONT)

    def gone(self):
        self.scale_redis(0)
        return lambda: self.scale_redis(1)

    def test_a_store_that_goes_and_comes_back(self):
        self.clock.begin(HOUR, 300)
        self.limit(one_limit("output"))
        for how in (self.hung, self.gone, self.killed):
            with self.subTest(how.__name__):
                self.assertEqual(self.proxies.ask(how.__name__).status, 200)
                restart = how()
                waits = []
                for _ in range(4 * PROXIES if how != self.killed else 5):
                    begun = time.monotonic()
                    self.assertEqual(self.proxies.ask(how.__name__).status, 200, "limits open")
                    waits.append(time.monotonic() - begun)
                self.assertLess(sorted(waits)[len(waits) // 2], AWAY_LIMIT_S)
                restart()
                begun = time.monotonic()
                self.shared()
                self.cluster.wait(
                    lambda: self.proxies.metric(WAITING) == 0,
                    what="the store's acknowledgements")
                self.assertLess(time.monotonic() - begun, BACK_LIMIT_S)
                self.assertEqual(self.asked_everywhere(how.__name__), [429] * PROXIES,
                                 "what was used meanwhile was charged")


if __name__ == "__main__":
    unittest.main()
