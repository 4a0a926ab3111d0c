#!/usr/bin/env bash
# Runs a command with DATABASE_URL naming a PostgreSQL server of its own, which is gone when the command ends:
#
#   tests/with_postgresql.sh .venv/bin/python -m pytest --database-only
#
# The server listens on a unix socket in a temporary folder only, and writes nothing to disk before it must.
set -euo pipefail

for folder in "$(dirname "$(command -v initdb || echo /)")" /usr/lib/postgresql/*/bin; do
    if [[ -x $folder/initdb ]]; then
        programs=$folder
    fi
done
if [[ -z ${programs:-} ]]; then
    echo "PostgreSQL is not installed; on Debian and Ubuntu: sudo apt-get install postgresql" >&2
    exit 1
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/sizewise-postgresql-XXXXXX")
as_owner=()
if [[ $(id -u) -eq 0 ]]; then # as root PostgreSQL refuses to run
    chown postgres "$folder"
    as_owner=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi

finish() {
    "${as_owner[@]}" "$programs/pg_ctl" -D "$folder/data" -m immediate -s stop || true
    rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
"${as_owner[@]}" "$programs/initdb" -D "$folder/data" -U sizewise -A trust -N -E UTF8 --locale=C.UTF-8 \
    --locale-provider=icu --icu-locale=en-US >/dev/null # sorts like most servers, and unlike SQLite
"${as_owner[@]}" "$programs/pg_ctl" -D "$folder/data" -l "$folder/log" -s -w \
    -o "-k '$folder' -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off" \
    start || { cat "$folder/log" >&2; exit 1; }
"$programs/createdb" -h "$folder" -U sizewise sizewise
cd "$OLDPWD"

DATABASE_URL="postgres://sizewise@${folder//\//%2F}/sizewise" "$@"
