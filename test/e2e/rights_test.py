"""Each right of manifests/parts/20-rbac.yaml is needed: without it the operator meets 403 and says so.

One API server, one operator process per right (with a ServiceAccount that lacks just this one, in a
namespace and with a GatewayClass of its own), a few at a time. Run like cluster_test.py.
"""
import concurrent.futures
import contextlib
import itertools
import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

import yaml

from gateway import PROGRAM, ROOT

sys.path.insert(0, os.path.join(ROOT, "test/cluster"))
# pylint: disable=wrong-import-position
from cluster import Cluster, object_path  # noqa: E402
from clusterlib.kubeapi import ApiError  # noqa: E402

RBAC = "rbac.authorization.k8s.io/v1"
GATEWAY_API = "gateway.networking.k8s.io/v1"
AI = "aigateway.envoyproxy.io/v1beta1"
ENVOY = "gateway.envoyproxy.io/v1alpha1"
AT_ONCE = 8
WAIT_S = 30  # for one operator to meet its missing right
OWNED = ("deployments", "services", "serviceaccounts", "secrets")

# What this test does not provoke, and why it is needed.
EXEMPT = {
    "list": "API servers before 1.32 cannot stream a list",
    "get": "a second look after the write of a status met a change",
    "patch events": "an event that is repeated",
}


def load_roles():
    with open(os.path.join(ROOT, "manifests/parts/20-rbac.yaml"), encoding="utf-8") as file:
        documents = [item for item in yaml.safe_load_all(file) if item]
    return {item["kind"]: item["rules"] for item in documents if "rules" in item}


def rights():
    """Every right of both roles: (role's kind, verb, group, resource)."""
    for kind, rules in load_roles().items():
        for rule in rules:
            for verb, group, resource in itertools.product(rule["verbs"], rule["apiGroups"],
                                                           rule["resources"]):
                yield kind, verb, group, resource


def exemption(verb, resource):
    """The name of the exemption of a right, or None."""
    if f"{verb} {resource}" in EXEMPT:
        return f"{verb} {resource}"
    if verb == "list":
        return verb
    if verb == "get" and resource not in OWNED and resource != "leases":
        return verb
    return None


def without(rules, right):
    """The rules as they are without one right, one right per rule."""
    return [{"apiGroups": [group], "resources": [resource], "verbs": [verb]}
            for rule in rules
            for verb, group, resource in itertools.product(rule["verbs"], rule["apiGroups"],
                                                           rule["resources"])
            if (verb, group, resource) != right]


def target(kind, name, group="gateway.networking.k8s.io"):
    return [{"group": group, "kind": kind, "name": name}]


def item(version, kind, name, namespace, spec):
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def objects(name):
    """One object of each kind that gets a status, in the namespace `name` with the class `name`."""
    backend = {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": "b"}
    model = [{"headers": [{"name": "x-ai-eg-model", "value": "m"}]}]
    return [
        item(GATEWAY_API, "GatewayClass", name, None, {
            "controllerName": f"{name}.example.com/c", "parametersRef": {
                "group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "p",
                "namespace": name}}),
        item(ENVOY, "EnvoyProxy", "p", name, {}),
        item(GATEWAY_API, "Gateway", "g", name, {
            "gatewayClassName": name,
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}),
        item(GATEWAY_API, "HTTPRoute", "r", name, {
            "parentRefs": [{"name": "g"}], "rules": [{"backendRefs": [backend]}]}),
        item(AI, "AIGatewayRoute", "a", name, {
            "parentRefs": [{"name": "g"}],
            "rules": [{"matches": model, "backendRefs": [{"name": "s"}]}]}),
        item(AI, "AIServiceBackend", "s", name, {"schema": {"name": "OpenAI"},
                                                 "backendRef": backend}),
        item(AI, "BackendSecurityPolicy", "k", name, {
            "type": "APIKey", "apiKey": {"secretRef": {"name": "nowhere"}},
            "targetRefs": target("AIServiceBackend", "s", "aigateway.envoyproxy.io")}),
        item(AI, "GatewayConfig", "s", name, {
            "globalLLMRequestCosts": [{"metadataKey": "total", "type": "TotalToken"}]}),
        item(ENVOY, "Backend", "b", name, {
            "endpoints": [{"fqdn": {"hostname": "x.example.com", "port": 443}}]}),
        item(GATEWAY_API, "BackendTLSPolicy", "t", name, {
            "targetRefs": target("Backend", "b", "gateway.envoyproxy.io"),
            "validation": {"wellKnownCACertificates": "System", "hostname": "x.example.com"}}),
        item(ENVOY, "BackendTrafficPolicy", "b", name, {
            "targetRefs": target("Gateway", "g"), "timeout": {"http": {"requestTimeout": "9s"}}}),
        item(ENVOY, "ClientTrafficPolicy", "c", name, {
            "targetRefs": target("Gateway", "g"), "connection": {"bufferLimit": "1Mi"}})]


class Operator:
    """An operator process with its log."""

    def __init__(self, folder, name, kubeconfig):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.admin = f"127.0.0.1:{probe.getsockname()[1]}"
        self.log_path = os.path.join(folder, name + ".log")
        environment = {**os.environ, "POD_NAMESPACE": name, "POD_NAME": name, "POD_UID": name}
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "controller", "--kubeconfig", kubeconfig, "--watch-namespaces", name,
                 "--adopt-controller-name", f"{name}.example.com/c", "--admin", self.admin,
                 "--push", "127.0.0.1:0", "--push-host",
                 "tollgate.example.com:18000", "--log-level", "debug"],
                env=environment, stdout=log, stderr=log)

    def said(self):
        """Everything that it says of itself: its log, and why it is not ready."""
        with open(self.log_path, encoding="utf-8") as log:
            text = log.read()
        try:
            urllib.request.urlopen(f"http://{self.admin}/ready", timeout=2).close()
        except urllib.error.HTTPError as error:
            with error:
                text += error.read().decode()
        except OSError:
            pass
        return text.replace("\\", "")

    def ready(self):
        with urllib.request.urlopen(f"http://{self.admin}/ready", timeout=2) as answer:
            return answer.status == 200

    def stop(self):
        self.process.kill()
        self.process.wait()


class RightsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="tollgate-rights-"))
        cls.cluster = cls.enterClassContext(Cluster({}))
        cls.api = cls.cluster.api
        cls.cluster.apply(os.path.join(ROOT, "crds"), server_side=True)
        cls.cluster.kubectl("wait", "--for=condition=Established", "crd", "--all")

    def create(self, thing):
        group = thing["apiVersion"]
        resource = {"GatewayClass": "gatewayclasses", "EnvoyProxy": "envoyproxies"}.get(
            thing["kind"], thing["kind"].lower() + "s").replace("policys", "policies")
        namespace = thing["metadata"].get("namespace")
        path = object_path(resource, "", namespace, "" if group == "v1" else group).rstrip("/")
        with contextlib.suppress(OSError):
            try:
                return self.api.request("POST", path, thing)
            except ApiError as error:
                if error.status != 409:
                    raise
        return None

    def account(self, name, right):
        """A namespace with a ServiceAccount that has every right but one; its kubeconfig."""
        roles = load_roles()
        meta = {"name": name, "namespace": name}
        subjects = [{"kind": "ServiceAccount", "name": name, "namespace": name}]
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
        for kind in ("ClusterRole", "Role"):
            own = {"name": name} if kind == "ClusterRole" else meta
            self.create({"apiVersion": RBAC, "kind": kind, "metadata": own,
                         "rules": without(roles[kind], right)})
            self.create({"apiVersion": RBAC, "kind": kind + "Binding", "metadata": own,
                         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind,
                                     "name": name}, "subjects": subjects})
        return self.cluster.service_account_kubeconfig(name, name)

    def run_without(self, name, right, done):
        """Runs an operator that lacks a right until done(operator); returns what it said."""
        kubeconfig = self.account(name, right)
        for thing in objects(name):
            self.create(thing)
        operator = Operator(self.folder, name, kubeconfig)
        try:
            self.cluster.wait(lambda: done(operator), timeout=WAIT_S, what=f"{right} of {name}")
            return operator.said()
        finally:
            operator.stop()

    def refused(self, name, right):
        """Waits until the operator says that it lacks the right."""
        verb, group, resource = right
        wanted = f'cannot {verb} resource "{resource}" in API group "{group}"'
        gateway = object_path("gateways", "g", name, GATEWAY_API)
        moved = []

        def done(operator):
            if verb == "delete" and not moved and self.api.get(object_path(
                    resource, "g-tollgate-tls" if resource == "secrets" else "g", name,
                    "apps/v1" if group else "")):
                self.api.patch(gateway, {"spec": {"gatewayClassName": "nobodys"}})
                moved.append(True)
            return wanted in operator.said()
        self.run_without(name, right, done)

    def test_with_all_rights_nothing_is_refused(self):
        def done(operator):
            gateway = self.api.get(object_path("gateways", "g", "whole", GATEWAY_API))
            return operator.ready() and self.api.get(object_path(
                "deployments", "g", "whole", "apps/v1")) and gateway["status"]["conditions"][0][
                    "reason"] != "Pending"
        said = self.run_without("whole", None, done)
        self.assertNotRegex(said, r"\b403\b")
        self.assertNotIn("cannot ", re.sub("cannot be", "", said))

    def test_each_right_is_needed(self):
        cases = [right for _, *right in rights() if exemption(right[0], right[2]) is None]
        self.assertGreater(len(cases), 40)
        unused = set(EXEMPT) - {exemption(verb, resource) for _, verb, _, resource in rights()}
        self.assertEqual(unused, set(), "exemptions of nothing")
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            jobs = {pool.submit(self.refused, f"case-{i}", tuple(right)): right
                    for i, right in enumerate(cases)}
            lacking = [f"{' '.join(jobs[job])}: {job.exception()}"
                       for job in concurrent.futures.as_completed(jobs) if job.exception()]
        self.assertEqual(lacking, [])


if __name__ == "__main__":
    unittest.main()
