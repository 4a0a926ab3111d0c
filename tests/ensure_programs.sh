#!/usr/bin/env bash
# Makes sure that the tests have the programs that they run beside Python: a Chromium, PostgreSQL, and a Redis server.
# Those on the machine are taken, else Debian's are installed where this user may do so.
set -euo pipefail

one_of() {
    for name in "$@"; do
        command -v "$name" >/dev/null && return 0
    done
    return 1
}

packages=()
one_of chromium chromium-browser google-chrome google-chrome-stable || packages+=(chromium fonts-liberation)
one_of initdb /usr/lib/postgresql/*/bin/initdb || packages+=(postgresql)
one_of redis-server valkey-server || packages+=(redis-server)
if [[ ${#packages[@]} -eq 0 ]]; then
    exit 0
fi

if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
    echo "Installing for the tests: ${packages[*]}" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    exec apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2
fi

echo "The tests need Chromium or Google Chrome, PostgreSQL and redis-server." >&2
echo "Install them, on Debian and Ubuntu with: sudo apt-get install ${packages[*]}" >&2
exit 1
