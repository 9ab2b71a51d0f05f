# shellcheck shell=bash
# Sourced after fixture.sh.

# start_pooler NAME PROGRAM FILE...: a PgBouncer with these files' settings and one server connection per role and database;
# puts its port into PORT.
start_pooler() {
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
    printf '"%s" ""\n' app app_owner careless postgres | as_server_user tee "$dir/users" >/dev/null
    as_server_user "$program" -q -d "$dir/pgbouncer.ini"
    at_exit "as_server_user bash -c 'kill \$(cat \"$dir/pid\")'"
    for _ in $(seq 50); do port_is_free "$PORT" || break; sleep 0.1; done
    say "$("$program" --version | head -n 1) on port $PORT"
}
