#!/usr/bin/env bash
# run.sh [--small] [--rounds N] [--only search|compartments|keys|rotation] [--explain]: measures Watertight beside its alternatives, on two scratch
# clusters of its own: one with the library, one without. Writes docs/benchmarks.md and prints it. PG=15|17|18 selects the
# server.
#
# --small: few rows, few rounds, nothing is written: do all contestants find the same rows by the right plans, and does
# everything run? Prints `N passed, N failed`; the figures mean nothing.
# --only search|compartments|keys|rotation: that section, and nothing is written. --explain prints the plans of searches.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"

export PG=${PG:-$DEFAULT_PG}
small=
only=
options=()
while [ $# -gt 0 ]; do
    case $1 in
        --small) small=1 options+=(--small) ;;
        --rounds) options+=(--rounds "${2:?--rounds needs a number}") && shift ;;
        --only) options+=(--only "${2:?--only needs a section}") only=1 && shift ;;
        --explain) options+=(--explain) ;;
        *) die "usage: bench/run.sh [--small] [--rounds N] [--only search|compartments|keys|rotation] [--explain]" ;;
    esac
    shift
done
require_pg "$PG"
library="$("$(pg_config_of "$PG")" --pkglibdir)/watertight.so"
[ -e "$library" ] || die "watertight is not installed in PostgreSQL $PG: run 'make install PG=$PG'"

# The bare library calls must be the ones inside the extension.
for crate in jsonwebtoken aws-lc-rs aes-gcm aes ghash polyval; do
    version() { grep -A1 "^name = \"$crate\"\$" "$1"; }
    [ "$(version "$ROOT/Cargo.lock")" = "$(version "$ROOT/bench/Cargo.lock")" ] ||
        die "$crate has another version in bench/Cargo.lock than in Cargo.lock"
done

# The profile of tests shares their dependencies; what is measured is built as the extension is.
target=${CARGO_TARGET_DIR:-$ROOT/target}
profile=debug
release=()
if [ -z "$small" ]; then
    profile=release
    release=(--release)
    if [ -z "$only" ]; then
        mkdir -p "$ROOT/bench/results"
        options+=(--out "$ROOT/docs/benchmarks.md" --laps "$ROOT/bench/results/laps.csv")
    fi
    if readelf -S "$library" 2>/dev/null | grep -q '\.debug_info'; then
        say "warning: $library is a debug build: 'make bench' installs a release build"
        options+=(--debug-build)
    fi
fi
run_logged "build the benchmark" \
    cargo build --locked --manifest-path "$ROOT/bench/Cargo.toml" --target-dir "$target" "${release[@]}"

# The last processor is the benchmark's; everything else of the servers stays on the others.
allowed=$(awk '/^Cpus_allowed_list:/ { print $2 }' /proc/self/status)
cpu=${allowed##*[,-]}
others=()
if have taskset && [ "$allowed" != "$cpu" ]; then
    case $allowed in
        *-"$cpu") rest="${allowed%-*}-$((cpu - 1))" ;;
        *) rest=${allowed%,*} ;;
    esac
    others=(taskset -c "$rest")
    pin=(taskset -c "$cpu")
    options+=(--cpu "$cpu")
else
    say "warning: nothing to pin to; the figures will be unsteady"
    pin=()
fi

dir="$CACHE/clusters/bench-$$"
cluster="$ROOT/scripts/cluster.sh"
cleanup() {
    "$cluster" remove "$dir/with" || true
    "$cluster" remove "$dir/without" || true
    as_server_user rmdir "$dir" || true
}
make_cache
as_server_user mkdir -p "$dir"
trap cleanup EXIT
trap 'exit 130' INT TERM

memory=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
buffers=$((memory / 4 < 4096 ? memory / 4 : 4096))
[ -z "$small" ] || buffers=128
settings=(
    jit=off autovacuum=off max_parallel_workers_per_gather=0 full_page_writes=off synchronize_seqscans=off
    max_wal_size=16GB checkpoint_timeout=1h max_worker_processes=32
    watertight.max_sessions=16384
)
socket() { echo "$1/socket/.s.PGSQL.$(as_server_user cat "$1/port")"; }

"${others[@]}" "$cluster" start "$dir/with" 0 "shared_buffers=${buffers}MB" "${settings[@]}" >/dev/null
"${others[@]}" "$cluster" start "$dir/without" 0 "shared_buffers=${buffers}MB" "${settings[@]}" \
    shared_preload_libraries= >/dev/null
"${pin[@]}" "$target/$profile/watertight-bench" --socket "$(socket "$dir/with")" \
    --socket-without "$(socket "$dir/without")" "${options[@]}"
