"""What the process kubelet does with pods, beyond cluster_test.py."""

import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from cluster import Cluster, CommandError, object_path  # noqa: E402
from clusterlib.testcase import ECHO, SHELL, ClusterTestCase, deployment, service  # noqa: E402


def container(name, script, **more):
    return {"name": name, "image": "test/shell", "args": [script], **more}


def pod(name, *containers, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"terminationGracePeriodSeconds": 5, "restartPolicy": "Never",
                     "containers": list(containers), **spec}}


class PodsTest(ClusterTestCase):
    """A cluster with two nodes."""

    @classmethod
    def make_cluster(cls):
        return Cluster({"test/echo": ECHO, "test/shell": SHELL}, nodes=2,
                       gateway_api_channel=None, restart_backoff=(0.2, 1))

    def wait_pod(self, name, predicate, timeout=20):
        return self.cluster.api.wait_object(object_path("pods", name, self.namespace),
                                            lambda p: bool(p) and predicate(p), timeout)

    def logs(self, name, *options):
        return self.cluster.kubectl("logs", "-n", self.namespace, name, *options)

    def test_init_containers_and_sidecar(self):
        self.apply(pod(
            "p", container("main", "cat /shared/log; test -e /shared/side && echo with sidecar",
                           volumeMounts=[{"name": "shared", "mountPath": "/shared"}]),
            volumes=[{"name": "shared", "emptyDir": {}}],
            initContainers=[
                container(name, script, volumeMounts=[{"name": "shared", "mountPath": "/shared"}],
                          **more)
                for name, script, more in (
                    ("first", "echo one >> /shared/log", {}),
                    ("side", "touch /shared/side; exec sleep 1000", {
                        "restartPolicy": "Always",
                        "startupProbe": {"exec": {"command": ["test", "-e", "/shared/side"]}}}),
                    ("second", "echo two >> /shared/log", {}))]))
        self.wait_pod("p", lambda p: p["status"]["phase"] == "Succeeded")
        self.assertEqual(self.logs("p", "-c", "main"), "one\ntwo\nwith sidecar\n")

    def test_failing_pod_says_why(self):
        self.apply(pod("p", container("main", "echo last words > /dev/termination-log; exit 4")))
        seen = self.wait_pod("p", lambda p: p["status"]["phase"] == "Failed")
        end = seen["status"]["containerStatuses"][0]["state"]["terminated"]
        self.assertEqual((end["exitCode"], end["message"]), (4, "last words\n"))
        self.apply(pod("q", {**container("main", ""), "command": ["/no/such/program"]}))
        seen = self.wait_pod("q", lambda p: p["status"]["phase"] == "Failed")
        end = seen["status"]["containerStatuses"][0]["state"]["terminated"]
        self.assertEqual(end["reason"], "StartError")
        self.assertIn("no such file", end["message"])

    def test_missing_configuration(self):
        self.apply(pod("p", container("main", "echo $A", env=[{"name": "A", "valueFrom": {
            "secretKeyRef": {"name": "later", "key": "a"}}}])))
        self.wait_pod("p", lambda p: p["status"]["containerStatuses"][0]["state"]["waiting"][
            "reason"] == "CreateContainerConfigError")
        self.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "later"},
                    "stringData": {"a": "here"}})
        self.wait_pod("p", lambda p: p["status"]["phase"] == "Succeeded")
        self.assertEqual(self.logs("p"), "here\n")

    def test_run_as_non_root(self):
        self.apply(pod("p", container("main", "id -u", securityContext={"runAsNonRoot": True})))
        self.wait_pod("p", lambda p: "runAsNonRoot" in p["status"]["containerStatuses"][0][
            "state"]["waiting"].get("message", ""))

    def test_liveness_restarts(self):
        self.apply(pod("p", container(
            "main", "trap 'exit 0' TERM; touch /tmp/ok; while :; do sleep 0.1; done",
            livenessProbe={"exec": {"command": ["test", "-e", "/tmp/ok"]}, "periodSeconds": 1,
                           "failureThreshold": 1}), restartPolicy="Always"))
        self.wait_pod("p", lambda p: p["status"]["phase"] == "Running")
        self.cluster.kubectl("exec", "-n", self.namespace, "p", "--", "rm", "/tmp/ok")
        self.wait_pod("p", lambda p: p["status"]["containerStatuses"][0]["restartCount"] == 1)

    def test_graceful_end(self):
        self.apply(pod("p", container(
            "main", "trap 'echo got TERM; exit 0' TERM; echo up; while :; do sleep 0.1; done",
            lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "echo stopping > /proc/1/fd/1"]
                                            }}})))
        self.cluster.wait(lambda: self.logs("p") == "up\n")
        follow = subprocess.Popen([self.cluster.component_binary, "kubectl", "logs", "-f", "p",
                                   "-n", self.namespace], stdout=subprocess.PIPE, text=True,
                                  env={"KUBECONFIG": self.cluster.kubeconfig})
        self.assertEqual(follow.stdout.readline(), "up\n")
        self.cluster.kubectl("delete", "pod", "p", "-n", self.namespace)
        self.assertEqual(follow.communicate(timeout=10)[0], "stopping\ngot TERM\n")

    def test_stubborn_process_is_killed(self):
        self.apply(pod("p", container("main", "trap '' TERM; echo up; while :; do sleep 1; done"),
                       terminationGracePeriodSeconds=1))
        self.cluster.wait(lambda: self.logs("p") == "up\n")
        self.cluster.kubectl("delete", "pod", "p", "-n", self.namespace, timeout=15)

    def test_job(self):
        self.cluster.apply({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"}, "spec": {
                "completions": 2, "template": {"spec": {
                    "restartPolicy": "Never", "containers": [container("main", "echo done")]}}}},
            self.namespace)
        self.cluster.api.wait_object(
            object_path("jobs", "job", self.namespace, "batch/v1"),
            lambda job: job and job.get("status", {}).get("succeeded") == 2)

    def test_daemon_set_has_a_pod_per_node(self):
        template = deployment("web")["spec"]["template"]
        self.cluster.apply({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template}},
            self.namespace)
        self.cluster.api.wait_object(
            object_path("daemonsets", "web", self.namespace, "apps/v1"),
            lambda d: d and d.get("status", {}).get("numberReady") == 2)
        self.assertEqual({p["spec"]["nodeName"] for p in self.pods("web")}, {"node-1", "node-2"})

    def test_dual_stack_and_chosen_address(self):
        self.apply(deployment("web"), {**service(
            "web", "LoadBalancer", ipFamilyPolicy="RequireDualStack",
            loadBalancerIP="10.250.77.7")}, service("six", ipFamilies=["IPv6"],
                                                    selector={"app": "web"}))
        self.cluster.wait_deployment(self.namespace, "web")
        self.assertEqual(self.cluster.wait_load_balancer(self.namespace, "web"), "10.250.77.7")
        six = self.cluster.api.get(object_path("services", "six", self.namespace))
        name = self.pods("web")[0]["metadata"]["name"]
        for host in ("10.250.77.7", f"[{six['spec']['clusterIP']}]"):
            self.assertEqual(self.cluster.wait(lambda host=host: self.get(host))["host"], name)

    def test_config_map_file_and_host_aliases(self):
        self.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "files"},
                    "data": {"a.txt": "A", "b.txt": "B"}})
        self.apply(pod(
            "p", container("main", "cat /opt/conf.d/only.txt; ls /opt/conf.d /etc/all; "
                           "getent hosts somewhere.test", volumeMounts=[
                               {"name": "files", "mountPath": "/opt/conf.d/only.txt",
                                "subPath": "b.txt"},
                               {"name": "files", "mountPath": "/etc/all"}]),
            volumes=[{"name": "files", "configMap": {"name": "files", "items": [
                {"key": "b.txt", "path": "b.txt"}, {"key": "a.txt", "path": "deep/a.txt"}]}}],
            hostAliases=[{"ip": "10.250.1.2", "hostnames": ["somewhere.test"]}]))
        self.wait_pod("p", lambda p: p["status"]["phase"] == "Succeeded")
        self.assertEqual(self.logs("p").split(), [
            "B/etc/all:", "b.txt", "deep", "/opt/conf.d:", "only.txt", "10.250.1.2",
            "somewhere.test"])

    def test_exec_status_and_port_forward(self):
        self.apply(deployment("web"))
        self.cluster.wait_deployment(self.namespace, "web")
        name = self.pods("web")[0]["metadata"]["name"]
        with self.assertRaises(CommandError) as failed:
            self.cluster.kubectl("exec", "-n", self.namespace, name, "--", "sh", "-c",
                                 "echo out; echo err >&2; exit 9")
        self.assertEqual(failed.exception.returncode, 9)
        self.assertEqual(failed.exception.stdout, "out\n")
        self.assertTrue(failed.exception.stderr.startswith("err\n"))
        forward = subprocess.Popen([self.cluster.component_binary, "kubectl", "port-forward", name,
                                    ":8080", "-n", self.namespace], stdout=subprocess.PIPE,
                                   text=True, env={"KUBECONFIG": self.cluster.kubeconfig})
        self.addCleanup(forward.stdout.close)
        self.addCleanup(forward.wait)
        self.addCleanup(forward.kill)
        port = forward.stdout.readline().rpartition("127.0.0.1:")[2].split()[0]
        answer = subprocess.run(["curl", "-sf", f"http://127.0.0.1:{port}/"], check=True,
                                capture_output=True, text=True)
        self.assertIn(name, answer.stdout)

    def test_pod_that_fits_no_node(self):
        self.apply(pod("p", container("main", "echo"), nodeSelector={"disk": "fast"}))
        self.wait_pod("p", lambda p: p["status"]["conditions"][0]["reason"] == "Unschedulable")
        self.cluster.kubectl("label", "node", "node-2", "disk=fast")
        self.wait_pod("p", lambda p: p["status"]["phase"] == "Succeeded")

    def test_pods_outlive_the_api_server(self):
        self.apply(deployment("web"), service("web"))
        self.cluster.wait_deployment(self.namespace, "web")
        name = self.pods("web")[0]["metadata"]["name"]
        address = self.pods("web")[0]["status"]["podIP"] + ":8080"
        self.cluster.kill_component("kube-apiserver")
        self.addCleanup(self.restore_api_server)
        self.assertEqual(self.get(address)["host"], name)
        self.cluster.signal_container(self.namespace, name, signal.SIGKILL)
        self.assertEqual(self.cluster.wait(lambda: self.get(address))["host"], name)
        self.cluster.start_component("kube-apiserver")
        self.wait_pod(name, lambda p: p["status"]["containerStatuses"][0]["restartCount"] == 1)

    def restore_api_server(self):
        if self.cluster.components["kube-apiserver"].returncode is not None:
            self.cluster.start_component("kube-apiserver")


if __name__ == "__main__":
    unittest.main()
