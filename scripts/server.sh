#!/usr/bin/env bash
# server.sh start|stop [PG]: a development server that stays up. `start` prints its URI, and only that, on standard output.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

verb=${1:?usage: server.sh start|stop [PG]}
export PG=${2:-$DEFAULT_PG}
dir="$CACHE/clusters/server-$PG"
cluster="$ROOT/scripts/cluster.sh"

if [ "$verb" = stop ]; then
    if ! [ -d "$dir/data" ]; then
        say "there is no development server of PostgreSQL $PG"
        exit
    fi
    "$cluster" stop "$dir"
    say "the development server is stopped; its data stays in $dir"
    exit
fi

known_pg "$PG"
"$ROOT/scripts/install.sh" "$PG"
library="$("$(pg_config_of "$PG")" --pkglibdir)/watertight.so"
if [ "$library" -nt "$dir/data/postmaster.pid" ] && "$cluster" status "$dir" >/dev/null 2>&1; then
    say "the library changed: restarting the server"
    "$cluster" stop "$dir"
fi

port=54329
if [ -f "$dir/port" ]; then port=$(as_server_user cat "$dir/port"); fi
if ! "$cluster" status "$dir" >/dev/null 2>&1 && ! port_is_free "$port"; then port=0; fi
uri=$(CLUSTER_AUTH=scram "$cluster" start "$dir" "$port" fsync=on)

run_sql() { "$(bindir_of "$PG")/psql" -X -q -At -v ON_ERROR_STOP=1 "$@"; }
if [ -z "$(run_sql -d "$uri" -c "select 1 from pg_database where datname = 'watertight_dev'")" ]; then
    run_sql -d "$uri" -c 'create database watertight_dev'
fi
uri=${uri%/*}/watertight_dev
run_sql -d "$uri" -c 'set client_min_messages = warning' -c 'create extension if not exists watertight'
say "PostgreSQL $PG with watertight is up:"
echo "$uri"
