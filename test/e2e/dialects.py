"""Every client speaks to every model: the five SDKs against a gateway whose backends speak each dialect."""
import os

import dialect_clients as clients
from gateway import ROOT, Gateway, service_account

FILES = os.path.join(ROOT, "manifests/examples/dialects")
BACKENDS = ("openai", "openai-responses", "azure", "anthropic", "bedrock", "aws-anthropic", "gemini", "gcp-anthropic")
TRIALS = ("text", "tool", "image", "thinking", "error")
# Backends that show no thinking, whoever asks: the service behind them has none in that API.
WITHOUT_THINKING = {"azure"}


def prepare():
    """One Gateway with one backend of each schema, not started."""
    files = [os.path.join(FILES, name) for name in ("gateway.yaml", "backends.yaml", "credentials.yaml", "route.yaml")]
    return Gateway(files=files, texts={"service-account.yaml": service_account("gcp-service-account")})


def start():
    return prepare().start()


def pairs(gateway, backends=BACKENDS):
    for backend in backends:
        for kind in clients.CLIENTS:
            yield kind(gateway.url, f"on-{backend}"), backend


def attempt(client, backend, trial, stream):
    """"ok", "-" where the model has no such thing, or what went wrong."""
    if trial == "thinking" and backend in WITHOUT_THINKING:
        return "-"
    try:
        clients.TRIALS[trial](client, stream)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "ok"


def run(gateway, backends=BACKENDS, trials=TRIALS):
    """{(client, backend): {(trial, stream): result}}"""
    results = {}
    for client, backend in pairs(gateway, backends):
        results[client.name, backend] = {(trial, stream): attempt(client, backend, trial, stream)
                                         for trial in trials for stream in (False, True)}
    return results


def cell(whole, stream):
    def mark(result):
        return result if result in ("ok", "-") else "FAIL"
    return mark(whole) if mark(whole) == mark(stream) else f"{mark(whole)}/{mark(stream)}"


def table(results, trials=TRIALS):
    """As Markdown: whole and streamed in one cell, said apart where they differ."""
    lines = ["| Client | Backend | " + " | ".join(trials) + " |", "|---|---|" + "---|" * len(trials)]
    for (client, backend), cells in results.items():
        marks = [cell(cells[trial, False], cells[trial, True]) for trial in trials]
        lines.append(f"| {client} | {backend} | " + " | ".join(marks) + " |")
    return "\n".join(lines)


def failures(results):
    return [f"{client} -> {backend}, {trial}, {'stream' if stream else 'whole'}: {result}"
            for (client, backend), cells in results.items() for (trial, stream), result in cells.items()
            if result not in ("ok", "-")]
