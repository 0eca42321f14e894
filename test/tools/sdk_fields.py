#!/usr/bin/env python3
"""Lists every member of the request types of the official OpenAI SDK, one path a line.

    python3 test/tools/sdk_fields.py DIRECTORY

writes NAME/testdata/fields.txt below DIRECTORY (test/dataplane/formats) for each dialect. Needs the
package openai; the version stands in the first line. Below a path that OPAQUE matches nothing is
listed: those values travel as they are.
"""

import collections.abc
import importlib
import pathlib
import re
import sys
import types
import typing

import openai
import typing_extensions

DIALECTS = {
    "openai_chat": ("openai.types.chat.completion_create_params", "CompletionCreateParamsStreaming", []),
    "openai_completions": ("openai.types.completion_create_params", "CompletionCreateParamsStreaming", []),
    "openai_responses": (
        "openai.types.responses.response_create_params",
        "ResponseCreateParamsStreaming",
        # Items and tools that the provider runs, and what it said about its own earlier answers.
        [
            r"input\[\]\.(actions?|environment|error|operation|outputs|results|svg_usage|tools|text"
            r"|reasoning|caller|acknowledged_safety_checks|pending_safety_checks)$",
            r"input\[\]\.content\[\]\.(annotations|logprobs)$",
            r"input\[\]\.output\[\]\.outcome$",
            r"tools\[\]\.(container|environment|filters|format|input_image_mask|ranking_options"
            r"|require_approval|allowed_tools|svg|tools|user_location|headers)$",
        ],
    ),
}


def is_typed_dict(kind):
    return isinstance(kind, type) and issubclass(kind, dict) and hasattr(kind, "__total__")


class Walk:
    def __init__(self, opaque):
        self.opaque = [re.compile(pattern) for pattern in opaque]
        self.found = set()

    def type(self, kind, path, outer):
        origin = typing.get_origin(kind)
        arguments = typing.get_args(kind)
        if origin in (typing_extensions.Required, typing_extensions.NotRequired, typing.Annotated):
            self.type(arguments[0], path, outer)
        elif origin in (typing.Union, types.UnionType):
            for argument in arguments:
                self.type(argument, path, outer)
        elif origin in (list, collections.abc.Iterable, collections.abc.Sequence) or (
            getattr(origin, "__name__", "") == "SequenceNotStr"
        ):
            self.type(arguments[0], path + "[]", outer)
        elif is_typed_dict(kind) and kind not in outer:
            for name, inner in typing.get_type_hints(kind).items():
                member = f"{path}.{name}" if path else name
                self.found.add(member)
                if not any(pattern.match(member) for pattern in self.opaque):
                    self.type(inner, member, outer + (kind,))


def main():
    root = pathlib.Path(sys.argv[1])
    for name, (module, kind, opaque) in DIALECTS.items():
        walk = Walk(opaque)
        walk.type(getattr(importlib.import_module(module), kind), "", ())
        lines = [f"# openai {openai.__version__}, {kind} of {module}"] + sorted(walk.found)
        (root / name / "testdata" / "fields.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
