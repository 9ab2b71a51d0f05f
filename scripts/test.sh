#!/usr/bin/env bash
# test.sh [PG]: every suite on that PostgreSQL. Without PG: on 15, then on 17 and 18 as far as WATERTIGHT_BUDGET minutes (55)
# allow. A suite that ran no test has failed. The last line is `N passed, N failed`; it is also in target/test-summary.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

only=${1:-}
budget=$((${WATERTIGHT_BUDGET:-55} * 60))
suite_limit=${WATERTIGHT_SUITE_TIMEOUT:-25m}
passed=0
failed=0
lines=()
child=
mkdir -p "$ROOT/target"
rm -f "$ROOT/target/test-summary"
trap '[ -z "$child" ] || kill "$child" 2>/dev/null || true; exit 130' INT TERM

# Cargo's results where there are any, else the last `N passed, N failed`. A doc test that must not compile is a test too.
counts() {
    awk '/^test result: / { cargo = 1; for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) p += $(i - 1); if ($i ~ /^failed/) f += $(i - 1) } }
        /^[0-9]+ passed, [0-9]+ failed$/ && !cargo { p = $1; f = $3 }
        END { print p + 0, f + 0 }' "$1"
}

suite() { # suite NAME COMMAND...
    local name=$1 log="$CACHE/log/suite.log" begun rc=0 p f
    shift
    begun=$(date +%s)
    say "=== $name"
    timeout -k 30 "$suite_limit" "$@" > >(tee "$log") 2>&1 </dev/null &
    child=$!
    wait "$child" || rc=$?
    child=
    wait # for tee
    read -r p f < <(counts "$log")
    if [ "$rc" -eq 124 ]; then say "=== $name: stopped after $suite_limit"; fi
    if [ "$rc" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    if [ "$p" -eq 0 ] && [ "$f" -eq 0 ]; then
        say "=== $name ran no test: that is a failure"
        f=1
    fi
    passed=$((passed + p))
    failed=$((failed + f))
    lines+=("$(printf '%-50s %5d passed %4d failed %5d s' "$name" "$p" "$f" $(($(date +%s) - begun)))")
    say "=== ${lines[-1]}"
}

skip() {
    lines+=("skipped: $1")
    say "=== skipped: $1"
}

any() { compgen -G "$ROOT/$1" >/dev/null; }

on_postgres() { # on_postgres PG: everything that needs a server
    local pg=$1 runner
    export PG=$pg WATERTIGHT_PG_VERSION=$pg WATERTIGHT_CACHE=$CACHE
    if ! "$ROOT/scripts/install.sh" "$pg"; then
        suite "PostgreSQL $pg: install" false
        return
    fi
    # Where they cannot be had, the tests that need them say so.
    "$ROOT/scripts/postgis.sh" "$pg" || say "PostgreSQL $pg: tests go without PostGIS"
    "$ROOT/scripts/pgvector.sh" "$pg" || say "PostgreSQL $pg: tests go without pgvector"
    WATERTIGHT_PG_BIN=$(bindir_of "$pg")
    export WATERTIGHT_PG_BIN
    if any 'pg_test/sql/*.sql' || any 'pg_test/specs/*.spec'; then
        suite "PostgreSQL $pg: SQL and isolation" "$ROOT/scripts/pg-test.sh" "$pg"
    else skip "PostgreSQL $pg: SQL and isolation: nothing in pg_test yet"; fi
    if grep -rqs '#\[test\]' "$ROOT/tests" --include='*.rs'; then
        suite "PostgreSQL $pg: clients in Rust" cargo test --locked -p watertight-tests --no-fail-fast
    else skip "PostgreSQL $pg: clients in Rust: nothing in tests yet"; fi
    if [ "$pg" = "${only:-$DEFAULT_PG}" ]; then
        for runner in "$ROOT"/tests/clients/*/run.sh; do
            [ -f "$runner" ] || continue
            suite "PostgreSQL $pg: $(basename "$(dirname "$runner")")" bash "$runner"
        done
    fi
    if [ -d "$(source_of "$pg")" ]; then
        suite "PostgreSQL $pg: its own suite, preloaded" "$ROOT/scripts/regress.sh" "$pg"
        suite "PostgreSQL $pg: its own suite, extension created" "$ROOT/scripts/regress.sh" "$pg" --extension
    fi
}

cd "$ROOT"
"$ROOT/scripts/setup.sh" "${only:-$DEFAULT_PG}"
suite "rules, without a server" \
    cargo test --locked --workspace --exclude watertight --exclude watertight-tests --no-fail-fast
begun=$(date +%s)
on_postgres "${only:-$DEFAULT_PG}"
took=$(($(date +%s) - begun))

if [ -z "$only" ]; then
    for pg in 17 18; do
        # As long as the first one, its own suite, and the server itself where it is not built yet.
        need=$((took + 150))
        pg_config_of "$pg" >/dev/null || need=$((need + 240))
        if [ $(($(date +%s) - START + need)) -gt "$budget" ]; then
            skip "PostgreSQL $pg: would go over WATERTIGHT_BUDGET ($((budget / 60)) min); run 'make test PG=$pg'"
        elif ! "$ROOT/scripts/setup.sh" "$pg"; then
            skip "PostgreSQL $pg: could not be built here, see above; 'make test PG=$pg' insists"
        else on_postgres "$pg"; fi
    done
fi

say "=== all suites"
printf '%s\n' "${lines[@]}"
echo "$passed passed, $failed failed" | tee "$ROOT/target/test-summary"
[ "$failed" -eq 0 ]
