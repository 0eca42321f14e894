"""Several Gateways in one `tollgate run`: the admin port speaks for all; the built-in model server knows
what edits add; ages of objects; the read API."""
import json
import re
import signal
import socket
import subprocess
import threading
import unittest

from gateway import GATEWAY_CLASS, PROGRAM, Gateway, chat, exchange_bytes, free_port, request, until
from origin import ANSWER, RecordingOrigin

MANIFESTS = GATEWAY_CLASS + """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: one, namespace: default}
spec: {gatewayClassName: tollgate, listeners: [{name: http, port: @PORT@, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: two, namespace: default}
spec: {gatewayClassName: tollgate, listeners: [{name: http, port: @SECOND@, protocol: HTTP}]}
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


KEY = "a2V5LW1hdGVyaWFsLTEyMw=="
SECRET = f"""
apiVersion: v1
kind: Secret
metadata: {{name: keys, namespace: default}}
data: {{apiKey: {KEY}}}
"""


def get(*arguments):
    return subprocess.run([PROGRAM, "get", *arguments], check=False, capture_output=True, text=True, timeout=60)


class ReadApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        texts = {"gateways.yaml": MANIFESTS.replace("@SECOND@", str(free_port())), "models.yaml": NAMED,
                 "secret.yaml": SECRET}
        cls.gateway = cls.enterClassContext(
            Gateway(files=[], texts=texts, extra=["--api", f"127.0.0.1:{cls.port}"]))
        cls.address = f"127.0.0.1:{cls.port}"

    def ask(self, path, method="GET", **more):
        return request(self.port, method, path, **more)

    def assert_alive(self):
        self.assertEqual(self.ask("/api/v1/gateways").status, 200)
        self.assertIsNone(self.gateway.process.poll())

    def test_get_prints_what_it_prints_of_the_files(self):
        for kinds in ([], ["gateways"], ["aigatewayroutes,gtw", "secrets"]):
            def same(wanted=kinds):
                told, read = get("--api", self.address, *wanted), get("-f", self.gateway.folder, *wanted)
                self.assertEqual((told.returncode, told.stderr), (0, ""))
                self.assertIn("one", told.stdout)
                # Between the two an age may have become a second more.
                return told.stdout == read.stdout
            until("equal tables", same)

    def test_objects_and_gateways(self):
        answer = self.ask("/api/v1/objects")
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/json"))
        self.assertNotIn(KEY.encode(), answer.body)
        self.assertIn(("Secret", "keys"), [(item["kind"], item["name"]) for item in answer.json()["items"]])
        one = self.ask("/api/v1/objects/gateways/default/one").json()
        self.assertIn(("Programmed", "True"), [(c["type"], c["status"]) for c in one["conditions"]])
        self.assertEqual(len(self.ask("/api/v1/objects/gtw").json()["items"]), 2)
        gateways = {item["gateway"]: item for item in self.ask("/api/v1/gateways").json()["items"]}
        self.assertEqual(sorted(gateways), ["default/one", "default/two"])
        for item in gateways.values():
            self.assertEqual([proxy["acknowledged"] for proxy in item["proxies"]], [item["revision"]])
            self.assertEqual(item["listeners"][0]["name"], "http")
        self.assertEqual(self.ask("/api/v1/objects", "HEAD").body, b"")

    def test_an_edit_is_seen(self):
        def names():
            return {item["name"] for item in self.ask("/api/v1/objects/secrets").json()["items"]}
        self.gateway.write("secret.yaml", SECRET + "---" + SECRET.replace("keys", "others"))
        until("the new Secret", lambda: "others" in names())

    def test_what_is_not_there_or_not_allowed(self):
        for path in ("/", "/api/v1", "/api/v1/objects/things", "/api/v1/objects/gateways/default/three",
                     "/api/v1/objects/gateways/default", "/api/v1/objects/%2e%2e/secrets"):
            self.assertEqual(self.ask(path).status, 404, path)
        refused = self.ask("/api/v1/objects", "DELETE")
        self.assertEqual((refused.status, refused.headers["allow"]), (405, "GET, HEAD"))
        self.assertEqual(self.ask("/api/v1/objects", "POST").status, 405)
        self.assertEqual(self.ask("/api/v1/objects", host="attacker.example").status, 403)
        self.assertEqual(self.ask("/api/v1/objects", host=f"localhost:{self.port}").status, 200)

    def test_garbage_does_no_harm(self):
        head = b"GET /api/v1/objects HTTP/1.1\r\nHost: localhost\r\n"
        for raw in (b"\0\xff" * 100 + b"\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
                    b"GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                    b"GET /api/v1/objects/%ff%fe/%00/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                    head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    head + b"Content-Length: 99999999999\r\n\r\n", head + b"X: " + b"b" * 100_000 + b"\r\n\r\n"):
            try:
                answer = exchange_bytes(self.port, raw)
            except (BrokenPipeError, ConnectionResetError):
                answer = b""
            self.assertRegex(answer[:13], rb"^(HTTP/1\.1 4|$)", raw[:60])
            self.assert_alive()

    def test_many_at_once_and_clients_that_leave(self):
        raw = b"GET /api/v1/objects HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        for _ in range(30):
            with socket.create_connection(("127.0.0.1", self.port)) as client:
                client.sendall(raw)
        self.assert_alive()

    def test_only_loopback_addresses(self):
        for command in (["run", "-f", self.gateway.folder], ["controller"]):
            done = subprocess.run([PROGRAM, *command, "--api", "0.0.0.0:18002"], check=False, capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual(done.returncode, 1)
            self.assertIn("--api wants a loopback address, such as 127.0.0.1:18002, not 0.0.0.0", done.stderr)

    def test_get_says_why_it_cannot_ask(self):
        nobody = get("--api", f"127.0.0.1:{free_port()}")
        self.assertEqual((nobody.returncode, nobody.stdout), (1, ""))
        self.assertRegex(nobody.stderr, r"^tollgate get: the read API at 127\.0\.0\.1:\d+: .*connect")
        other = get("--api", f"127.0.0.1:{self.gateway.admin_port}")
        self.assertEqual(other.returncode, 1)
        self.assertIn("it answers 404", other.stderr)
        self.assertEqual(get("--api", self.address, "things").returncode, 2)
        self.assertEqual(get().returncode, 2)

    def test_a_gateway_that_goes_delays_nobody(self):
        """What it has under way ends in its own time, while edits go on being served."""
        go, answers, second = threading.Event(), [], free_port()

        def slow(_):
            go.wait(60)
            return ANSWER
        origin = RecordingOrigin(slow)
        local = model("local", f"{{ip: {{address: 127.0.0.1, port: {origin.port}}}}}", "null")
        texts = {"gateways.yaml": MANIFESTS.replace("@SECOND@", str(second)), "models.yaml": local}
        with Gateway(files=[], texts=texts, mock=False) as gateway:
            def ask():
                answers.append(request(gateway.port, "POST", "/v1/chat/completions", chat("local"), timeout=60))
            asking = threading.Thread(target=ask)
            asking.start()
            until("the request", lambda: origin.connections)
            classes, _, two = gateway.read("gateways.yaml").split("---\n")
            gateway.write("gateways.yaml", classes + "---\n" + two)
            until("the port to be closed", lambda: not self.connects(gateway.port), 10)
            gateway.write("models.yaml", local.replace("local", "other"))
            until("an edit", lambda: "other" in request(second, "GET", "/v1/models").body.decode(), 10)
            self.assertEqual(answers, [])
            go.set()
            asking.join()
            self.assertEqual(answers[0].status, 200)

    def test_a_second_signal_ends_at_once(self):
        origin = RecordingOrigin(lambda _: threading.Event().wait(60))
        local = model("local", f"{{ip: {{address: 127.0.0.1, port: {origin.port}}}}}", "null")
        gateway = Gateway(files=[], texts={"gateways.yaml": MANIFESTS.replace("@SECOND@", str(free_port())),
                                           "models.yaml": local}, mock=False).start()
        try:
            with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
                body = json.dumps(chat("local")).encode()
                connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json"
                                   b"\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                until("the request", lambda: origin.connections)
                gateway.process.send_signal(signal.SIGTERM)
                until("the listeners' end", lambda: not self.connects(gateway.port))
                self.assertIsNone(gateway.process.poll())
                gateway.process.send_signal(signal.SIGTERM)
                self.assertEqual(gateway.process.wait(5), -signal.SIGTERM)
        finally:
            gateway.stop()

    @staticmethod
    def connects(port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            return False
        return True


if __name__ == "__main__":
    unittest.main()
