#!/usr/bin/env python3
"""Runs the stages of `make test`, `make test-long` or `make lint`, prints the time and the counts of
each, and closes with one summary line. A stage is a command; its passed and failed tests are counted
from what it prints (GoogleTest, unittest, or `N passed, N failed`)."""
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")

GTEST_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.M)
GTEST_FAILED = re.compile(r"^ ?(\d+) FAILED TEST", re.M)
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in", re.M)
UNITTEST_BAD = re.compile(r"^FAILED \((.*)\)", re.M)
# What names a failure: tests of GoogleTest and unittest, programs, reports of sanitizers, errors of compilers.
REASON = re.compile(r"^(?:\[  FAILED  \] \w+\.\S+|(?:FAIL|ERROR): .*|Failed programs: .*|SUMMARY: .*|.*: (?:fatal )?error: .*)", re.M)
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed", re.M)


class Stage:
    def __init__(self, name, command, quiet=True, env=None):
        self.name, self.command, self.quiet, self.env = name, command, quiet, env or {}


def count(output):
    passed = sum(int(n) for n in GTEST_PASSED.findall(output))
    failed = sum(int(n) for n in GTEST_FAILED.findall(output))
    ran = sum(int(n) for n in UNITTEST_RAN.findall(output))
    bad = sum(int(n) for line in UNITTEST_BAD.findall(output) for n in re.findall(r"(?:failures|errors)=(\d+)", line))
    passed += ran - bad
    failed += bad
    for good, wrong in PLAIN.findall(output):
        passed += int(good)
        failed += int(wrong)
    return passed, failed


def run_stage(stage):
    started = time.monotonic()
    print(f"== {stage.name}", flush=True)
    log_path = os.path.join(BUILD, "logs", re.sub(r"[^a-z0-9]+", "-", stage.name.lower()) + ".log")
    os.makedirs(os.path.dirname(log_path), exist_ok=True)
    with open(log_path, "w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.run(stage.command, shell=True, cwd=ROOT, stdout=log,
                                 stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                 executable="/bin/bash", env={**os.environ, **stage.env})
        log.seek(0)
        output = log.read()
    passed, failed = count(output)
    ok = process.returncode == 0
    if not ok and failed == 0:
        failed = 1  # the stage itself broke: a build, a lint or a crash
    if not ok:
        print(output[-12000:])
    seconds = time.monotonic() - started
    print(f"   {'ok' if ok else 'FAILED'} in {seconds:.0f} s: {passed} passed, {failed} failed (log: {os.path.relpath(log_path, ROOT)})",
          flush=True)
    reasons = [] if ok else list(dict.fromkeys(REASON.findall(output)))[:20]
    return ok, passed, failed, reasons


def main():
    which = sys.argv[1] if len(sys.argv) > 1 else "test"
    sys.path.insert(0, os.path.join(ROOT, ".ci"))
    import stage_list  # the list stands alone, so that it can be read alone
    stages = stage_list.STAGES[which](Stage)
    only = os.environ.get("STAGES")
    if only:
        stages = [s for s in stages if re.search(only, s.name)]
    started = time.monotonic()
    total_passed = total_failed = 0
    broken = []
    for stage in stages:
        ok, passed, failed, reasons = run_stage(stage)
        total_passed += passed
        total_failed += failed
        if not ok:
            broken.append((stage.name, reasons))
            if stage.name.startswith("build"):
                break  # what follows needs it
    for name, reasons in broken:
        print(f"Failed stage: {name}", *reasons, sep="\n  ")
    print(f"Total time: {time.monotonic() - started:.0f} s")
    print(f"{total_passed} passed, {total_failed} failed", flush=True)
    return 1 if broken or total_failed else 0


if __name__ == "__main__":
    sys.exit(main())
