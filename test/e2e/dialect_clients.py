"""The official SDKs behind one face: each client asks for the same things in its own dialect and reports what it got in
the same words, so that every client can be tried against every model."""
import json
import struct
import zlib
from dataclasses import dataclass, field

import anthropic
import boto3
import botocore.config
import botocore.exceptions
import openai
from google import genai
from google.genai import errors as genai_errors
from google.genai import types as genai_types

MAX_TOKENS = 4096
BUDGET = 1024
WEATHER = "Sunny, 21 degrees"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"},
                                           "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
          "required": ["city", "unit"]}
ARGUMENTS = {"city": "Paris", "unit": "celsius"}
DESCRIPTION = "What the weather is like"


def png(width=3, height=2):
    """A small picture."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"\x30\x60\x90" * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def base64_of(data):
    import base64
    return base64.b64encode(data).decode()


@dataclass
class Got:
    """What an answer was, in no dialect's words. `turn` is what the client sends back to go on."""
    text: str = ""
    thinking: str = ""
    stop: str = ""
    calls: list = field(default_factory=list)  # (id, name, arguments)
    tokens: tuple = (0, 0)
    turn: object = None


class Refused(Exception):
    """The SDK raised its own error."""

    def __init__(self, status, message, kind):
        super().__init__(f"{kind} {status}: {message}")
        self.status, self.message, self.kind = status, message, kind


class Client:
    """One dialect. `ask` sends a history of its own messages; `user`, `result` and `picture` make them."""

    def text(self, stream, words="Hi"):
        return self.ask([self.user(words)], stream)

    def tool(self, stream):
        history = [self.user("What is the weather in Paris?")]
        first = self.ask(history, stream, tools=True)
        if not first.calls:
            raise AssertionError(f"no tool was called: {first}")
        return first, self.ask(history + self.again(first) + [self.result(first.calls[0])], stream, tools=True)

    def image(self, stream):
        return self.ask([self.picture("What is this?", png())], stream)

    def thinking(self, stream):
        """Two turns with a tool between them: the thinking of the first has to come back with the result."""
        history = [self.user("What is the weather in Paris?")]
        first = self.ask(history, stream, tools=True, think=True)
        if not first.calls:
            raise AssertionError(f"no tool was called: {first}")
        return first, self.ask(history + self.again(first) + [self.result(first.calls[0])], stream, tools=True, think=True)

    def error(self, stream, directive="status=429"):
        return self.ask([self.user(f"[[mock {directive}]]")], stream)

    def again(self, got):
        return [got.turn]


