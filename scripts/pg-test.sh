#!/usr/bin/env bash
# pg-test.sh [PG [NAME...]]: the SQL suites of pg_test/ on that PostgreSQL (15), or only those named.
#
#   pg_test/sql/NAME.sql     with pg_test/expected/NAME.out   run by pg_regress
#   pg_test/specs/NAME.spec  with pg_test/expected/NAME.out   run by pg_isolation_regress
#
# Each runs in a database of its own in which the extension is created and then pg_test/setup.sql, if there is one, has
# run. Roles are the cluster's: name them after the test. `watertight-mint` is on PATH for psql's backquotes.
# The last line is `N passed, N failed`.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

pg=${1:-$DEFAULT_PG}
wanted=" ${*:2} "
require_pg "$pg"
bin=$(bindir_of "$pg")
harness="$(dirname "$("$(pg_config_of "$pg")" --pgxs)")/../test"
make_cache
lock "pg-test-$pg"
work="$CACHE/clusters/pg-test-$pg"
"$ROOT/scripts/cluster.sh" remove "$work/cluster"
as_server_user rm -rf "$work"

# The account of the server may not be able to read the tree.
as_server_user mkdir -p "$work/bin"
tar -C "$ROOT/pg_test" -cf - . | as_server_user tar -C "$work" -xf -
if [ -d "$ROOT/crates/mint" ]; then
    (cd "$ROOT" && cargo build -q -p watertight-mint)
    install -m 0755 "${CARGO_TARGET_DIR:-$ROOT/target}/debug/watertight-mint" "$work/bin/"
fi

trap '"$ROOT/scripts/cluster.sh" stop "$work/cluster"' EXIT
PG=$pg "$ROOT/scripts/cluster.sh" start "$work/cluster" 0 >/dev/null
port=$(as_server_user cat "$work/cluster/port")
connect=(env PATH="$work/bin:$bin:$PATH" PGHOST="$work/cluster/socket" PGPORT="$port" PGUSER=postgres)

prepare() {
    local psql=("${connect[@]}" psql -X -q -v ON_ERROR_STOP=1 -d "$1")
    as_server_user "${connect[@]}" createdb "$1"
    as_server_user "${psql[@]}" -c 'create extension watertight'
    [ ! -f "$work/setup.sql" ] || as_server_user "${psql[@]}" -f "$work/setup.sql"
}

passed=0
failed=0
run() { # run PROGRAM KIND NAME
    local out="$work/out/$2-$3" begun=$SECONDS
    as_server_user mkdir -p "$out"
    if prepare "$2-$3" >"$CACHE/log/pg-test.err" 2>&1 </dev/null && as_server_user "${connect[@]}" "$1" --use-existing --dbname="$2-$3" \
        --inputdir="$work" --outputdir="$out" --bindir="$bin" "$3" >"$CACHE/log/pg-test.out" 2>&1 </dev/null; then
        passed=$((passed + 1))
        echo "ok      $2 $3 ($((SECONDS - begun)) s)"
    else
        failed=$((failed + 1))
        echo "not ok  $2 $3; what it printed: $out/results/$3.out"
        cat "$CACHE/log/pg-test.err"
        if [ -s "$out/regression.diffs" ]; then cat "$out/regression.diffs"; else tail -n 20 "$CACHE/log/pg-test.out"; fi
    fi
}

for file in "$work"/sql/*.sql "$work"/specs/*.spec; do
    name=$(basename "${file%.*}")
    if [ ! -f "$file" ] || { [ "$#" -gt 1 ] && [[ $wanted != *" $name "* ]]; }; then continue; fi
    case $file in
        *.sql) run "$harness/regress/pg_regress" sql "$name" ;;
        *) run "$harness/isolation/pg_isolation_regress" isolation "$name" ;;
    esac
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
