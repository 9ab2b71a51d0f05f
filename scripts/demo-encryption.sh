# shellcheck shell=bash
# Sourced by demo.sh, whose server, keys and helpers it uses: columns that are encrypted for their tenant, and keys that are destroyed.

as postgres -c "SELECT watertight.resume_tenant('hospital_b')" >/dev/null
a=$(sign --tenant hospital_a --sub alice --email alice@hospital-a.example)
b=$(sign --tenant hospital_b --sub bob --email bob@hospital-b.example)
data=$(as postgres -c "SHOW data_directory")
secret="nobody-may-know-$RANDOM$RANDOM"

# --- sealed --------------------------------------------------------------------------------------------------------
step "The server has a master key, from a file that is not in the database. It could come from Vault or a KMS."
as_server_user ls -l "$dir/master_key" | sed "s|$dir/||" | indent
administrator "SELECT state, versions FROM watertight.key_provider();"
expect "present | {1}"

step "The owner makes a table with an encrypted and a searchable column."
indent <"$example/encryption.sql"
as clinic_owner -f "$example/encryption.sql" | cut -c 1-130 | indent

step "Both hospitals write the same number. Each finds its own by it, with an index, and reads plain text."
client "hospital A" "$a" "INSERT INTO records (ssn, diagnosis) VALUES ('123-45-6789', 'A: $secret');
SELECT ssn, diagnosis FROM records WHERE ssn = '123-45-6789';"
expect "A: $secret"
client "hospital B" "$b" "INSERT INTO records (ssn, diagnosis) VALUES ('123-45-6789', 'B: $secret');
SELECT ssn, diagnosis FROM records WHERE ssn = '123-45-6789' AND diagnosis LIKE 'B:%';"
expect "B: $secret" "A: $secret"

step "The superuser has no token. He sees ciphertext, and not even that the numbers are equal."
administrator "SELECT id, left(ssn::text, 40) AS ssn, left(diagnosis::text, 40) AS diagnosis FROM records ORDER BY id;
SELECT count(DISTINCT ssn) AS numbers FROM records;"
expect "watertight:v1:" "$secret"
expect "      2"

step "He puts hospital A's diagnosis into hospital B's row. It does not open there."
swap="UPDATE records SET diagnosis = (SELECT diagnosis FROM records WHERE id = 1) WHERE id = 2;"
client "hospital B" "$b" "\\! '$psql' -X -q -d '$uri' -c \"$swap\"
SELECT diagnosis FROM records;"
expect "ERROR:  the value is sealed for another tenant" "$secret"
client "hospital B" "$b" "UPDATE records SET diagnosis = 'B: $secret';"

step "The text is in no file of the server, nor in a dump. (A plain column's is: the search works.)"
as postgres -c "CHECKPOINT"
"$(bindir_of "$PG")/pg_dump" -d "$uri" | as_server_user tee "$dir/dump.sql" >/dev/null
out=$(as_server_user grep -rlaF "trial of a drug" "$data" "$dir/dump.sql" | sed "s|^$dir/||") || true
printf '   a reason of a visit is in:\n'
indent <<<"$out" | head -n 5
expect "data/base/"
expect "data/pg_wal/"
expect "dump.sql"
printf '   the diagnosis is in:\n'
gone as_server_user grep -rlaF "$secret" "$data" "$dir/dump.sql"

# --- rotated -------------------------------------------------------------------------------------------------------
step "Keys are replaced while everybody works. No row is written again."
administrator "SELECT format('%s new data keys; a new key of the tenant wraps %s keys', watertight.rotate_data_key('hospital_a'), watertight.rotate_tenant_key('hospital_a')) AS done;
SELECT purpose, state, count(*) FROM watertight.keys WHERE tenant = 'hospital_a' GROUP BY 1, 2 ORDER BY 1, 2;"
expect "retired"
client "hospital A" "$a" "UPDATE records SET diagnosis = diagnosis::text || ', later' RETURNING diagnosis;"
expect "A: $secret, later"

# --- shredded ------------------------------------------------------------------------------------------------------
step "Hospital B leaves. Its keys are destroyed: in the tables, and in the memory of every process. A signed certificate says so."
administrator "SELECT jsonb_pretty(watertight.shred_tenant('hospital_b', confirm => 'hospital_b')::jsonb) AS certificate;"
expect '"name": "hospital_b"'
expect '"algorithm": "Ed25519"'

step "The row is still there. Nobody will read it again, whatever token he has."
client "hospital B" "$b" "SELECT id FROM records;
SELECT diagnosis FROM records;"
expect "destroyed" "$secret"

step "Hospital A has noticed nothing."
client "hospital A" "$a" "SELECT ssn, diagnosis FROM records;"
expect "A: $secret, later"