class OpenAiChat(Client):
    name = "OpenAI chat"

    def __init__(self, base_url, model, key="sk-client", root="/v1", azure=None):
        self.model = model
        if azure:
            self.api = openai.AzureOpenAI(azure_endpoint=base_url, api_key=key, api_version=azure, max_retries=0)
        else:
            self.api = openai.OpenAI(base_url=base_url + root, api_key=key, max_retries=0)

    def user(self, words):
        return {"role": "user", "content": words}

    def picture(self, words, data):
        url = "data:image/png;base64," + base64_of(data)
        return {"role": "user", "content": [{"type": "text", "text": words},
                                            {"type": "image_url", "image_url": {"url": url}}]}

    def result(self, call):
        return {"role": "tool", "tool_call_id": call[0], "content": WEATHER}

    def ask(self, messages, stream, tools=False, think=False, **more):
        args = dict(model=self.model, messages=messages, max_completion_tokens=MAX_TOKENS, **more)
        if tools:
            args["tools"] = [{"type": "function", "function": {"name": "get_weather", "description": DESCRIPTION,
                                                               "parameters": SCHEMA}}]
        if think:
            args["extra_body"] = {"thinking": {"type": "enabled", "budget_tokens": BUDGET}}
        try:
            if stream:
                return self.fold(self.api.chat.completions.create(stream=True, stream_options={"include_usage": True},
                                                                  **args))
            return self.whole(self.api.chat.completions.create(**args))
        except openai.APIStatusError as error:
            raise Refused(error.status_code, error.message, type(error).__name__) from error
        except openai.APIError as error:
            raise Refused(0, error.message, type(error).__name__) from error

    def whole(self, answer):
        message = answer.choices[0].message
        extra = message.model_extra or {}
        got = Got(message.content or "", extra.get("reasoning_content") or "", answer.choices[0].finish_reason)
        got.calls = [(c.id, c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls or []]
        got.tokens = (answer.usage.prompt_tokens, answer.usage.completion_tokens)
        got.turn = message.model_dump(exclude_none=True, include={"role", "content", "tool_calls", "thinking_blocks"})
        for name in ("thinking_blocks",):
            if extra.get(name):
                got.turn[name] = extra[name]
        return got

    def fold(self, chunks):
        got, calls, blocks = Got(), {}, []
        for chunk in chunks:
            if chunk.usage:
                got.tokens = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
            for choice in chunk.choices:
                delta = choice.delta
                extra = delta.model_extra or {}
                got.text += delta.content or ""
                got.thinking += extra.get("reasoning_content") or ""
                blocks += extra.get("thinking_blocks") or []
                got.stop = choice.finish_reason or got.stop
                for piece in delta.tool_calls or []:
                    call = calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
                    call["id"] = piece.id or call["id"]
                    call["name"] = piece.function.name or call["name"]
                    call["arguments"] += piece.function.arguments or ""
        if not got.stop:
            raise AssertionError("the stream has no finish_reason")
        got.calls = [(c["id"], c["name"], json.loads(c["arguments"])) for c in calls.values()]
        got.turn = {"role": "assistant", "content": got.text or None}
        if calls:
            got.turn["tool_calls"] = [{"id": c["id"], "type": "function", "function": {
                "name": c["name"], "arguments": c["arguments"]}} for c in calls.values()]
        if blocks:
            got.turn["thinking_blocks"] = blocks
        return got


class OpenAiResponses(Client):
    name = "OpenAI Responses"

    def __init__(self, base_url, model, key="sk-client", root="/v1"):
        self.model = model
        self.api = openai.OpenAI(base_url=base_url + root, api_key=key, max_retries=0)

    def user(self, words):
        return {"role": "user", "content": words}

    def picture(self, words, data):
        url = "data:image/png;base64," + base64_of(data)
        return {"role": "user", "content": [{"type": "input_text", "text": words},
                                            {"type": "input_image", "image_url": url, "detail": "auto"}]}

    def result(self, call):
        return {"type": "function_call_output", "call_id": call[0], "output": WEATHER}

    def ask(self, items, stream, tools=False, think=False, **more):
        args = dict(model=self.model, input=items, max_output_tokens=MAX_TOKENS, store=False, **more)
        if tools:
            args["tools"] = [{"type": "function", "name": "get_weather", "description": DESCRIPTION,
                              "parameters": SCHEMA, "strict": False}]
        if think:
            args["reasoning"] = {"effort": "medium", "summary": "auto"}
            args["include"] = ["reasoning.encrypted_content"]
        try:
            if stream:
                return self.fold(self.api.responses.create(stream=True, **args))
            return self.whole(self.api.responses.create(**args))
        except openai.APIStatusError as error:
            raise Refused(error.status_code, error.message, type(error).__name__) from error
        except openai.APIError as error:
            raise Refused(0, error.message, type(error).__name__) from error

    def whole(self, answer):
        got = Got(answer.output_text, stop=answer.status)
        for item in answer.output:
            if item.type == "function_call":
                got.calls.append((item.call_id, item.name, json.loads(item.arguments)))
            if item.type == "reasoning":
                got.thinking += "".join(part.text for part in item.summary)
        got.tokens = (answer.usage.input_tokens, answer.usage.output_tokens)
        got.turn = [item.model_dump(exclude_none=True) for item in answer.output]
        return got

    def again(self, got):
        return got.turn

    def fold(self, events):
        text, arguments, thinking, final, numbers = "", {}, "", None, []
        for event in events:
            numbers.append(event.sequence_number)
            if event.type == "response.output_text.delta":
                text += event.delta
            elif event.type == "response.function_call_arguments.delta":
                arguments[event.item_id] = arguments.get(event.item_id, "") + event.delta
            elif event.type in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
                thinking += event.delta
            elif event.type in ("response.completed", "response.incomplete"):
                final = event.response
            elif event.type in ("error", "response.failed"):
                message = event.message if event.type == "error" else event.response.error.message
                raise Refused(0, message, event.type)
        if final is None:
            raise AssertionError("the stream has no end")
        if numbers != sorted(set(numbers)):
            raise AssertionError(f"sequence numbers do not grow: {numbers}")
        got = self.whole(final)
        if (got.text, got.thinking) != (text, thinking):
            raise AssertionError(f"deltas {text!r} {thinking!r} are not the answer {got}")
        if [json.loads(text) for text in arguments.values()] != [call[2] for call in got.calls]:
            raise AssertionError(f"deltas {arguments!r} are not the call {got.calls}")
        return got


class Anthropic(Client):
    name = "Anthropic"

    def __init__(self, base_url, model, key="sk-client", root="/anthropic"):
        self.model = model
        self.api = anthropic.Anthropic(base_url=base_url + root, api_key=key, max_retries=0)

    def user(self, words):
        return {"role": "user", "content": words}

    def picture(self, words, data):
        return {"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": base64_of(data)}},
            {"type": "text", "text": words}]}

    def result(self, call):
        return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call[0], "content": WEATHER}]}

    def ask(self, messages, stream, tools=False, think=False, **more):
        args = dict(model=self.model, messages=messages, max_tokens=MAX_TOKENS, **more)
        if tools:
            args["tools"] = [{"name": "get_weather", "description": DESCRIPTION, "input_schema": SCHEMA}]
        if think:
            args["thinking"] = {"type": "enabled", "budget_tokens": BUDGET}
        try:
            if not stream:
                return self.whole(self.api.messages.create(**args))
            with self.api.messages.stream(**args) as events:
                types = [event.type for event in events]
                if "message_stop" not in types:
                    raise AssertionError(f"the stream has no end: {types}")
                return self.whole(events.get_final_message())
        except anthropic.APIStatusError as error:
            raise Refused(error.status_code, error.message, type(error).__name__) from error
        except anthropic.APIError as error:
            raise Refused(0, error.message, type(error).__name__) from error

    def whole(self, answer):
        got = Got(stop=answer.stop_reason)
        for block in answer.content:
            if block.type == "text":
                got.text += block.text
            elif block.type == "thinking":
                got.thinking += block.thinking
            elif block.type == "tool_use":
                got.calls.append((block.id, block.name, block.input))
        got.tokens = (answer.usage.input_tokens, answer.usage.output_tokens)
        got.turn = {"role": "assistant", "content": [self.block(block) for block in answer.content]}
        return got

    @staticmethod
    def block(block):
        names = {"text": ("type", "text"), "thinking": ("type", "thinking", "signature"),
                 "tool_use": ("type", "id", "name", "input"), "redacted_thinking": ("type", "data")}
        return {name: getattr(block, name) for name in names[block.type]}


