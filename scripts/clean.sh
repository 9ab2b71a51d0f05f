#!/usr/bin/env bash
# clean.sh: stops and deletes our clusters, staged files, logs and cargo's results. Servers built from source stay.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

if [ -d "$CACHE/clusters" ]; then
    while IFS= read -r data; do
        "$ROOT/scripts/cluster.sh" stop "${data%/data}"
    done < <(find "$CACHE/clusters" -maxdepth 3 -type d -name data -prune)
    rm -rf "$CACHE/clusters"
fi
rm -rf "$CACHE/stage" "$CACHE/log"
if have cargo; then (cd "$ROOT" && cargo clean -q); else rm -rf "$ROOT/target"; fi
if [ -d "$CACHE/postgres" ]; then say "clean; servers built from source are in $CACHE/postgres"; else say "clean"; fi
