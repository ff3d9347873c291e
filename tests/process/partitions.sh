#!/usr/bin/env bash
# Cuts the wires between three nodes, one pair after the other, one way and both ways, while orders are underway.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

help() {
  cat <<'END'
Usage: tests/process/partitions.sh SOUK [CUTS [SECONDS]]

Three nodes on hosts of their own (network namespaces, which only root may make: else exit 77, skipped), with a wire
between each two, and tunnels over those. A cut wire swallows what is sent: nobody hears that it is gone. Each cut is to
be noticed at both ends within five seconds, whoever asks for what is behind it hears 503 within five, and ten seconds
after it has healed everybody sees everybody, without a restart. At the end all stores hold together.

  SOUK     the executable
  CUTS     how many (2): north-south, south-west, west-north, by turns both ways and one way
  SECONDS  how long each lasts (6)
END
}
[[ ${1:-} != --help ]] || { help && exit; }
(($# >= 1)) || { help >&2 && exit 2; }
souk=$(realpath "$1") cuts=${2:-2} seconds=${3:-6}
# Everything is on a host without any other wire, which is gone with this script.
if [[ -z ${ALONE:-} ]]; then
  unshare --net --mount true 2>/dev/null || { echo "skipped: network namespaces are not permitted here" && exit 77; }
  command -v ip >/dev/null || { echo "skipped: there is no ip (iproute2)" && exit 77; }
  ALONE=yes exec unshare --net --mount bash "$0" "$souk" "$cuts" "$seconds"
fi

work=$(mktemp -d)
source "$root/tests/process/three_nodes.sh"
declare -A host=() number=([north]=1 [south]=2 [west]=3 [client]=4) loads=()
end() {
  for name in "${!node[@]}"; do kill -KILL "${node[$name]}" 2>/dev/null || true; done
  for one in "${loads[@]}" "${host[@]}"; do kill -KILL "$one" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT
trap 'exit 143' INT TERM HUP
fail() {
  echo "FAILED: $*" >&2
  for name in "${names[@]}"; do sed "s/^/$name: /" "$work/$name.err" | tail -n 15 >&2 || true; done
  exit 1
}
on() {
  local where=$1
  shift
  nsenter --target "${host[$where]}" --net "$@"
}
ms() { echo $(($(date +%s%N) / 1000000)); }

# Every host has one address, and a wire to each other host. Who is at the other end is written down instead of asked
# for: a wrong name there is a wire that swallows everything.
hosts=(north south west client)
for name in "${hosts[@]}"; do
  unshare --net sleep infinity &
  host[$name]=$!
done
for name in "${hosts[@]}"; do
  until [[ $(readlink "/proc/${host[$name]}/ns/net") != "$(readlink /proc/self/ns/net)" ]]; do sleep 0.01; done
  on "$name" ip link set lo up
  on "$name" ip address add "10.9.0.${number[$name]}/32" dev lo
done
mac() { echo "02:00:00:00:0${number[$1]}:0${number[$2]}"; } # of the end at $1 of the wire to $2
wire() {
  ip link add "to-$2" address "$(mac "$1" "$2")" netns "${host[$1]}" type veth \
    peer name "to-$1" address "$(mac "$2" "$1")" netns "${host[$2]}"
}
hears() { on "$1" ip neighbour replace "10.9.0.${number[$2]}" lladdr "$3" dev "to-$2" nud permanent; }
join() {
  on "$1" ip link set "to-$2" up
  on "$1" ip route add "10.9.0.${number[$2]}/32" dev "to-$2" src "10.9.0.${number[$1]}"
  hears "$1" "$2" "$(mac "$2" "$1")"
}
for a in 0 1 2 3; do
  for ((b = a + 1; b < 4; ++b)); do
    wire "${hosts[a]}" "${hosts[b]}" || fail "no wire"
    join "${hosts[a]}" "${hosts[b]}"
    join "${hosts[b]}" "${hosts[a]}"
  done
done
cut_way() { hears "$1" "$2" 02:00:00:00:ff:ff; }
heal_way() { hears "$1" "$2" "$(mac "$2" "$1")"; }

"$souk" certs "$work/certs" --ca "${names[@]}" >/dev/null
place() {
  local here=10.9.0.${number[$1]}
  echo "\"address\": \"$here:7100\", \"http\": {\"host\": \"$here\", \"port\": 8080}, \"admin\": {\"host\": \"$here\", \"port\": 9080},"
  echo "\"certificate\": \"$work/certs/$1.crt\", \"key\": \"$work/certs/$1.key\", \"ca\": \"$work/certs/ca.crt\""
}
# Whoever is reached from other machines wants a key.
SOUK_KEY=$("$souk" keys add --role admin --file "$work/keys.json" 2>/dev/null)
export SOUK_KEY
write_cluster "\"keys\": \"$work/keys.json\""
url() { echo "http://10.9.0.${number[$1]}:9080"; }
for name in "${names[@]}"; do
  # Not by on(): its process would be the shell's.
  nsenter --target "${host[$name]}" --net "$souk" serve --config "$work/cluster.json" --node "$name" >"$work/$name.out" 2>"$work/$name.err" &
  node[$name]=$!
done
# sees NODE PEER: does it, as it says itself?
sees() {
  local said
  said=$(on client "$souk" admin nodes --node "$(url "$1")" -o json 2>/dev/null) || return 1
  [[ $said =~ \"name\":\"$2\",\"there\":([a-z]+) ]] && [[ ${BASH_REMATCH[1]} == true ]]
}
all_see_all() {
  local a b
  for a in "${names[@]}"; do
    for b in "${names[@]}"; do [[ $a == "$b" ]] || sees "$a" "$b" || return 1; done
  done
}
within() {
  local until=$(($(ms) + $1 * 1000))
  shift
  until "$@"; do
    (($(ms) < until)) || return 1
    sleep 0.1
  done
}
within 60 all_see_all || fail "they do not find each other"
# noticed NODE PEER SINCE: after how many milliseconds it did, as it has written down itself.
noticed() {
  local time when
  while read -r time; do
    when=$(date -d "$time" +%s%3N)
    ((when < $3)) || { echo $((when - $3)) && return; }
  done < <(grep -E "\"message\":\"node $2 (is silent|is gone|said farewell)" "$work/$1.err" | cut -d'"' -f4)
}
# What GET answers there: the status, and after how many milliseconds.
get() {
  on client bash -c 'exec 3<>"/dev/tcp/$0/8080" || exit 1
    printf "GET %s HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n" "$1" "$SOUK_KEY" >&3
    read -r -t 20 _ status _ <&3 && echo "$status"' "10.9.0.${number[$1]}" "$2" || echo none
}

# Orders all the time: the same days again and again, each time for other customers' sake under other keys.
day=$root/tools/replay/online-retail-2010-12-01.csv
member() { tail -n1 "$2" | grep -oE "\"$1\":[0-9]+" | head -n1 | cut -d: -f2 || true; }
load() {
  local n=0
  while [[ ! -e $work/enough ]]; do
    n=$((n + 1))
    # Another number at each document, product and customer makes another history of it.
    awk -v n="$n" 'NR == 1 { print; next }
      NR > 400 { exit }
      { i = index($0, ","); rest = substr($0, i + 1); j = index(rest, ",")
        line = substr($0, 1, i - 1) n "," substr(rest, 1, j - 1) "x" n substr(rest, j)
        if (match(line, /,[0-9.]+,[^,"]*$/)) line = substr(line, 1, RSTART) n substr(line, RSTART + 1)
        print line }' "$day" >"$work/load-$1-$n.csv"
    # That the best sellers are others' by now is no fault of theirs.
    on client "$souk" replay "$work/load-$1-$n.csv" --node "$(url north),$(url south),$(url west)" --in-flight 4 --quiet \
      -o json >"$work/said-$1" 2>"$work/load-$1.err" || true
    echo "$(member orders "$work/said-$1") $(member completed "$work/said-$1")" >>"$work/loads"
  done
}
: >"$work/loads"
load a &
loads[a]=$!

pairs=("north south" "south west" "west north")
for ((i = 0; i < cuts; ++i)); do
  read -r a b <<<"${pairs[i % 3]}"
  way=both
  ((i % 2 == 0)) || way=one
  began=$(ms)
  cut_way "$a" "$b"
  [[ $way == one ]] || cut_way "$b" "$a"
  slowest=0 refused=0 asked=0
  while (($(ms) - began < seconds * 1000)); do
    # Of each two nodes one keeps what the other one has to ask for.
    before=$(ms)
    case $a in
      north) status=$(get north /v1/products) ;;
      south) status=$(get south /v1/rankings/best-sellers) ;;
      west) status=$(get west /v1/users/nobody) ;;
    esac
    took=$(($(ms) - before)) asked=$((asked + 1))
    ((took <= slowest)) || slowest=$took
    [[ $status != 503 ]] || refused=$((refused + 1))
    [[ $status =~ ^(200|404|503)$ ]] || fail "behind the cut $a-$b: $status"
    sleep 0.2
  done
  heal_way "$a" "$b"
  heal_way "$b" "$a"
  healed=$(ms)
  gone_a=$(noticed "$a" "$b" "$began") gone_b=$(noticed "$b" "$a" "$began")
  [[ $gone_a && $gone_b ]] || fail "the cut $a-$b ($way way) was not noticed: ${gone_a:-not} by $a, ${gone_b:-not} by $b"
  ((gone_a < 5000 && gone_b < 5000)) || fail "the cut $a-$b ($way way) was noticed after $gone_a and $gone_b ms"
  ((slowest < 5000)) || fail "$a answered after $slowest ms what is behind the cut to $b"
  ((refused > 0)) || fail "nothing was refused behind the cut $a-$b"
  within 10 all_see_all || fail "ten seconds after $a-$b has healed not everybody sees everybody"
  echo "$a-$b, $way way, $seconds s: noticed after $gone_a and $gone_b ms, $refused of $asked questions answered 503, the slowest after $slowest ms, whole again $(($(ms) - healed)) ms after it healed"
  # Everybody is to be back at work before the next one.
  sleep 2
done

touch "$work/enough"
within 180 bash -c '! kill -0 '"${loads[a]}"' 2>/dev/null' || fail "orders still wait"
wait "${loads[a]}" || true
loads=()
awk 'NF != 2 || $1 != $2 { exit 1 }' "$work/loads" || fail "a replay did not end well: $(cat "$work/loads" "$work/load-a.err")"
orders=$(awk '{ n += $2 } END { print n }' "$work/loads")
((orders > 0)) || fail "there were no orders"
still() {
  local name said
  for name in "${names[@]}"; do
    said=$(on client "$souk" admin nodes --node "$(url "$name")" -o json 2>/dev/null) || return 1
    [[ $said == *'"running":0'* && $said == *'"ready":true'* ]] || return 1
  done
}
within 10 still || fail "sagas are left running"
end_well
echo "$cuts cuts, $orders orders completed meanwhile in $(wc -l <"$work/loads") replays, nothing is left running and all stores hold together"