class Gemini(Client):
    name = "google-genai"

    def __init__(self, base_url, model, key="client-key", vertex=None):
        self.model = model
        options = genai_types.HttpOptions(base_url=base_url, api_version="v1" if vertex else "v1beta")
        if vertex:
            self.api = genai.Client(vertexai=True, project=vertex[0], location=vertex[1], credentials=vertex[2],
                                    http_options=options)
        else:
            self.api = genai.Client(api_key=key, http_options=options)

    def user(self, words):
        return genai_types.Content(role="user", parts=[genai_types.Part(text=words)])

    def picture(self, words, data):
        return genai_types.Content(role="user", parts=[
            genai_types.Part.from_bytes(data=data, mime_type="image/png"), genai_types.Part(text=words)])

    def result(self, call):
        part = genai_types.Part.from_function_response(name=call[1], response={"result": WEATHER})
        part.function_response.id = call[0]
        return genai_types.Content(role="user", parts=[part])

    def ask(self, contents, stream, tools=False, think=False, **more):
        config = genai_types.GenerateContentConfig(max_output_tokens=MAX_TOKENS, **more)
        config.automatic_function_calling = genai_types.AutomaticFunctionCallingConfig(disable=True)
        if tools:
            config.tools = [genai_types.Tool(function_declarations=[genai_types.FunctionDeclaration(
                name="get_weather", description=DESCRIPTION, parameters_json_schema=SCHEMA)])]
        if think:
            config.thinking_config = genai_types.ThinkingConfig(include_thoughts=True, thinking_budget=BUDGET)
        args = dict(model=self.model, contents=contents, config=config)
        try:
            if stream:
                return self.fold(list(self.api.models.generate_content_stream(**args)))
            return self.fold([self.api.models.generate_content(**args)])
        except genai_errors.APIError as error:
            raise Refused(error.code, error.message, type(error).__name__) from error

    def fold(self, answers):
        got, parts = Got(), []
        for answer in answers:
            if answer.usage_metadata and answer.usage_metadata.prompt_token_count:
                usage = answer.usage_metadata
                got.tokens = (usage.prompt_token_count,
                              (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0))
            for candidate in answer.candidates or []:
                if candidate.finish_reason:
                    got.stop = candidate.finish_reason.value
                parts += (candidate.content.parts if candidate.content else None) or []
        for part in parts:
            if part.function_call:
                call = part.function_call
                got.calls.append((call.id, call.name, dict(call.args or {})))
            elif part.thought:
                got.thinking += part.text or ""
            else:
                got.text += part.text or ""
        if not got.stop:
            raise AssertionError("the answer has no finish reason")
        got.turn = genai_types.Content(role="model", parts=merged(parts))
        return got


