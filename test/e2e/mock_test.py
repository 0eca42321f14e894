"""The built-in model server, judged by the official SDKs: no gateway between them. What passes here is what a provider
answers, so that a failure in dialects_test.py is the gateway's."""
import json
import os
import subprocess
import tempfile
import unittest
import urllib.parse

import boto3
import botocore
import google.auth.credentials
import google.auth.exceptions
import google.auth.transport.requests
import google.oauth2.service_account
import openai

import dialect_clients as clients
from gateway import BUILD, free_port, request

MOCK = os.path.join(BUILD, "tollgate-mock")
ISSUER_PATH = "/realms/lab"


class Mock:
    """tollgate-mock with one host per loopback address."""

    HOSTS = {"openai": "127.0.1.1", "azure": "127.0.1.2", "anthropic": "127.0.1.3", "bedrock": "127.0.1.4",
             "gemini": "127.0.1.5", "vertex": "127.0.1.6", "aws-sts": "127.0.1.7", "azure-ad": "127.0.1.8",
             "google-oauth": "127.0.1.9", "google-sts": "127.0.1.10", "google-iam": "127.0.1.11", "oidc": "127.0.1.12"}

    def __init__(self, options=lambda port: {}):
        self.port = free_port()
        command = [MOCK, "--plain", f"0.0.0.0:{self.port}"]
        extra = options(self.port)
        for api, address in self.HOSTS.items():
            command += extra.get(api, []) + ["--host", f"{api},{address},{self.port},plain"]
            if api in extra:
                command += ["--auth", "none", "--client", ","]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if line == "ready\n":
                return
        raise AssertionError("the model server did not start")

    def url(self, api):
        return f"http://{self.HOSTS[api]}:{self.port}"

    def post(self, api, path, body, headers=None):
        form = isinstance(body, dict) and api in ("aws-sts", "azure-ad", "google-oauth", "oidc")
        payload = urllib.parse.urlencode(body).encode() if form else body
        kind = {"content-type": "application/x-www-form-urlencoded"} if form else {}
        return request(self.port, "POST", path, payload, {**kind, **(headers or {})},
                       host=f"{self.HOSTS[api]}:{self.port}")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()


def make_key():
    return subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], check=True,
                          capture_output=True, text=True).stdout


class Token(google.auth.credentials.Credentials):
    """A bearer token for google-genai."""

    def __init__(self, token="ya29.test"):
        super().__init__()
        self.token = token

    def refresh(self, request):
        raise AssertionError("the token does not expire")


