#!/usr/bin/env bash
# PgBouncer with one server connection: Debian's, and one that carries prepared statements.
# shellcheck source=tests/clients/common/fixture.sh
. "$(dirname "$0")/../common/fixture.sh"

# start NAME PROGRAM FILE...: a PgBouncer with these files' settings; puts its port into PORT.
start() {
    local name=$1 program=$2 dir="$WT_CLUSTER/pgbouncer-$1" file
    shift 2
    PORT=$(free_port)
    as_server_user mkdir -p "$dir"
    {
        # One section only: a second one would begin with PgBouncer's defaults again.
        cat "$@"
        cat <<INI
default_pool_size = 1
listen_addr = 127.0.0.1
listen_port = $PORT
unix_socket_dir =
auth_type = trust
auth_file = $dir/users
admin_users = postgres
logfile = $dir/log
pidfile = $dir/pid
max_client_conn = 200
log_connections = 0
log_disconnections = 0
[databases]
clinic = host=$WT_HOST port=$WT_PORT dbname=$WT_DATABASE
clinic_by_session = host=$WT_HOST port=$WT_PORT dbname=$WT_DATABASE pool_mode=session
clinic_by_statement = host=$WT_HOST port=$WT_PORT dbname=$WT_DATABASE pool_mode=statement
INI
    } | as_server_user tee "$dir/pgbouncer.ini" >/dev/null
    printf '"%s" ""\n' app careless postgres | as_server_user tee "$dir/users" >/dev/null
    as_server_user "$program" -q -d "$dir/pgbouncer.ini"
    at_exit "as_server_user bash -c 'kill \$(cat \"$dir/pid\")'"
    for _ in $(seq 50); do port_is_free "$PORT" || break; sleep 0.1; done
    say "$("$program" --version | head -n 1) on port $PORT"
}

python_venv
newer=$("$SUITE/newer.sh")
debian=$(PATH="$PATH:/usr/sbin" command -v pgbouncer || echo "$newer")
fixture pgbouncer watertight.clock_leeway=0
admin_sql -f "$SUITE/tables.sql" >/dev/null
admin_sql -f "$SUITE/pooling.sql" >/dev/null

start debian "$debian" "$SUITE/transaction.ini"
export WT_BOUNCER_DEBIAN=$PORT
start newer "$newer" "$SUITE/transaction.ini" "$SUITE/prepared.ini"
export WT_BOUNCER_NEWER=$PORT
start tracking "$newer" "$SUITE/transaction.ini" "$SUITE/tracking.ini"
export WT_BOUNCER_TRACKING=$PORT
"$PYTHON" "$SUITE/suite.py" "$@"
