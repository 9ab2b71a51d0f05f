#!/usr/bin/env bash
# lint.sh: formatting, clippy, rustdoc and, where they are installed, shellcheck and cargo-deny. Needs no network.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
failures=0
check() { # check COMMAND...
    say "$*"
    "$@" || { failures=$((failures + 1)); say "failed: $*"; }
}

have_cargo() { cargo "$1" --version >/dev/null 2>&1; }

if have_cargo fmt; then check cargo fmt --all --check; else say "skipped: cargo fmt is not installed"; fi
if have_cargo clippy; then
    check cargo clippy --locked --workspace --all-targets -- -D warnings
    for pg in 17 18; do # Code of one version only.
        pg_config=$(pg_config_of "$pg") || continue
        check env PGRX_PG_CONFIG_PATH="$pg_config" CARGO_TARGET_DIR=target/install \
            cargo clippy --locked -p watertight --no-default-features --features "pg$pg" -- -D warnings
    done
else say "skipped: cargo clippy is not installed"; fi
check env RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps -p watertight-core
if have shellcheck; then
    mapfile -t scripts < <(grep -rlE '^#!.*bash|^# shellcheck shell' .ci scripts bench tests examples --include='*.sh' --include=run 2>/dev/null)
    check shellcheck -x "${scripts[@]}"
else say "skipped: shellcheck is not installed"; fi
if have_cargo deny; then
    check cargo deny --offline --locked check bans licenses sources
else say "skipped: cargo-deny is not installed"; fi
if have_cargo audit && [ -d "${CARGO_HOME:-$HOME/.cargo}/advisory-db" ]; then
    check cargo audit --no-fetch
else say "skipped: cargo-audit or its database is not installed"; fi
[ "$failures" -eq 0 ] || die "$failures of the checks failed"
