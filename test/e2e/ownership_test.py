"""Whose is what: objects that are in the way of a Gateway, Gateways that leave us, two replicas.

Run like cluster_test.py.
"""
import concurrent.futures
import contextlib
import unittest

from cluster_test import condition, holds
from on_cluster import SYSTEM, Installation, object_path
from cluster import CommandError  # on_cluster knows where it is

GATEWAY_API = "gateway.networking.k8s.io/v1"
AI = "aigateway.envoyproxy.io/v1beta1"
LEASE = object_path("leases", "tollgate-controller", SYSTEM, "coordination.k8s.io/v1")
PODS = object_path("pods", "", SYSTEM).rstrip("/")
OPERATOR = object_path("deployments", "tollgate", SYSTEM, "apps/v1")
OWNED = {"deployments": "apps/v1", "services": "", "serviceaccounts": "", "secrets": ""}

GATEWAY_CLASSES = [
    {"apiVersion": GATEWAY_API, "kind": "GatewayClass", "metadata": {"name": "ours"},
     "spec": {"controllerName": "tollgate.dev/gateway-controller"}},
    {"apiVersion": GATEWAY_API, "kind": "GatewayClass", "metadata": {"name": "theirs"},
     "spec": {"controllerName": "example.com/gateway-controller"}}]


def gateway(name, namespace="default"):
    return {"apiVersion": GATEWAY_API, "kind": "Gateway",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"gatewayClassName": "ours",
                     "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}}


def routes(name):
    """An HTTPRoute and an AIGatewayRoute on the Gateway of that name."""
    match = {"headers": [{"name": "x-ai-eg-model", "value": "m"}]}
    return [
        {"apiVersion": GATEWAY_API, "kind": "HTTPRoute",
         "metadata": {"name": name, "namespace": "default"},
         "spec": {"parentRefs": [{"name": name}],
                  "rules": [{"backendRefs": [{"name": "qwen3", "port": 8000}]}]}},
        {"apiVersion": AI, "kind": "AIGatewayRoute",
         "metadata": {"name": name, "namespace": "default"},
         "spec": {"parentRefs": [{"name": name}],
                  "rules": [{"matches": [match], "backendRefs": [{"name": "nobody"}]}]}}]


def foreign_deployment(name):
    labels = {"app": name}
    return {"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": "none"}]}}}}


def refusing_policy(resource):
    """Nobody may create that resource in namespaces with the label refuse=RESOURCE."""
    group = "apps" if resource == "deployments" else ""
    name = "refuse-" + resource
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"],
            "resources": [resource]}
    selector = {"matchLabels": {"refuse": resource}}
    policy = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
              "metadata": {"name": name},
              "spec": {"matchConstraints": {"resourceRules": [rule], "namespaceSelector": selector},
                       "validations": [{"expression": "false", "message": "the budget is spent"}]}}
    binding = {"apiVersion": policy["apiVersion"], "kind": "ValidatingAdmissionPolicyBinding",
               "metadata": {"name": name},
               "spec": {"policyName": name, "validationActions": ["Deny"]}}
    namespace = {"apiVersion": "v1", "kind": "Namespace",
                 "metadata": {"name": name, "labels": {"refuse": resource}}}
    return [namespace, policy, binding]


class OwnershipTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = Installation()
        cls.addClassCleanup(cls.installation.stop)
        cls.installation.start()
        cls.cluster = cls.installation.cluster
        cls.api = cls.cluster.api
        cls.cluster.apply(GATEWAY_CLASSES)
        cls.cluster.wait_deployment(SYSTEM, "tollgate")

    def apply(self, *objects):
        for item in objects:
            self.addCleanup(self.cluster.delete, item)
        self.cluster.apply(list(objects))

    def path(self, name, namespace="default"):
        return object_path("gateways", name, namespace, GATEWAY_API)

    def refused(self, path, reason):
        """The message of Programmed once it is False for that reason."""
        def check(item):
            return condition(item, "Programmed")["reason"] == reason
        return condition(self.api.wait_object(path, check), "Programmed")["message"]

    def scale(self, replicas):
        self.api.patch(f"{OPERATOR}/scale", {"spec": {"replicas": replicas}})
        if replicas:
            self.cluster.wait_deployment(SYSTEM, "tollgate")
        else:
            self.api.wait_object(OPERATOR, lambda d: not d["status"].get("replicas"))

    def test_foreign_object(self):
        self.apply(foreign_deployment("taken"))
        self.apply(gateway("taken"))
        message = self.refused(self.path("taken"), "ForeignObject")
        self.assertIn("Deployment default/taken exists and was not made for this Gateway", message)
        live = self.api.get(object_path("deployments", "taken", "default", "apps/v1"))
        self.assertEqual(live["spec"]["selector"]["matchLabels"], {"app": "taken"})
        self.cluster.delete(foreign_deployment("taken"))
        self.api.wait_object(self.path("taken"), holds("Programmed"))

    def test_refused_objects(self):
        for resource in ("deployments", "pods"):
            self.apply(*refusing_policy(resource))
        probes = [["create", "deployment", "probe", "-n", "refuse-deployments"],
                  ["run", "probe", "-n", "refuse-pods"]]

        def in_effect(probe):
            try:
                self.cluster.kubectl(*probe, "--image=none", "--dry-run=server")
            except CommandError as error:
                return "budget" in str(error)
            return False
        for probe in probes:
            self.cluster.wait(lambda command=probe: in_effect(command), what="the policy in effect")
        self.apply(gateway("poor", "refuse-deployments"), gateway("poor", "refuse-pods"))
        message = self.refused(self.path("poor", "refuse-deployments"), "ObjectRefused")
        self.assertIn("Deployment refuse-deployments/poor", message)
        self.assertIn("the budget is spent", message)

        def named(item):
            return "the budget is spent" in condition(item, "Programmed")["message"]
        found = condition(self.api.wait_object(self.path("poor", "refuse-pods"), named),
                          "Programmed")
        self.assertEqual(found["reason"], "Pending")
        self.assertIn("Deployment refuse-pods/poor", found["message"])

    def left_us(self, name):
        """Nothing of ours is left of the Gateway and its routes."""
        for kind, version in OWNED.items():
            owned = name + "-tollgate-tls" if kind == "secrets" else name
            self.api.wait_object(object_path(kind, owned, "default", version),
                                 lambda item: item is None)
        for kind, version in (("httproutes", GATEWAY_API), ("aigatewayroutes", AI)):
            self.api.wait_object(object_path(kind, name, "default", version),
                                 lambda item: not item["status"].get("parents"))

    def serve(self, name):
        self.apply(gateway(name), *routes(name))
        self.api.wait_object(self.path(name), holds("Programmed"))
        for kind, version in (("httproutes", GATEWAY_API), ("aigatewayroutes", AI)):
            self.api.wait_object(object_path(kind, name, "default", version),
                                 lambda item: item["status"]["parents"])

    def test_gateway_that_leaves(self):
        self.serve("mover")
        self.api.patch(self.path("mover"), {"spec": {"gatewayClassName": "theirs"}})
        self.left_us("mover")

    def test_gateway_that_leaves_while_nobody_watches(self):
        self.serve("orphan")
        self.serve("stays")
        uid = self.api.get(object_path("deployments", "stays", "default", "apps/v1"))
        self.scale(0)
        self.api.patch(self.path("orphan"), {"spec": {"gatewayClassName": "theirs"}})
        self.scale(1)
        self.left_us("orphan")
        same = self.api.get(object_path("deployments", "stays", "default", "apps/v1"))
        self.assertEqual(same["metadata"]["uid"], uid["metadata"]["uid"])
        self.api.wait_object(self.path("stays"), holds("Programmed"))

    # --- leadership -----------------------------------------------------------------------------

    def leader(self):
        """The name of the pod that leads."""
        return self.api.get(LEASE)["spec"]["holderIdentity"].rpartition("_")[0]

    def edit(self, name):
        """A new generation of the HTTPRoute of that name."""
        path = object_path("httproutes", name, "default", GATEWAY_API)
        return self.api.patch(path, {"spec": {"hostnames": [f"{name}.example.com"]}})

    def test_restarted_leader_goes_on_at_once(self):
        self.serve("restart")
        before = self.api.get(LEASE)["spec"]
        self.cluster.signal_container(SYSTEM, self.leader())
        generation = self.edit("restart")["metadata"]["generation"]
        path = object_path("httproutes", "restart", "default", GATEWAY_API)
        self.api.wait_object(path, lambda item: item["status"]["parents"][0]["conditions"][0]
                             ["observedGeneration"] == generation, timeout=12)
        after = self.api.get(LEASE)["spec"]
        self.assertEqual(after["holderIdentity"], before["holderIdentity"])
        self.assertEqual(after["leaseTransitions"], before["leaseTransitions"])

    def test_two_replicas(self):
        self.serve("pair")
        self.addCleanup(self.scale, 1)
        self.scale(2)
        path = self.path("pair")

        def pods():
            return {pod["metadata"]["name"] for pod in self.api.get(PODS)["items"]
                    if "deletionTimestamp" not in pod["metadata"]}
        leader, old = self.leader(), pods()
        self.assertIn(leader, old)
        self.assertEqual(len(old), 2)
        down = []

        def watch():
            with contextlib.suppress(TimeoutError):
                down.append(self.api.wait_object(
                    path, lambda item: condition(item, "Programmed")["status"] != "True", 25))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            watching = pool.submit(watch)
            self.api.request("DELETE", f"{PODS}/{leader}",
                             {"gracePeriodSeconds": 0, "kind": "DeleteOptions"})
            generation = self.edit("pair")["metadata"]["generation"]
            route = object_path("httproutes", "pair", "default", GATEWAY_API)

            def programmed(item):
                found = [c for c in item["status"]["parents"][0]["conditions"]
                         if c["type"] == "Programmed"][0]
                return found["status"] == "True" and found["observedGeneration"] == generation
            self.api.wait_object(route, programmed, timeout=40)
            self.assertNotEqual(self.leader(), leader)
            watching.result()
        self.assertEqual(down, [], "a proxy that both know is never missed")


if __name__ == "__main__":
    unittest.main()
