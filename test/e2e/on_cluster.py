"""The operator, its proxies and the providers of the blueprint on the cluster of test/cluster."""
import os
import signal
import subprocess
import sys

from gateway import BLUEPRINT, BUILD, CLAUDE, GPT_OSS, QWEN, ROOT

sys.path.insert(0, os.path.join(ROOT, "test/cluster"))
# pylint: disable=wrong-import-position
from cluster import BUILD as CLUSTER_BUILD  # noqa: E402
from cluster import Cluster, object_path  # noqa: E402
from clusterlib.testcase import service  # noqa: E402

INSTALL = os.path.join(ROOT, "manifests/install.yaml")
SYSTEM = "tollgate-system"
BEDROCK = "bedrock-runtime.us-west-2.amazonaws.com"
AWS = {"AWS_ACCESS_KEY_ID": "AKIACLUSTERTEST00000", "AWS_SECRET_ACCESS_KEY": "of/no/account"}
MANAGED = "app.kubernetes.io%2Fmanaged-by%3Dtollgate"
# Each model's provider: a Deployment of its own, so that one can fail alone.
PROVIDERS = {
    "qwen3": ["openai,qwen3.default.svc.cluster.local,8000,plain," + QWEN],
    "gpt-oss": ["openai,gpt-oss.default.svc.cluster.local,8000,plain," + GPT_OSS],
    "bedrock": [f"bedrock,{BEDROCK},443,tls,{CLAUDE}"],
}


def provider(name):
    """Deployment and Service that play one provider."""
    args = ["--plain", "0.0.0.0:8000", "--tls", "0.0.0.0:8443"]
    if name == "bedrock":
        keys = f"us-west-2,{AWS['AWS_ACCESS_KEY_ID']},{AWS['AWS_SECRET_ACCESS_KEY']}"
        args += ["--ca-out", "/trust/ca.crt", "--aws", keys]
    for host in PROVIDERS[name]:
        args += ["--host", host]
    container = {"name": "mock", "image": "tollgate/tollgate-mock", "args": args,
                 "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1}}
    labels = {"app": name}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
                  "spec": {"selector": {"matchLabels": labels}, "template": {
                      "metadata": {"labels": labels},
                      "spec": {"terminationGracePeriodSeconds": 2, "containers": [container]}}}}
    exposed = service(name)
    exposed["spec"]["ports"] = [{"name": "plain", "port": 8000, "targetPort": 8000},
                                {"name": "tls", "port": 443, "targetPort": 8443}]
    return [deployment, exposed]


class Installation:
    """A cluster with the operator, the providers and, unless told otherwise, the blueprint."""

    def __init__(self, run_dir=None, build=CLUSTER_BUILD, trust_dir=None):
        self.trust = trust_dir
        proxy = {"path": os.path.join(BUILD, "tollgate-proxy"), "files": {"/trust": self.trust},
                 "env": {**AWS, "SSL_CERT_FILE": "/trust/ca.crt"}}
        mock = {"path": os.path.join(BUILD, "tollgate-mock"), "writable": {"/trust": self.trust}}
        self.cluster = Cluster(
            {"tollgate/tollgate": os.path.join(BUILD, "tollgate"), "tollgate/tollgate-proxy": proxy,
             "tollgate/tollgate-mock": mock},
            extra_dns={BEDROCK: "default/bedrock"}, run_dir=run_dir, build=build)

    def start(self):
        self.cluster.start()
        for name in PROVIDERS:
            self.cluster.apply(provider(name), namespace="default")
        self.cluster.apply(INSTALL, server_side=True)
        for name in PROVIDERS:
            self.cluster.wait_deployment("default", name)
        return self

    def apply_blueprint(self):
        for path in BLUEPRINT:
            self.cluster.apply(path)

    def stop(self):
        self.cluster.stop()
