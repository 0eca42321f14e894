#!/usr/bin/env python3
"""The examples are the manifest sets that users of Envoy AI Gateway apply. Where the originals lie beside the
checkout (or at TOLLGATE_BLUEPRINTS) they must be equal byte for byte."""
import filecmp
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ORIGINALS = os.environ.get("TOLLGATE_BLUEPRINTS", os.path.join(os.path.dirname(ROOT), "shared", "blueprints"))


def main():
    examples = os.path.join(ROOT, "manifests", "examples")
    good = bad = 0
    for folder, _, names in os.walk(examples):
        for name in names:
            path = os.path.join(folder, name)
            original = os.path.join(ORIGINALS, os.path.relpath(path, examples))
            if not os.path.exists(original) or filecmp.cmp(path, original, shallow=False):
                good += 1
            else:
                bad += 1
                print(f"{path} differs from {original}")
    print(f"{good} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
