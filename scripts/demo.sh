#!/usr/bin/env bash
# demo.sh: two hospitals share a database, a role and the patient number 123, and cannot see each other; then compartments inside
# one of them; then columns that are encrypted for each. Runs on a server of its own, with tokens that are really signed. Every
# step is checked: fails if something is not as it says.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

export PG=${PG:-$DEFAULT_PG}
issuer=https://id.example
example="$ROOT/examples/hospital"
dir="$CACHE/clusters/demo-$$"
keys=$(mktemp -d)
failures=0
steps=0
trap '"$ROOT/scripts/cluster.sh" remove "$dir"; rm -rf "$keys"' EXIT

bold='' dim='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi

act() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
step() { steps=$((steps + 1)); printf '\n%s%d. %s%s\n' "$bold" "$steps" "$*" "$plain"; }
indent() { sed "/^\$/d; s/^/   /"; }

# What the last client got must contain the first text, and not the second.
expect() {
    if ! grep -qF -- "$1" <<<"$out" || { [ -n "${2:-}" ] && grep -qF -- "$2" <<<"$out"; }; then
        printf '   %snot as it should be; expected: %s%s\n' "$red" "$1${2:+, and not: $2}" "$plain"
        failures=$((failures + 1))
    fi
}

# run PSQL-ARGUMENTS... : statements from standard input; `out` is what they answer, and each is shown before its answer. `\!` lines
# are somebody else. Statements end where a line does.
run() {
    local sql answers
    sql=$(cat)
    # shellcheck disable=SC2016 # awk's
    answers=$(awk '!open { print "\\echo @" ++n } { print; open = !/^\\!/ && !/(;( *--.*)?|\\g .*)$/ }' <<<"$sql" |
        stdbuf -oL "$psql" -X -q -v VERBOSITY=default "$@" 2>&1 |
        sed '/aborted, commands ignored until end/d; s/^psql:<stdin>:[0-9]*: //')
    out=$(sed '/^@[0-9]*$/d' <<<"$answers")
    # shellcheck disable=SC2016 # likewise
    awk 'NR == FNR { if (!open) n++; text[n] = text[n] $0 "\n"; open = !/^\\!/ && !/(;( *--.*)?|\\g .*)$/; next }
        /^@[0-9]+$/ { printf "%s", text[substr($0, 2)]; next } { print }' <(printf '%s\n' "$sql") <(printf '%s\n' "$answers") |
        sed -e 's/ *+$//' -e '/^\(BEGIN\|COMMIT\);$/d' -e 's| *\\g /dev/null$|;|' \
            -e 's/^\\! .* "\(.*\)"$/-- meanwhile, an administrator: \1/' -e "s/^ERROR:.*/$red&$plain/" | indent
}

# client NAME TOKEN SQL: one transaction of the application. `:'token'` stands for the token.
client() {
    printf '   %s-- %s%s\n' "$dim" "$1" "$plain"
    run -v token="$2" -d "$uri_app" < <(
        echo "BEGIN;"
        [ -z "$2" ] || printf '%s\n' "SELECT watertight.begin(:'token') \\g /dev/null"
        printf '%s\n' "$3" "COMMIT;"
    )
}

# administrator SQL: the superuser who runs this server.
administrator() { run -d "$uri" <<<"$1"; }

sign() { "$mint" sign --key "$keys/ours/k1" --iss "$issuer" "$@"; }
as() { "$psql" -X -q -At -v ON_ERROR_STOP=1 -d "${uri/postgres@/$1@}" "${@:2}"; }

# --- what make demo has not done yet -------------------------------------------------------------------------------
make_cache
if ! pg_config_of "$PG" >/dev/null || [ ! -e "$("$(pg_config_of "$PG")" --pkglibdir)/watertight.so" ]; then
    "$ROOT/scripts/install.sh" "$PG"
fi
psql="$(bindir_of "$PG")/psql"
mint="${CARGO_TARGET_DIR:-$ROOT/target}/debug/watertight-mint"
build_mint() { (cd "$ROOT" && cargo build --locked -p watertight-mint); }
run_logged "build watertight-mint, which signs the tokens" build_mint
say "starting a server of PostgreSQL $PG"
uri=$("$ROOT/scripts/cluster.sh" start "$dir" 0 client_min_messages=warning)
uri_app=${uri/postgres@/app@}

# --- the story -----------------------------------------------------------------------------------------------------
act "Act one: two hospitals"
step "An identity provider has a key. An administrator trusts it, and creates two tenants."
"$mint" keygen --alg EdDSA --kid k1 --out "$keys/ours" >/dev/null
"$mint" keygen --alg EdDSA --kid k1 --out "$keys/stranger" >/dev/null
indent <"$example/install.sql"
as postgres -v issuer="$issuer" -v jwks="$(cat "$keys/ours/jwks.json")" -f "$example/install.sql" >/dev/null

