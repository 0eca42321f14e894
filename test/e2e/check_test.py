"""`tollgate check`: what an object's status says, without serving. Manifests are texts of this file;
the schemas' defaults are filled in as in a cluster."""
import json
import os
import subprocess
import tempfile
import unittest

import dialects
from gateway import BLUEPRINT, GATEWAY_CLASS, PROGRAM, ROOT, chat, free_port, request, until

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
        self.assertNotIn("ProxyTooOld", result.stdout)  # what checks is what serves
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
        found = self.check(GATEWAY_CLASS + """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: default}
spec:
  gatewayClassName: tollgate
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

    def test_rules_of_the_crds_are_checked_without_an_api_server(self):
        fqdn = "{fqdn: {hostname: a.example, port: 1}}"
        ai, envoy = "aigateway.envoyproxy.io/v1beta1", "gateway.envoyproxy.io/v1alpha1"
        target = "targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: s}]"
        secret = "{secretRef: {name: x}}"
        rule = "{name: %s, matches: [{headers: [{name: x-ai-eg-model, value: %s}]}]}"
        cases = [
            (envoy, "Backend", "{endpoints: [{fqdn: {hostname: a.b, port: 1}, "
             "ip: {address: 192.0.2.1, port: 1}}]}", "exactly one of fqdn, ip or unix must be set"),
            (envoy, "Backend", "{endpoints: [%s, {ip: {address: 192.0.2.1, port: 1}}]}" % fqdn,
             "fqdn endpoints cannot be mixed with ip or unix endpoints"),
            (envoy, "Backend", "{endpoints: [%s], tls: {wellKnownCACertificates: System, "
             "caCertificateRefs: [{group: '', kind: ConfigMap, name: x}]}}" % fqdn,
             "at most one of caCertificateRefs, wellKnownCACertificates and insecureSkipVerify"),
            (envoy, "Backend", "{endpoints: [%s], tls: {wellKnownCACertificates: System, "
             "sni: a.example, autoSNIFromEndpointHostname: true}}" % fqdn,
             "sni and autoSNIFromEndpointHostname must not both be set"),
            (ai, "BackendSecurityPolicy", "{type: APIKey, %s}" % target,
             "When type is APIKey, only apiKey field should be set"),
            (ai, "BackendSecurityPolicy",
             "{type: APIKey, apiKey: %s, awsCredentials: {region: r}, %s}" % (secret, target),
             "When type is APIKey, only apiKey field should be set"),
            (ai, "BackendSecurityPolicy", "{type: APIKey, apiKey: %s, targetRefs: "
             "[{group: '', kind: Service, name: s}]}" % secret,
             "targetRefs must reference AIServiceBackend or InferencePool resources"),
            (ai, "AIGatewayRoute", "{parentRefs: [{name: gw}], rules: [%s, %s]}"
             % (rule % ("a", "one"), rule % ("a", "two")), "Rule name must be unique within the route"),
            (ai, "AIGatewayRoute", "{parentRefs: [{name: gw}], rules: [%s]}"
             % (rule % ("route-not-found", "x")), "rule name route-not-found is reserved")]
        for version, kind, spec, message in cases:
            with self.subTest(kind=kind, message=message):
                found = self.check(COMMON, f"apiVersion: {version}\nkind: {kind}\n"
                                   f"metadata: {{name: x, namespace: default}}\nspec: {spec}\n")
                status, _, said = self.condition(found[f"{kind} x"])
                self.assertEqual(status, "False")
                self.assertIn(message, said)

    def test_the_converted_policy_gives_the_same_statuses(self):
        originals = []
        for path in BLUEPRINT:
            with open(path, encoding="utf-8") as file:
                originals.append(file.read())
        with open(os.path.join(ROOT, "manifests/compat/backend-tls-policy.yaml"),
                  encoding="utf-8") as file:
            converted = file.read()
        old = "gateway.networking.k8s.io/v1alpha3"
        text = "\n---\n".join(originals)
        [policy] = [part for part in text.split("\n---\n") if old in part]
        found = self.check(*[part for part in text.split("\n---\n") if part != policy], converted)
        self.assertEqual(found, self.check(*originals))
        self.assertEqual(found, self.check(text.replace(old, old.replace("v1alpha3", "v1"))))
        self.assertEqual(self.condition(found["BackendTLSPolicy bedrock-tls"])[0], "True")

    def test_check_says_what_run_says(self):
        """Of one backend of each schema: the same statuses, and `explain` finds each of them served."""
        gateway = dialects.prepare()
        api = free_port()
        gateway.extra += ["--api", f"127.0.0.1:{api}"]
        texts = [gateway.read(name) for name in gateway.paths]
        checked = self.check(*texts)

        def differences():
            items = request(api, "GET", "/api/v1/objects").json()["items"]
            told = {f"{item['kind']} {item['name']}": item.get("status") for item in items}
            self.assertEqual(told.keys(), checked.keys())
            self.assertEqual({n: s for n, s in told.items() if s}, {n: s for n, s in checked.items() if s})
            return True
        folder = ["-f", gateway.folder, "--gateway", "default/dialects", "--path", "/v1/chat/completions"]
        try:
            gateway.start()
            until("the statuses of `check`", differences)
            for backend in dialects.BACKENDS:
                body = os.path.join(gateway.folder, "body.txt")
                with open(body, "w", encoding="utf-8") as file:
                    json.dump(chat(f"on-{backend}"), file)
                said = subprocess.run([PROGRAM, "explain", *folder, "--body", f"@{body}"], check=True,
                                      capture_output=True, text=True).stdout
                self.assertIn(backend, said)
                self.assertNotIn("unusable", said)
        finally:
            gateway.stop()


if __name__ == "__main__":
    unittest.main()
