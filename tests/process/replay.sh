#!/usr/bin/env bash
# Plays real order histories through souk, again, with too little, and killed half way: the books must balance each time.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

help() {
  cat <<'END'
Usage: tests/process/replay.sh day|months SOUK [KILLS]

  day     the day that ships with souk
  months  two months from a sibling ../shared/data/orders; exit 77 (skipped) when they are not there
  SOUK    the executable
  KILLS   how often a replay is killed, at random moments (3)
END
}
[[ ${1:-} != --help ]] || { help && exit; }
(($# >= 2)) || { help >&2 && exit 2; }
history=$1 souk=$(realpath "$2") kills=${3:-3}

case $history in
  day)
    files=("$root/tools/replay/online-retail-2010-12-01.csv")
    expected='orders=136 lines=3081 units=27007 gross=5896079 net=5863556 returns=6 returned=-32523'
    best='17021=600 85099B=556 84029E=551 21232=549 21137=540 21731=483 22466=462 85123A=454 20668=344 22095=338'
    scarce_stock=20 scarce_funds=20000
    ;;
  months)
    orders=$root/../shared/data/orders
    files=("$orders/online-retail-2010-12.csv" "$orders/online-retail-2011-01.csv")
    [[ -r ${files[0]} && -r ${files[1]} ]] || { echo "skipped: $orders is not there" && exit 77; }
    expected='orders=2749 lines=76033 units=760032 gross=151511070 net=130895728 returns=586 returned=-20615342'
    best=$(tr -d ' \n' <"$orders/reference.json" | sed -E 's/.*"top10_by_units":\[([^]]*)\].*/\1/' |
      grep -oE '"key":"[^"]*","units":[0-9]+' | sed -E 's/"key":"([^"]*)","units":/\1=/' | paste -sd ' ')
    scarce_stock=50 scarce_funds=100000
    ;;
  *) help >&2 && exit 2 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# Plays the history into a directory; the summary, one JSON object, is left in $said.
play() {
  local dir=$1 code=0
  shift
  said=$("$souk" replay "${files[@]}" --data "$work/$dir" -o json --quiet "$@" | tail -n1) || code=$?
  ((code == 0)) || fail "souk replay --data $dir $* ended with $code: $said"
}
# A member of the summary: a number, or an object of numbers. The best sellers, with members of their own, come last.
member() {
  grep -oE "\"$1\":(\{[^}]*\}|-?[0-9.]+|true|false)" <<<"$said" | head -n1 | sed 's/^[^:]*://' || true
}
totals() {
  local name
  for name in orders lines units gross net returns returned; do printf '%s=%s ' "$name" "$(member "$name")"; done | sed 's/ $//'
}
best_sellers() {
  sed -E 's/.*"best_sellers":\[([^]]*)\].*/\1/' <<<"$said" | grep -oE '"product":"[^"]*","units":[0-9]+' |
    sed -E 's/"product":"([^"]*)","units":/\1=/' | paste -sd ' '
}
same() { [[ $2 == "$3" ]] || fail "$1: $2 instead of $3"; }
# The stores of a stopped node hold together.
audit() {
  local report=''
  report=$("$souk" check "$work/$1" -o json | tail -n1) || fail "souk check $1: $report"
  [[ $report == *'"holds":true'* ]] || fail "souk check $1: $report"
  (($# < 2)) || [[ $report == *'"running":0'* && $report == *'"parked":0'* ]] || fail "sagas are left in $1: $report"
}

complete() {
  same "$1, totals" "$(totals)" "$expected"
  same "$1, reconciled" "$(member reconciled)" true
  same "$1, failed" "$(member failed)" "{}"
  same "$1, completed" "$(member completed)" "$(member orders)"
  same "$1, returns completed" "$(member returns_completed)" "$(member returns)"
  same "$1, best sellers" "$(best_sellers)" "$best"
}

play once
complete "a first replay"
same "a first replay, known" "$(member replayed)" 0
audit once settled
first=$(best_sellers)
echo "played once: $(totals), $(member orders_per_s) a second"

play once
complete "a second replay"
same "a second replay, known" "$(member replayed)" $(($(member orders) + $(member returns)))
same "a second replay, best sellers" "$(best_sellers)" "$first"
audit once settled
echo "played again: nothing changed"

# The other designs end with the same books for the same history (S0, S1, S3).
others=(balance_first stock_first by_events)
for flow in "${others[@]}"; do
  play "by-$flow" --flow "$flow"
  complete "a replay by $flow"
  audit "by-$flow" settled
  echo "played by $flow: $(member orders_per_s) a second"
done

scarce() {
  local dir=$1 reason=$2 completed failed
  shift 2
  play "$dir" "$@"
  same "$*, totals" "$(totals)" "$expected"
  same "$*, reconciled" "$(member reconciled)" true
  same "$*, returns completed" "$(member returns_completed)" "$(member returns)"
  failed=$(member failed) completed=$(member completed)
  [[ $failed == "{\"$reason\":"* ]] || fail "$*: failed is $failed"
  audit "$dir" settled
  echo "played with $*: $completed completed, failed $failed"
  play "$dir" "$@"
  same "$* again, failed" "$(member failed)" "$failed"
  same "$* again, completed" "$(member completed)" "$completed"
  audit "$dir" settled
}
scarce stock sold_out --stock "$scarce_stock"
scarce funds insufficient_funds --funds "$scarce_funds"
for flow in "${others[@]}"; do scarce "poor-$flow" insufficient_funds --flow "$flow" --funds "$scarce_funds"; done
for flow in "${others[@]}"; do scarce "short-$flow" sold_out --flow "$flow" --stock "$scarce_stock"; done

# Kills by progress: when so many events have reached the platform's file. Every fourth by time, which may be while the
# shop is being furnished, or before there is one.
events() { { cat "$work/killed/platform.jsonl" 2>/dev/null || true; } | wc -l; }
all=$(($(member orders) + $(member returns)))
lives=(order_payment "${others[@]}") life=0
for ((kill = 1; kill <= kills; ++kill)); do
  told=$(events)
  if ((kill % 4 == 0)); then
    wait=$((RANDOM % 1000)) at=0
  else
    wait=0 at=$((told + 1 + RANDOM % (all - told)))
  fi
  "$souk" replay "${files[@]}" --data "$work/killed" --flow "${lives[life]}" -o json --quiet >/dev/null 2>&1 &
  replay=$!
  sleep "0.$(printf %03d "$wait")"
  while ((wait == 0 && $(events) < at)) && kill -0 "$replay" 2>/dev/null; do sleep 0.005; done
  kill -KILL "$replay" 2>/dev/null || true
  wait "$replay" 2>/dev/null || true
  # Death may come before every store is made: then there is nothing to look at yet.
  looked=$("$souk" check "$work/killed" 2>&1 || true)
  [[ $looked == *'no store'* || $looked == *'no directory'* ]] || audit killed
  # At least once: after a death some events are told again.
  echo "killed when $(events) events of $all documents were told: the stores hold together"
  # Several deaths in a row, then a life; at the latest when all is told.
  if ((kill % 3 == 0 || kill == kills || $(events) >= all)); then
    play killed --flow "${lives[life]}"
    complete "a replay by ${lives[life]} after $kill kills"
    audit killed settled
    echo "played to the end by ${lives[life]} after $kill kills: $(member replayed) documents were known"
    life=$(((life + 1) % ${#lives[@]}))
    ((kill == kills)) || rm -rf "${work:?}/killed"
  fi
done
echo "all books balance"
