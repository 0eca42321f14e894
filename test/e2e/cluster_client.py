"""A client of the Gateway that runs inside the cluster's network; cluster_test.py starts it.

    cluster_client.py sdk URL      what the official SDKs get for each model, as one JSON object
    cluster_client.py load URL     requests on reused connections until stdin ends; says `started`
                                   after the first answers, then {"ok": N, "failed": [...]}
    cluster_client.py ask URL MODEL    status and body of one request
    cluster_client.py first URL        for each MODEL on stdin asks until 200; prints the machine's
                                       monotonic time at which that answer was there
    cluster_client.py relay            for each [HOST, PORT, METHOD, PATH, BODY, HEADERS] on stdin
                                       the answer, got on a connection of its own: [STATUS, HEADERS,
                                       BODY], or an error's text
"""
import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit

from gateway import CLAUDE, GPT_OSS, QWEN, chat

LOAD_THREADS = 4
ANSWER_DEADLINE_S = 10


def sdk(url):
    import anthropic  # only this mode needs the SDKs
    import openai
    found = {}
    client = openai.OpenAI(base_url=url + "/v1", api_key="sk-client", max_retries=0)
    for model in (QWEN, GPT_OSS):
        messages = [{"role": "user", "content": "Hi"}]
        whole = client.chat.completions.create(model=model, messages=messages)
        streamed = client.chat.completions.create(model=model, messages=messages, stream=True)
        text = "".join(c.choices[0].delta.content or "" for c in streamed if c.choices)
        found[model] = [whole.choices[0].message.content, text]
    found["models"] = sorted(model.id for model in client.models.list())
    claude = anthropic.Anthropic(base_url=url + "/anthropic", api_key="sk-client", max_retries=0)
    question = {"model": CLAUDE, "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}
    whole = claude.messages.create(**question)
    with claude.messages.stream(**question) as stream:
        text = "".join(stream.text_stream)
    found[CLAUDE] = [whole.content[0].text, text]
    return found


def send(connection, model):
    connection.request("POST", "/v1/chat/completions", json.dumps(chat(model)),
                       {"content-type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def connect(url):
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=ANSWER_DEADLINE_S)


class Load:
    """LOAD_THREADS clients, each one request after another."""

    def __init__(self, url):
        self.url = url
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.ok, self.failed = 0, []

    def client(self, number):
        connection = connect(self.url)
        while not self.over.is_set():
            trouble = None
            try:
                status, body = send(connection, (QWEN, GPT_OSS)[number % 2])
                if status != 200:
                    trouble = f"{status} {body[:200]}"
            except (OSError, http.client.HTTPException) as error:
                trouble = repr(error)
                connection.close()
            with self.lock:
                if trouble is None:
                    self.ok += 1
                elif len(self.failed) < 20:
                    self.failed.append(trouble)
            self.over.wait(0.005)  # a steady load, not a flood
        connection.close()

    def run(self):
        threads = [threading.Thread(target=self.client, args=(i,)) for i in range(LOAD_THREADS)]
        for thread in threads:
            thread.start()
        while not self.ok and not self.failed:
            self.over.wait(0.01)
        print("started", flush=True)
        sys.stdin.read()
        self.over.set()
        for thread in threads:
            thread.join()
        return {"ok": self.ok, "failed": self.failed}


def first(url):
    connection = connect(url)
    send(connection, QWEN)
    print("started", flush=True)
    for line in sys.stdin:
        while send(connection, line.strip())[0] != 200:
            pass
        print(time.monotonic(), flush=True)


def relay():
    for line in sys.stdin:
        host, port, method, path, body, headers = json.loads(line)
        connection = http.client.HTTPConnection(host, port, timeout=ANSWER_DEADLINE_S)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"connection": "close", **headers})
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            said = [answer.status, fields, answer.read().decode()]
        except (OSError, http.client.HTTPException) as error:
            said = repr(error)
        finally:
            connection.close()
        print(json.dumps(said), flush=True)


def main():
    mode, url = (sys.argv[1:3] + [None])[:2]
    if mode == "relay":
        relay()
    elif mode == "sdk":
        print(json.dumps(sdk(url)))
    elif mode == "load":
        print(json.dumps(Load(url).run()))
    elif mode == "first":
        first(url)
    else:
        status, body = send(connect(url), sys.argv[3])
        print(json.dumps({"status": status, "body": body}))


if __name__ == "__main__":
    main()
