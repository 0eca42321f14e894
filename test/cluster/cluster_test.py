"""The harness's own test: python3 -m unittest discover -s test/cluster -p '*_test.py'."""

import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from cluster import Cluster, CommandError, KubeApi, object_path  # noqa: E402
from clusterlib.testcase import ECHO, ClusterTestCase, deployment, service  # noqa: E402
from clusterlib.waiting import wait_until  # noqa: E402

EXTRA_NAME = "bedrock-runtime.us-west-2.amazonaws.com"


class ClusterTest(ClusterTestCase):
    """Pods, Services, names, identities."""

    @classmethod
    def make_cluster(cls):
        return Cluster({"test/echo": ECHO}, {EXTRA_NAME: "backends/provider"},
                       restart_backoff=(0.2, 1))

    def test_service_and_load_balancer(self):
        self.ready(deployment("web", replicas=2), service("web", "LoadBalancer"))
        address = self.cluster.wait_load_balancer(self.namespace, "web")
        self.assertTrue(address.startswith("10.250."), address)
        names = {pod["metadata"]["name"] for pod in self.pods("web")}
        for host in (address, f"web.{self.namespace}.svc.cluster.local"):
            seen = set()
            self.cluster.wait(lambda: seen.add(self.get(host)["host"]) or seen == names,
                              what=f"both pods behind {host}; {seen}")

    def test_pod_to_service_keeps_source_and_reaches_itself(self):
        pod = self.ready(deployment("web"), service("web"))
        name = self.pods("web")[0]["metadata"]["name"]
        script = ("import urllib.request as r; "
                  f"print(r.urlopen('http://web/', timeout=5).read().decode())")
        output = self.cluster.kubectl("exec", "-n", self.namespace, name, "--",
                                      "python3", "-c", script)
        self.assertEqual(json.loads(output)["host"], name)
        self.assertEqual(self.get(pod)["client"], "::ffff:10.244.0.1")

    def test_names(self):
        pod = self.ready(
            deployment("web", pod={"hostname": "first", "subdomain": "headless"}), service("web"),
            {**service("headless", clusterIP="None", selector={"app": "web"})})
        web = self.cluster.api.get(object_path("services", "web", self.namespace))
        ip = web["spec"]["clusterIP"]
        pod_ip = pod.rpartition(":")[0]
        suffix = f"{self.namespace}.svc.cluster.local"
        for name, expected in (("web", [ip]), (f"web.{self.namespace}", [ip]),
                               (f"web.{suffix}", [ip]), (f"headless.{suffix}", [pod_ip])):
            self.assertEqual(self.get(pod, f"/resolve/{name}"), expected, name)
        hosts = self.cluster.run_in_netns(["getent", "ahostsv4", f"first.headless.{suffix}"])
        self.assertEqual(hosts.stdout.split()[0], pod_ip)
        self.make_namespace("backends")
        self.apply(service("provider"), namespace="backends")
        provider = self.cluster.api.get(object_path("services", "provider", "backends"))
        self.cluster.wait(lambda: self.get(pod, f"/resolve/{EXTRA_NAME}")
                          == [provider["spec"]["clusterIP"]], what="the extra name")
        self.cluster.set_dns({EXTRA_NAME: "backends/provider", "api.test.example": "10.250.9.9"})
        self.assertEqual(self.get(pod, "/resolve/api.test.example"), ["10.250.9.9"])

    def test_mounted_secret_updates(self):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"},
                  "stringData": {"token": "one"}}
        mounts = {"volumeMounts": [{"name": "key", "mountPath": "/etc/key"}], "pod": {
            "volumes": [{"name": "key", "secret": {"secretName": "key"}}]}}
        self.apply(deployment("web", **mounts))  # the Secret comes later: the pod waits for it
        pod = self.ready(secret)
        self.assertEqual(self.get(pod, "/file/etc/key/token"), "one")
        self.apply({**secret, "stringData": {"token": "two"}})
        self.cluster.wait(lambda: self.get(pod, "/file/etc/key/token") == "two", timeout=3)
        with self.assertRaises(CommandError):
            self.get(pod, "/write/etc/key/token")

    def test_environment(self):
        self.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
                    "data": {"color": "blue"}})
        pod = self.ready(deployment("web", args=["serve", "$(COLOR)"], env=[
            {"name": "COLOR", "valueFrom": {"configMapKeyRef": {
                "name": "settings", "key": "color"}}},
            {"name": "BOTH", "value": "$(COLOR)-$$(COLOR)"},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]))
        self.assertEqual(self.get(pod, "/env/BOTH"), "blue-$(COLOR)")
        self.assertEqual(self.get(pod, "/env/IP"), pod.rpartition(":")[0])
        self.assertEqual(self.get(pod, "/env/KUBERNETES_SERVICE_HOST"), "10.0.0.1")
        self.assertEqual(self.get(pod, "/identity")["args"], ["serve", "blue"])

    def test_projected_token_and_rbac(self):
        self.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader"}},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
             "metadata": {"name": "reader"},
             "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
             "metadata": {"name": "reader"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
             "subjects": [{"kind": "ServiceAccount", "name": "reader"}]})
        pod = self.ready(deployment("web", pod={"serviceAccountName": "reader"}))
        folder = "/file/var/run/secrets/kubernetes.io/serviceaccount"
        self.assertEqual(self.get(pod, f"{folder}/namespace"), self.namespace)
        self.assertIn("BEGIN CERTIFICATE", self.get(pod, f"{folder}/ca.crt"))
        reader = KubeApi(self.cluster.port, f"{self.cluster.run_dir}/pki/ca.crt",
                         token=self.get(pod, f"{folder}/token"))
        base = f"/api/v1/namespaces/{self.namespace}"
        self.assertEqual(len(reader.request("GET", f"{base}/pods")["items"]), 1)
        with self.assertRaisesRegex(RuntimeError, "403"):
            reader.request("GET", f"{base}/secrets")
        with self.assertRaisesRegex(CommandError, "forbidden"):
            self.cluster.kubectl("get", "secrets", "-n", self.namespace, kubeconfig=self.cluster.
                                 service_account_kubeconfig(self.namespace, "reader"))

    def test_api_server_from_a_pod(self):
        self.ready(deployment("web"))
        name = self.pods("web")[0]["metadata"]["name"]
        script = ("import ssl, os, urllib.request as r\n"
                  "d='/var/run/secrets/kubernetes.io/serviceaccount/'\n"
                  "u='https://%s:%s/version' % (os.environ['KUBERNETES_SERVICE_HOST'], "
                  "os.environ['KUBERNETES_SERVICE_PORT'])\n"
                  "q=r.Request(u, headers={'Authorization': 'Bearer '+open(d+'token').read()})\n"
                  "print(r.urlopen(q, context=ssl.create_default_context(cafile=d+'ca.crt'))"
                  ".read().decode())")
        output = self.cluster.kubectl("exec", "-n", self.namespace, name, "--",
                                      "python3", "-c", script)
        self.assertEqual(json.loads(output)["gitVersion"], "v1.36.4")

    def test_restricted_security(self):
        self.make_namespace("strict", **{"pod-security.kubernetes.io/enforce": "restricted"})
        self.apply(deployment("lax"), namespace="strict")
        self.cluster.wait(lambda: any(
            "violates PodSecurity" in event["message"] for event in
            self.cluster.api.get("/api/v1/namespaces/strict/events")["items"]))
        self.apply(deployment(
            "web", securityContext={
                "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True, "runAsNonRoot": True, "runAsUser": 65532,
                "seccompProfile": {"type": "RuntimeDefault"}},
            volumeMounts=[{"name": "scratch", "mountPath": "/scratch"}],
            pod={"volumes": [{"name": "scratch", "emptyDir": {}}],
                 "securityContext": {"fsGroup": 2000}}), namespace="strict")
        self.cluster.wait_deployment("strict", "web")
        pod = self.pods("web", "strict")[0]["status"]["podIP"] + ":8080"
        seen = self.get(pod, "/identity")
        self.assertEqual((seen["uid"], seen["gid"], seen["pid"]), (65532, 0, 1))
        self.assertIn(2000, seen["groups"])
        self.assertEqual((int(seen["caps"], 16), seen["nnp"]), (0, "1"))
        self.assertEqual(self.get(pod, "/write/scratch/file"), 1)
        for path in ("tmp/file", "usr/file"):
            with self.assertRaises(CommandError):
                self.get(pod, f"/write/{path}")

    def test_crash_loop_and_restart(self):
        self.apply(deployment("web", args=["crash"]))

        def status():
            return self.pods("web")[0]["status"]["containerStatuses"][0]
        self.cluster.wait(lambda: status()["restartCount"] >= 2, what="two restarts")
        self.assertEqual(status()["lastState"]["terminated"]["exitCode"], 3)
        self.cluster.wait(lambda: status()["state"]["waiting"]["reason"] == "CrashLoopBackOff")
        name = self.pods("web")[0]["metadata"]["name"]
        self.assertEqual(self.cluster.kubectl("logs", "-n", self.namespace, name, "--previous"),
                         "starting crash\n")
        self.assertFalse(status()["ready"])

    def test_killed_process_restarts(self):
        pod = self.ready(deployment("web"))
        name = self.pods("web")[0]["metadata"]["name"]
        self.cluster.signal_container(self.namespace, name)
        self.cluster.api.wait_object(
            object_path("pods", name, self.namespace),
            lambda p: p["status"]["containerStatuses"][0]["restartCount"] == 1
            and p["status"]["containerStatuses"][0]["ready"])
        self.assertEqual(self.get(pod)["host"], name)
        self.assertIn("request /", self.cluster.kubectl("logs", "-n", self.namespace, name))

    def test_paused_pod_leaves_the_service(self):
        self.ready(deployment("web", replicas=2), service("web"))
        name = self.pods("web")[0]["metadata"]["name"]
        path = object_path("pods", name, self.namespace)

        def is_ready(value):
            return lambda p: [c["status"] for c in p["status"]["conditions"]
                              if c["type"] == "Ready"] == [value]
        self.cluster.signal_container(self.namespace, name, signal.SIGSTOP)
        self.cluster.api.wait_object(path, is_ready("False"))
        for _ in range(6):
            self.assertNotEqual(self.get(f"web.{self.namespace}")["host"], name)
        self.cluster.signal_container(self.namespace, name, signal.SIGCONT)
        self.cluster.api.wait_object(path, is_ready("True"))

    def test_deletion_cleans_up(self):
        self.ready(deployment("web"))
        pod = self.pods("web")[0]
        uid, name = pod["metadata"]["uid"], pod["metadata"]["name"]
        self.assertIsNotNone(self.cluster.container_pid(self.namespace, name))
        links = len(self.cluster.run_in_netns(["ls", "/proc/sys/net/ipv4/conf"]).stdout.split())
        self.cluster.kubectl("delete", "deployment", "-n", self.namespace, "web")
        self.cluster.api.wait_object(object_path("pods", name, self.namespace),
                                     lambda p: p is None, timeout=10)
        self.assertIsNone(self.cluster.container_pid(self.namespace, name))
        folder = os.path.join(self.cluster.run_dir, "pods", uid)
        self.cluster.wait(lambda: not os.path.exists(folder), what="the pod's files")
        self.cluster.wait(lambda: len(self.cluster.run_in_netns(
            ["ls", "/proc/sys/net/ipv4/conf"]).stdout.split()) < links, what="the pod's link")

    def test_unknown_image(self):
        self.apply(deployment("web", image="nobody/knows:v1"))
        self.cluster.wait(lambda: self.pods("web")[0]["status"]["containerStatuses"][0]["state"]
                          ["waiting"]["reason"] == "ErrImagePull")