step "The application's migration makes its tables. It knows nothing of tenants."
indent <"$example/schema.sql"
as clinic_owner -f "$example/schema.sql"

step "The owner protects them. These are the statements that were run:"
indent <"$example/protect.sql"
as clinic_owner -f "$example/protect.sql" | cut -c 1-130 | indent

a=$(sign --tenant hospital_a --sub alice --email alice@hospital-a.example --jti token-a)
b=$(sign --tenant hospital_b --sub bob --email bob@hospital-b.example --jti token-b)

step "Each hospital registers its patient 123, over the same database role."
client "hospital A" "$a" "INSERT INTO patients VALUES (123, 'Alice Smith', '1985-03-15');
INSERT INTO visits (patient_id, reason) VALUES (123, 'check-up') RETURNING id, reason, created_by;"
expect "alice@hospital-a.example"
client "hospital B" "$b" "INSERT INTO patients VALUES (123, 'Bob Johnson', '1990-07-22');"

step "The same query without a WHERE clause for the tenant: each sees its own."
client "hospital A" "$a" "SELECT id, name, dob FROM patients WHERE id = 123;"
expect "Alice Smith" "Bob Johnson"
client "hospital B" "$b" "SELECT id, name, dob FROM patients WHERE id = 123;"
expect "Bob Johnson" "Alice Smith"
client "hospital B" "$b" "SELECT count(*) AS patients, (SELECT count(*) FROM visits) AS visits FROM patients;"
expect "1 |      0"

step "Hospital B tries to write a row for hospital A."
other=$(as postgres -c "SELECT id FROM watertight.tenants WHERE name = 'hospital_a'")
client "hospital B" "$b" "INSERT INTO patients VALUES (124, 'Mallory', '2000-01-01', '$other');"
expect 'ERROR:  new row violates row-level security policy for table "patients"'

step "Somebody sets the tenant instead of proving it."
client "no token" "" "SET watertight.tenant_id = '$other';"
expect 'ERROR:  parameter "watertight.tenant_id" cannot be changed'

step "Somebody comes without a token."
client "no token" "" "SELECT * FROM patients;"
expect "ERROR:  no tenant context" " row"

step "Forged: signed with another key of the same name."
client "a forger" "$("$mint" sign --key "$keys/stranger/k1" --iss "$issuer" --tenant hospital_a)" "SELECT * FROM patients;"
expect "ERROR:  the token's signature is invalid"

step "Forged: the token says that it needs no signature (alg: none)."
unsigned=$(sign --tenant hospital_a --header alg=none)
client "a forger" "${unsigned%.*}." "SELECT * FROM patients;"
expect "ERROR:  the token's signature algorithm is not supported"

step "A token of yesterday."
client "hospital A" "$(sign --tenant hospital_a --exp-in -86400)" "SELECT * FROM patients;"
expect "ERROR:  the token has expired"

step "A token is revoked while its session is open: the next statement is refused."
client "hospital A" "$a" "SELECT name FROM patients;
\\! '$psql' -X -q -At -d '$uri' -c \"SELECT watertight.revoke_token('token-a')\"
SELECT name FROM patients;"
expect "ERROR:  the token has been revoked"

step "A tenant is suspended: the same."
client "hospital B" "$b" "SELECT name FROM patients;
\\! '$psql' -X -q -At -d '$uri' -c \"SELECT watertight.suspend_tenant('hospital_b')\"
SELECT name FROM patients;"
expect "ERROR:  the tenant is suspended"

step "All rows are there, each hospital's under its own number 123, for the superuser who runs this server."
administrator "SELECT t.name AS tenant, p.id, p.name FROM patients p JOIN watertight.tenants t ON t.id = p.tenant_id ORDER BY 1;"
expect "(2 rows)"

act "Act two: compartments inside hospital A"
# shellcheck source=scripts/demo-compartments.sh
. "$ROOT/scripts/demo-compartments.sh"

act "Act three: encryption"
# shellcheck source=scripts/demo-encryption.sh
. "$ROOT/scripts/demo-encryption.sh"

if [ "$failures" -gt 0 ]; then
    printf '\n%s%d of the answers above were not as they should be.%s\n' "$red" "$failures" "$plain"
    exit 1
fi
printf '\n%sAll %d steps went as they should.%s The server is gone; %s\n' "$green" "$steps" "$plain" \
    "docs/quickstart.md shows how to do this with your own."
