#!/usr/bin/env python3
"""Start to ready of `tollgate run` on the multi-model example, as the median of many starts.

Wall time runs from before fork to the line `ready`; CPU time is all that the process used until it
was stopped right after that line."""
import argparse
import os
import resource
import signal
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(ROOT, "manifests/examples/envoy-ai-gateway")
FILES = ("gateway.yaml", "model-backends.yaml", "multi-model-routing/ai-gateway-route.yaml")


def children_cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start_once(command):
    before = children_cpu_s()
    started = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.strip() == "ready":
                break
        ready_ms = (time.monotonic() - started) * 1000
        process.send_signal(signal.SIGKILL)
        process.wait()
    if not lines or lines[-1].strip() != "ready":
        sys.exit("no ready line:\n" + "".join(lines))
    return ready_ms, (children_cpu_s() - before) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/tollgate"))
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--no-mock", action="store_true", help="without the built-in model server")
    parser.add_argument("--limit-ms", type=float, help="fail if the median is above")
    options = parser.parse_args()
    command = [options.program, "run"]
    for file in FILES:
        command += ["-f", os.path.join(EXAMPLES, file)]
    if not options.no_mock:
        command.append("--mock")
    start_once(command)  # pages of the program come into memory
    rows = [start_once(command) for _ in range(options.starts)]
    wall, cpu = ([row[i] for row in rows] for i in (0, 1))
    print(f"start to ready, median of {options.starts}: {statistics.median(wall):.1f} ms "
          f"(min {min(wall):.1f}, max {max(wall):.1f}); CPU {statistics.median(cpu):.1f} ms")
    if options.limit_ms and statistics.median(wall) > options.limit_ms:
        sys.exit(f"more than {options.limit_ms} ms")


if __name__ == "__main__":
    main()
