#!/usr/bin/env python3
"""CPU microseconds per request of the gateway beside nginx and HAProxy, in one run.

The proxy under test has core 0 to itself with one worker; the origin and the loader (both bench_rig,
test/bench/rig.cc) share core 1. All three proxies keep upstream connections alive, do not buffer, and write
one access-log line per request to a file. A window in which any request failed is discarded. The rig
floor is loader -> origin without a proxy.

Two loads: paced, at a rate that the rig alone carries at least HEADROOM times over, so that what is
measured is the proxy; and saturating, as many requests as the connections carry."""
import argparse
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, "build/release/tollgate")
RIG = os.path.join(ROOT, "build/release/bench_rig")
EXAMPLES = os.path.join(ROOT, "manifests/examples/envoy-ai-gateway")
TICKS = os.sysconf("SC_CLK_TCK")
PROXY_CORE, RIG_CORE = "0", "1"
HEADROOM = 4.2
FLOOR = "rig floor"
MODEL = "openai/gpt-oss-20b"

ANSWER = json.dumps({
    "id": "chatcmpl-bench", "object": "chat.completion", "created": 1790000000, "model": MODEL,
    "choices": [{"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": "Hello! How can I help you today?"}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}}, separators=(",", ":"))


def request_body(size):
    body = {"model": MODEL, "messages": [{"role": "user", "content": ""}], "max_tokens": 64}
    body["messages"][0]["content"] = "x" * (size - len(json.dumps(body)))
    return json.dumps(body)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_port(port, process, deadline_s=10):
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"{process.args[0]} ended with {process.returncode} before it listened on {port}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    sys.exit(f"{process.args[0]} does not listen on {port}")


def tree(pid):
    found = [pid]
    for child in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split():
        found += tree(int(child))
    return found


def cpu_seconds(pid):
    total = 0
    for member in tree(pid):
        with open(f"/proc/{member}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mib(pid):
    total = 0
    for member in tree(pid):
        with open(f"/proc/{member}/smaps_rollup", encoding="ascii") as file:
            total += int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M).group(1))
    return total / 1024


class Rig:
    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.origin_port = free_port()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def start(self, core, command, **kwargs):
        process = subprocess.Popen(["taskset", "-c", core] + command, cwd=self.folder,
                                   stdin=subprocess.DEVNULL, start_new_session=True, **kwargs)
        self.processes.append(process)
        return process

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()

    def nginx(self, name, core, server):
        config = self.write(f"{name}.conf", f"""
worker_processes 1; daemon off; pid {self.path(name)}.pid; error_log {self.path(name)}.err;
events {{ worker_connections 4096; }}
http {{
  client_body_temp_path {self.path(name)}-body; proxy_temp_path {self.path(name)}-proxy;
  fastcgi_temp_path {self.path(name)}-f; uwsgi_temp_path {self.path(name)}-u; scgi_temp_path {self.path(name)}-s;
  keepalive_requests 100000000; keepalive_timeout 300s; client_body_buffer_size 64k; tcp_nodelay on;
  {server}
}}""")
        return self.start(core, ["nginx", "-c", config, "-p", self.folder])

    def start_origin(self):
        answer = self.write("answer.http", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            f"Content-Length: {len(ANSWER)}\r\n\r\n{ANSWER}")
        process = self.start(RIG_CORE, [RIG, "origin", str(self.origin_port), answer])
        wait_port(self.origin_port, process)

    def start_nginx(self):
        port = free_port()
        process = self.nginx("proxy", PROXY_CORE, f"""
  log_format line '$remote_addr [$time_iso8601] "$request" $status $bytes_sent $request_time';
  access_log {self.path("nginx.log")} line;
  upstream origin {{ server 127.0.0.1:{self.origin_port}; keepalive 256; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port};
    location / {{ proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_request_buffering off; proxy_buffering off; }} }}""")
        wait_port(port, process)
        return port, process.pid

    def start_haproxy(self):
        port, log_port = free_port(), free_port()
        config = self.write("haproxy.cfg", f"""
global
  nbthread 1
  maxconn 4096
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  option http-no-delay
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  timeout http-keep-alive 60s
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  server origin 127.0.0.1:{self.origin_port} pool-max-conn 256
""")
        del log_port
        process = self.start(PROXY_CORE, ["haproxy", "-f", config, "-db"],
                             stdout=open(self.path("haproxy.log"), "w", encoding="utf-8"),
                             stderr=subprocess.DEVNULL)
        wait_port(port, process)
        return port, process.pid

    def start_tollgate(self):
        log = open(self.path("tollgate.err"), "w+", encoding="utf-8")
        resolve = [f"{name}.default.svc.cluster.local:8000=127.0.0.1:{self.origin_port}" for name in ("gpt-oss", "qwen3")]
        command = [PROGRAM, "run"]
        for file in ("gateway.yaml", "model-backends.yaml", "multi-model-routing/ai-gateway-route.yaml"):
            command += ["-f", os.path.join(EXAMPLES, file)]
        for entry in resolve:
            command += ["--resolve", entry]
        started = time.monotonic()
        process = self.start(PROXY_CORE, command, stderr=log,
                             stdout=open(self.path("tollgate.log"), "w", encoding="utf-8"))
        while True:
            with open(self.path("tollgate.err"), encoding="utf-8") as file:
                text = file.read()
            if re.search(r"^ready$", text, re.M):
                break
            if process.poll() is not None or time.monotonic() - started > 10:
                sys.exit("tollgate did not become ready:\n" + text)
            time.sleep(0.001)
        self.ready_ms = (time.monotonic() - started) * 1000
        port = int(re.search(r"listening on http://[^:]*:(\d+)", text).group(1))
        return port, process.pid


