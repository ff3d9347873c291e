#!/usr/bin/env bash
# Kills souk at each of its crash points, three times: whatever was acknowledged is there, and what was begun ends.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

help() {
  cat <<'END'
Usage: tests/process/crash_points.sh SOUK SOUK-CRASHING PAYMENT-PROVIDER [POINT...]

  SOUK              the executable
  SOUK-CRASHING     the same with crash points in it
  PAYMENT-PROVIDER  the double of a payment provider
  POINT             of `souk serve --list-crash-points` (all of them)
END
}
[[ ${1:-} != --help ]] || { help && exit; }
(($# >= 3)) || { help >&2 && exit 2; }
souk=$(realpath "$1") crashing=$(realpath "$2") provider=$(realpath "$3")
shift 3
points=("$@")
# Shards move between nodes only: moves_test.cpp has those of a move.
((${#points[@]})) || mapfile -t points < <("$crashing" serve --list-crash-points | cut -d' ' -f1 | grep -v '^move_')
((${#points[@]})) || { echo "$crashing knows no crash points" >&2 && exit 1; }

work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
# The first documents of a real day (UCI Online Retail, as the whole of it ships with souk).
history=$work/history.csv
head -n 700 "$root/tools/replay/online-retail-2010-12-01.csv" >"$history"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
# The line that a program prints when it can be talked to, once it is there.
address() {
  for _ in $(seq 400); do
    grep -om1 'http://[0-9.:]*' "$1" && return
    sleep 0.05
  done
  fail "nobody listens: $(cat "$1")"
}

# What is played: PLAY SOUK DIR plays it to its end, or to the death of SOUK, and ends as SOUK does.
replay() {
  local program=$1 dir=$2
  shift 2
  "$program" replay "$history" --data "$dir" --in-flight 16 --quiet -o json "$@" >"$dir.said" 2>"$dir.err"
}
day() { replay "$@"; }
scarce() { replay "$@" --stock 3; }
events() { replay "$@" --flow by_events; }
# Whoever comes twice buys twice: of these only the books are looked at.
crowd() {
  "$1" bench orders --seconds "$seconds" --users 50 --products 10 --in-flight 64 --data "$2" -o json >"$2.said" 2>"$2.err"
}
# Over HTTP, with a payment provider that is asked over HTTP. The client of a server that dies has nobody to talk to.
served() {
  local program=$1 dir=$2 server code=0
  : >"$dir.server" # where its former life listened is not read for where this one does
  "$program" serve --data "$dir" --http 127.0.0.1:0 --payment-provider "$provider_at/charges" \
    --platform "file:$dir.platform" >"$dir.server" 2>"$dir.err" &
  server=$!
  local at client
  at=$(address "$dir.server")
  SOUK_CRASH_AT='' "$souk" replay "$history" --node "$at" --flow balance_first --in-flight 16 --quiet -o json \
    >"$dir.said" 2>"$dir.client" &
  client=$!
  wait -n "$server" "$client" || true
  if kill -0 "$server" 2>/dev/null; then
    wait "$client" || code=$?
    kill -TERM "$server" 2>/dev/null || true
  else
    kill "$client" 2>/dev/null || true
    wait "$client" || true
  fi
  # Both may have ended before anybody looked: how the server did is what counts.
  wait "$server" || code=$?
  return "$code"
}

play_of() {
  case $1 in
    turned_back) echo scarce ;;
    answered_early | before_append | appended | before_react | reacted) echo events ;;
    outbox_forgets) echo crowd ;;
    before_errand | errand_done | before_http_answer) echo served ;;
    *) echo day ;;
  esac
}

# How long a crowd comes: on a slow machine it takes longer until there is something to be forgotten.
seconds=1
# How often each point is passed when nobody dies, and what is said at the end: the measure of all later ends.
declare -A known
totals() {
  [[ $1 == crowd ]] && return
  grep -oE '"(orders|lines|units|gross|net|returns|returned|completed|returns_completed)":-?[0-9]+|"failed":\{[^}]*\}' \
    "$2" | sort | paste -sd ' '
}
longer() {
  [[ $1 == crowd ]] && ((seconds < 60)) || return
  seconds=$((2 * seconds))
}
count() {
  local point=$1 play=$2
  while [[ -z ${known[$play]:-} ]]; do
    SOUK_CRASH_AT=count "$play" "$crashing" "$work/$play" || fail "$play, not killed: $(cat "$work/$play.err")"
    # A number at the end of a line of the log is not one of ours.
    grep -h '^passed ' "$work/$play.err" >"$work/$play.passed"
    if [[ -n $(passed "$play" "$point") ]] || ! longer "$play"; then known[$play]=1; fi
  done
}
passed() { awk -v p="$2" '$2 == p { print $3 }' "$work/$1.passed"; }

# One death. Which passage is there in time differs a little from run to run: one that does not come is looked for
# earlier.
die() {
  local point=$1 play=$2 n=$3 dir=$4 code
  while :; do
    rm -rf "$dir"*
    code=0
    SOUK_CRASH_AT=$point:$n "$play" "$crashing" "$dir" 2>/dev/null || code=$?
    ((code == 137)) && break
    if ((code == 0 && n > 1)); then
      n=$((n / 2))
    else
      { ((code == 0)) && longer "$play"; } || fail "$point:$n of $play ended with $code: $(cat "$dir.err")"
    fi
  done
  local report
  code=0
  report=$("$souk" check "$dir" -o json 2>&1 | tail -n1) || code=$?
  # Death may come before there is any store.
  [[ $code == 0 || $code == 3 ]] || fail "after $point:$n of $play: $report"
  "$play" "$souk" "$dir" || fail "$play, after its death at $point:$n: $(cat "$dir".{err,said,client} 2>/dev/null)"
  local ends expected
  ends=$(totals "$play" "$dir.said") expected=$(totals "$play" "$work/$play.said")
  [[ $ends == "$expected" ]] || fail "$play, after its death at $point:$n: $ends instead of $expected"
  report=$("$souk" check "$dir" -o json | tail -n1) || fail "$play, after its death at $point:$n: $report"
  [[ $report == *'"holds":true'* && $report == *'"running":0'* && $report == *'"parked":0'* ]] ||
    fail "$play, after its death at $point:$n: $report"
  rm -rf "$dir"*
  echo "$point:$n of $play dies" | tee -a "$work/fired"
}

"$provider" --port 0 --decline-percent 0 >"$work/provider" 2>&1 &
provider_at=$(address "$work/provider")
: >"$work/fired"
for point in "${points[@]}"; do count "$point" "$(play_of "$point")"; done
running=0
for point in "${points[@]}"; do
  play=$(play_of "$point")
  all=$(passed "$play" "$point")
  ((${all:-0} > 0)) || fail "$play never comes to $point"
  for n in 1 $((1 + all / 3)) $((1 + all * 2 / 3)); do
    # Most of a play is waiting.
    ((running < 2 * $(nproc))) || { wait -n || fail "see above"; running=$((running - 1)); }
    die "$point" "$play" "$n" "$work/$point-$n-$RANDOM" &
    running=$((running + 1))
  done
done
while ((running--)); do wait -n || fail "see above"; done
deaths=$(wc -l <"$work/fired")
((deaths == 3 * ${#points[@]})) || fail "$deaths deaths at ${#points[@]} points"
echo "$deaths deaths at ${#points[@]} crash points: nothing is lost, nothing is half done"
