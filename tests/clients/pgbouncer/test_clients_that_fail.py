"""Clients that abort, disconnect, are killed, are refused: what the next one finds."""

import psycopg

import clinics
from clinics import CLINICS, OTHER, READ, ROWS, Bouncer, begin, kill_a_client, port_of, set_local
from harness import TOKEN_EXPIRED, TOKEN_FORGED, TOKEN_NOBODY, TOKEN_NORTH, admin, sign, truth


class Failures:
    def test_aborted_transactions(self):
        clients, forgetful = self.both(), self.client()
        for n in range(200):
            for name, client in clients.items():
                client.run("BEGIN")
                (set_local if n % 2 else begin)(client, CLINICS[name])
                self.tally.told(client.run(READ), name)
                with self.assertRaises(psycopg.Error):
                    client.run("SELECT 1/0")
                with self.assertRaises(psycopg.errors.InFailedSqlTransaction):
                    client.run(READ)
                client.run("ROLLBACK")
                forgetful.forgets()
                client.forgets()
        self.assertEqual(self.tally.refused, 800)
        self.nothing_crossed(200 * 50)

    def test_savepoints(self):
        clients, forgetful = self.both(), self.client()
        for _ in range(200):
            for name, client in clients.items():
                client.run("BEGIN")
                set_local(client, CLINICS[name])
                client.run("SAVEPOINT s")
                with self.assertRaises(psycopg.Error):
                    begin(client, TOKEN_FORGED)
                client.run("ROLLBACK TO s")
                self.tally.told(client.run(READ), name)
                client.run("SAVEPOINT s")
                client.run("RESET watertight.token")
                client.run("ROLLBACK TO s")
                self.tally.told(client.run(READ), name)
                client.run("COMMIT")
                forgetful.forgets()
        self.nothing_crossed(200 * 2 * 50)

    def test_clients_that_disconnect_in_a_transaction(self):
        forgetful = self.client()
        for n in range(40):
            for name in CLINICS:
                client = clinics.Client(self.PORT, self.tally)
                client.run("BEGIN")
                (set_local if n % 2 else begin)(client, CLINICS[name])
                self.tally.told(client.run(READ), name)
                if n % 4 == 3:
                    with self.assertRaises(psycopg.Error):
                        client.run("SELECT 1/0")
                client.close()
                forgetful.forgets()
                next_one = clinics.Client(self.PORT, self.tally)
                next_one.rows_of(OTHER[name], begin)
                next_one.close()
        self.assertEqual(self.tally.refused, 80)
        self.nothing_crossed(40 * 100)

    def test_clients_that_are_killed_in_a_transaction(self):
        forgetful = self.client()
        for last_statement in ("SELECT 1", "UPDATE patients SET name = 'never'"):
            for _ in range(3):
                for name, token in CLINICS.items():
                    self.assertEqual(kill_a_client(self.PORT, token, last_statement), ROWS[name])
                    forgetful.forgets()
                    forgetful.rows_of(OTHER[name], begin)
        # Killed while a statement runs: the server may go on with it, and tells nobody.
        for name, token in CLINICS.items():
            self.assertEqual(kill_a_client(self.PORT, token, "SELECT pg_sleep(2)"), ROWS[name])
            forgetful.forgets()
            forgetful.rows_of(OTHER[name], begin)
        self.assertEqual(self.tally.refused, 14)
        self.assertEqual(truth("SELECT count(*) FROM patients WHERE name = 'never'"), [0])
        self.nothing_crossed(7 * 50)

    def test_server_connections_that_are_killed(self):
        forgetful = self.client()
        for name in CLINICS:
            client = self.client()
            client.run("BEGIN")
            begin(client, CLINICS[name])
            pid = client.run("SELECT pg_backend_pid()")[0][0]
            admin("SELECT pg_terminate_backend(%s, 5000)", pid)
            with self.assertRaises(psycopg.OperationalError):
                client.run(READ)
            forgetful.forgets()
            self.client().rows_of(OTHER[name], begin)
        self.nothing_crossed(50)

    def test_cancelled_statements(self):
        clients, forgetful = self.both(), self.client()
        for _ in range(10):
            for name, client in clients.items():
                client.run("BEGIN")
                begin(client, CLINICS[name])
                client.run("SET LOCAL statement_timeout = '20ms'")
                with self.assertRaises(psycopg.errors.QueryCanceled):
                    client.run("SELECT pg_sleep(10), name FROM patients")
                client.run("ROLLBACK")
                forgetful.forgets()
        self.assertEqual(self.tally.refused, 20)
        self.nothing_crossed(0)

    def test_refused_tokens_leave_the_connection_as_it_was(self):
        clients, forgetful = self.both(), self.client()
        refused = {TOKEN_FORGED: "signature", TOKEN_EXPIRED: "expired", TOKEN_NOBODY: "does not exist", TOKEN_NORTH[:-4]: "", "x": "", "": ""}
        for _ in range(20):
            for token, message in refused.items():
                with self.assertRaises(psycopg.Error) as error:
                    forgetful.run("BEGIN")
                    begin(forgetful, token)
                    self.tally.told(forgetful.run(READ), None)
                self.assertEqual(error.exception.sqlstate, "28000")
                self.assertIn(message, str(error.exception) if token else message)
                forgetful.run("ROLLBACK")
                for name, client in clients.items():
                    client.rows_of(name, set_local)
        self.nothing_crossed(20 * 6 * 50)

    def test_a_revoked_token_stops_at_the_next_statement(self):
        token = sign("--tenant", "north", "--jti", f"bouncer-{self.PORT}")
        client = self.client()
        client.run("BEGIN")
        begin(client, token)
        self.tally.told(client.run(READ), "north")
        admin("SELECT watertight.revoke_token(%s)", f"bouncer-{self.PORT}")
        with self.assertRaisesRegex(psycopg.Error, "revoked"):
            client.run(READ)
        client.run("ROLLBACK")
        self.nothing_crossed(20)


class Debian(Failures, Bouncer):
    PORT = port_of("DEBIAN")


class Newer(Failures, Bouncer):
    PORT = port_of("NEWER")
