"""Several Gateways in one `tollgate run`: the admin port speaks for all; the built-in model server knows
what edits add; ages of objects."""
import re
import subprocess
import unittest

from gateway import PROGRAM, Gateway, chat, free_port, request, until

MANIFESTS = """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ours}
spec: {controllerName: tollgate.dev/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: one, namespace: default}
spec: {gatewayClassName: ours, listeners: [{name: http, port: @PORT@, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: two, namespace: default}
spec: {gatewayClassName: ours, listeners: [{name: http, port: @SECOND@, protocol: HTTP}]}
"""


def model(name, endpoint, tls):
    """A backend that serves the model of its name on both Gateways."""
    return f"""
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {{name: {name}, namespace: default}}
spec: {{endpoints: [{endpoint}], tls: {tls}}}
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIServiceBackend
metadata: {{name: {name}, namespace: default}}
spec:
  schema: {{name: OpenAI}}
  backendRef: {{group: gateway.envoyproxy.io, kind: Backend, name: {name}}}
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIGatewayRoute
metadata: {{name: {name}, namespace: default}}
spec:
  parentRefs: [{{name: one}}, {{name: two}}]
  rules:
    - matches: [{{headers: [{{name: x-ai-eg-model, value: {name}}}]}}]
      backendRefs: [{{name: {name}}}]
"""


NAMED = model("named", "{fqdn: {hostname: named.example.com, port: 443}}",
              "{wellKnownCACertificates: System}")
NUMBERED = model("numbered", "{ip: {address: 192.0.2.7, port: 443}}",
                 "{wellKnownCACertificates: System, sni: numbered.example.com}")


def total(text, name):
    """The sum of all series of a metric."""
    return sum(float(value) for value in
               re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))


class TwoGatewaysTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.second = free_port()
        texts = {"gateways.yaml": MANIFESTS.replace("@SECOND@", str(cls.second)),
                 "models.yaml": NAMED}
        cls.gateway = cls.enterClassContext(Gateway(files=[], texts=texts))

    def ask(self, port, name):
        return request(port, "POST", "/v1/chat/completions", chat(name))

    def admin(self, path):
        return request(self.gateway.admin_port, "GET", path)

    def test_metrics_of_both_are_added_up(self):
        def requests():
            return total(self.admin("/metrics").body.decode(), "tollgate_connections_accepted_total")
        before = requests()
        for port in (self.gateway.port, self.second, self.second):
            self.assertEqual(self.ask(port, "named").status, 200)
        self.assertEqual(requests() - before, 3)
        text = self.admin("/metrics").body.decode()
        names = re.findall(r"^# TYPE (\S+)", text, re.M)
        self.assertEqual(len(names), len(set(names)))
        series = re.findall(r"^([a-z]\S+) \S+$", text, re.M)
        self.assertEqual(len(series), len(set(series)))
        self.assertEqual(text.count("\nprocess_cpu_seconds_total "), 1)

    def test_each_snapshot_is_asked_for_by_name(self):
        unnamed = self.admin("/snapshot")
        self.assertEqual(unnamed.status, 400)
        for name in ("one", "two"):
            self.assertIn(f"/snapshot?gateway=default/{name}", unnamed.body.decode())
            dump = self.admin(f"/snapshot?gateway=default/{name}")
            self.assertEqual(dump.status, 200)
            self.assertIn(f'"gateway/default/{name}"', dump.body.decode())
        self.assertEqual(self.admin("/snapshot?gateway=default/three").status, 404)
        self.assertEqual(self.admin("/ready").status, 200)
        self.assertEqual(self.admin("/healthz").status, 200)

    def test_the_model_server_knows_what_edits_add(self):
        self.assertEqual(self.ask(self.gateway.port, "numbered").status, 404)
        renamed = NAMED.replace("named.example.com", "renamed.example.com")
        self.gateway.write("models.yaml", renamed + "---" + NUMBERED)
        for name in ("named", "numbered"):
            until(name, lambda model=name: self.ask(self.second, model).status == 200)

    def test_objects_are_as_old_as_their_file(self):
        listed = subprocess.run([PROGRAM, "get", "-f", self.gateway.folder, "gateways"], check=True,
                                capture_output=True, text=True).stdout
        ages = [line.split()[-1] for line in listed.splitlines()[1:]]
        self.assertEqual(len(ages), 2, listed)
        for age in ages:
            self.assertRegex(age, r"^\d+m?\d*s$|^0s$", listed)


if __name__ == "__main__":
    unittest.main()
