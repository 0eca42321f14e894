"""Run at build time: embed.py FOLDER OUTPUT. Writes the definitions of FOLDER as two C++ files below OUTPUT.

embedded.cc is what the programs read when they start: JSON (YAML takes ten times as long) without what
nobody asks them for, which are texts for people and rules that the API server checks. embedded_whole.cc
has everything."""
import glob
import json
import os
import sys

import yaml

UNUSED = ("description", "title", "example", "x-kubernetes-validations", "x-kubernetes-map-type")


def pruned(schema):
    """A schema node: below `properties` the keys are names of fields, everywhere else they are keywords."""
    out = {}
    for key, value in schema.items():
        if key in UNUSED:
            continue
        if key == "properties":
            out[key] = {name: pruned(child) for name, child in value.items()}
        elif key in ("items", "additionalProperties"):
            out[key] = pruned(value)
        else:
            out[key] = value
    return out


def compact(document):
    for version in document["spec"]["versions"]:
        version["schema"]["openAPIV3Schema"] = pruned(version["schema"]["openAPIV3Schema"])
        # An object's status is taken off before its schema is applied.
        if "status" in version.get("subresources", {}):
            version["schema"]["openAPIV3Schema"].get("properties", {}).pop("status", None)
    return document


def source(function, documents):
    texts, rows = "", ""
    for index, (name, standalone, document) in enumerate(documents):
        text = json.dumps(document, separators=(",", ":"))
        spec = document["spec"]
        # With its length: a compiler need not count characters at compile time.
        texts += f'constexpr char kText{index}[] = R"tgcrd({text})tgcrd";\n'
        rows += (f'    File{{"{name}", "{spec["group"]}", "{spec["names"]["kind"]}",\n'
                 f'         {{kText{index}, sizeof kText{index} - 1}}, {str(standalone).lower()}}},\n')
    return f"""// Generated from crds/. Do not edit.
#include "crds/embed.h"

namespace tollgate::crds {{
namespace {{

{texts}
constexpr File kFiles[] = {{
{rows}}};

}}  // namespace

std::span<const File> {function}() {{ return kFiles; }}

}}  // namespace tollgate::crds
"""


def main():
    folder, output = sys.argv[1:]
    paths = [(path, False) for path in sorted(glob.glob(os.path.join(folder, "*.yaml")))]
    paths += [(path, True) for path in sorted(glob.glob(os.path.join(folder, "standalone/*.yaml")))]
    for name, function, change in (("embedded.cc", "files", compact), ("embedded_whole.cc", "whole_files", dict)):
        documents = []
        for path, standalone in paths:
            with open(path, encoding="utf-8") as file:
                documents.append((os.path.basename(path), standalone,
                                  change(yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))))
        with open(os.path.join(output, name), "w", encoding="utf-8") as file:
            file.write(source(function, documents))


main()
