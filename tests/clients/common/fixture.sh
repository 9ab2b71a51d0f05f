# shellcheck shell=bash
# Sourced by the suites of this directory. `fixture NAME [setting=value...]` starts a scratch cluster that lives as long as the
# script, and makes in it what every suite needs:
#
#   database clinic, owned by app_owner (who runs migrations), used by app (what applications log in as); both ordinary roles
#   the extension, tenants north and south, an issuer with a fresh EdDSA key
#
# and exports
#
#   WT_HOST WT_PORT WT_DATABASE              where it is; everyone is trusted
#   WT_ADMIN_URL WT_OWNER_URL WT_APP_URL     as superuser, app_owner, app
#   WT_NORTH WT_SOUTH                        the tenants' ids
#   WT_TOKEN_NORTH WT_TOKEN_SOUTH            good tokens
#   WT_TOKEN_EXPIRED WT_TOKEN_FORGED         north's: too old; signed with another key under the same name
#   WT_TOKEN_NOBODY                          good, of a tenant that does not exist
#   WT_MINT WT_KEY WT_ISSUER                 to make more of them
#
# WATERTIGHT_PG_VERSION (15) and WATERTIGHT_PG_BIN choose the server.
set -euo pipefail

SUITE=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd -P)
COMMON=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib.sh
. "$COMMON/../../../scripts/lib.sh"

make_cache
CLIENTS="$CACHE/clients"
mkdir -p "$CLIENTS"

# What a developer's shell may have set must not decide where tests connect.
unset PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGOPTIONS PGSERVICE DATABASE_URL DJANGO_SETTINGS_MODULE

if [ -z "${WATERTIGHT_PG_VERSION:-}" ]; then
    WATERTIGHT_PG_VERSION=$DEFAULT_PG
    if [ -n "${WATERTIGHT_PG_BIN:-}" ]; then
        WATERTIGHT_PG_VERSION=$("$WATERTIGHT_PG_BIN/postgres" --version | sed 's/.* \([0-9]*\)[^ ]*.*/\1/')
    fi
fi
require_pg "$WATERTIGHT_PG_VERSION"
export PG=$WATERTIGHT_PG_VERSION
WATERTIGHT_PG_BIN=${WATERTIGHT_PG_BIN:-$(bindir_of "$PG")}
export WATERTIGHT_PG_VERSION WATERTIGHT_PG_BIN

cleanups=()
at_exit() { cleanups=("$1" "${cleanups[@]}"); }
# shellcheck disable=SC2317 # called by the trap
run_cleanups() {
    local rc=$? command
    for command in "${cleanups[@]}"; do eval "$command" || true; done
    exit "$rc"
}
trap run_cleanups EXIT
trap 'exit 130' INT TERM HUP

# admin_sql [psql options]: as superuser in the suite's database.
admin_sql() { "$WATERTIGHT_PG_BIN/psql" -X -q -At -v ON_ERROR_STOP=1 -d "$WT_ADMIN_URL" "$@"; }

sign() { "$WT_MINT" sign --key "$WT_KEY" --iss "$WT_ISSUER" "$@"; }

make_mint() {
    (cd "$ROOT" && cargo build -q --locked -p watertight-mint)
    WT_MINT="${CARGO_TARGET_DIR:-$ROOT/target}/debug/watertight-mint"
}

make_keys() {
    local keys=$1
    "$WT_MINT" keygen --alg EdDSA --kid k1 --out "$keys/ours" >/dev/null
    "$WT_MINT" keygen --alg EdDSA --kid k1 --out "$keys/stranger" >/dev/null
    WT_ISSUER=https://id.example
    WT_KEY=$keys/ours/k1
    WT_TOKEN_NORTH=$(sign --tenant north --sub nora --email nora@north.example --ttl 7200)
    WT_TOKEN_SOUTH=$(sign --tenant south --sub saul --email saul@south.example --ttl 7200)
    WT_TOKEN_EXPIRED=$(sign --tenant north --sub nora --exp-in -3600)
    WT_TOKEN_NOBODY=$(sign --tenant nowhere --sub nemo --ttl 7200)
    WT_TOKEN_FORGED=$(WT_KEY=$keys/stranger/k1 sign --tenant north --sub nora --ttl 7200)
}