class FaultTest(unittest.TestCase):
    """Faults of the control plane, and what is left afterwards."""

    def test_faults(self):
        with Cluster(gateway_api_channel="standard") as cluster:
            self.assertIn("httproutes", cluster.kubectl("api-resources", "--no-headers"))
            watch = subprocess.Popen(
                [cluster.component_binary, "kubectl", "get", "--raw",
                 "/api/v1/namespaces?watch=1"], env={"KUBECONFIG": cluster.kubeconfig},
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            self.addCleanup(watch.stdout.close)
            self.addCleanup(watch.wait)
            self.addCleanup(watch.kill)
            self.assertIn("ADDED", watch.stdout.readline())
            self.assertGreater(cluster.cut_connections(), 2)
            watch.wait(timeout=10)
            self.assertEqual(cluster.api.request("GET", "/readyz"), "ok")
            with cluster.paused("kube-apiserver"):
                with self.assertRaises(OSError):
                    cluster.api.request("GET", "/readyz", timeout=0.5)
            cluster.wait(lambda: cluster.api.request("GET", "/readyz") == "ok")
            cluster.restart_component("kube-apiserver")
            cluster.kill_component("etcd")
            with self.assertRaises((OSError, RuntimeError)):
                cluster.api.request("GET", "/api/v1/namespaces/default", timeout=2)
            cluster.start_component("etcd")
            cluster.wait(lambda: cluster.api.get("/api/v1/namespaces/default"))

    def test_nothing_is_left(self):
        with Cluster({"test/echo": ECHO}, gateway_api_channel=None) as cluster:
            run_dir, pid = cluster.run_dir, cluster.pid
            cluster.apply(deployment("web", replicas=2), "default")
            cluster.wait_deployment("default", "web")
            client = cluster.popen_in_netns(["sleep", "1000"])
        self.assertEqual(client.wait(timeout=5), 137)
        self.assertFalse(os.path.exists(run_dir))
        self.assertFalse(os.path.exists(f"/proc/{pid}"))
        self.assertEqual(self.leftovers(run_dir), [])

    def test_nothing_is_left_after_sigkill(self):
        script = (
            "import sys, time; sys.path.insert(0, sys.argv[1]); from cluster import Cluster\n"
            "import json\n"
            "c = Cluster(json.loads(sys.argv[2]), gateway_api_channel=None).start()\n"
            "c.apply(json.loads(sys.argv[3]), 'default'); c.wait_deployment('default', 'web')\n"
            "c.popen_in_netns(['sleep', '1000'])\n"
            "print(c.pid, c.run_dir, flush=True); time.sleep(1000)\n")
        harness = subprocess.Popen(
            [sys.executable, "-c", script, os.path.dirname(os.path.abspath(__file__)),
             json.dumps({"test/echo": ECHO}),
             json.dumps(deployment("web"))], stdout=subprocess.PIPE, text=True)
        self.addCleanup(harness.stdout.close)
        pid, run_dir = harness.stdout.readline().split()
        harness.kill()
        harness.wait()
        wait_until(lambda: not os.path.exists(f"/proc/{pid}") and not os.path.exists(run_dir)
                   and not self.leftovers(run_dir), 10, "the end of everything")

    @staticmethod
    def leftovers(run_dir):
        """Mounts, links and processes of the host that a cluster could leave behind."""
        with open("/proc/self/mounts", encoding="utf-8") as file:
            found = [line for line in file if run_dir in line]
        found += [link for link in os.listdir("/sys/class/net") if link.startswith("pod")]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if run_dir.encode() in file.read():
                        found.append(pid)
            except OSError:
                continue  # ended meanwhile
        return found


if __name__ == "__main__":
    unittest.main()
