#!/usr/bin/env python3
"""Writes manifests/install.yaml: the CRDs of crds/ and the parts, one after another. With --check it
only says whether the file is up to date."""
import glob
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def text():
    files = sorted(glob.glob(os.path.join(ROOT, "crds", "*.yaml"))) + sorted(
        glob.glob(os.path.join(ROOT, "manifests", "parts", "*.yaml")))
    documents = ["# Made by manifests/build.py from crds/ and manifests/parts/: edit those.\n"]
    for path in files:
        with open(path, encoding="utf-8") as file:
            content = file.read().strip("\n")
        documents.append(content.removeprefix("---\n") + "\n")
    return "---\n".join(documents)


def main():
    path = os.path.join(ROOT, "manifests", "install.yaml")
    wanted = text()
    if "--check" in sys.argv:
        with open(path, encoding="utf-8") as file:
            if file.read() != wanted:
                sys.exit("manifests/install.yaml is not up to date: run manifests/build.py")
        print("1 passed, 0 failed")
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(wanted)


if __name__ == "__main__":
    main()
