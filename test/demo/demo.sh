#!/usr/bin/env bash
# Starts the gateway on the multi-model example with the built-in model server, sends real requests
# and shows what happened. KEEP=1 (or a terminal) leaves it running until Enter; otherwise it stops.
set -u
cd "$(dirname "$0")/../.."
program=build/release/tollgate
files=manifests/examples/envoy-ai-gateway
log=$(mktemp)
pid=
finish() {
  [ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  rm -f "$log"
}
trap finish EXIT

started=$(date +%s%N)
"$program" run -f $files/gateway.yaml -f $files/model-backends.yaml \
  -f $files/multi-model-routing/ai-gateway-route.yaml --mock >"$log.access" 2>"$log" &
pid=$!
# The ready line is the program's own; `tail` ends with the program or with the line.
timeout 10 tail -n +1 -f --pid=$pid "$log" 2>/dev/null | grep -q -m1 '^ready$' || { cat "$log"; echo "tollgate did not become ready" >&2; exit 1; }
ready_ms=$((($(date +%s%N) - started) / 1000000))
url=$(sed -n 's/^listening on \(http[^ ]*\) .*/\1/p' "$log" | head -1)
cat "$log"
echo
echo "Ready after $ready_ms ms. Gateway: $url"

working=0
answer=$(mktemp)
ask() { # name, path, body, pattern that a good answer holds
  local name=$1 path=$2 body=$3 pattern=$4 status
  echo
  echo "--- $name"
  echo "POST $url$path"
  echo "$body"
  status=$(curl -sN -o "$answer" -w '%{http_code}' -H 'content-type: application/json' \
    -H 'anthropic-version: 2023-06-01' --max-time 10 -d "$body" "$url$path")
  echo "HTTP $status"
  head -c 1200 "$answer"
  echo
  [ "$status" = 200 ] && grep -q -- "$pattern" "$answer"
}
model() { # title, path, model, extra members, pattern of a whole answer, pattern of a stream's end
  local body="{\"model\":\"$3\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"Say hello\"}]"
  local good=0
  ask "$1, whole" "$2" "$body}" "$5" && good=$((good + 1))
  ask "$1, streaming" "$2" "$body,\"stream\":true}" "$6" && good=$((good + 1))
  [ $good -eq 2 ] && working=$((working + 1))
}
model "Qwen" /v1/chat/completions Qwen/Qwen3-1.7B "" '"choices"' 'data: \[DONE\]'
model "gpt-oss" /v1/chat/completions openai/gpt-oss-20b "" '"choices"' 'data: \[DONE\]'
model "Claude on AWS Bedrock" /anthropic/v1/messages anthropic.claude-3-haiku-20240307-v1:0 "" '"stop_reason"' 'message_stop'

echo
echo "Access log:"
# A line per request, written once a second.
timeout 5 tail -n +1 -f --pid=$pid "$log.access" 2>/dev/null | head -n 6 || true
echo
echo "$working/3 models working"
if [ "${KEEP:-}" = 1 ] || { [ -t 0 ] && [ -t 1 ]; }; then
  echo "The gateway keeps running at $url (process $pid). Stop it with Enter or: kill $pid"
  read -r _
else
  echo "Run it yourself: $program run -f $files/gateway.yaml -f $files/model-backends.yaml -f $files/multi-model-routing/ai-gateway-route.yaml --mock   (stop it with Ctrl-C)"
fi
rm -f "$log.access" "$answer"
[ $working -eq 3 ]
