#!/usr/bin/env bash
# install.sh [PG]: builds the extension for that PostgreSQL (15) and puts it in place.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

pg=${1:-$DEFAULT_PG}
"$ROOT/scripts/setup.sh" "$pg"
lock "install-$pg"
pg_config=$(pg_config_of "$pg")
stage="$CACHE/stage/$pg"

# A target directory of its own, for all versions: plain `cargo check` runs without PGRX_PG_CONFIG_PATH, and every change
# of that variable would build pgrx anew. cargo-pgrx passes linker flags that RUSTFLAGS would replace.
package() {
    rm -rf "$stage"
    cd "$ROOT"
    env -u RUSTFLAGS PGRX_PG_CONFIG_PATH="$pg_config" CARGO_TARGET_DIR="$ROOT/target/install" \
        "$(cargo_pgrx_program)" pgrx package --pg-config "$pg_config" --out-dir "$stage" \
        --no-default-features --features "pg$pg"
}

# copy FILE DESTINATION: a new file under the old name, so that a running server keeps the library it has mapped; untouched
# when nothing changed, so that nobody restarts for nothing.
copy() {
    local directory=${2%/*}
    cmp -s "$1" "$2" && return
    if [ -w "$directory" ]; then install -m "$3" "$1" "$2"; else as_root install -m "$3" "$1" "$2"; fi
    changed=$((changed + 1))
}

[ -d "$ROOT/target/install" ] || say "the first build takes about ten minutes"
run_logged "PostgreSQL $pg: build watertight" package
changed=0
while IFS= read -r -d '' file; do
    mode=0644
    [[ $file == *.so ]] && mode=0755
    copy "$file" "${file#"$stage"}" "$mode"
done < <(find "$stage" -type f -print0)
say "PostgreSQL $pg: watertight is installed, $changed files changed"
