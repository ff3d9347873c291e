#!/usr/bin/env bash
# Has tools that others wrote read what a node says of itself: promtool its figures, spectral its OpenAPI description; and a
# client that a generator makes from that description places an order.
set -euo pipefail

help() {
  cat <<'TEXT'
Usage: tests/process/outside_opinions.sh SOUK

  SOUK    the executable

promtool comes with Debian's package prometheus, or is named by $PROMTOOL; spectral and the generator (swagger-typescript-api)
come from npm. What is not there is said and left out; where none of them is, the exit code is 77 (skipped).
TEXT
}
[[ ${1:-} != --help ]] || { help && exit; }
(($# == 1)) || { help >&2 && exit 2; }
souk=$(realpath "$1") heard=0

source "$(dirname "${BASH_SOURCE[0]}")/one_node.sh"

start_node

fetch() {  # path, file: with bash alone, because curl is not everywhere
  local host=${url#http://}
  exec 3<>"/dev/tcp/${host%:*}/${host##*:}"
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" "$host" >&3
  sed '1,/^\r$/d' <&3 >"$2"
  exec 3>&-
  [[ -s $2 ]] || { echo "FAILED: nothing at $1" >&2 && exit 1; }
}
fetch /openapi.json "$work/openapi.json"

promtool=${PROMTOOL:-$(command -v promtool || true)}
ask_promtool() {  # when
  [[ -n $promtool ]] || return 0
  fetch /metrics "$work/metrics"
  "$promtool" check metrics <"$work/metrics" || { echo "FAILED: promtool has something against /metrics" >&2 && exit 1; }
  echo "promtool has nothing against the $(grep -vc '^#' "$work/metrics") figures of /metrics $1" && heard=1
}
[[ -n $promtool ]] || echo "left out: there is no promtool (apt-get install prometheus)"
ask_promtool "of a node that has just been started"

# The version that this was written with; its rules alone, errors alone.
if command -v npm >/dev/null && timeout 240 npm install --prefix "$work" --no-save --no-audit --no-fund --ignore-scripts \
  --loglevel=error @stoplight/spectral-cli@6.15.0 >"$work/npm" 2>&1; then
  echo '{"extends": ["spectral:oas"]}' >"$work/rules.json"
  timeout 120 "$work/node_modules/.bin/spectral" lint --ruleset "$work/rules.json" --fail-severity error \
    --display-only-failures "$work/openapi.json" ||
    { echo "FAILED: spectral finds errors in /openapi.json" >&2 && exit 1; }
  echo "spectral finds no error in /openapi.json" && heard=1
else
  echo "left out: npm has no spectral for us"
fi

# Likewise; its client needs nothing but fetch.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if command -v npm >/dev/null && timeout 300 npm install --prefix "$work/generator" --no-save --no-audit --no-fund \
  --ignore-scripts --loglevel=error swagger-typescript-api@13.13.0 >"$work/npm" 2>&1; then
  timeout 120 "$work/generator/node_modules/.bin/swagger-typescript-api" generate -p "$work/openapi.json" -o "$work/client" \
    -n api.ts --js >"$work/generated" 2>&1 ||
    { cat "$work/generated" >&2 && echo "FAILED: the generator makes no client of /openapi.json" >&2 && exit 1; }
  echo '{"type": "module"}' >"$work/client/package.json"
  timeout 120 node "$here/generated_client.mjs" "$work/client/api.js" "$url" ||
    { echo "FAILED: the generated client cannot shop" >&2 && exit 1; }
  heard=1
else
  echo "left out: npm has no swagger-typescript-api for us"
fi

ask_promtool "after some shopping"
kill -TERM "$serving"
wait "$serving" || { echo "FAILED: the node ended with $?" >&2 && exit 1; }
serving=
((heard)) || exit 77
