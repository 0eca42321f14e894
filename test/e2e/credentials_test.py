"""Credentials that are exchanged for short-lived ones: each kind against the built-in model server, whose models want
what its token services issued; then against token services of another process, that know their clients, refuse a wrong
secret, and whose tokens end by the test clock."""
import json
import os
import subprocess
import tempfile
import unittest

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway import BUILD, ONE_GATEWAY, Gateway, chat, request, until
from limits_test import Clock

MOCK = os.path.join(BUILD, "tollgate-mock")
AZURE, SCHEMA = "my.openai.azure.com", "{name: AzureOpenAI, version: 2025-01-01-preview}"
ISSUER = "https://id.example.com/realms/lab"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

# NAME, SCHEMA, HOST, SPEC and MODEL of a backend whose credentials are exchanged.
BACKEND = """\
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {name: NAME, namespace: default}
spec:
  endpoints: [{fqdn: {hostname: HOST, port: 443}}]
  tls: {wellKnownCACertificates: System}
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIServiceBackend
metadata: {name: NAME, namespace: default}
spec:
  schema: SCHEMA
  backendRef: {name: NAME, kind: Backend, group: gateway.envoyproxy.io}
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: BackendSecurityPolicy
metadata: {name: NAME, namespace: default}
spec:
  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: NAME}]
SPEC
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIGatewayRoute
metadata: {name: NAME, namespace: default}
spec:
  parentRefs: [{name: gw}]
  rules:
    - matches: [{headers: [{name: x-ai-eg-model, value: MODEL}]}]
      backendRefs: [{name: NAME}]
"""
OIDC = ("oidcExchangeToken: {%soidc: {provider: {issuer: " + json.dumps(ISSUER) +
        "}, clientID: lab, clientSecret: {name: lab}, scopes: [openid]}}")
AWS = """\
  type: AWSCredentials
  awsCredentials:
    region: us-west-2
    """ + OIDC % 'awsRoleArn: "arn:aws:iam::123456789012:role/models", '
AZURE_SECRET = """\
  type: AzureCredentials
  azureCredentials: {clientID: app, tenantID: tenant-1, clientSecretRef: {name: azure}}"""
AZURE_OIDC = """\
  type: AzureCredentials
  azureCredentials:
    clientID: app
    tenantID: tenant-1
    """ + OIDC % ""
GCP_FILE = """\
  type: GCPCredentials
  gcpCredentials: {projectName: p, region: us-central1, credentialsFile: {secretRef: {name: account}}}"""
GCP_FEDERATED = """\
  type: GCPCredentials
  gcpCredentials:
    projectName: p
    region: us-central1
    workloadIdentityFederationConfig:
      projectID: "123"
      workloadIdentityPoolName: pool
      workloadIdentityProviderName: lab
      """ + OIDC % ""
GCP_IMPERSONATED = GCP_FEDERATED + "\n      serviceAccountImpersonation: {serviceAccountName: models}"
BEDROCK, VERTEX = "bedrock-runtime.us-west-2.amazonaws.com", "us-central1-aiplatform.googleapis.com"


def secret(name, **values):
    return "---\n" + json.dumps({"apiVersion": "v1", "kind": "Secret", "stringData": values,
                                 "metadata": {"name": name, "namespace": "default"}}) + "\n"


def backend(name, schema, host, spec):
    out = BACKEND
    for word, value in (("SPEC", spec), ("SCHEMA", schema), ("HOST", host), ("NAME", name), ("MODEL", f"model-{name}")):
        out = out.replace(word, value)
    return out


def service_account():
    pem = RSA_KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption()).decode()
    return json.dumps({"type": "service_account", "client_email": "models@p.iam.gserviceaccount.com",
                       "private_key_id": "key-1", "private_key": pem,
                       "token_uri": "https://oauth2.googleapis.com/token"})


SECRETS = secret("lab", **{"client-secret": "lab-secret"}) + secret("azure", **{"client-secret": "azure-secret"}) + \
    secret("account", **{"service_account.json": service_account()})
EVERY = [("aws", "{name: AWSBedrock}", BEDROCK, AWS),
         ("aws-claude", "{name: AWSAnthropic, version: bedrock-2023-05-31}", BEDROCK, AWS),
         ("azure", SCHEMA, AZURE, AZURE_SECRET),
         ("azure-oidc", SCHEMA, AZURE, AZURE_OIDC),
         ("gcp", "{name: GCPVertexAI}", VERTEX, GCP_FILE),
         ("gcp-federated", "{name: GCPVertexAI}", VERTEX, GCP_FEDERATED),
         ("gcp-impersonated", "{name: GCPAnthropic, version: vertex-2023-10-16}", VERTEX, GCP_IMPERSONATED)]


def ask(gateway, name):
    return request(gateway.port, "POST", "/v1/chat/completions", chat(f"model-{name}"))


