#!/usr/bin/env bash
# cluster.sh start DIR PORT [name=value...]   PORT 0: any free one. Prints the URI; settings go to postgresql.conf.
# cluster.sh stop DIR
# cluster.sh remove DIR                       stop, then delete
# cluster.sh status DIR                       prints the URI if it runs, fails otherwise
#
# A scratch cluster of PostgreSQL $PG (15) with the library preloaded. It owns DIR, listens on 127.0.0.1 and on
# DIR/socket, trusts everyone and does not sync: for tests. Settings given win over these.
# It has a master key of its own, in DIR/master_key.
# With CLUSTER_AUTH=scram the superuser has a password, which is in the URI.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

usage="usage: cluster.sh start|stop|remove|status DIR [PORT] [name=value...]"
verb=${1:?$usage}
dir=${2:?$usage}
shift 2
exec 9>&- # A server that outlives its starter must not hold the starter's lock.
make_cache

bindir() {
    local version=${PG:-$DEFAULT_PG}
    [ ! -e "$dir/data/PG_VERSION" ] || version=$(as_server_user cat "$dir/data/PG_VERSION")
    require_pg "$version"
    bindir_of "$version"
}

uri() {
    local password=
    [ ! -e "$dir/password" ] || password=":$(as_server_user cat "$dir/password")"
    echo "postgresql://postgres$password@127.0.0.1:$(as_server_user cat "$dir/port")/postgres"
}

running() { [ -d "$dir/data" ] && as_server_user "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; }

init() {
    local auth=(-A trust)
    as_server_user mkdir -p "$dir/socket"
    if [ "${CLUSTER_AUTH:-trust}" = scram ]; then
        # shellcheck disable=SC2016 # expanded by the inner shell
        as_server_user bash -c 'umask 077; head -c 24 /dev/urandom | od -An -tx1 | tr -d " \n" >"$1"' - "$dir/password"
        auth=(-A scram-sha-256 --pwfile="$dir/password")
    fi
    # shellcheck disable=SC2016 # expanded by the inner shell
    as_server_user bash -c 'umask 077; echo "1 $(head -c 32 /dev/urandom | base64)" >"$1"' - "$dir/master_key"
    as_server_user "$bin/initdb" -D "$dir/data" -U postgres "${auth[@]}" -E UTF8 --no-locale --no-sync >"$CACHE/log/initdb.log" ||
        die "initdb failed: $CACHE/log/initdb.log"
    echo "include 'scratch.conf'" | as_server_user tee -a "$dir/data/postgresql.conf" >/dev/null
}

start() {
    local port=$1 setting
    shift
    if running; then
        uri
        return
    fi
    [ -e "$dir/data/PG_VERSION" ] || init
    [ "$port" != 0 ] || port=$(free_port)
    {
        echo "port = $port"
        echo "listen_addresses = '127.0.0.1'"
        echo "unix_socket_directories = '$dir/socket'"
        echo "shared_preload_libraries = 'watertight'"
        echo "fsync = off"
        # A worker for each test's database.
        echo "max_worker_processes = 64"
        [ ! -e "$dir/master_key" ] || echo "watertight.master_key_file = '$dir/master_key'"
        for setting in "$@"; do
            echo "${setting%%=*} = '${setting#*=}'"
        done
    } | as_server_user tee "$dir/data/scratch.conf" >/dev/null
    echo "$port" | as_server_user tee "$dir/port" >/dev/null
    if ! as_server_user "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 start >/dev/null </dev/null; then
        as_server_user tail -n 20 "$dir/log" >&2
        die "the server did not start: $dir/log"
    fi
    uri
}

stop() {
    running || return 0
    as_server_user "$bin/pg_ctl" -D "$dir/data" -m fast -w stop >/dev/null
}

bin=$(bindir)
case $verb in
    start) start "${@:?$usage}" ;;
    stop) stop ;;
    remove) stop && as_server_user rm -rf "$dir" ;;
    status) running && uri ;;
    *) die "$usage" ;;
esac
