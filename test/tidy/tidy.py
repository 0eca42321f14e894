#!/usr/bin/env python3
"""The house rules that a machine can check: arrows between folders, sizes, banned tokens, headers,
README files. Prints every breach as file:line and closes with `N passed, N failed`, one per rule and file."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

SOURCE_FOLDERS = ("controller", "crds", "reconcilers", "render", "dataplane")
TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "Makefile", "LICENSE", "README.md", "controller", "crds",
             "reconcilers", "render", "dataplane", "manifests", "test", "docs", ".ci", ".clang-format",
             ".clang-tidy", ".gitignore", ".cmake"}

# Which top layers a layer may include. The finer arrows stand in .cmake/Folders.cmake, where the
# linker and `declared_arrows` below hold them.
LAYERS = {
    "dataplane": {"dataplane"},
    "reconcilers": {"reconcilers", "dataplane/catalog", "dataplane/base"},
    "render": {"render", "reconcilers/model", "dataplane/snapshot", "dataplane/catalog", "dataplane/base"},
    "crds": {"crds"},
    "controller": {"controller", "reconcilers", "render", "crds", "dataplane/base", "dataplane/event",
                   "dataplane/net", "dataplane/http", "dataplane/snapshot", "dataplane/push",
                   "dataplane/catalog", "dataplane/json", "dataplane/pki", "dataplane/admin",
                   "dataplane/auth"},
}
# Composition roots see everything.
ROOTS = {"controller/main.cc", "dataplane/main.cc"}
ROOT_FOLDERS = {"controller/standalone", "controller/tools"}

LIMITS = {".cc": 500, ".h": 250}
TEST_LIMIT = 800
LINE_LIMIT = 100
FUNCTION_LIMIT = 70
FOLDER_LIMIT = 20
README_LIMIT = 60

# file -> reason. A rule is broken on purpose only with a line here.
SIZE_EXCEPTIONS = {}
FUNCTION_EXCEPTIONS = {}

BANNED = [
    (re.compile(r"\bsleep_for\b|\busleep\s*\(|\bsleep\s*\(\d"), "no sleeping"),
    (re.compile(r"\bTODO\b|\bFIXME\b|\bXXX\b|\bHACK\b"), "finish it or leave it out"),
    (re.compile(r"\bco_await\b|\bco_return\b|\bco_yield\b"), "no coroutines on this toolchain"),
    (re.compile(r"std::atomic<std::shared_ptr"), "snapshots travel by mailbox"),
    (re.compile(r"#include <regex>"), "RE2 only"),
    (re.compile(r"\bGTEST_SKIP\b|\bDISABLED_"), "no test is skipped"),
    (re.compile(r"\busing namespace std\b"), "names keep their namespace"),
]
# What a third-party library is reached by: included by sources only.
WRAPPERS = {"controller/curl/curl.h"}
HEAVY_IN_HEADERS = re.compile(
    r'#include [<"](nlohmann/json\.hpp|curl/|openssl/|yaml-cpp/|cpprest/|simdjson\.h|ares\.h|re2/|spdlog/)')


class Report:
    def __init__(self):
        self.passed = 0
        self.failures = []

    def check(self, good, where, message):
        if good:
            self.passed += 1
        else:
            self.failures.append(f"{where}: {message}")


def tracked():
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                         check=True, capture_output=True, text=True).stdout
    return [f for f in out.splitlines() if os.path.exists(os.path.join(ROOT, f))]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def check_arrow(report, path, line_number, included):
    top = path.split("/")[0]
    if path in ROOTS or os.path.dirname(path) in ROOT_FOLDERS:
        return
    allowed = LAYERS[top]
    good = any(included == a or included.startswith(a + "/") for a in allowed)
    report.check(good, f"{path}:{line_number}", f"{top} may not include {included}")


def declared_arrows():
    """folder -> folders that its library may use, directly or through another, from Folders.cmake."""
    text = read(".cmake/Folders.cmake")
    direct = {}
    for match in re.finditer(r"tollgate_library\(([^\s)]+)([^)]*)\)", text):
        words = match.group(2).split()
        deps, on = [], False
        for word in words:
            if word in ("DEPS", "LIBS", "EXCLUDE"):
                on = word == "DEPS"
            elif on:
                deps.append(word)
        direct[match.group(1)] = deps
    closed = {}

    def close(folder):
        if folder not in closed:
            closed[folder] = {folder}
            for dep in direct.get(folder, []):
                closed[folder] |= close(dep)
        return closed[folder]

    for folder in direct:
        close(folder)
    return closed


def check_includes(report, path, text, arrows):
    folder = os.path.dirname(path)
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#include "([^"]+)"', line)
        if not match:
            continue
        included = match.group(1)
        if included.split("/")[0] not in SOURCE_FOLDERS:
            continue
        check_arrow(report, path, number, included)
        if path not in ROOTS and folder in arrows:
            report.check(os.path.dirname(included) in arrows[folder], f"{path}:{number}",
                         f"{folder} does not declare {os.path.dirname(included)} in .cmake/Folders.cmake")


def function_lengths(text):
    """(first line, length) of top-level function bodies: a `{` ending a line at depth of namespaces only."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if start is None:
            if line and not line[0].isspace() and line.rstrip().endswith("{") and "(" in " ".join(
                    lines[max(0, number - 6):number]) and not re.match(
                        r"(namespace|class|struct|enum|union|extern|using|typedef|constexpr|const|static const|inline constexpr)\b", line):
                start = number
        elif line.startswith("}"):
            yield start, number - start + 1
            start = None


