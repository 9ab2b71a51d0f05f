#!/usr/bin/env bash
# PgBouncer with one server connection: Debian's, and one that carries prepared statements.
# shellcheck source=tests/clients/common/fixture.sh
. "$(dirname "$0")/../common/fixture.sh"
# shellcheck source=tests/clients/common/pooler.sh
. "$COMMON/pooler.sh"

python_venv
newer=$("$SUITE/newer.sh")
debian=$(PATH="$PATH:/usr/sbin" command -v pgbouncer || echo "$newer")
fixture pgbouncer watertight.clock_leeway=0
admin_sql -f "$SUITE/tables.sql" >/dev/null
admin_sql -f "$SUITE/pooling.sql" >/dev/null

start_pooler debian "$debian" "$SUITE/transaction.ini"
export WT_BOUNCER_DEBIAN=$PORT
start_pooler newer "$newer" "$SUITE/transaction.ini" "$SUITE/prepared.ini"
export WT_BOUNCER_NEWER=$PORT
start_pooler tracking "$newer" "$SUITE/transaction.ini" "$SUITE/tracking.ini"
export WT_BOUNCER_TRACKING=$PORT
start_pooler options "$debian" "$SUITE/transaction.ini" "$SUITE/options.ini"
export WT_BOUNCER_OPTIONS=$PORT
start_pooler resetting "$debian" "$SUITE/transaction.ini" "$SUITE/resetting.ini"
export WT_BOUNCER_RESETTING=$PORT
"$PYTHON" "$SUITE/suite.py" "$@"