def merged(parts):
    """Parts of a stream as a chat application keeps them: texts of one kind joined, signatures kept."""
    out = []
    for part in parts:
        last = out[-1] if out else None
        if (last and part.text is not None and last.text is not None and part.thought == last.thought
                and not last.thought_signature and not part.function_call):
            last.text += part.text
            last.thought_signature = part.thought_signature
        elif part.text == "" and not part.thought_signature:
            continue
        else:
            out.append(part.model_copy())
    return out


class Bedrock(Client):
    name = "boto3 converse"

    def __init__(self, base_url, model, key=("AKIACLIENT", "client-secret"), region="us-west-2"):
        self.model = model
        self.api = boto3.client("bedrock-runtime", endpoint_url=base_url, region_name=region, aws_access_key_id=key[0],
                                aws_secret_access_key=key[1], config=botocore.config.Config(
                                    retries={"total_max_attempts": 1}, read_timeout=30))

    def user(self, words):
        return {"role": "user", "content": [{"text": words}]}

    def picture(self, words, data):
        return {"role": "user", "content": [{"text": words}, {"image": {"format": "png", "source": {"bytes": data}}}]}

    def result(self, call):
        return {"role": "user", "content": [{"toolResult": {"toolUseId": call[0], "content": [{"text": WEATHER}]}}]}

    def ask(self, messages, stream, tools=False, think=False, **more):
        args = dict(modelId=self.model, messages=messages, inferenceConfig={"maxTokens": MAX_TOKENS}, **more)
        if tools:
            args["toolConfig"] = {"tools": [{"toolSpec": {"name": "get_weather", "description": DESCRIPTION,
                                                          "inputSchema": {"json": SCHEMA}}}]}
        if think:
            args["additionalModelRequestFields"] = {"thinking": {"type": "enabled", "budget_tokens": BUDGET}}
        try:
            if stream:
                return self.fold(self.api.converse_stream(**args)["stream"])
            answer = self.api.converse(**args)
            return self.got(answer["output"]["message"], answer["stopReason"], answer["usage"])
        except botocore.exceptions.EventStreamError as error:
            raise Refused(0, error.response["Error"]["Message"], error.response["Error"]["Code"]) from error
        except botocore.exceptions.ClientError as error:
            raise Refused(error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Message"],
                          error.response["Error"]["Code"]) from error
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.HTTPClientError) as error:
            raise Refused(0, str(error), type(error).__name__) from error

    def got(self, message, stop, usage):
        got = Got(stop=stop, tokens=(usage["inputTokens"], usage["outputTokens"]), turn=message)
        for block in message["content"]:
            got.text += block.get("text", "")
            if "toolUse" in block:
                got.calls.append((block["toolUse"]["toolUseId"], block["toolUse"]["name"], block["toolUse"]["input"]))
            reasoning = block.get("reasoningContent", {}).get("reasoningText", {})
            got.thinking += reasoning.get("text", "")
        return got

    def fold(self, events):
        blocks, stop, usage = {}, None, None
        for event in events:
            if "contentBlockStart" in event:
                start = event["contentBlockStart"]
                blocks[start["contentBlockIndex"]] = {"toolUse": dict(start["start"]["toolUse"], input="")} \
                    if "toolUse" in start["start"] else {}
            elif "contentBlockDelta" in event:
                self.grow(blocks.setdefault(event["contentBlockDelta"]["contentBlockIndex"], {}),
                          event["contentBlockDelta"]["delta"])
            elif "messageStop" in event:
                stop = event["messageStop"]["stopReason"]
            elif "metadata" in event:
                usage = event["metadata"]["usage"]
        if stop is None or usage is None:
            raise AssertionError(f"the stream has no end: {blocks} {stop} {usage}")
        for block in blocks.values():
            if "toolUse" in block:
                block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
        message = {"role": "assistant", "content": [blocks[index] for index in sorted(blocks)]}
        return self.got(message, stop, usage)

    @staticmethod
    def grow(block, delta):
        if "text" in delta:
            block["text"] = block.get("text", "") + delta["text"]
        elif "toolUse" in delta:
            block["toolUse"]["input"] += delta["toolUse"]["input"]
        elif "reasoningContent" in delta:
            text = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {"text": ""})
            piece = delta["reasoningContent"]
            text["text"] += piece.get("text", "")
            if piece.get("signature"):
                text["signature"] = text.get("signature", "") + piece["signature"]


