#!/usr/bin/env bash
# Plays a history through two of three nodes that are killed all the time: it ends as on one node that nobody kills.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

help() {
  cat <<'END'
Usage: tests/process/killed_nodes.sh SOUK [KILLS] [HISTORY.csv ...]

  SOUK         the executable
  KILLS        how often one of the nodes is killed and started again, at random moments (3)
  HISTORY.csv  what is played (tools/replay/online-retail-2010-12-01.csv)

Exit 0 when the totals are those of one node, no saga is left running ten seconds after the last start, and all stores
hold together.
END
}
[[ ${1:-} != --help ]] || { help && exit; }
(($# >= 1)) || { help >&2 && exit 2; }
souk=$(realpath "$1") kills=${2:-3}
shift $(($# < 2 ? 1 : 2))
histories=("$@")
((${#histories[@]})) || histories=("$root/tools/replay/online-retail-2010-12-01.csv")

work=$(mktemp -d)
source "$root/tests/process/three_nodes.sh"
declare -A port=() http=()
end() {
  for name in "${!node[@]}"; do kill -KILL "${node[$name]}" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT
trap 'exit 143' INT TERM HUP
fail() {
  echo "FAILED: $*" >&2
  for name in "${names[@]}"; do [[ ! -s $work/$name.err ]] || sed "s/^/$name: /" "$work/$name.err" | tail -n 15 >&2; done
  exit 1
}

# Below those that the system gives to whoever connects: else one might be taken while its node is down.
free_port() {
  local one
  while :; do
    one=$((20000 + RANDOM % 10000))
    [[ " ${port[*]} ${http[*]} " == *" $one "* ]] && continue
    (exec 3<>"/dev/tcp/127.0.0.1/$one") 2>/dev/null || break
  done
  echo "$one"
}
for name in "${names[@]}"; do
  port[$name]=$(free_port)
  http[$name]=$(free_port)
done
place() { echo "\"address\": \"127.0.0.1:${port[$1]}\", \"http\": {\"port\": ${http[$1]}}"; }
write_cluster
start() {
  : >"$work/$1.out" # what its former life said is not taken for what this one says
  "$souk" serve --config "$work/cluster.json" --node "$1" >"$work/$1.out" 2>>"$work/$1.err" &
  node[$1]=$!
  for _ in $(seq 600); do
    grep -q '^listening on' "$work/$1.out" && return
    kill -0 "${node[$1]}" 2>/dev/null || fail "$1 did not start"
    sleep 0.05
  done
  fail "$1 did not start"
}
url() { echo "http://127.0.0.1:${http[$1]}"; }
running() {
  local said name sum=0
  for name in "${names[@]}"; do
    said=$("$souk" admin nodes --node "$(url "$name")" -o json 2>/dev/null) || { echo '?' && return; }
    [[ $said =~ \"running\":([0-9]+) ]] || { echo '?' && return; }
    sum=$((sum + BASH_REMATCH[1]))
  done
  echo "$sum"
}
totals() {
  grep -oE '"(orders|lines|units|gross|net|returns|returned|completed|returns_completed|customers|products)":-?[0-9]+|"failed":\{[^}]*\}|"reconciled":[a-z]+|"best_sellers":\[[^]]*\]' \
    "$1" | sort | paste -sd ' '
}

"$souk" replay "${histories[@]}" --in-flight 8 --quiet -o json | tail -n1 >"$work/alone" || fail "alone: $(cat "$work/alone")"
for name in "${names[@]}"; do start "$name"; done
began=$SECONDS
play() {
  "$souk" replay "${histories[@]}" --node "$(url north),$(url south)" --in-flight 8 --quiet -o json >"$work/said" \
    2>"$work/replay.err" &
  replay=$!
}
played() {
  local code=0
  wait "$replay" || code=$?
  ((code == 0)) || fail "the replay ended with $code: $(tail -n 3 "$work/replay.err" "$work/said")"
}
play
deaths=0
while ((deaths < kills)); do
  # A history that is over is played again: twice is once.
  kill -0 "$replay" 2>/dev/null || { played && play; }
  sleep "$((RANDOM % 2)).$((RANDOM % 10))"
  victim=${names[RANDOM % 3]}
  kill -KILL "${node[$victim]}"
  wait "${node[$victim]}" 2>/dev/null || true
  sleep "0.$((RANDOM % 10))"
  start "$victim"
  deaths=$((deaths + 1))
done
last_start=$SECONDS
played
ended=$SECONDS
# Ten seconds after the last start, or after the last order.
until [[ $(running) == 0 ]]; do
  ((SECONDS - (ended > last_start ? ended : last_start) < 10)) || fail "$(running) sagas are left running"
  sleep 0.2
done
[[ $(totals "$work/said") == "$(totals "$work/alone")" ]] ||
  fail "totals are $(totals "$work/said") instead of $(totals "$work/alone")"
end_well
said=$(totals "$work/said" | sed 's/"best_sellers.*"completed"/"completed"/; s/ "units":.*//')
echo "$deaths kills in $((ended - began)) s, the last start $((ended - last_start)) s before the last order's end, no saga left: $said"
