#!/usr/bin/env python3
"""Runs kube_live (the client's test against a real API server) in a test cluster.

    cmake --build build/dev --target kube_live && test/controller/kube/live.py build/dev/kube_live

Needs test/cluster/build.sh to have run, and root. Further arguments go to the program, e.g.
--gtest_filter=Live.Reads*. --flag COMPONENT=FLAG (repeatable) starts a component differently.
"""

import json
import os
import socketserver
import subprocess
import sys
import threading

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
CLUSTER = os.environ.get("TOLLGATE_CLUSTER", os.path.join(REPO, "test", "cluster"))
sys.path.insert(0, CLUSTER)
from cluster import Cluster  # noqa: E402  pylint: disable=wrong-import-position

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.live.example"},
    "spec": {"group": "live.example", "scope": "Namespaced",
             "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
             "versions": [{"name": "v1", "served": True, "storage": True,
                           "schema": {"openAPIV3Schema": {
                               "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def etcd(cluster, path, body):
    """A request to etcd's JSON gateway."""
    return json.loads(cluster.run_in_netns(
        ["curl", "-sf", f"http://127.0.0.1:2379/v3/{path}", "-d", json.dumps(body)]).stdout)


def forget(cluster, namespace, name):
    """Deletes an object where the watch cannot see it, and compacts the history away: the API
    server is stopped, etcd's revision moves on by writes of other processes before and after."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    cluster.pause_component("kube-apiserver")
    key = f"/registry/configmaps/{namespace}/{name}".encode()
    import base64  # pylint: disable=import-outside-toplevel
    etcd(cluster, "kv/deleterange", {"key": base64.b64encode(key).decode()})
    for i in range(5):
        etcd(cluster, "kv/put", {"key": base64.b64encode(f"/filler/{i}".encode()).decode(),
                                 "value": ""})
    revision = int(etcd(cluster, "kv/range", {"key": "YQ=="})["header"]["revision"])
    cluster.kill_component("kube-apiserver")
    etcd(cluster, "kv/compaction", {"revision": str(revision), "physical": True})
    cluster.start_component("kube-apiserver", "--watch-cache=false")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "quiet"},
            "data": {"value": "forgotten"}}
    cluster.api.request("PATCH", f"{path}/quiet?fieldManager=live&force=true", json.dumps(body),
                        "application/apply-patch+yaml")


def act(cluster, words):
    """One command of the program under test."""
    verb, arguments = words[0], words[1:]
    if verb == "cut":
        return cluster.cut_connections()
    if verb == "crd":
        return cluster.apply(CRD) if arguments[0] == "apply" else cluster.delete(CRD)
    if verb == "forget":
        return forget(cluster, *arguments)
    return {"kill": cluster.kill_component, "start": cluster.start_component,
            "pause": cluster.pause_component, "resume": cluster.resume_component}[verb](*arguments)


def main():
    """Starts the cluster, serves commands and returns the program's exit status."""
    arguments = sys.argv[1:]
    flags = {}
    while "--flag" in arguments:
        at = arguments.index("--flag")
        component, flag = arguments[at + 1].split("=", 1)
        flags.setdefault(component, []).append(flag)
        del arguments[at:at + 2]
    build = os.environ.get("TOLLGATE_CLUSTER_BUILD")
    options = {"build": build} if build else {}
    with Cluster(flags=flags, **options) as cluster:
        class Handler(socketserver.StreamRequestHandler):
            """One line, one answer."""

            def handle(self):
                try:
                    answer = f"ok {act(cluster, self.rfile.readline().decode().split())}"
                except Exception as error:  # pylint: disable=broad-except
                    answer = f"error {error}"
                self.wfile.write(answer.encode())

        path = os.path.join(cluster.run_dir, "hook")
        with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            environment = {**os.environ, "TOLLGATE_LIVE_KUBECONFIG": cluster.kubeconfig,
                           "TOLLGATE_LIVE_HOOK": path}
            status = subprocess.run(arguments, env=environment, check=False).returncode
            server.shutdown()
            return status


if __name__ == "__main__":
    sys.exit(main())
