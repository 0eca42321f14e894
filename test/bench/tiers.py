#!/usr/bin/env python3
"""What features cost: CPU microseconds per request of the gateway with and without each, in one run.

Same rig and protocol as bench.py. Tiers: pass-through and translation of a whole answer (1 KiB request,
OpenAI chat to Anthropic Messages), pass-through and translation of a stream of 64 chunks, and pass-through
with five token and request limits of one user in memory."""
import argparse
import json
import os
import random
import re
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import ANSWER, MODEL, PROXY_CORE, PROGRAM, RIG, RIG_CORE, Rig, free_port, measure, request_body, wait_port

CHUNKS = 64

ANTHROPIC = json.dumps({
    "id": "msg_bench", "type": "message", "role": "assistant", "model": MODEL,
    "content": [{"type": "text", "text": "Hello! How can I help you today?"}], "stop_reason": "end_turn",
    "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 9}}, separators=(",", ":"))


def openai_stream():
    def event(delta, finish=None):
        return "data: " + json.dumps({"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1790000000, "model": MODEL,
                                      "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}, separators=(",", ":")) + "\n\n"
    return ([event({"role": "assistant", "content": ""})] + [event({"content": f"word{i} "}) for i in range(CHUNKS)]
            + [event({}, "stop"),
               'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1790000000,"model":"m","choices":[],'
               '"usage":{"prompt_tokens":9,"completion_tokens":64,"total_tokens":73}}\n\n', "data: [DONE]\n\n"])


def anthropic_stream():
    def event(body):
        return f"event: {body['type']}\ndata: " + json.dumps(body, separators=(",", ":")) + "\n\n"
    message = {**json.loads(ANTHROPIC), "content": [], "stop_reason": None}
    return ([event({"type": "message_start", "message": message}),
             event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})]
            + [event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f"word{i} "}}) for i in range(CHUNKS)]
            + [event({"type": "content_block_stop", "index": 0}),
               event({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 64}}),
               event({"type": "message_stop"})])


def whole(body):
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"


def stream(events):
    return ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "".join(f"{len(e):x}\r\n{e}\r\n" for e in events) + "0\r\n\r\n")


def manifests(schema, limits):
    text = f"""
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {{name: bench}}
spec: {{controllerName: tollgate.dev/gateway-controller}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: bench, namespace: default}}
spec: {{gatewayClassName: bench, listeners: [{{name: http, protocol: HTTP, port: PORT}}]}}
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIGatewayRoute
metadata: {{name: bench, namespace: default}}
spec:
  parentRefs: [{{name: bench}}]
  llmRequestCosts: [{{metadataKey: in, type: InputToken}}, {{metadataKey: out, type: OutputToken}}, {{metadataKey: total, type: TotalToken}}]
  rules:
  - matches: [{{headers: [{{type: Exact, name: x-ai-eg-model, value: "{MODEL}"}}]}}]
    backendRefs: [{{name: bench}}]
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIServiceBackend
metadata: {{name: bench, namespace: default}}
spec: {{schema: {{name: {schema}}}, backendRef: {{group: gateway.envoyproxy.io, kind: Backend, name: bench}}}}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {{name: bench, namespace: default}}
spec: {{endpoints: [{{ip: {{address: 127.0.0.1, port: ORIGIN}}}}]}}
"""
    if limits:
        rules = "".join(f"""
      - clientSelectors: [{{headers: [{{name: x-user-id, type: Distinct}}]}}]
        limit: {{requests: 4000000000, unit: Hour}}
        cost: {{request: {{from: Number, number: 0}}, response: {{from: Metadata, metadata: {{namespace: io.envoy.ai_gateway, key: {key}}}}}}}"""
                        for key in ("in", "out", "total")) + """
      - clientSelectors: [{headers: [{name: x-user-id, type: Distinct}]}]
        limit: {requests: 4000000000, unit: Minute}
      - clientSelectors: [{headers: [{name: x-user-id, type: Distinct}]}]
        limit: {requests: 4000000000, unit: Hour}"""
        text += f"""---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {{name: bench, namespace: default}}
spec:
  targetRefs: [{{group: gateway.networking.k8s.io, kind: Gateway, name: bench}}]
  rateLimit:
    type: Global
    global:
      rules:{rules}
"""
    return text