def check_sizes(report, path, text):
    lines = text.count("\n")
    extension = os.path.splitext(path)[1]
    limit = TEST_LIMIT if path.startswith("test/") else LIMITS[extension]
    report.check(lines <= limit or path in SIZE_EXCEPTIONS, path, f"{lines} lines, limit {limit}: split by meaning")
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_LIMIT and "R\"" not in line and "://" not in line:
            report.check(False, f"{path}:{number}", f"{len(line)} columns, limit {LINE_LIMIT}")
    if path.startswith("test/"):
        return
    for number, length in function_lengths(text):
        name = f"{path}:{number}"
        report.check(length <= FUNCTION_LIMIT or path in FUNCTION_EXCEPTIONS, name,
                     f"function of {length} lines, limit {FUNCTION_LIMIT}")


def check_source(report, path, arrows):
    text = read(path)
    in_test = path.startswith("test/")
    check_sizes(report, path, text)
    for pattern, why in BANNED:
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                report.check(False, f"{path}:{number}", why)
    if path.endswith(".h"):
        report.check("#pragma once" in text, path, "no #pragma once")
        if not in_test:
            report.check(path in WRAPPERS or not HEAVY_IN_HEADERS.search(text), path, "a third-party header in a header of ours")
    if not in_test:
        namespace = "tollgate::" + os.path.dirname(path).replace("/", "::")
        if path not in ROOTS:
            report.check(f"namespace {namespace}" in text, path, f"namespace {namespace} expected")
        check_includes(report, path, text, arrows)


def check_folders(report, files):
    folders = {}
    for path in files:
        if path.split("/")[0] in SOURCE_FOLDERS and path.endswith((".cc", ".h")):
            folders.setdefault(os.path.dirname(path), []).append(path)
    for folder, members in sorted(folders.items()):
        report.check(len(members) <= 2 * FOLDER_LIMIT, folder,
                     f"{len(members)} files, limit {2 * FOLDER_LIMIT} (.h and .cc)")
        report.check(folder.count("/") <= 2, folder, "at most two levels below the top")
        readme = os.path.join(folder, "README.md")
        exists = readme in files
        report.check(exists, folder, "no README.md")
        if exists:
            lines = read(readme).count("\n")
            report.check(lines <= README_LIMIT, readme, f"{lines} lines, limit {README_LIMIT}")


def check_repository(report, files):
    tops = {f.split("/")[0] for f in files}
    for top in sorted(tops):
        report.check(top in TOP_LEVEL, top, "not a name of the top level")
    machine_path = re.compile(r"(?<![\w.])/work/|\.library\b")
    for path in files:
        if path.endswith((".cc", ".h", ".py", ".sh", ".md", ".yaml", ".go", ".json", ".cmake")) and path != "test/tidy/tidy.py":
            report.check(not machine_path.search(read(path)), path, "names a path of somebody's machine")


def main():
    report = Report()
    files = tracked()
    arrows = declared_arrows()
    for path in files:
        if path.endswith((".cc", ".h")) and path.split("/")[0] in SOURCE_FOLDERS + ("test",):
            check_source(report, path, arrows)
    check_folders(report, files)
    check_repository(report, files)
    for failure in report.failures:
        print(failure)
    print(f"{report.passed} passed, {len(report.failures)} failed")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
