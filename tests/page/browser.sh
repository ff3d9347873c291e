# What a test in a browser needs: sets $browser, and sees to playwright-core in $folder; skip SAYS why there is none.
version=1.65.1

skip() { echo "skipped: $*" && exit 77; }
browser=$(command -v chromium) || skip "there is no chromium (apt-get install chromium)"
command -v node >/dev/null && command -v npm >/dev/null || skip "there is no npm (apt-get install npm)"
mkdir -p "$folder"
if [[ ! -d $folder/node_modules/playwright-core ]]; then
  echo '{"private": true}' >"$folder/package.json"
  npm install --prefix "$folder" --no-audit --no-fund --silent "playwright-core@$version" ||
    skip "npm has no playwright-core $version for us"
fi
