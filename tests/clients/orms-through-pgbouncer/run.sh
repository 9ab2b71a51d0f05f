#!/usr/bin/env bash
# The suites of all ORMs once more, unchanged, through PgBouncer in transaction mode with one server connection.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
export WT_THROUGH_PGBOUNCER=1

passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for suite in sqlalchemy django drizzle typeorm sqlx; do
    bash "$here/../$suite/run.sh" 2>&1 | tee "$log" | sed "s/^[0-9]* passed, [0-9]* failed\$/$suite: &/"
    rc=${PIPESTATUS[0]}
    read -r p f < <(awk '/^[0-9]+ passed, [0-9]+ failed$/ { p = $1; f = $3 } END { print p + 0, f + 0 }' "$log")
    [ "$rc" -eq 0 ] || [ "$f" -gt 0 ] || f=1
    passed=$((passed + p))
    failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
