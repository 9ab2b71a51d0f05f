# shellcheck shell=bash
# Sourced by demo.sh, whose server, keys and helpers it uses: people of one hospital, and rooms they cannot look into.

alice=$(sign --tenant hospital_a --sub alice --email alice@hospital-a.example)
carol=$(sign --tenant hospital_a --sub carol --email carol@hospital-a.example)

# login NAME TOKEN [ARGUMENTS]: the session's token goes to `session`; shows the statement and what is in the token.
login() {
    local call="SELECT watertight.login(:'token'${3:+, $3})"
    printf '   %s-- %s%s\n   %s;\n' "$dim" "$1" "$plain" "$call"
    session=$(as app -v token="$2" <<<"$call")
    printf '   -- %s...\n' "${session:0:40}"
}

# payload TOKEN: what a token says.
payload() {
    local part
    part=$(cut -d. -f2 <<<"$1" | tr '_-' '/+')
    while [ $((${#part} % 4)) -ne 0 ]; do part+='='; done
    base64 -d <<<"$part"
}

# files: the files of the compartments' own tables, in the server's data directory.
files() {
    PGOPTIONS='-c watertight.bypass=on' as postgres -c "SELECT string_agg(pg_relation_filepath(c.oid), ' ') FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '$1' AND c.relkind IN ('r', 'S', 'i', 't')"
}

# gone COMMAND...: waits until it prints nothing; what the background worker has to finish takes a moment.
gone() {
    local _
    for _ in $(seq 300); do
        out=$("$@" 2>&1) || true
        [ -n "$out" ] || break
        sleep 0.1
    done
    if [ -n "$out" ]; then
        indent <<<"$out"
        printf '   %snot as it should be; expected: nothing%s\n' "$red" "$plain"
        failures=$((failures + 1))
    else
        printf '   (nothing)\n'
    fi
}

# --- a room that stays ---------------------------------------------------------------------------------------------
step "An administrator switches compartments on. The owner says what is kept apart; what is there stays, in Global."
indent <"$example/compartments.sql"
as postgres -f "$example/compartments.sql"
indent <"$example/workspace.sql"
as clinic_owner -f "$example/workspace.sql" | cut -c 1-130 | indent

step "Alice logs in to Global: her identity token becomes a session's token. The visit of before is there."
login "Alice" "$alice"
client "Alice, in Global" "$session" "SELECT tenant, compartment, user_id FROM watertight.whoami();
SELECT reason FROM visits;"
expect "hospital_a | global"
expect "check-up"

step "She makes a compartment that stays, and logs in there. It is empty; what she writes is in it."
client "Alice, in Global" "$session" "SELECT watertight.create_compartment('study') IS NOT NULL AS created;"
expect "t"
login "Alice" "$alice" "'study'"
study=$session
client "Alice, in study" "$study" "SELECT count(*) AS visits FROM visits;
INSERT INTO visits (patient_id, reason) VALUES (123, 'trial of a drug') RETURNING reason, created_by;"
expect "     0"
expect "trial of a drug"

step "Carol works at the same hospital, over the same database role. For her there is no such thing."
client "Carol, in Global" "$carol" "SELECT reason FROM visits;"
expect "check-up" "trial"
printf '   %s-- Carol%s\n   %s\n' "$dim" "$plain" "SELECT watertight.login(:'token', 'study');"
out=$("$psql" -X -q -v VERBOSITY=default -v token="$carol" -d "$uri_app" <<<"SELECT watertight.login(:'token', 'study');" 2>&1 |
    sed 's/^psql:<stdin>:[0-9]*: //') || true
sed "s/^ERROR:.*/$red&$plain/" <<<"$out" | indent
expect "ERROR:  no such compartment, or the user may not enter it"

step "She takes a token of Alice's for Global and writes the compartment's id into it."
login "Alice" "$alice"
room=$(payload "$study" | sed 's/.*"compartment":"\([^"]*\)".*/\1/')
changed=$(payload "$session" | sed "s/\"compartment\":\"[^\"]*\"/\"compartment\":\"$room\"/" | base64 -w 0 | tr '/+' '_-' | tr -d =)
client "Carol" "${session%%.*}.$changed.${session##*.}" "SELECT reason FROM visits;"
expect "ERROR:  the token's signature is invalid"

# --- a room that goes ----------------------------------------------------------------------------------------------
step "Alice opens an ephemeral session, with tables of its own. They are cloned from the template; she just uses them."
secret="nobody-will-know-$RANDOM$RANDOM"
login "Alice" "$alice" "ephemeral => true, template => 'workspace'"
ephemeral=$session
client "Alice, in her ephemeral session" "$ephemeral" "INSERT INTO documents (body) VALUES ('$secret');
INSERT INTO visits (patient_id, reason) VALUES (123, 'second opinion');
SELECT body, reason FROM documents, visits;"
expect "$secret"
expect "second opinion" "check-up"

step "From the other side, also for Alice herself in the compartment that stays, there is neither table nor row."
id=$(payload "$ephemeral" | sed 's/.*"compartment":"\([^"]*\)".*/\1/')
schema=$(as postgres -c "SELECT watertight.compartment_schema('$id')")
client "Alice, in study" "$study" "SELECT reason FROM visits;
SELECT * FROM documents;"
expect 'ERROR:  relation "documents" does not exist' "second opinion"
client "Carol, who has guessed the name of the schema" "$carol" "SELECT * FROM $schema.documents;"
expect "does not exist" "$secret"

step "An administrator sees that there are compartments, whose they are and who is in them, and not what is in them."
administrator "CREATE ROLE administrator IN ROLE watertight_admin;
SET ROLE administrator;
SELECT name, owner, ephemeral, sessions FROM watertight.compartments WHERE tenant = 'hospital_a' ORDER BY created_at;
SELECT user_id, compartment, ephemeral FROM watertight.sessions ORDER BY started_at;
SELECT * FROM visits;
SELECT * FROM $schema.documents;
RESET ROLE;
SELECT * FROM $schema.documents; -- the superuser"
expect "study"
expect "ephemeral-"
expect "ERROR:  no tenant context" "$secret"

# --- nothing remains -----------------------------------------------------------------------------------------------
step "While the session lasts the tables have files on disk, and the text is in one of them."
data=$(as postgres -c "SHOW data_directory")
# A checkpoint leaves UNLOGGED tables in memory; copying a database file by file writes them out.
as postgres -c "CREATE DATABASE flushed STRATEGY = file_copy"
as postgres -c "DROP DATABASE flushed"
before=$(files "$schema")
out=$before
expect "base/"
printf '   %s\n' "$before"
out=$(as_server_user grep -rlaF "$secret" "$data" | sed "s|^$data/||") || true
printf '   the text is in: %s\n' "$out"
expect "base/" "pg_wal"

step "Alice logs out. Her token is worth nothing from that moment on."
client "Alice, in her ephemeral session" "$ephemeral" "SELECT watertight.logout();"
client "Alice" "$ephemeral" "SELECT * FROM documents;"
expect "ERROR:  the session has ended"

step "What is left, with the eyes of a superuser: its schema, its row in the registry, its rows in shared tables,"
gone env PGOPTIONS='-c watertight.bypass=on' "$psql" -X -q -At -d "$uri" -c "SELECT nspname FROM pg_namespace WHERE nspname = '$schema'
    UNION ALL SELECT name FROM watertight.all_compartments WHERE id = '$id'
    UNION ALL SELECT reason FROM visits WHERE compartment_id = '$id'"
printf '   its files, and the text, in any file of the server, write-ahead log included:\n'
as postgres -c CHECKPOINT
# shellcheck disable=SC2086 # a list of names
gone as_server_user bash -c 'cd "$1" && shift && ls -d "$@" 2>/dev/null' - "$data" ${before:-base}
gone as_server_user grep -rlaF "$secret" "$data"

step "What was to stay has stayed."
client "Alice, in study" "$study" "SELECT reason FROM visits;"
expect "trial of a drug" "check-up"
