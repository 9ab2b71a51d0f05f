# shellcheck shell=bash disable=SC2034
# Sourced by every script here: where things are, who runs servers, how progress is shown.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# Clusters and self-built servers live outside of the tree, where the account `postgres` can reach them (the home of
# root is closed to it), at a path short enough for Unix sockets.
CACHE=${WATERTIGHT_CACHE:-/var/tmp/watertight-$(id -u)}
DEFAULT_PG=15
CARGO_PGRX_VERSION=0.18.1
# Our callers' make is not the one of PostgreSQL: below another make, its own skips steps of the build.
unset MAKELEVEL MAKEFLAGS MFLAGS MAKEOVERRIDES

START=${WATERTIGHT_START:-$(date +%s)}
export WATERTIGHT_START=$START # Scripts called by scripts share one clock.

elapsed() { local s=$(($(date +%s) - START)); printf '%dm%02ds' $((s / 60)) $((s % 60)); }
say() { printf '[%6s] %s\n' "$(elapsed)" "$*" >&2; }
die() { say "error: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

as_root() {
    if is_root; then "$@"
    elif have sudo; then sudo -- "$@"
    else die "this needs root and there is no sudo: $*"; fi
}

# PostgreSQL refuses to run as root: servers belong to `postgres` then, else to whoever called.
server_user() { if is_root; then echo postgres; else id -un; fi; }

as_server_user() (
    cd "$CACHE" || exit
    if is_root; then exec runuser -u postgres -- env HOME="$CACHE/clusters" USER=postgres LOGNAME=postgres "$@"
    else exec "$@"; fi
)

# A directory under /var/tmp that someone else made is someone else's: never build or run from it.
make_cache() {
    [ -e "$CACHE" ] || (umask 022 && mkdir -p "$CACHE")
    [ -O "$CACHE" ] && [ ! -L "$CACHE" ] || die "$CACHE belongs to another account; set WATERTIGHT_CACHE"
    mkdir -p "$CACHE/log"
    if [ ! -d "$CACHE/clusters" ] && id "$(server_user)" >/dev/null 2>&1; then
        install -d -m 0755 -o "$(server_user)" "$CACHE/clusters"
    fi
}

# One at a time: a second run waits. The lock is file descriptor 9, gone with this process.
lock() {
    exec 9>"$CACHE/log/$1.lock"
    if ! flock -n 9; then
        say "waiting for another run of $1"
        flock 9
    fi
}

# run_logged LABEL COMMAND...: output into a log, a line now and then to say what it is doing.
run_logged() {
    local label=$1 log beat rc=0
    shift
    make_cache
    log="$CACHE/log/${label//[^A-Za-z0-9.]/-}.log"
    say "$label"
    : >"$log"
    (
        begun=$(date +%s)
        while sleep 10 && kill -0 $$ 2>/dev/null; do
            say "$label, $(($(date +%s) - begun)) s: $(tail -n 1 "$log" | sed -E 's/\x1b\[[0-9;]*m//g; s/.*(.{70})$/\1/')"
        done
    ) &
    beat=$!
    # A subshell of its own, not the left side of `||`: there bash ignores `set -e`.
    set +e
    (set -e; "$@") </dev/null >"$log" 2>&1
    rc=$?
    set -e
    kill "$beat" 2>/dev/null || true
    wait "$beat" 2>/dev/null || true
    if [ "$rc" -ne 0 ]; then
        tail -n 40 "$log" >&2
        die "$label failed; the whole log: $log"
    fi
}

# pg_config of a major version: Debian's for 15, ours (scripts/postgres.sh) for 17 and 18.
pg_config_of() {
    local debian="/usr/lib/postgresql/$1/bin/pg_config" built="$CACHE/postgres/$1/bin/pg_config"
    if [ -x "$built" ]; then echo "$built"
    elif [ -x "$debian" ] && [ -f "$("$debian" --includedir-server)/postgres.h" ]; then echo "$debian"
    else return 1; fi
}

known_pg() { case $1 in 15 | 17 | 18) ;; *) die "PG=$1 is not one that this is built for: 15, 17 or 18" ;; esac; }
require_pg() { pg_config_of "$1" >/dev/null || die "no PostgreSQL $1 here: run 'make postgres PG=$1'"; }
bindir_of() { "$(pg_config_of "$1")" --bindir; }
source_of() { echo "$CACHE/postgres/$1-source"; }

# A cargo that the caller did not put on PATH is still a cargo.
if ! have cargo && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
fi

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
    local port
    for _ in $(seq 100); do
        port=$((20000 + RANDOM % 12000))
        if port_is_free "$port"; then
            echo "$port"
            return
        fi
    done
    die "no free port"
}

# cargo-pgrx of the one version we build with; ours when the caller's own is another one.
cargo_pgrx_program() {
    local program
    for program in "$(command -v cargo-pgrx || true)" "${CARGO_HOME:-$HOME/.cargo}/bin/cargo-pgrx" "$CACHE/tools/bin/cargo-pgrx"; do
        if [ -x "$program" ] && "$program" pgrx --version 2>/dev/null | grep -qwF "$CARGO_PGRX_VERSION"; then
            echo "$program"
            return
        fi
    done
    return 1
}
