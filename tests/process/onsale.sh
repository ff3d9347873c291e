#!/usr/bin/env bash
# Plays an on-sale through souk, killed half way again and again: every ticket must be where its money is.
set -euo pipefail

help() {
  cat <<'END'
Usage: tests/process/onsale.sh SOUK [KILLS]

  SOUK    the executable
  KILLS   how often the on-sale is killed, at random moments (3)
END
}
[[ ${1:-} != --help ]] || { help && exit; }
(($# >= 1)) || { help >&2 && exit 2; }
souk=$(realpath "$1") kills=${2:-3}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

storm=("$souk" onsale --users 200 --seed 7 --hold-seconds 1 --data "$work/data" --quiet -o json)
for ((i = 1; i <= kills; ++i)); do
  code=0
  timeout --signal=KILL "0.$((RANDOM % 9))$((RANDOM % 9 + 1))" "${storm[@]}" >"$work/said" 2>&1 || code=$?
  # Whatever a kill has left behind holds together; nothing at all is fine too.
  [[ $code == 0 || $code == 137 ]] || fail "storm $i ended with $code: $(cat "$work/said")"
  report=$("$souk" check "$work/data" -o json | tail -n1) || [[ -z $report ]] || fail "after kill $i: $report"
done
for again in once twice; do
  said=$("${storm[@]}" | tail -n1) || fail "the storm, $again to its end: $said"
  [[ $said == *'"sold":60'* && $said == *'"holds":true'* ]] || fail "$again: $said"
done
report=$("$souk" check "$work/data" -o json | tail -n1) || fail "the end: $report"
[[ $report == *'"holds":true'* && $report == *'"running":0'* ]] || fail "the end: $report"
echo "60 seats sold to 200 visitors, through $kills kills"