CLIENTS = (OpenAiChat, OpenAiResponses, Anthropic, Gemini, Bedrock)

# What each dialect calls the two ways to stop.
ENDED = {"stop", "completed", "end_turn", "STOP"}
CALLED = {"tool_calls", "completed", "tool_use", "STOP"}


def check(good, what):
    if not good:
        raise AssertionError(what)


def try_text(client, stream):
    got = client.text(stream)
    check("built-in model server" in got.text, f"text: {got}")
    check(got.stop in ENDED, f"stop: {got}")
    check(got.tokens[0] > 0 and got.tokens[1] > 0, f"tokens: {got}")
    counted = client.text(stream, "[[mock usage=9/5]]")
    check(counted.tokens == (9, 5), f"tokens: {counted}")


def try_tool(client, stream):
    first, second = client.tool(stream)
    check(first.calls[0][1:] == ("get_weather", ARGUMENTS), f"call: {first}")
    check(first.stop in CALLED, f"stop: {first}")
    check(WEATHER in second.text, f"answer: {second}")
    check(second.stop in ENDED, f"stop: {second}")


def try_image(client, stream):
    got = client.image(stream)
    check(f"image/png with {len(png())} bytes" in got.text, f"text: {got}")


def try_thinking(client, stream):
    first, second = client.thinking(stream)
    check("The user wrote" in first.thinking, f"thinking: {first}")
    check(first.calls[0][1:] == ("get_weather", ARGUMENTS), f"call: {first}")
    check(WEATHER in second.text, f"answer: {second}")


def try_error(client, stream):
    for directive, statuses in (("status=429", (429,)), ("status=500", (500, 502)), ("status=400", (400,))):
        try:
            got = client.error(stream, directive)
        except Refused as refused:
            check(refused.status in statuses, f"{directive}: {refused}")
            check(refused.message, f"{directive}: no message")
        else:
            raise AssertionError(f"{directive} was answered: {got}")
    if not stream:
        return
    for directive in ("fault=stream-error", "fault=cut"):
        try:
            got = client.error(True, directive)
        except (Refused, AssertionError):
            continue
        except Exception as error:  # what an SDK lets through of its HTTP client
            check("rotocol" in type(error).__name__ or "onnection" in str(error) or "peer" in str(error), repr(error))
        else:
            raise AssertionError(f"{directive} ended well: {got}")


TRIALS = {"text": try_text, "tool": try_tool, "image": try_image, "thinking": try_thinking, "error": try_error}