def start(rig, name, schema, answer, limits=False):
    port, origin_port = free_port(), free_port()
    wait_port(origin_port, rig.start(RIG_CORE, [RIG, "origin", str(origin_port), rig.write(f"{name}.http", answer)]))
    path = rig.write(f"{name}.yaml", manifests(schema, limits).replace("PORT", str(port)).replace("ORIGIN", str(origin_port)))
    process = rig.start(PROXY_CORE, [PROGRAM, "run", "-f", path, "--real-ports"], stderr=open(rig.path(f"{name}.err"), "w", encoding="utf-8"),
                        stdout=open(rig.path(f"{name}.log"), "w", encoding="utf-8"))
    deadline = time.monotonic() + 10
    while not re.search(r"^ready$", open(rig.path(f"{name}.err"), encoding="utf-8").read(), re.M):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"{name} did not become ready:\n" + open(rig.path(f"{name}.err"), encoding="utf-8").read())
        time.sleep(0.005)
    return port, process.pid


def request_file(rig, name, streamed):
    body = json.loads(request_body(1024))
    if streamed:
        body = {**body, "stream": True, "stream_options": {"include_usage": True}}
    body = json.dumps(body)
    return rig.write(name, "POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                     f"X-User-Id: alice\r\nContent-Length: {len(body)}\r\n\r\n{body}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollgate-tiers-") as folder:
        rig = Rig(folder)
        try:
            run(rig, options)
        finally:
            rig.stop()


def run(rig, options):
    once, streamed = request_file(rig, "once.http", False), request_file(rig, "streamed.http", True)
    tiers = {
        "pass-through": (start(rig, "pass", "OpenAI", whole(ANSWER)), once, None),
        "five limits, memory": (start(rig, "limits", "OpenAI", whole(ANSWER), limits=True), once, "pass-through"),
        "translation": (start(rig, "translate", "Anthropic", whole(ANTHROPIC)), once, "pass-through"),
        "stream": (start(rig, "stream", "OpenAI", stream(openai_stream())), streamed, None),
        "stream, translation": (start(rig, "stream-translate", "Anthropic", stream(anthropic_stream())), streamed, "stream"),
    }
    rows = {name: [] for name in tiers}
    for name, ((port, pid), file, _) in tiers.items():
        measure(name, port, pid, options.connections, 1, file)  # warm
    for _ in range(options.rounds):
        order = list(tiers.items())
        random.shuffle(order)
        for name, ((port, pid), file, _) in order:
            row = measure(name, port, pid, options.connections, options.seconds, file)
            if row:
                rows[name].append(row)
    print(f"\n1,024 byte request, {options.connections} connections, one worker, {options.rounds} windows of {options.seconds} s; "
          f"streams have {CHUNKS} chunks with text")
    print(f"{'tier':24}{'CPU us/request':>16}{'min-max':>16}{'on top':>10}{'p50 us':>9}")
    for name, (_, _, below) in tiers.items():
        if not rows[name]:
            print(f"{name:24}{'no good window':>16}")
            continue
        cpu = statistics.median(r["cpu_us"] for r in rows[name])
        top = f"{cpu - statistics.median(r['cpu_us'] for r in rows[below]):+.1f}" if below and rows[below] else "-"
        spread = f"{min(r['cpu_us'] for r in rows[name]):.1f}-{max(r['cpu_us'] for r in rows[name]):.1f}"
        print(f"{name:24}{cpu:>16.1f}{spread:>16}{top:>10}{statistics.median(r['p50_us'] for r in rows[name]):>9.0f}")


if __name__ == "__main__":
    main()
