"""What tests on a cluster share: a cluster per class, a namespace per test, an echo server."""

import json
import os
import sys
import unittest

from clusterlib.kubeapi import object_path

REPO_TEST = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ECHO = {"entrypoint": ["python3", "/srv/echo.py"],
        "files": {"/srv/echo.py": os.path.join(REPO_TEST, "testdata", "echo.py")}}
"""An image map entry: the echo server of testdata/echo.py."""
SHELL = {"entrypoint": ["/bin/sh", "-c"]}
"""An image map entry: a container's first argument is a shell script."""


def deployment(name, replicas=1, **container):
    """A Deployment of the echo server; `pod` among the arguments adds to the pod's spec."""
    container = {"name": "echo", "image": "registry.example/test/echo:v1",
                 "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1,
                                    "failureThreshold": 1},
                 **container}
    pod = container.pop("pod", {})
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": {
                         "terminationGracePeriodSeconds": 2, "containers": [container], **pod}}}}


def service(name, kind="ClusterIP", **spec):
    """A Service on port 80 of the pods with the label app=NAME."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"type": kind, "selector": {"app": name}, **spec,
                     "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}}


class ClusterTestCase(unittest.TestCase):
    """One cluster for the class, made by make_cluster; a namespace per test."""

    cluster = None

    @classmethod
    def make_cluster(cls):
        """Returns a Cluster that is not started yet."""
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.make_cluster()
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()

    def setUp(self):
        self.namespace = self.id().rpartition(".")[2].replace("_", "-")[:63]
        self.make_namespace(self.namespace)

    def make_namespace(self, name, **labels):
        """Makes a namespace for this test; its deletion is not waited for."""
        self.cluster.apply({"apiVersion": "v1", "kind": "Namespace",
                            "metadata": {"name": name, "labels": labels}})
        self.cluster.api.wait_object(object_path("serviceaccounts", "default", name), bool)
        self.addCleanup(self.cluster.kubectl, "delete", "namespace", name, "--wait=false")

    def apply(self, *objects, namespace=None):
        """Applies objects in the test's namespace."""
        self.cluster.apply(list(objects), namespace or self.namespace)

    def get(self, host, path="/"):
        """An HTTP GET from inside the cluster; the decoded JSON answer."""
        script = ("import sys, urllib.request as r; "
                  "print(r.urlopen(sys.argv[1], timeout=5).read().decode())")
        result = self.cluster.run_in_netns([sys.executable, "-c", script, f"http://{host}{path}"])
        return json.loads(result.stdout)

    def pods(self, name, namespace=None):
        """The pods with the label app=NAME that are not being deleted."""
        items = self.cluster.api.get(f"/api/v1/namespaces/{namespace or self.namespace}/pods?"
                                     f"labelSelector=app%3D{name}")["items"]
        return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]

    def ready(self, *objects, name="web"):
        """Applies and waits for the Deployment; returns HOST:PORT of its first pod."""
        self.apply(*objects)
        self.cluster.wait_deployment(self.namespace, name)
        return self.pods(name)[0]["status"]["podIP"] + ":8080"
