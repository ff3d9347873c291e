# Three nodes of a script: who keeps what, and how they are to have ended. Sourced; wants $souk, $work and fail().
names=(north south west)
declare -A node=()

# write_cluster [MEMBERS]: of all nodes; asks place NAME for what a node's section has beside what it keeps.
write_cluster() {
  local name comma=
  declare -A keeps=(
    [north]='"user", "cart", "coupon", "wallet/0", "order/0", "coordinator/0"'
    [south]='"product", "payment", "wallet/1", "order/1", "coordinator/1"'
    [west]='"event_log", "ranking", "platform", "concert", "reservation", "queue"')
  {
    echo "{${1:+$1, }\"shards\": {\"wallet\": 2, \"order\": 2}, \"coordinators\": 2, \"nodes\": {"
    for name in "${names[@]}"; do
      echo "$comma\"$name\": {$(place "$name"), \"data\": \"$work/$name\", \"keeps\": [${keeps[$name]}]}"
      comma=,
    done
    echo '}}'
  } >"$work/cluster.json"
}

# Each drains and exits 0, and what they leave holds together with nothing underway.
end_well() {
  local name code report
  for name in "${names[@]}"; do
    kill -TERM "${node[$name]}"
    code=0
    wait "${node[$name]}" || code=$?
    ((code == 0)) || fail "$name did not stop well: $code"
  done
  node=()
  report=$("$souk" check "$work/north" "$work/south" "$work/west" -o json | tail -n1) || fail "$report"
  [[ $report == *'"holds":true'* && $report == *'"running":0'* && $report == *'"parked":0'* ]] || fail "$report"
}