class Services:
    """tollgate-mock as Azure, its token service, Google's and an issuer, over TLS. They know their clients."""

    HOSTS = [("oidc", "id.example.com", ["--client", "lab,lab-secret"]),
             ("azure-ad", "login.microsoftonline.com", ["--client", f"app,azure-secret,tenant-1,{ISSUER}"]),
             ("google-oauth", "oauth2.googleapis.com", ["--client", "models@p.iam.gserviceaccount.com,", "--client-key",
                                                       "KEY"]),
             ("google-sts", "sts.googleapis.com", ["--client", ",,,"  + ISSUER]),
             ("google-iam", "iamcredentials.googleapis.com", ["--client", "models@p.iam.gserviceaccount.com,"]),
             ("aws-sts", "sts.us-west-2.amazonaws.com",
              ["--client", f",,arn:aws:iam::123456789012:role/models,{ISSUER}"]),
             ("azure", AZURE, ["--auth", "issued"]), ("vertex", VERTEX, ["--auth", "issued"]),
             ("bedrock", BEDROCK, ["--auth", "issued,us-west-2"])]

    def __init__(self, lifetime=3600, env=None):
        self.folder = tempfile.TemporaryDirectory(prefix="tollgate-e2e-")
        self.ca, key = (os.path.join(self.folder.name, name) for name in ("ca.pem", "key.pem"))
        with open(key, "wb") as file:
            file.write(RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM,
                                                         serialization.PublicFormat.SubjectPublicKeyInfo))
        command = [MOCK, "--ca-out", self.ca, "--token-lifetime", str(lifetime)]
        for api, host, options in self.HOSTS:
            command += [key if option == "KEY" else option for option in options]
            command += ["--host", f"{api},{host},443,tls"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
        for line in self.process.stderr:
            if line.startswith("tls "):
                self.address = line.split()[1]
            if line == "ready\n":
                break

    def options(self):
        out = ["--upstream-ca", self.ca]
        for _, host, _ in self.HOSTS:
            out += ["--resolve", f"{host}:443={self.address}"]
        return out

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()
        self.folder.cleanup()


class MockTest(unittest.TestCase):
    """`tollgate run --mock` alone: nothing leaves the process."""

    def test_every_kind_serves(self):
        text = ONE_GATEWAY + SECRETS + "".join(backend(*one) for one in EVERY)
        with Gateway(files=[], texts={"all.yaml": text}) as gateway:
            for name, *_ in EVERY:
                with self.subTest(name=name):
                    until(f"the credentials of {name}", lambda: ask(gateway, name).status == 200)
            log = gateway.stderr()
            for word in ("lab-secret", "azure-secret", "PRIVATE KEY"):
                self.assertNotIn(word, log)

    def test_a_policy_that_comes_later(self):
        with Gateway(files=[], texts={"all.yaml": ONE_GATEWAY + SECRETS + backend(*EVERY[2])}) as gateway:
            gateway.write("all.yaml", (ONE_GATEWAY + SECRETS + backend(*EVERY[3])).replace("@PORT@", str(gateway.port)))
            until("the credentials", lambda: ask(gateway, "azure-oidc").status == 200)
            self.assertEqual(ask(gateway, "azure").status, 404)


class ServicesTest(unittest.TestCase):
    """Token services elsewhere, that know their clients: --resolve and --upstream-ca count for them too."""

    def run_gateway(self, services, names, **more):
        text = ONE_GATEWAY + SECRETS + "".join(backend(*one) for one in EVERY if one[0] in names)
        return Gateway(files=[], mock=False, extra=services.options(), texts={"all.yaml": text}, **more)

    def test_every_kind_serves(self):
        with Services() as services, self.run_gateway(services, [one[0] for one in EVERY]) as gateway:
            for name, *_ in EVERY:
                with self.subTest(name=name):
                    until(f"the credentials of {name}", lambda: ask(gateway, name).status == 200)

    def test_a_wrong_secret_is_told_and_corrected(self):
        with Services() as services:
            gateway = self.run_gateway(services, ["azure"])
            gateway.edit("all.yaml", '"azure-secret"', '"mistyped"')
            with gateway:
                why = ("BackendSecurityPolicy default/azure: ResolvedRefs=False: The exchange of credentials failed: "
                       "Microsoft Entra ID: status 401 (invalid_client, AADSTS7000215: Invalid client secret provided.).")
                until("the status", lambda: why in gateway.stderr())
                refused = ask(gateway, "azure")
                self.assertEqual(refused.status, 500)
                self.assertEqual(refused.json()["error"]["type"], "backend_misconfigured")
                self.assertNotIn("mistyped", gateway.stderr())
                self.assertNotIn("AADSTS", refused.body.decode())
                gateway.edit("all.yaml", '"mistyped"', '"azure-secret"')
                until("the credentials", lambda: ask(gateway, "azure").status == 200)
                # A mistake now takes nothing away before the token's end.
                gateway.edit("all.yaml", '"azure-secret"', '"mistyped"')
                until("the failure", lambda: gateway.stderr().count("credentials cannot be exchanged") >= 2)
                self.assertEqual(ask(gateway, "azure").status, 200)

    def test_tokens_are_renewed_before_they_end(self):
        clock = Clock()
        clock.forward(-clock.offset)  # certificates are judged by the real time too
        self.addCleanup(os.unlink, clock.path)
        env = {"TOLLGATE_TEST_CLOCK": clock.path}
        with Services(lifetime=400, env=env) as services, \
                self.run_gateway(services, ["aws", "azure", "gcp"], env=env) as gateway:
            names = ("aws", "azure", "gcp")
            for name in names:
                until(f"the credentials of {name}", lambda: ask(gateway, name).status == 200)

            def tokens():
                dump = request(gateway.admin_port, "GET", "/snapshot").body.decode()
                return {line for line in dump.splitlines() if '"key":"secret/default/ai-eg-bsp-' in line}

            def served(name):
                status = ask(gateway, name).status
                self.seen.add(status)
                return status == 200

            self.seen = set()
            for _ in range(3):
                before = tokens()
                self.assertEqual(len(before), len(names))
                # Beyond the middle of a token's life, and before its end. Two processes do not see the step at the
                # same moment: signatures may be 300 s old.
                clock.forward(250)
                for name in names:
                    until(f"{name}, whose time has passed", lambda: served(name))
                until("other tokens", lambda: len(tokens()) == len(names) and not tokens() & before)
                for name in names:
                    until(name, lambda: served(name))
            # A request under way while time is moved may run into any timeout. Nobody was ever without credentials.
            self.assertFalse(self.seen & {400, 401, 403, 500}, self.seen)


if __name__ == "__main__":
    unittest.main()
