#!/usr/bin/env bash
# A tour of the console by somebody who types four letters: tour.sh TROUBLED_NODE FOLDER SOUK [SAGAS]
# Parks SAGAS sagas (10,000 unless it says so), and finds, rehearses and mends two of them: one in Debian's chromium, one in
# a terminal of tmux. FOLDER gets playwright-core from npm, once, and the screenshots. Says so and skips where one of them is
# missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "$1") folder=$(realpath -m "$2") souk=$(realpath "$3") sagas=${4:-10000}
source "$here/browser.sh"
command -v tmux >/dev/null || skip "there is no tmux (apt-get install tmux)"
timeout 900 node "$here/tour.mjs" "$program" "$folder" "$browser" "$souk" "$sagas"
