"""The blueprint on a real API server: statuses, traffic, faults.

Run as root with build/venv/bin/python (the SDKs) after test/cluster/build.sh and
`ninja -C build/release tollgate tollgate-proxy tollgate-mock`.
"""
import concurrent.futures
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import unittest

from gateway import BLUEPRINT, CLAUDE, GPT_OSS, PROGRAM, QWEN
from on_cluster import SYSTEM, Installation, object_path

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cluster_client.py")
AI = "aigateway.envoyproxy.io/v1beta1"
GATEWAY = object_path("gateways", "ai-gateway", "default", "gateway.networking.k8s.io/v1")
ROUTE = object_path("aigatewayroutes", "ai-gateway-route", "default", AI)
POLICIES = object_path("backendsecuritypolicies", "", "default", AI).rstrip("/")
SELECTOR = "labelSelector=gateway.networking.k8s.io%2Fgateway-name%3Dai-gateway"
SAVED_LIMIT_S = 2  # until a restarted proxy serves what it saved


def condition(item, kind):
    """The condition of that type of an object; a LookupError if there is none yet."""
    for found in item["status"]["conditions"]:
        if found["type"] == kind:
            return found
    raise LookupError(kind)


def holds(kind, status="True"):
    """A predicate for wait_object: the condition has that status for the newest generation."""
    def check(item):
        found = condition(item, kind)
        return (found["status"] == status
                and found["observedGeneration"] == item["metadata"]["generation"])
    return check


