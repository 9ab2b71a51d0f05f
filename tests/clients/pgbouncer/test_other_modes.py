"""Session mode and statement mode."""

import psycopg

from clinics import CLINICS, READ, ROWS, Bouncer, Client, begin, port_of
from harness import TOKEN_NORTH


class SessionMode(Bouncer):
    """A server connection belongs to one client until that disconnects; DISCARD ALL comes between two clients."""

    PORT = port_of("DEBIAN")

    def test_a_token_lasts_for_the_session_and_not_longer(self):
        for _ in range(50):
            for name in CLINICS:
                client = Client(self.PORT, self.tally, role="careless", database="clinic_by_session")
                client.run(f"SET watertight.token = '{CLINICS[name]}'")
                for _ in range(3):
                    self.tally.told(client.run(READ), name)
                client.close()
                client = Client(self.PORT, self.tally, role="careless", database="clinic_by_session")
                client.forgets()
                client.close()
        self.assertEqual(self.tally.refused, 100)
        self.nothing_crossed(50 * 3 * 50)

    def test_what_a_session_left_is_gone(self):
        client = Client(self.PORT, self.tally, role="careless", database="clinic_by_session")
        client.run(f"SET watertight.token = '{TOKEN_NORTH}'")
        client.run("PREPARE p AS SELECT name FROM patients")
        self.tally.told(client.run("EXECUTE p"), "north")
        client.close()
        client = self.client(role="careless", database="clinic_by_session")
        with self.assertRaisesRegex(psycopg.Error, "does not exist"):
            client.run("EXECUTE p")
        self.nothing_crossed(20)

    def test_transaction_scope_in_session_mode(self):
        client = self.client(database="clinic_by_session")
        client.run(f"SET watertight.token = '{TOKEN_NORTH}'")
        client.forgets()
        self.assertEqual(len(client.rows_of("north", begin)), 20)
        self.nothing_crossed(20)


class StatementMode(Bouncer):
    """No transactions: a token and the statement that needs it travel in one message."""

    PORT = port_of("DEBIAN")

    def test_a_token_ends_with_its_message(self):
        for role in ("app", "careless"):
            clients = self.both(role=role, database="clinic_by_statement")
            for _ in range(50):
                for name, client in clients.items():
                    cursor = client.connection.execute(f"SELECT watertight.begin('{CLINICS[name]}'); {READ}")
                    cursor.nextset()
                    rows = cursor.fetchall()
                    self.assertEqual(len(rows), ROWS[name])
                    self.tally.told(rows, name)
                    begin(client, CLINICS[name])
                    client.forgets()
        self.assertEqual(self.tally.refused, 200)
        self.nothing_crossed(2 * 50 * 50)
