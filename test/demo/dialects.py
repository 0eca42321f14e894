#!/usr/bin/env python3
"""Starts the gateway on manifests/examples/dialects with the built-in model server, lets the official SDKs of OpenAI
(chat and Responses), Anthropic, Google and AWS talk to a backend of every dialect, and prints what worked.

    dialects.py [BACKEND]...      --details also says what went wrong"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import dialects  # noqa: E402


def main():
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")] or dialects.BACKENDS
    gateway = dialects.start()
    try:
        started = time.monotonic()
        results = dialects.run(gateway, wanted)
        seconds = time.monotonic() - started
    finally:
        gateway.stop()
    print(dialects.table(results))
    failed = dialects.failures(results)
    done = sum(result == "ok" for cells in results.values() for result in cells.values())
    if "--details" in sys.argv:
        print("\n" + "\n".join(failed))
    print(f"\n{len(results)} pairs, {done} trials passed, {len(failed)} failed, {seconds:.1f} s "
          "(each trial whole and streaming)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
