"""`tollgate check`: what an object's status says, without serving. Manifests are texts of this file;
the schemas' defaults are filled in as in a cluster."""
import json
import os
import subprocess
import tempfile
import unittest

from gateway import PROGRAM

COMMON = """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ours}
spec:
  controllerName: tollgate.dev/gateway-controller
  parametersRef: {group: gateway.envoyproxy.io, kind: EnvoyProxy, name: plain, namespace: default}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: {name: plain, namespace: default}
spec: {provider: {type: Kubernetes, kubernetes: {envoyService: {annotations: {a: b}}}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: default}
spec:
  gatewayClassName: ours
  listeners: [{name: http, port: 80, protocol: HTTP}]
"""
TARGET = "[{group: gateway.networking.k8s.io, kind: Gateway, name: gw}]"


def lists_of(value):
    """Every list of conditions below a status."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key == "conditions":
                yield below
            else:
                yield from lists_of(below)
    elif isinstance(value, list):
        for below in value:
            yield from lists_of(below)


class CheckTest(unittest.TestCase):
    def check(self, *manifests):
        """The status of each object, by "KIND NAME"."""
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "all.yaml"), "w", encoding="utf-8") as file:
                file.write("\n---\n".join(manifests))
            result = subprocess.run([PROGRAM, "check", "-f", folder, "-o", "json"], check=False,
                                    capture_output=True, text=True)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        return {f"{item['kind']} {item['metadata']['name']}": item.get("status")
                for item in json.loads(result.stdout)["items"]}

    def condition(self, status, kind="Accepted", where=0):
        """(status, reason, message) of a condition in the n-th list of a status."""
        for found in list(lists_of(status))[where]:
            if found["type"] == kind:
                return found["status"], found["reason"], found["message"]
        self.fail(f"no {kind} in {status}")
        return None

    def test_defaults_are_not_called_without_effect(self):
        found = self.check(COMMON, f"""
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: ClientTrafficPolicy
metadata: {{name: p, namespace: default}}
spec: {{targetRefs: {TARGET}, connection: {{bufferLimit: 1Mi}}}}
""", """
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {name: b, namespace: default}
spec: {endpoints: [{fqdn: {hostname: x.example, port: 80}}], tls: {wellKnownCACertificates: System}}
""")
        self.assertEqual(len(found), 6)  # with the namespace
        for name, status in found.items():
            self.assertNotIn("no effect", json.dumps(status), name)

    def test_what_is_set_and_does_nothing_is_named(self):
        found = self.check(COMMON.replace("provider:", "logging: {level: {default: info}}, provider:"),
                           f"""
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: ClientTrafficPolicy
metadata: {{name: p, namespace: default}}
spec: {{targetRefs: {TARGET}, connection: {{maxAcceptPerSocketEvent: 2}}}}
""", """
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {name: b, namespace: default}
spec: {endpoints: [{zone: here, fqdn: {hostname: x.example, port: 80}}]}
""")
        for name, field in (("EnvoyProxy plain", "spec.logging"),
                            ("ClientTrafficPolicy p", "spec.connection.maxAcceptPerSocketEvent"),
                            ("Backend b", "spec.endpoints.zone")):
            self.assertIn(f"no effect yet: {field}.", self.condition(found[name])[2])

    def test_tls_on_an_http_listener_is_named(self):
        found = self.check("""
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ours}
spec: {controllerName: tollgate.dev/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: default}
spec:
  gatewayClassName: ours
  allowedListeners: {namespaces: {from: All}}
  listeners:
    - {name: plain, port: 80, protocol: HTTP, tls: {certificateRefs: [{name: x}]}}
    - {name: odd, port: 81, protocol: TCP}
""")["Gateway gw"]
        status, reason, message = self.condition(found)
        self.assertEqual((status, reason), ("True", "ListenersNotValid"))
        self.assertIn("odd. These fields are set but have no effect yet: spec.allowedListeners.",
                      message)
        self.assertIn("no effect yet: tls.", self.condition(found, where=1)[2])


if __name__ == "__main__":
    unittest.main()
