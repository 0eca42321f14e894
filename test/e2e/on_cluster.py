"""The operator, its proxies and the providers of the blueprint on the cluster of test/cluster."""
import itertools
import json
import os
import sys
import tempfile

from gateway import BLUEPRINT, BUILD, CLAUDE, GPT_OSS, QWEN, ROOT

sys.path.insert(0, os.path.join(ROOT, "test/cluster"))
# pylint: disable=wrong-import-position
from cluster import BUILD as CLUSTER_BUILD  # noqa: E402
from cluster import Cluster, object_path  # noqa: E402
from clusterlib.testcase import service  # noqa: E402

INSTALL = os.path.join(ROOT, "manifests/install.yaml")
REDIS = os.path.join(ROOT, "manifests/redis.yaml")
# As the official image: its entry point runs the arguments, and it is built without protected mode.
REDIS_IMAGE = {"entrypoint": ["/bin/sh", "-c", 'exec "$@" --protected-mode no', "sh"]}
SYSTEM = "tollgate-system"
BEDROCK = "bedrock-runtime.us-west-2.amazonaws.com"
AWS = {"AWS_ACCESS_KEY_ID": "AKIACLUSTERTEST00000", "AWS_SECRET_ACCESS_KEY": "of/no/account"}
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


AUDIT_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    users: ["system:serviceaccount:tollgate-system:tollgate"]
  - level: None
"""


class Installation:
    """A cluster with the operator and the providers. `audit` is the API server's audit log: one JSON
    document per request of the operator. Proxies and providers live by the test clock in the file
    `clock`, which is alone in its folder."""

    def __init__(self, run_dir=None, build=CLUSTER_BUILD, clock=None):
        self.folder = tempfile.TemporaryDirectory(prefix="tollgate-e2e-")
        os.chmod(self.folder.name, 0o755)
        trust = os.path.join(self.folder.name, "trust")
        os.mkdir(trust)
        os.chmod(trust, 0o777)  # the provider of any user leaves its authority there
        self.audit = os.path.join(self.folder.name, "audit.log")
        policy = os.path.join(self.folder.name, "policy.yaml")
        with open(policy, "w", encoding="utf-8") as file:
            file.write(AUDIT_POLICY)
        proxy = {"path": os.path.join(BUILD, "tollgate-proxy"), "files": {"/trust": trust},
                 "env": {**AWS, "SSL_CERT_FILE": "/trust/ca.crt"}}
        mock = {"path": os.path.join(BUILD, "tollgate-mock"), "writable": {"/trust": trust}}
        if clock:
            for image in (proxy, mock):
                image.setdefault("files", {})["/clock"] = os.path.dirname(clock)
                image.setdefault("env", {})["TOLLGATE_TEST_CLOCK"] = (
                    "/clock/" + os.path.basename(clock))
        self.cluster = Cluster(
            {"tollgate/tollgate": os.path.join(BUILD, "tollgate"), "tollgate/tollgate-proxy": proxy,
             "tollgate/tollgate-mock": mock, "redis": REDIS_IMAGE},
            extra_dns={BEDROCK: "default/bedrock"}, run_dir=run_dir, build=build,
            flags={"kube-apiserver": [f"--audit-policy-file={policy}",
                                      f"--audit-log-path={self.audit}"]})

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

    def requests(self):
        """What the operator asked of the API server so far: (verb, group, resource, status)."""
        with open(self.audit, encoding="utf-8") as file:
            for line in file:
                event = json.loads(line)
                target = event.get("objectRef")
                if not target or "resource" not in target:
                    continue  # discovery
                name = target["resource"]
                if "subresource" in target:
                    name += "/" + target["subresource"]
                yield (event["verb"], target.get("apiGroup", ""), name,
                       event["responseStatus"]["code"])

    def rights(self):
        """What the manifests allow the operator: (verb, group, resource)."""
        for kind, name, where in (("clusterroles", "tollgate", None),
                                  ("roles", "tollgate-leader", SYSTEM)):
            role = self.cluster.api.get(
                object_path(kind, name, where, "rbac.authorization.k8s.io/v1"))
            for rule in role["rules"]:
                yield from itertools.product(rule["verbs"], rule["apiGroups"], rule["resources"])

    def stop(self):
        self.cluster.stop()
        self.folder.cleanup()