class SdkTest(unittest.TestCase):
    """Each SDK against its own provider's API, whole and streaming."""

    @classmethod
    def setUpClass(cls):
        cls.mock = Mock()
        url = cls.mock.url
        cls.clients = [
            clients.OpenAiChat(url("openai"), "gpt-5"),
            clients.OpenAiChat(url("azure"), "my-deployment", azure="2025-01-01-preview"),
            clients.OpenAiResponses(url("openai"), "gpt-5"),
            clients.Anthropic(url("anthropic"), "claude-sonnet-4-5", root=""),
            clients.Gemini(url("gemini"), "gemini-2.5-flash"),
            clients.Gemini(url("vertex"), "gemini-2.5-flash", vertex=("p", "us-central1", Token())),
            clients.Bedrock(url("bedrock"), "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ]

    @classmethod
    def tearDownClass(cls):
        cls.mock.stop()

    def each(self, trial):
        for client in self.clients:
            for stream in (False, True):
                with self.subTest(client=client.name, stream=stream):
                    clients.TRIALS[trial](client, stream)

    def test_text(self):
        self.each("text")

    def test_tool_round_trip(self):
        self.each("tool")

    def test_image(self):
        self.each("image")

    def test_errors(self):
        self.each("error")

    def test_thinking_and_its_signature(self):
        for client in self.clients:
            if getattr(client.api, "_api_version", None):
                continue  # Azure has none in chat
            for stream in (False, True):
                with self.subTest(client=client.name, stream=stream):
                    clients.try_thinking(client, stream)

    def test_models_that_fail(self):
        for name in ("429", "500", "529", "html", "empty", "garbage", "200-error", "cut", "early-cut"):
            for client in self.clients:
                for stream in (False, True):
                    good = client.model
                    client.model = f"mock-error-{name}"
                    try:
                        with self.subTest(name=name, client=client.name, stream=stream), self.assertRaises(Exception):
                            got = client.text(stream)
                            assert got.text and got.stop in clients.ENDED, got
                    finally:
                        client.model = good

    def test_altered_thinking_is_refused(self):
        chat, responses, claude, gemini, bedrock = (self.clients[i] for i in (0, 2, 3, 4, 6))

        def spoil(client, change):
            first, _ = client.thinking(False)
            change(first.turn)
            with self.assertRaises(clients.Refused) as caught:
                client.ask([client.user("What is the weather in Paris?")] + client.again(first)
                           + [client.result(first.calls[0])], False, tools=True, think=True)
            self.assertEqual(caught.exception.status, 400, client.name)
            return caught.exception.message

        self.assertIn("signature", spoil(chat, lambda turn: turn["thinking_blocks"][0].update(signature="x")))
        self.assertIn("encrypted", spoil(responses, lambda turn: turn[0].update(encrypted_content="x")))
        self.assertIn("signature", spoil(claude, lambda turn: turn["content"][0].update(thinking="other")))
        self.assertIn("Expected `thinking`", spoil(claude, lambda turn: turn["content"].pop(0)))
        self.assertIn("signature", spoil(bedrock, lambda turn: turn["content"][0]["reasoningContent"][
            "reasoningText"].update(signature="x")))

        def change_call(turn):
            part = next(part for part in turn.parts if part.function_call)
            part.thought_signature = b"other"
        self.assertIn("signature", spoil(gemini, change_call).lower())

    def test_schema_stop_and_length(self):
        chat = self.clients[0]
        shape = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3, "maximum": 5},
                                                  "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2}},
                 "required": ["n", "tags"], "additionalProperties": False}
        got = chat.ask([chat.user("Hi")], False, response_format={
            "type": "json_schema", "json_schema": {"name": "shape", "schema": shape, "strict": True}})
        self.assertEqual(json.loads(got.text), {"n": 5, "tags": ["a", "a"]})
        claude = self.clients[3]
        got = claude.ask([claude.user("Hi")], False, stop_sequences=["played"])
        self.assertEqual(got.stop, "stop_sequence")
        self.assertTrue(got.text.endswith(", "))
        short = self.mock.post("openai", "/v1/chat/completions", {"model": "m", "max_tokens": 2, "messages": [
            {"role": "user", "content": "Hi"}]}).json()
        self.assertEqual(short["choices"][0]["finish_reason"], "length")
        self.assertEqual(short["usage"]["completion_tokens"], 2)

    def test_parallel_calls(self):
        for client in self.clients:
            for stream in (False, True):
                with self.subTest(client=client.name, stream=stream):
                    got = client.ask([client.user("[[mock calls=2]]")], stream, tools=True)
                    self.assertEqual(len(got.calls), 2)

    def test_embeddings_and_counts(self):
        api = openai.OpenAI(base_url=self.mock.url("openai") + "/v1", api_key="k", max_retries=0)
        vectors = api.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
        self.assertEqual([len(row.embedding) for row in vectors.data], [8, 8])
        self.assertNotEqual(vectors.data[0].embedding, vectors.data[1].embedding)
        claude, gemini, vertex, bedrock = (self.clients[i] for i in (3, 4, 5, 6))
        counted = claude.api.messages.count_tokens(model=claude.model, messages=[claude.user("Hello you")])
        self.assertEqual(counted.input_tokens, 2)
        self.assertEqual(gemini.api.models.count_tokens(model=gemini.model, contents="Hello you").total_tokens, 2)
        self.assertEqual(vertex.api.models.count_tokens(model=vertex.model, contents="Hello you").total_tokens, 2)
        self.assertEqual(len(gemini.api.models.embed_content(model="gemini-embedding-001", contents="a").embeddings), 1)
        self.assertEqual(len(vertex.api.models.embed_content(model="text-embedding-005", contents="a").embeddings), 1)
        self.assertEqual(bedrock.api.count_tokens(modelId=bedrock.model, input={"converse": {
            "messages": [bedrock.user("Hello you")]}})["inputTokens"], 2)
        body = {"inputText": "Hello", "dimensions": 16}
        titan = bedrock.api.invoke_model(modelId="amazon.titan-embed-text-v2:0", body=json.dumps(body))
        self.assertEqual(len(json.loads(titan["body"].read())["embedding"]), 16)
        body = {"texts": ["a", "b"], "input_type": "search_query"}
        cohere = bedrock.api.invoke_model(modelId="cohere.embed-english-v3", body=json.dumps(body))
        self.assertEqual(len(json.loads(cohere["body"].read())["embeddings"]), 2)

    def test_claude_elsewhere(self):
        body = {"anthropic_version": "vertex-2023-10-16", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]}
        root = "/v1/projects/p/locations/us-east5/publishers/anthropic/models/"
        good = self.mock.post("vertex", root + "claude-sonnet-4-5@20250929:rawPredict", body)
        self.assertEqual(good.json()["stop_reason"], "end_turn")
        stream = self.mock.post("vertex", root + "claude-sonnet-4-5:streamRawPredict", {**body, "stream": True})
        self.assertIn(b"event: message_stop", stream.body)
        self.assertEqual(self.mock.post("vertex", root + "claude-sonnet-4-5:rawPredict", {**body, "model": "x"}).status, 400)
        count = {key: value for key, value in body.items() if key != "max_tokens"}
        counted = self.mock.post("vertex", root + "count-tokens:rawPredict", {**count, "model": "claude-sonnet-4-5"})
        self.assertEqual(counted.json(), {"input_tokens": 1})


