#!/usr/bin/env bash
# Plays an on-sale through souk, killed half way again and again: every ticket must be where its money is.
set -euo pipefail

help() {
  cat <<'END'
Usage: tests/process/onsale.sh SOUK [KILLS [HALL USERS]]

  SOUK    the executable
  KILLS   how often the on-sale is killed, at random moments (3)
  HALL    a seat plan (else the small hall); exit 77 (skipped) when it is not there
  USERS   visitors who storm it (200)
END
}
[[ ${1:-} != --help ]] || { help && exit; }
(($# >= 1)) || { help >&2 && exit 2; }
souk=$(realpath "$1") kills=${2:-3} hall=${3:-small} users=${4:-200} seats=60 hold=1
if [[ $hall != small ]]; then
  [[ -r $hall ]] || { echo "skipped: $hall is not there" && exit 77; }
  seats=$("$souk" seats "$hall" -o json | grep -oE '"seats":[0-9]+' | head -n1 | cut -d: -f2)
  hold=2  # among more visitors each takes longer
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
# Each seat that is paid for is told to the platform, which here is a file; after a death some are told again.
told() { { cat "$work/data/platform.jsonl" 2>/dev/null || true; } | wc -l; }
storm=("$souk" onsale --hall "$hall" --users "$users" --seed 7 --hold-seconds "$hold" --data "$work/data" --quiet -o json)

# Kills by progress; every third by time, which may be while the visitors come, or before there is a store.
for ((i = 1; i <= kills; ++i)); do
  before=$(told) at=0
  ((i % 3 == 0 || before >= seats)) || at=$((before + 1 + RANDOM % (seats - before)))
  "${storm[@]}" >"$work/said" 2>&1 &
  storming=$!
  ((at)) || sleep "0.$(printf %03d $((RANDOM % 1000)))"
  while ((at && $(told) < at)) && kill -0 "$storming" 2>/dev/null; do sleep 0.005; done
  kill -KILL "$storming" 2>/dev/null || true
  code=0
  wait "$storming" 2>/dev/null || code=$?
  [[ $code == 0 || $code == 137 ]] || fail "storm $i ended with $code: $(cat "$work/said")"
  # Whatever a kill has left behind holds together; death may also come before there is any store.
  code=0
  report=$("$souk" check "$work/data" -o json 2>&1 | tail -n1) || code=$?
  [[ $code == 0 || $code == 3 ]] || fail "after kill $i: $report"
  echo "killed when $(told) of $seats seats were told: the stores hold together"
done
for again in once twice; do
  said=$("${storm[@]}" | tail -n1) || fail "the storm, $again to its end: $said"
  [[ $said == *"\"sold\":$seats,"* && $said == *'"holds":true'* ]] || fail "$again: $said"
done
report=$("$souk" check "$work/data" -o json | tail -n1) || fail "the end: $report"
[[ $report == *'"holds":true'* && $report == *'"running":0'* ]] || fail "the end: $report"
echo "$seats seats sold to $users visitors, through $kills kills"
