#!/usr/bin/env python3
"""From a write at the API server to the first answer that it makes possible, and what the processes in
the cluster hold in memory. Runs the operator, a proxy and the model server on the cluster of test/cluster
with the multi-model example; needs root and what test/cluster/build.sh and `.ci/venv` make.

For each of N new models one AIGatewayRoute is created; a client on a kept connection asks for that model
all the time. Three times: when the write returned, when the client got its first 200 after the write was
begun, and when the status said Programmed=True."""
import argparse
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "test/e2e"))
# pylint: disable=wrong-import-position
from cluster_test import CLIENT, GATEWAY, ROUTE, SELECTOR, SYSTEM, holds  # noqa: E402
from on_cluster import Installation  # noqa: E402

ROUTES = "/apis/aigateway.envoyproxy.io/v1beta1/namespaces/default/aigatewayroutes"


def route(model):
    match = {"headers": [{"name": "x-ai-eg-model", "type": "Exact", "value": model}]}
    return {"apiVersion": "aigateway.envoyproxy.io/v1beta1", "kind": "AIGatewayRoute",
            "metadata": {"name": model, "namespace": "default"},
            "spec": {"parentRefs": [{"name": "ai-gateway"}],
                     "rules": [{"matches": [match],
                                "backendRefs": [{"name": "qwen3", "modelNameOverride": "Qwen/Qwen3-1.7B"}]}]}}


def memory_mib(cluster, selector, namespace):
    pods = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods?{selector}")["items"]
    pid = cluster.container_pid(namespace, pods[0]["metadata"]["name"])
    rollup = cluster.run_in_netns(["cat", f"/proc/{pid}/smaps_rollup"]).stdout
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def shown(name, seconds):
    ordered = sorted(seconds)
    print(f"{name}: median {statistics.median(ordered) * 1000:.1f} ms, "
          f"p90 {ordered[int(len(ordered) * 0.9) - 1] * 1000:.1f} ms, max {ordered[-1] * 1000:.1f} ms")


def measure(cluster, url, count):
    written, answered, programmed = [], [], []
    with cluster.popen_in_netns([sys.executable, CLIENT, "first", url], text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        assert client.stdout.readline() == "started\n"
        for i in range(count):
            model = f"bench-{i}"
            client.stdin.write(model + "\n")
            client.stdin.flush()
            begun = time.monotonic()
            cluster.api.request("POST", ROUTES, route(model))
            written.append(time.monotonic() - begun)
            answered.append(float(client.stdout.readline()) - begun)
            cluster.api.wait_object(f"{ROUTES}/{model}", holds("Programmed"))
            programmed.append(time.monotonic() - begun)
        client.stdin.close()
    shown("write returned", written)
    shown("write to first answer", answered)
    shown("write to Programmed=True, as a client sees it", programmed)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--routes", type=int, default=30)
    options = parser.parse_args()
    installation = Installation()
    try:
        cluster = installation.start().cluster
        installation.apply_blueprint()
        url = "http://" + cluster.wait_load_balancer("default", "ai-gateway")
        for path in (GATEWAY, ROUTE):
            cluster.api.wait_object(path, holds("Programmed"))
        cluster.wait_deployment("default", "ai-gateway")
        proxy = memory_mib(cluster, SELECTOR, "default")
        operator = memory_mib(cluster, "labelSelector=app.kubernetes.io%2Fcomponent%3Dcontroller", SYSTEM)
        print(f"idle memory (PSS): proxy {proxy:.1f} MiB, operator {operator:.1f} MiB")
        measure(cluster, url, options.routes)
    finally:
        installation.stop()


if __name__ == "__main__":
    main()
