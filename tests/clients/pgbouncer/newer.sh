#!/usr/bin/env bash
# newer.sh: prints the path of a PgBouncer that carries prepared statements through transaction mode (1.21 and later): the
# one on PATH if it does, else one built from the source package of a later Debian, once.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../../scripts/lib.sh"
# shellcheck source=scripts/debian-source.sh
. "$ROOT/scripts/debian-source.sh"

at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
installed=$(PATH="$PATH:/usr/sbin" command -v pgbouncer || true)
if [ -n "$installed" ] && at_least 1.21 "$("$installed" --version | awk 'NR == 1 { print $2 }')"; then
    echo "$installed"
    exit
fi

home="$CACHE/clients/pgbouncer"
program="$home/bin/pgbouncer"
if [ -x "$program" ]; then
    echo "$program"
    exit
fi

fetch() { fetch_debian_source "$home/apt" "$home/fetch" "$home/source" pgbouncer trixie forky sid; }

build() {
    cd "$home/source"
    ./configure --prefix="$home" --without-cares --without-systemd --without-pam --without-ldap
    make -j"$(nproc)" pgbouncer
    mkdir -p "$home/bin"
    install -m 0755 pgbouncer "$home/bin/pgbouncer.new"
    mv "$home/bin/pgbouncer.new" "$program"
}

make_cache
mkdir -p "$home"
run_logged "PgBouncer: fetch the source of a later version" fetch
run_logged "PgBouncer: build" build
echo "$program"
