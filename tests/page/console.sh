#!/usr/bin/env bash
# Drives the console's page in Debian's chromium: console.sh TROUBLED_NODE FOLDER SOUK
# FOLDER gets playwright-core from npm, once, and the screenshots. Says so and skips where one of them is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "$1") folder=$(realpath -m "$2") souk=$(realpath "$3")
source "$here/browser.sh"
timeout 600 node "$here/console.mjs" "$program" "$folder" "$browser"
timeout 300 node "$here/keys.mjs" "$souk" "$folder" "$browser"
