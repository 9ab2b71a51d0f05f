#!/usr/bin/env bash
# sqlx.
# shellcheck source=tests/clients/common/fixture.sh
. "$(dirname "$0")/../common/fixture.sh"

tests=$(mktemp)
at_exit "rm -f '$tests'"
run_logged "sqlx: build" env CARGO_TARGET_DIR="$CLIENTS/cargo" \
    cargo test --locked --no-run --manifest-path "$SUITE/Cargo.toml"
fixture sqlx watertight.clock_leeway=0
skip=()
# A pooler in transaction mode has no checkout that the client could see.
[ -z "${WT_THROUGH_PGBOUNCER:-}" ] || skip=(--skip at_checkout)
# One after the other: they share tables.
rc=0
CARGO_TARGET_DIR="$CLIENTS/cargo" cargo test --locked --no-fail-fast --manifest-path "$SUITE/Cargo.toml" \
    -- --test-threads=1 --nocapture "${skip[@]}" "$@" 2>&1 |
    tee "$tests" | { grep -v "^test result: " || true; } || rc=$?
awk '/^test result: / { for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) p += $(i - 1); if ($i ~ /^failed/) f += $(i - 1) } }
    END { printf "%d passed, %d failed\n", p, f }' "$tests"
exit "$rc"
