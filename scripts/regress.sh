#!/usr/bin/env bash
# regress.sh 17|18 [--extension]: PostgreSQL's own regression suite with the library preloaded, to show that nothing else
# changed; with --extension, the extension is also created in the database under test.
#
# Differences that must be are patches of PostgreSQL's expected output, each beginning with its reason:
#   pg_test/regress-VERSION/*.diff              always
#   pg_test/regress-VERSION/extension/*.diff    with --extension
# They apply with `patch -p1` in src/test/regress. The last line is `N passed, N failed`.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

pg=${1:?usage: regress.sh 17|18 [--extension]}
mode=${2:-}
source="$(source_of "$pg")/src/test/regress"
[ -x "$source/pg_regress" ] || die "no source tree of PostgreSQL $pg here: run 'make postgres PG=$pg'"
make_cache
lock "regress-$pg"
work="$CACHE/clusters/regress-$pg"
cluster="$ROOT/scripts/cluster.sh"
"$cluster" remove "$work/cluster"
as_server_user rm -rf "$work"
as_server_user mkdir -p "$work/input" "$work/output"
tar -C "$source" -cf - sql expected data parallel_schedule | as_server_user tar -C "$work/input" -xf -

patches=("$ROOT/pg_test/regress-$pg"/*.diff)
options=()
if [ "$mode" = --extension ]; then
    patches+=("$ROOT/pg_test/regress-$pg/extension"/*.diff)
    options+=(--load-extension=watertight)
fi
for file in "${patches[@]}"; do
    [ -f "$file" ] || continue
    say "a known difference: $(basename "$file")"
    as_server_user patch -s -p1 -d "$work/input" <"$file"
done

trap '"$cluster" stop "$work/cluster"' EXIT
PG=$pg "$cluster" start "$work/cluster" 0 >/dev/null
rc=0
as_server_user env PGHOST="$work/cluster/socket" PGPORT="$(as_server_user cat "$work/cluster/port")" PGUSER=postgres \
    "$source/pg_regress" --inputdir="$work/input" --expecteddir="$work/input" --outputdir="$work/output" \
    --dlpath="$source" --bindir="$(bindir_of "$pg")" --schedule="$work/input/parallel_schedule" \
    --max-connections=20 "${options[@]}" </dev/null | tee "$CACHE/log/regress-$pg.out" | grep -vE '^ok |^# parallel group|^1\.\.' || rc=$?

passed=$(grep -cE '^ok +[0-9]' "$CACHE/log/regress-$pg.out" || true)
failed=$(grep -cE '^not ok +[0-9]' "$CACHE/log/regress-$pg.out" || true)
if [ "$rc" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
if [ "$failed" -ne 0 ] && [ -f "$work/output/regression.diffs" ]; then
    head -n 400 "$work/output/regression.diffs"
    say "all differences: $work/output/regression.diffs"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