def conditions_of(value, path=""):
    """Every condition below a status as (path, type, status, reason)."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key == "conditions":
                yield from ((path, c["type"], c["status"], c["reason"]) for c in below)
            else:
                yield from conditions_of(below, f"{path}/{key}")
    elif isinstance(value, list):
        for below in value:
            yield from conditions_of(below, path)


class BlueprintTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = Installation()
        cls.addClassCleanup(cls.installation.stop)
        cls.installation.start()
        cls.cluster = cls.installation.cluster
        cls.api = cls.cluster.api
        cls.installation.apply_blueprint()
        cls.url = "http://" + cls.cluster.wait_load_balancer("default", "ai-gateway")
        cls.settled()

    @classmethod
    def settled(cls):
        """Waits until the blueprint is in effect."""
        for path in (GATEWAY, ROUTE):
            cls.api.wait_object(path, holds("Programmed"))
        cls.api.wait_object(ROUTE, holds("ResolvedRefs"))
        cls.cluster.wait_deployment("default", "ai-gateway")

    def restore(self):
        self.installation.apply_blueprint()
        self.settled()

    def ask(self, model):
        result = self.cluster.run_in_netns([sys.executable, CLIENT, "ask", self.url, model])
        answer = json.loads(result.stdout)
        return answer["status"], answer["body"]

    def until_answer(self, model, status):
        """The body of the first answer with that status; pushes take a moment."""
        def asked():
            found, body = self.ask(model)
            assert found == status, f"{found} {body}"
            return body
        return self.cluster.wait(asked, what=f"{status} for {model}")

    def pods(self, selector, namespace):
        return self.api.get(f"/api/v1/namespaces/{namespace}/pods?{selector}")["items"]

    def pod(self, selector, namespace):
        """The name of the one pod that is not on its way out."""
        names = [pod["metadata"]["name"] for pod in self.pods(selector, namespace)
                 if "deletionTimestamp" not in pod["metadata"]]
        self.assertEqual(len(names), 1)
        return names[0]

    def proxy(self):
        return self.pod(SELECTOR, "default")

    def controller(self):
        return self.pod("labelSelector=app.kubernetes.io%2Fcomponent%3Dcontroller", SYSTEM)

    @contextlib.contextmanager
    def load(self):
        """Requests all the time; at the end none may have failed."""
        with self.cluster.popen_in_netns(
                [sys.executable, CLIENT, "load", self.url], text=True, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE) as process:
            try:
                self.assertEqual(process.stdout.readline(), "started\n")
                yield
                result = json.loads(process.communicate(timeout=60)[0])
            except BaseException:
                process.kill()
                raise
        self.assertEqual(result["failed"], [])
        self.assertGreater(result["ok"], 50)

    # --- the good case ------------------------------------------------------------------------

    def test_columns(self):
        def cells(*kinds):
            lines = self.cluster.kubectl("get", ",".join(kinds), "-n", "default",
                                         "--no-headers").splitlines()
            return [line.split()[:-1] for line in lines if line]
        address = self.url.removeprefix("http://")
        self.assertEqual(cells("gateways"), [["ai-gateway", "envoy-gateway", address, "True"]])
        self.assertEqual(cells("aigatewayroutes"), [["ai-gateway-route", "True", "True", "True"]])
        self.assertEqual(cells("aiservicebackends"), [
            ["bedrock", "True", "True", "True", "AWSAnthropic"],
            ["gpt-oss", "True", "True", "True", "OpenAI"],
            ["qwen3", "True", "True", "True", "OpenAI"]])
        self.assertEqual(cells("backendsecuritypolicies"),
                         [["bedrock-policy", "True", "True", "True", "AWSCredentials"]])
        self.assertEqual(cells("backends.gateway.envoyproxy.io"), [
            ["bedrock-backend", "True"], ["gpt-oss-backend", "True"], ["qwen3-backend", "True"]])
        self.assertEqual(cells("gatewayclasses"), [
            ["envoy-gateway", "gateway.envoyproxy.io/gatewayclass-controller", "True"]])

    def test_sdks(self):
        result = self.cluster.run_in_netns([sys.executable, CLIENT, "sdk", self.url])
        found = json.loads(result.stdout)
        self.assertEqual(found["models"], sorted([QWEN, GPT_OSS, CLAUDE]))
        for model in (QWEN, GPT_OSS, CLAUDE):
            whole, streamed = found[model]
            self.assertIn(model, whole)
            self.assertEqual(whole, streamed)

    def test_check_says_what_the_cluster_says(self):
        command = [PROGRAM, "check", "-o", "json"]
        for path in BLUEPRINT:
            command += ["-f", path]
        items = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE,
                                          stderr=subprocess.DEVNULL).stdout)["items"]
        compared = 0
        for item in items:
            if "status" not in item:
                continue
            kind, name = item["kind"], item["metadata"]["name"]
            group = item["apiVersion"].rpartition("/")[0]
            live = json.loads(self.cluster.kubectl("get", f"{kind}.{group}", name, "-n", "default",
                                                   "-o", "json"))
            self.assertEqual(sorted(conditions_of(live["status"])),
                             sorted(conditions_of(item["status"])), f"{kind} {name}")
            compared += 1
        self.assertEqual(compared, 13)

    def test_rights_are_those_that_are_used(self):
        group, gateway_api = "gateway.envoyproxy.io/v1alpha1", "gateway.networking.k8s.io/v1"
        target = [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "plain"}]
        objects = [
            {"apiVersion": gateway_api, "kind": "GatewayClass", "metadata": {"name": "plain"},
             "spec": {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"}},
            {"apiVersion": gateway_api, "kind": "Gateway",
             "metadata": {"name": "plain", "namespace": "default"},
             "spec": {"gatewayClassName": "plain",
                      "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}},
            {"apiVersion": gateway_api, "kind": "HTTPRoute",
             "metadata": {"name": "plain", "namespace": "default"},
             "spec": {"parentRefs": [{"name": "plain"}], "rules": [
                 {"backendRefs": [{"name": "qwen3", "port": 8000}]}]}},
            {"apiVersion": "aigateway.envoyproxy.io/v1beta1", "kind": "GatewayConfig",
             "metadata": {"name": "plain", "namespace": "default"},
             "spec": {"globalLLMRequestCosts": [{"metadataKey": "total", "type": "TotalToken"}]}},
            {"apiVersion": group, "kind": "BackendTrafficPolicy",
             "metadata": {"name": "plain", "namespace": "default"},
             "spec": {"targetRefs": target, "timeout": {"http": {"requestTimeout": "9s"}}}}]
        for item in reversed(objects):
            self.addCleanup(self.cluster.delete, item)
        self.cluster.apply(objects)
        plain = object_path("gateways", "plain", "default", gateway_api)
        owned = [object_path("deployments", "plain", "default", "apps/v1"),
                 object_path("services", "plain", "default"),
                 object_path("serviceaccounts", "plain", "default"),
                 object_path("secrets", "plain-tollgate-tls", "default")]
        self.api.wait_object(plain, holds("Programmed"))
        for path in owned:
            self.api.wait_object(path, bool)
        # Of nobody's class any more: what ran it goes.
        self.api.patch(plain, {"spec": {"gatewayClassName": "nobodys"}})
        for path in owned:
            self.api.wait_object(path, lambda item: item is None)
        requests = list(self.installation.requests())
        self.assertEqual([r for r in requests if r[3] == 403], [])
        unused = set(self.installation.rights()) - {r[:3] for r in requests}
        # An apply that creates is a patch in the log, but needs both rights. The others are for what
        # this test does not provoke: a server that cannot stream a list, a status that changed
        # meanwhile, an event that is repeated.
        rare = {("patch", "events.k8s.io", "events"), ("create", "apps", "deployments")}
        rare |= {("create", "", name) for name in ("services", "serviceaccounts", "secrets")}
        rare |= {right for right in unused if right[0] == "list"}
        rare |= {right for right in unused
                 if right[0] == "get" and right[1].startswith(("gateway.", "aigateway."))}
        self.assertEqual(unused - rare, set())

    # --- mistakes -------------------------------------------------------------------------------

    def test_missing_backend(self):
        self.addCleanup(self.restore)
        self.cluster.kubectl("delete", "aiservicebackend", "gpt-oss")
        route = self.api.wait_object(ROUTE, holds("ResolvedRefs", "False"))
        found = condition(route, "ResolvedRefs")
        self.assertEqual(found["reason"], "BackendNotFound")
        self.assertIn("default/gpt-oss", found["message"])
        self.until_answer(GPT_OSS, 500)
        self.assertEqual(self.ask(QWEN)[0], 200)

    def test_missing_secret(self):
        policy = {"apiVersion": AI, "kind": "BackendSecurityPolicy",
                  "metadata": {"name": "qwen3-key", "namespace": "default"},
                  "spec": {"type": "APIKey", "apiKey": {"secretRef": {"name": "qwen3-key"}},
                           "targetRefs": [{"group": "aigateway.envoyproxy.io",
                                           "kind": "AIServiceBackend", "name": "qwen3"}]}}
        self.addCleanup(self.restore)
        self.addCleanup(self.cluster.delete, policy)
        self.cluster.apply(policy)
        live = self.api.wait_object(f"{POLICIES}/qwen3-key", holds("ResolvedRefs", "False"))
        self.assertIn("default/qwen3-key", condition(live, "ResolvedRefs")["message"])
        self.until_answer(QWEN, 500)
        self.assertEqual(self.ask(GPT_OSS)[0], 200)
        secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"apiKey": "sk-1"},
                  "metadata": {"name": "qwen3-key", "namespace": "default"}}
        self.addCleanup(self.cluster.delete, secret)
        self.cluster.apply(secret)
        self.api.wait_object(f"{POLICIES}/qwen3-key", holds("ResolvedRefs"))
        self.until_answer(QWEN, 200)

    # --- changes and faults under load --------------------------------------------------------------

    def test_route_edits_under_load(self):
        self.addCleanup(self.restore)
        with self.load():
            for i in range(5):
                match = {"headers": [{"name": "x-ai-eg-model", "type": "Exact",
                                      "value": f"alias-{i}"}]}
                self.api.patch(ROUTE, [{"op": "add", "path": "/spec/rules/0/matches/-",
                                        "value": match}], "json")
                self.api.wait_object(ROUTE, holds("Programmed"))
                self.assertNotIn("route_not_found", self.ask(f"alias-{i}")[1])

    def test_operator_restart_under_load(self):
        self.addCleanup(self.restore)
        with self.load():
            self.cluster.signal_container(SYSTEM, self.controller())
            # Changed while nobody watches; the load does not ask for this model.
            self.api.patch(ROUTE, [{"op": "remove", "path": "/spec/rules/2"}], "json")
            self.api.wait_object(ROUTE, holds("Programmed"))
            self.until_answer(CLAUDE, 404)
            self.cluster.wait_deployment(SYSTEM, "tollgate")
            self.assertEqual(condition(self.api.get(GATEWAY), "Programmed")["status"], "True")

    def test_hung_api_server_under_load(self):
        self.addCleanup(self.restore)
        pod = self.controller()
        before = self.cluster.container_pid(SYSTEM, pod)
        with self.load():
            with self.cluster.paused("kube-apiserver"):
                # A leader that cannot renew its Lease ends, so that two never write.
                self.cluster.wait(
                    lambda: self.cluster.container_pid(SYSTEM, pod) not in (None, before),
                    timeout=60, what="the end of the leader")
            self.cluster.wait_deployment(SYSTEM, "tollgate", timeout=60)
            # What changes from now on arrives as before.
            self.api.patch(ROUTE, [{"op": "remove", "path": "/spec/rules/2"}], "json")
            self.until_answer(CLAUDE, 404)

    def test_rollout_under_load(self):
        with self.load():
            for where, name in ((SYSTEM, "tollgate"), ("default", "ai-gateway")):
                self.cluster.kubectl("rollout", "restart", f"deployment/{name}", "-n", where)
                self.cluster.wait_deployment(where, name)
            self.api.wait_object(GATEWAY, holds("Programmed"))
            # The old proxy answers what it has and goes.
            self.cluster.wait(lambda: len(self.pods(SELECTOR, "default")) == 1, timeout=60,
                              what="the end of the old proxy")

    def test_drift_is_undone(self):
        service = object_path("services", "ai-gateway", "default")
        deployment = object_path("deployments", "ai-gateway", "default", "apps/v1")
        self.addCleanup(self.settled)
        self.api.patch(service, {"spec": {"externalTrafficPolicy": "Cluster"}})
        self.api.wait_object(service, lambda s: s["spec"]["externalTrafficPolicy"] == "Local")
        uid = self.api.get(deployment)["metadata"]["uid"]
        self.api.request("DELETE", deployment)
        self.api.wait_object(deployment, lambda d: d["metadata"]["uid"] != uid)

    def test_hung_proxy(self):
        self.addCleanup(self.settled)
        self.cluster.signal_container("default", self.proxy(), signal.SIGSTOP)
        try:
            down = self.api.wait_object(GATEWAY, holds("Programmed", "False"))
            self.assertEqual(condition(down, "Programmed")["reason"], "Pending")
        finally:
            with contextlib.suppress(LookupError):  # the liveness probe may have been faster
                self.cluster.signal_container("default", self.proxy(), signal.SIGCONT)

    def test_killed_proxy(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            down = pool.submit(self.api.wait_object, GATEWAY, holds("Programmed", "False"))
            # A proxy is back within milliseconds: only one that keeps dying is seen to be away.
            while not down.done():
                pod = self.proxy()
                old = self.cluster.container_pid("default", pod)
                with contextlib.suppress(LookupError):
                    self.cluster.signal_container("default", pod)
                self.cluster.wait(lambda: down.done() or self.cluster.container_pid("default", pod) not in (None, old),
                                  what="the next process")
            self.assertEqual(condition(down.result(), "Programmed")["reason"], "Pending")
        self.settled()
        self.until_answer(QWEN, 200)

    def test_proxy_restart_without_operator_and_api_server(self):
        pod = self.proxy()
        old = self.cluster.container_pid("default", pod)
        deployment = object_path("deployments", "tollgate", SYSTEM, "apps/v1")
        self.api.patch(f"{deployment}/scale", {"spec": {"replicas": 0}})
        self.api.wait_object(deployment, lambda d: not d["status"].get("replicas"))
        self.cluster.kill_component("kube-apiserver")
        try:
            self.cluster.signal_container("default", pod)
            self.cluster.wait(lambda: self.cluster.container_pid("default", pod) not in (None, old),
                              what="the new process")
            started = time.monotonic()
            self.until_answer(QWEN, 200)
            self.assertLess(time.monotonic() - started, SAVED_LIMIT_S)
        finally:
            self.cluster.start_component("kube-apiserver")
            self.api.patch(f"{deployment}/scale", {"spec": {"replicas": 1}})
        self.cluster.wait_deployment(SYSTEM, "tollgate")
        self.settled()


if __name__ == "__main__":
    unittest.main()
