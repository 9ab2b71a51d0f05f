"""Encrypted columns behind a pooler: a statement that PgBouncer has prepared once, literals included, is used by both tenants."""

import psycopg

from clinics import CLINICS, Bouncer, begin, port_of
from harness import admin

FIND = "SELECT name FROM letters WHERE code = 'the same' /* {} */"
CHANGE = "UPDATE letters SET name = 'changed' WHERE code = 'the same' /* {} */"
ADD = "INSERT INTO letters VALUES (%s, 'the same') RETURNING name"


class Encrypted(Bouncer):
    PORT = port_of("NEWER")

    def test_a_literal_that_was_prepared_for_another_tenant(self):
        for mode in ("auto", "force_generic_plan", "force_custom_plan"):
            admin("TRUNCATE letters")
            clients, forgetful = self.both(prepare_threshold=5), self.client(prepare_threshold=5)
            for name, client in clients.items():
                client.rows_of(name, begin, ADD, (f"{name} letter",), prepare=True)
            for _ in range(60):
                for name, client in clients.items():
                    client.run("BEGIN")
                    client.run(f"SET LOCAL plan_cache_mode = {mode}")
                    begin(client, CLINICS[name])
                    rows = client.run(FIND.format(mode), prepare=True)
                    self.assertEqual(rows, [(f"{name} letter",)])
                    self.tally.told(rows, name)
                    client.run("COMMIT")
                with self.assertRaises(psycopg.errors.InvalidAuthorizationSpecification):
                    self.tally.told(forgetful.run(FIND.format(mode), prepare=True), None)
            # Written by one statement, each under its own key.
            for name, client in clients.items():
                client.run("BEGIN")
                begin(client, CLINICS[name])
                client.run(CHANGE.format(mode), prepare=True)
                self.assertEqual(client.run(FIND.format(mode), prepare=True), [("changed",)])
                client.run("COMMIT")
            keys = admin("SELECT count(DISTINCT watertight.key_id(name)) FROM letters WHERE name::text LIKE 'watertight:v1:%'")
            self.assertEqual(keys, [(2,)])
        self.one_backend()
        self.assertEqual(self.tally.crossed, 0)
