#!/usr/bin/env bash
# Makes sure that the browser tests have a Chromium: the one on PATH, else Debian's where this user may install it.
set -euo pipefail

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done

if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
    echo "No Chromium on PATH: installing Debian's for the browser tests." >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends chromium fonts-liberation >&2
    command -v chromium >/dev/null && exit 0
fi

echo "The browser tests need Chromium or Google Chrome on PATH." >&2
echo "Install it, on Debian and Ubuntu with: sudo apt-get install chromium" >&2
exit 1
