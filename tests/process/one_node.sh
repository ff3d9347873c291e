# One node of a script, on a port of its own choice. Sourced; wants $souk. Gives $work, $serving and $url.
work=$(mktemp -d)
serving=
trap '[[ -z $serving ]] || kill "$serving" 2>/dev/null || true; rm -rf "$work"' EXIT

start_node() {
  local i
  url='' && : >"$work/said" # there before it is looked into
  "$souk" serve --data "$work/data" --http 127.0.0.1:0 >"$work/said" 2>"$work/log" &
  serving=$!
  for ((i = 0; i < 600; ++i)); do
    url=$(sed -n 's/^listening on //p' "$work/said")
    [[ -z $url ]] || break
    kill -0 "$serving" 2>/dev/null || { cat "$work/log" >&2 && exit 1; }
    sleep 0.1
  done
  [[ -n $url ]] || { echo "FAILED: the node does not listen" >&2 && exit 1; }
}
