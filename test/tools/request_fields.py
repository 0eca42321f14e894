#!/usr/bin/env python3
"""Lists every member of the request schema of a chat dialect, from the vendor's own Python package,
one path a line. What the tests of dataplane/formats compare their tables with:

    python3 test/tools/request_fields.py anthropic > test/dataplane/formats/anthropic/testdata/request_fields.txt
    python3 test/tools/request_fields.py converse > test/dataplane/formats/converse/testdata/request_fields.txt

Needs `pip install anthropic botocore`."""
import glob
import gzip
import json
import os
import sys
import typing


def anthropic_fields():
    import anthropic
    import typing_extensions as te
    from anthropic.types import message_create_params as params

    found = set()

    def bare(kind):
        while typing.get_origin(kind) in (te.Required, te.NotRequired, typing.Annotated):
            kind = typing.get_args(kind)[0]
        return kind

    def walk(kind, path, seen):
        kind = bare(kind)
        origin = typing.get_origin(kind)
        if origin is typing.Union or "UnionType" in str(type(kind)):
            for member in typing.get_args(kind):
                walk(member, path, seen)
        elif origin is list or any(name in str(origin) for name in ("Sequence", "Iterable")):
            walk(typing.get_args(kind)[0], path + "[]", seen)
        elif te.is_typeddict(kind) and kind not in seen:
            for name, member in te.get_type_hints(kind, include_extras=True).items():
                below = f"{path}.{name}" if path else name
                found.add(below)
                walk(member, below, seen | {kind})

    walk(params.MessageCreateParamsStreaming, "", frozenset())
    walk(params.MessageCreateParamsNonStreaming, "", frozenset())
    return f"anthropic {anthropic.__version__}", found


def converse_fields():
    import botocore

    folder = os.path.join(os.path.dirname(botocore.__file__), "data", "bedrock-runtime")
    path = sorted(glob.glob(os.path.join(folder, "*", "service-2.json*")))[-1]
    with gzip.open(path) if path.endswith("gz") else open(path, "rb") as file:
        shapes = json.load(file)["shapes"]
    found = set()

    def walk(name, path, seen):
        shape = shapes[name]
        if shape["type"] == "structure" and not shape.get("document") and name not in seen:
            for key, member in shape["members"].items():
                if member.get("location"):
                    continue
                below = f"{path}.{key}" if path else key
                found.add(below)
                walk(member["shape"], below, seen | {name})
        elif shape["type"] == "list":
            walk(shape["member"]["shape"], path + "[]", seen)
        elif shape["type"] == "map":
            walk(shape["value"]["shape"], path + ".*", seen)

    walk("ConverseRequest", "", frozenset())
    walk("ConverseStreamRequest", "", frozenset())
    return f"botocore {botocore.__version__} bedrock-runtime", found


def main():
    source, found = {"anthropic": anthropic_fields, "converse": converse_fields}[sys.argv[1]]()
    print(f"# {source}")
    print("\n".join(sorted(found)))


if __name__ == "__main__":
    main()