def load(port, connections, seconds, request_file, rate):
    out = subprocess.run(["taskset", "-c", RIG_CORE, RIG, "load", str(port), request_file, str(connections), str(seconds), str(rate)],
                         capture_output=True, text=True, check=True).stdout
    return json.loads(out)


def measure(name, port, pid, connections, seconds, request_file, rate=0):
    before = cpu_seconds(pid) if pid else 0
    seen = load(port, connections, seconds, request_file, rate)
    used = cpu_seconds(pid) - before if pid else 0
    if seen["bad"] or not seen["requests"]:
        print(f"   window of {name} discarded: {seen}")
        return None
    return {"cpu_us": used / seen["requests"] * 1e6, "rate": seen["requests"] / seen["seconds"],
            "busy": used / seen["seconds"] * 100, "p50_us": seen["p50_us"], "p99_us": seen["p99_us"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--size", type=int, default=1024, help="bytes of the request body")
    options = parser.parse_args()
    for tool in ("nginx", "haproxy", "taskset"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is missing: run .ci/deps test")
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder:
        os.chmod(folder, 0o755)
        rig = Rig(folder)
        try:
            run(rig, options)
        finally:
            rig.stop()


def run(rig, options):
    body = request_body(options.size)
    request_file = rig.write("request.http", "POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\n"
                             "Content-Type: application/json\r\nAuthorization: Bearer bench\r\n"
                             f"Content-Length: {len(body)}\r\n\r\n{body}")
    rig.start_origin()
    targets = {FLOOR: (rig.origin_port, None), "nginx": rig.start_nginx(),
               "haproxy": rig.start_haproxy(), "tollgate": rig.start_tollgate()}
    idle = resident_mib(targets["tollgate"][1])
    check = urllib.request.Request(f"http://127.0.0.1:{targets['tollgate'][0]}/v1/chat/completions",
                                   data=request_body(256).encode(), headers={"content-type": "application/json"})
    with urllib.request.urlopen(check, timeout=5) as answer:
        assert json.load(answer)["usage"]["total_tokens"] == 18
    warm = {name: measure(name, port, pid, options.connections, 1, request_file) for name, (port, pid) in targets.items()}
    if warm[FLOOR] is None:
        sys.exit("the rig alone fails requests")
    rate = int(warm[FLOOR]["rate"] / HEADROOM)
    print_table(f"Paced, {rate} requests a second", options, rounds(targets, options, request_file, rate))
    print_table("Saturating", options, rounds(targets, options, request_file, 0))
    print(f"start to ready: {rig.ready_ms:.0f} ms; memory (PSS): idle {idle:.1f} MiB, "
          f"after load {resident_mib(targets['tollgate'][1]):.1f} MiB")


def rounds(targets, options, request_file, rate):
    """Windows of every target, each round in an order of its own. The floor is always what the rig can do."""
    rows = {name: [] for name in targets}
    for _ in range(options.rounds):
        order = list(targets.items())
        random.shuffle(order)
        for name, (port, pid) in order:
            row = measure(name, port, pid, options.connections, options.seconds, request_file, 0 if name == FLOOR else rate)
            if row:
                rows[name].append(row)
    return rows


def print_table(title, options, rows):
    def median(name, key):
        return statistics.median(r[key] for r in rows[name]) if rows[name] else float("nan")

    print(f"\n{title}: pass-through chat, {options.size} byte request, {options.connections} connections, one worker, "
          f"{options.rounds} windows of {options.seconds} s (median; min-max of CPU)")
    print(f"{'':12}{'CPU us/request':>16}{'min-max':>16}{'x nginx':>9}{'core busy':>11}{'req/s':>10}{'p50 us':>9}{'p99 us':>9}")
    for name in rows:
        cpu = median(name, "cpu_us")
        spread = f"{min(r['cpu_us'] for r in rows[name]):.1f}-{max(r['cpu_us'] for r in rows[name]):.1f}" if rows[name] else "-"
        shown = ("-", "-", "-", "-") if name == FLOOR else (
            f"{cpu:.1f}", spread, f"{cpu / median('nginx', 'cpu_us'):.2f}", f"{median(name, 'busy'):.0f}%")
        print(f"{name:12}{shown[0]:>16}{shown[1]:>16}{shown[2]:>9}{shown[3]:>11}"
              f"{median(name, 'rate'):>10.0f}{median(name, 'p50_us'):>9.0f}{median(name, 'p99_us'):>9.0f}")
    print(f"rig floor / gateway rate: {median(FLOOR, 'rate') / median('tollgate', 'rate'):.1f}")


if __name__ == "__main__":
    main()
