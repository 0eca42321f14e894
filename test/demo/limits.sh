#!/usr/bin/env bash
# Starts the gateway on the rate-limiting example with the built-in model server and shows one user
# being limited by the tokens that his answers used, and another user not. No other service runs.
set -u
cd "$(dirname "$0")/../.."
program=${TOLLGATE_BUILD:-build/release}/tollgate
files=manifests/examples/envoy-ai-gateway
arguments=(-f $files/gateway.yaml -f $files/model-backends.yaml
  -f $files/rate-limiting/ai-gateway-route.yaml -f $files/rate-limiting/backend-traffic-policy.yaml --mock)
log=$(mktemp)
answer=$(mktemp)
pid=
finish() {
  [ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  rm -f "$log" "$log.access" "$answer"
}
trap finish EXIT

"$program" run "${arguments[@]}" >"$log.access" 2>"$log" &
pid=$!
timeout 10 tail -n +1 -f --pid=$pid "$log" 2>/dev/null | grep -q -m1 '^ready$' || { cat "$log"; echo "tollgate did not become ready" >&2; exit 1; }
url=$(sed -n 's/^listening on \(http[^ ]*\) .*/\1/p' "$log" | head -1)

echo "Limits per user (x-user-id) and hour: 10 input tokens, 20 output tokens, 25 in all."
echo "Every call here uses 9 input and 5 output tokens. What is used is charged when the answer has"
echo "ended, so the call that crosses a limit is served and the next one is refused."
good=0
call() { # user, expected status
  local status
  status=$(curl -s -D "$answer" -o "$answer.body" -w '%{http_code}' --max-time 10 \
    -H 'content-type: application/json' -H "x-user-id: $1" "$url/v1/chat/completions" \
    -d '{"model":"Qwen/Qwen3-1.7B","messages":[{"role":"user","content":"[[mock usage=9/5]] Say hello"}]}')
  echo
  echo "$1: HTTP $status"
  grep -iE '^(x-ratelimit|x-envoy-ratelimited|retry-after)' "$answer" | tr -d '\r' | sed 's/^/    /'
  if [ "$status" = 200 ]; then
    sed -n 's/.*\("usage":{[^}]*}\).*/    \1/p' "$answer.body"
  else
    sed 's/^/    /' "$answer.body"
    echo
  fi
  rm -f "$answer.body"
  [ "$status" = "$2" ] && good=$((good + 1))
}
call alice 200
call alice 200
call alice 429
call bob 200
call alice 429

echo
echo "$good/5 as they should be"
echo "Run it yourself: $program run ${arguments[*]}   (stop it with Ctrl-C)"
[ $good -eq 5 ]
