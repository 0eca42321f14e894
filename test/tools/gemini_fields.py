"""Lists every member of Google's generateContent request as the official SDK's types know it.

    python3 -m venv v && v/bin/pip install google-genai
    v/bin/python test/tools/gemini_fields.py > test/dataplane/catalog/testdata/gemini_fields.txt

One path per line in lowerCamelCase, `[]` behind lists of objects. Below the members of OPAQUE nothing is
listed: the gateway never looks into them. test/dataplane/catalog/gemini_fields_test.cc asks for a
row of the loss table for each line.
"""

import inspect
import sys
import typing

import google.genai
import pydantic
from google.genai import types

# What the SDK's configuration calls by other names or keeps for itself.
CLIENT_ONLY = {"httpOptions", "shouldReturnHttpResponse", "automaticFunctionCalling",
               "automaticContinuation"}
TOP_LEVEL = {"systemInstruction", "safetySettings", "tools", "toolConfig", "labels",
             "cachedContent", "serviceTier", "modelArmorConfig", "store", "continuationToken"}
RENAMED = {"generationOutputConfig": "outputConfig"}
OPAQUE = {
    "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "responseSchema",
    "args", "partialArgs", "executableCode", "codeExecutionResult", "toolCall", "toolResponse",
    "videoMetadata", "mediaProcessing", "speechMetadata", "documentMetadata",
    "spreadsheetMetadata", "audioMetadata", "audioTranscription", "partMetadata",
    "mediaResolution", "speechConfig", "imageConfig", "routingConfig", "modelSelectionConfig",
    "modelConfig", "responseFormat", "translationConfig", "audioTranscriptionConfig",
    "outputConfig", "retrievalConfig", "modelArmorConfig", "labels", "safetySettings",
    "retrieval", "computerUse", "fileSearch", "googleSearch", "googleMaps", "codeExecution",
    "enterpriseWebSearch", "googleSearchRetrieval", "parallelAiSearch", "urlContext",
    "mcpServers", "exaAiSearch",
}


def models_in(annotation):
    """The first message type within an annotation, and whether it stands in a list."""
    if inspect.isclass(annotation) and issubclass(annotation, pydantic.BaseModel):
        return annotation, False
    for argument in typing.get_args(annotation):
        model, listed = models_in(argument)
        if model is not None:
            return model, listed or typing.get_origin(annotation) is list
    return None, False


def is_list(annotation):
    if typing.get_origin(annotation) is list:
        return True
    return typing.get_origin(annotation) is typing.Union and any(
        is_list(a) for a in typing.get_args(annotation))


def walk(model, prefix, seen, out):
    for name, field in model.model_fields.items():
        add(prefix, field.alias or name, field.annotation, seen, out)


def add(prefix, name, annotation, seen, out):
    path = prefix + name
    nested, _ = models_in(annotation)
    if name in OPAQUE or nested is None:
        out.add(path)
        return
    if nested in seen:
        return
    out.add(path)
    walk(nested, path + ("[]." if is_list(annotation) else "."), seen | {nested}, out)


def main():
    out = {"model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
    # A system instruction holds texts; its other parts are those of any content.
    out |= {"systemInstruction.role", "systemInstruction.parts", "systemInstruction.parts[].text"}
    walk(types.Content, "contents[].", set(), out)
    walk(types.Tool, "tools[].", set(), out)
    walk(types.ToolConfig, "toolConfig.", set(), out)
    walk(types.GenerationConfig, "generationConfig.", set(), out)
    for name, field in types.GenerateContentConfig.model_fields.items():
        alias = RENAMED.get(field.alias or name, field.alias or name)
        if alias in CLIENT_ONLY or alias in {"systemInstruction", "tools", "toolConfig"}:
            continue
        prefix = "" if alias in TOP_LEVEL | set(RENAMED.values()) else "generationConfig."
        add(prefix, alias, field.annotation, set(), out)
    print(f"# google-genai {google.genai.__version__}, by test/tools/gemini_fields.py")
    for path in sorted(out):
        print(path)


if __name__ == "__main__":
    sys.exit(main())