fixture() {
    local name=$1 dir keys uri
    shift
    make_mint
    keys=$(mktemp -d)
    at_exit "rm -rf '$keys'"
    make_keys "$keys"

    dir="$CACHE/clusters/clients-$name-$$"
    at_exit "'$ROOT/scripts/cluster.sh' remove '$dir'"
    uri=$("$ROOT/scripts/cluster.sh" start "$dir" 0 max_connections=60 "$@")
    WT_HOST=127.0.0.1
    WT_PORT=$(sed 's|.*:\([0-9]*\)/.*|\1|' <<<"$uri")
    WT_DATABASE=clinic
    WT_CLUSTER=$dir
    WT_ADMIN_URL=$uri admin_sql -v "jwks=$(cat "$keys/ours/jwks.json")" -v "issuer=$WT_ISSUER" \
        -f "$COMMON/setup.sql" >/dev/null
    WT_ADMIN_URL="postgresql://postgres@$WT_HOST:$WT_PORT/$WT_DATABASE"
    WT_OWNER_URL="postgresql://app_owner@$WT_HOST:$WT_PORT/$WT_DATABASE"
    WT_APP_URL="postgresql://app@$WT_HOST:$WT_PORT/$WT_DATABASE"
    WT_NORTH=$(admin_sql -c "SELECT id FROM watertight.tenants WHERE name = 'north'")
    WT_SOUTH=$(admin_sql -c "SELECT id FROM watertight.tenants WHERE name = 'south'")
    export WT_HOST WT_PORT WT_DATABASE WT_CLUSTER WT_ADMIN_URL WT_OWNER_URL WT_APP_URL WT_NORTH WT_SOUTH WT_MINT WT_KEY WT_ISSUER
    export WT_TOKEN_NORTH WT_TOKEN_SOUTH WT_TOKEN_EXPIRED WT_TOKEN_FORGED WT_TOKEN_NOBODY
    say "$name: PostgreSQL $PG on port $WT_PORT"
    [ -z "${WT_THROUGH_PGBOUNCER:-}" ] || through_pgbouncer
}

# The application's connections go through a pooler with one connection to the server, as docs/pooling.md has it.
through_pgbouncer() {
    local bouncer="$COMMON/../pgbouncer"
    # shellcheck source=tests/clients/common/pooler.sh
    . "$COMMON/pooler.sh"
    admin_sql -f "$bouncer/pooling.sql"
    start_pooler orm "$("$bouncer/newer.sh")" "$bouncer/transaction.ini" "$bouncer/prepared.ini"
    WT_PORT=$PORT
    WT_APP_URL="postgresql://app@$WT_HOST:$PORT/$WT_DATABASE"
    WT_OWNER_URL=${WT_OWNER_URL/:[0-9]*\//:$PORT/}
}

# digest FILE...: a name for what a download is made from.
digest() { cat "$@" | sha256sum | cut -c 1-16; }

# python_venv: a virtual environment with what the suite's requirements.txt pins, made once per content of that file. Puts its
# interpreter into PYTHON.
python_venv() {
    local requirements="$SUITE/requirements.txt" venv
    venv="$CLIENTS/python-$(digest "$requirements")"
    PYTHON="$venv/bin/python"
    export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
    export PYTHONPATH="$COMMON:$SUITE"
    [ -e "$venv/complete" ] && return
    rm -rf "$venv"
    run_logged "$(basename "$SUITE"): Python packages" \
        bash -c 'python3 -m venv "$1" && "$1/bin/pip" install --quiet --disable-pip-version-check -r "$2"' - "$venv" "$requirements"
    touch "$venv/complete"
}

# node_modules: what the suite's package-lock.json pins, in the suite's directory (Node looks for modules beside the program).
node_modules() {
    local mark
    mark="$SUITE/node_modules/.complete-$(digest "$SUITE/package.json" "$SUITE/package-lock.json")"
    [ -e "$mark" ] && return
    run_logged "$(basename "$SUITE"): npm packages" \
        npm --prefix "$SUITE" ci --no-audit --no-fund --loglevel=error --cache "$CLIENTS/npm"
    touch "$mark"
}