class CredentialTest(unittest.TestCase):
    """Keys, signatures and tokens: the model endpoints want them, the token endpoints issue them."""

    SCOPE = "https://cognitiveservices.azure.com/.default"

    @classmethod
    def setUpClass(cls):
        cls.private_key = make_key()
        cls.folder = tempfile.TemporaryDirectory()
        public = os.path.join(cls.folder.name, "public.pem")
        subprocess.run(["openssl", "pkey", "-pubout", "-out", public], input=cls.private_key, text=True, check=True)

        def options(port):
            issuer = f"http://{Mock.HOSTS['oidc']}:{port}{ISSUER_PATH}"
            return {
                "openai": ["--auth", "bearer,sk-good"], "anthropic": ["--auth", "x-api-key,sk-ant"],
                "gemini": ["--auth", "x-goog-api-key,g-key"], "bedrock": ["--auth", "issued,us-west-2"],
                "azure": ["--auth", "issued"], "vertex": ["--auth", "issued"],
                "oidc": ["--client", "lab,lab-secret"],
                "aws-sts": ["--client", f",,arn:aws:iam::123456789012:role/models,{issuer}"],
                "azure-ad": ["--client", f"app,app-secret,tenant-1,{issuer}"],
                "google-oauth": ["--client", "models@p.iam.gserviceaccount.com,", "--client-key", public],
                "google-sts": ["--client", f",,,{issuer}"], "google-iam": ["--client", "models@p.iam.gserviceaccount.com,"],
            }
        cls.mock = Mock(options)

    @classmethod
    def tearDownClass(cls):
        cls.mock.stop()
        cls.folder.cleanup()

    def identity(self):
        found = request(self.mock.port, "GET", ISSUER_PATH + "/.well-known/openid-configuration",
                        host=f"{Mock.HOSTS['oidc']}:{self.mock.port}").json()
        self.assertEqual(found["issuer"], self.mock.url("oidc") + ISSUER_PATH)
        path = found["token_endpoint"].removeprefix(self.mock.url("oidc"))
        answer = self.mock.post("oidc", path, {"grant_type": "client_credentials", "client_id": "lab",
                                               "client_secret": "lab-secret"})
        self.assertEqual(answer.status, 200)
        return answer.json()["access_token"]

    def test_keys(self):
        for client, wrong in (
                (clients.OpenAiChat(self.mock.url("openai"), "m", key="sk-good"), "sk-bad"),
                (clients.Anthropic(self.mock.url("anthropic"), "m", key="sk-ant", root=""), "sk-bad"),
                (clients.Gemini(self.mock.url("gemini"), "m", key="g-key"), "bad")):
            client.text(False)
            kind = {"OpenAI chat": lambda: clients.OpenAiChat(self.mock.url("openai"), "m", key=wrong),
                    "Anthropic": lambda: clients.Anthropic(self.mock.url("anthropic"), "m", key=wrong, root=""),
                    "google-genai": lambda: clients.Gemini(self.mock.url("gemini"), "m", key=wrong)}[client.name]
            with self.assertRaises(clients.Refused) as caught:
                kind().text(False)
            self.assertIn(caught.exception.status, (400, 401))

    def test_aws_web_identity(self):
        ask = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleSessionName": "ai-gateway-x",
               "RoleArn": "arn:aws:iam::123456789012:role/models", "WebIdentityToken": self.identity()}
        answer = self.mock.post("aws-sts", "/", ask)
        self.assertEqual(answer.status, 200, answer)
        text = answer.body.decode()
        keys = [text.split(f"<{name}>")[1].split("<")[0] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        client = clients.Bedrock(self.mock.url("bedrock"), "anthropic.claude-3-haiku-20240307-v1:0", key=keys[:2])
        with self.assertRaises(clients.Refused) as caught:
            client.text(False)  # without the session token
        self.assertEqual(caught.exception.kind, "ExpiredTokenException")
        client.api._request_signer._credentials.token = keys[2]
        client.text(False)
        for name, value, code in (("WebIdentityToken", "a.b.c", "InvalidIdentityToken"), ("Version", "1", "InvalidAction"),
                                  ("RoleArn", "arn:aws:iam::123456789012:role/other", "AccessDenied"),
                                  ("RoleSessionName", "a b", "ValidationError"), ("Action", "AssumeRole", "InvalidAction")):
            refused = self.mock.post("aws-sts", "/", {**ask, name: value})
            self.assertIn(f"<Code>{code}</Code>", refused.body.decode())
            self.assertGreaterEqual(refused.status, 400)

    def test_aws_sdk_takes_the_role(self):
        sts = boto3.client("sts", endpoint_url=self.mock.url("aws-sts"), region_name="us-west-2",
                           config=botocore.config.Config(signature_version=botocore.UNSIGNED))
        answer = sts.assume_role_with_web_identity(RoleArn="arn:aws:iam::123456789012:role/models", RoleSessionName="x-y",
                                                   WebIdentityToken=self.identity(), DurationSeconds=900)
        self.assertGreater(answer["Credentials"]["Expiration"].year, 2000)
        with self.assertRaises(sts.exceptions.InvalidIdentityTokenException):
            sts.assume_role_with_web_identity(RoleArn="arn:aws:iam::123456789012:role/models", RoleSessionName="x-y",
                                              WebIdentityToken="a.b.cde")

    def test_google_service_account(self):
        scope = ["https://www.googleapis.com/auth/cloud-platform"]
        transport = google.auth.transport.requests.Request()

        def credentials(key, email="models@p.iam.gserviceaccount.com"):
            return google.oauth2.service_account.Credentials.from_service_account_info(
                {"type": "service_account", "client_email": email, "private_key": key, "private_key_id": "1",
                 "token_uri": self.mock.url("google-oauth") + "/token"}, scopes=scope)

        good = credentials(self.private_key)
        good.refresh(transport)
        clients.Gemini(self.mock.url("vertex"), "gemini-2.5-flash",
                       vertex=("p", "us-central1", Token(good.token))).text(False)
        for wrong, words in ((credentials(make_key()), "Invalid JWT Signature"),
                             (credentials(self.private_key, "other@p.iam.gserviceaccount.com"), "account not found")):
            with self.assertRaises(google.auth.exceptions.RefreshError) as caught:
                wrong.refresh(transport)
            self.assertIn(words, str(caught.exception))
        unscoped = credentials(self.private_key).with_scopes([])
        with self.assertRaises(google.auth.exceptions.RefreshError):
            unscoped.refresh(transport)

    def test_azure(self):
        path = "/tenant-1/oauth2/v2.0/token"
        ask = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "app-secret", "scope": self.SCOPE}
        token = self.mock.post("azure-ad", path, ask).json()["access_token"]
        chat = "/openai/deployments/gpt/chat/completions?api-version=2025-01-01-preview"
        body = {"messages": [{"role": "user", "content": "Hi"}]}
        self.assertEqual(self.mock.post("azure", chat, body, {"authorization": "Bearer " + token}).status, 200)
        self.assertEqual(self.mock.post("azure", chat, body, {"authorization": "Bearer x" + token}).status, 401)
        federated = {key: value for key, value in ask.items() if key != "client_secret"}
        federated |= {"client_assertion": self.identity(),
                      "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
        self.assertEqual(self.mock.post("azure-ad", path, federated).status, 200)
        for name, value, code in (("client_secret", "bad", 7000215), ("scope", "x", 1002012), ("client_id", "x", 700016),
                                  ("grant_type", "password", 70003)):
            refused = self.mock.post("azure-ad", path, {**ask, name: value})
            self.assertEqual(refused.json()["error_codes"], [code])
        self.assertEqual(self.mock.post("azure-ad", "/other/oauth2/v2.0/token", ask).json()["error_codes"], [90002])
        federated["client_assertion"] = "a.b.c"
        self.assertEqual(self.mock.post("azure-ad", path, federated).json()["error_codes"], [700211])

    def test_google_federation(self):
        ask = {"grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
               "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b",
               "scope": "https://www.googleapis.com/auth/cloud-platform",
               "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
               "subjectToken": self.identity(), "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt"}
        federated = self.mock.post("google-sts", "/v1/token", ask).json()["access_token"]
        path = "/v1/projects/-/serviceAccounts/models@p.iam.gserviceaccount.com:generateAccessToken"
        scope = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
        bearer = {"authorization": "Bearer " + federated}
        token = self.mock.post("google-iam", path, scope, bearer).json()["accessToken"]
        client = clients.Gemini(self.mock.url("vertex"), "gemini-2.5-flash", vertex=("p", "us-central1", Token(token)))
        client.text(False)
        with self.assertRaises(clients.Refused) as caught:
            clients.Gemini(self.mock.url("vertex"), "gemini-2.5-flash", vertex=("p", "us-central1", Token("x"))).text(False)
        self.assertEqual(caught.exception.status, 401)
        self.assertEqual(self.mock.post("google-sts", "/v1/token", {**ask, "subjectToken": "a.b.c"}).json()["error"],
                         "invalid_grant")
        self.assertEqual(self.mock.post("google-sts", "/v1/token", {**ask, "audience": "x"}).json()["error"],
                         "invalid_target")
        self.assertEqual(self.mock.post("google-iam", path, scope).status, 401)
        self.assertEqual(self.mock.post("google-iam", path.replace("models@", "other@"), scope, bearer).status, 403)
        self.assertEqual(self.mock.post("google-iam", path, {}, bearer).status, 400)


if __name__ == "__main__":
    unittest.main()
