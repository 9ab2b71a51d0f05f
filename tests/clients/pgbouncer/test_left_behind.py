"""What a client leaves on the server connection: tokens, statements, cursors, temporary tables."""

import psycopg

from clinics import CLINICS, OTHER, WAYS, READ, Bouncer, begin, port_of
from harness import TOKEN_NORTH, admin


class LeftBehind:
    def test_plain_set_does_not_leak(self):
        # A client that thinks the connection is its own. token_scope = 'transaction' ends what it set with the statement.
        clients, forgetful = self.both(), self.client()
        for _ in range(300):
            for name, client in clients.items():
                client.run(f"SET watertight.token = '{CLINICS[name]}'")
                forgetful.forgets()
                client.forgets()
                client.run("SELECT set_config('watertight.token', %s, false)", (CLINICS[name],))
                forgetful.forgets()
                client.run("BEGIN")
                client.run(f"SET watertight.token = '{CLINICS[name]}'")
                self.tally.told(client.run(READ), name)
                client.run("COMMIT")
                forgetful.forgets()
        self.one_backend()
        self.assertEqual(self.tally.refused, 300 * 8)
        self.nothing_crossed(300 * 50)

    def test_control_plain_set_leaks_without_token_scope(self):
        # Why pooling.sql sets it.
        north, forgetful = self.client(role="careless"), self.client(role="careless")
        north.run(f"SET watertight.token = '{TOKEN_NORTH}'")
        forgetful.forgets()
        north.run("RESET watertight.token")
        forgetful.forgets()
        self.assertEqual((self.tally.crossed, self.tally.refused), (20, 1))
        self.tally.crossed = 0

    def test_token_scope_of_a_database(self):
        admin("ALTER DATABASE clinic SET watertight.token_scope = 'transaction'")
        try:
            self.pooler("RECONNECT")
            north, forgetful = self.client(role="careless"), self.client(role="careless")
            for _ in range(50):
                north.run(f"SET watertight.token = '{TOKEN_NORTH}'")
                forgetful.forgets()
            self.assertEqual(self.tally.refused, 50)
            self.nothing_crossed(0)
        finally:
            admin("ALTER DATABASE clinic RESET watertight.token_scope")
            self.pooler("RECONNECT")

    def test_clients_cannot_switch_token_scope(self):
        client = self.client()
        for sql in ("SET watertight.token_scope = 'session'", "SET LOCAL watertight.token_scope = 'session'",
                    "ALTER ROLE app SET watertight.token_scope = 'session'", "RESET watertight.token_scope; RESET ALL; SHOW watertight.token_scope"):
            try:
                self.assertEqual(client.run(sql), [("transaction",)])
            except psycopg.Error as error:
                self.assertEqual(error.sqlstate, "42501")

    def test_reset_and_discard(self):
        client, forgetful = self.client(), self.client()
        for statement in ("RESET watertight.token", "RESET ALL", "SET watertight.token TO DEFAULT"):
            client.run("BEGIN")
            begin(client, TOKEN_NORTH)
            client.run(statement)
            client.forgets()
        for statement in ("DISCARD ALL", "RESET ALL"):
            client.rows_of("north", begin)
            client.run(statement)
            client.forgets()
            forgetful.forgets()
        self.nothing_crossed(40)

    # What one client leaves on the connection.

    def test_statements_prepared_in_sql(self):
        north, south, forgetful = self.client(), self.client(), self.client()
        north.run("BEGIN")
        begin(north, TOKEN_NORTH)
        north.run("PREPARE p AS SELECT name FROM patients ORDER BY id")
        for _ in range(7):
            self.tally.told(north.run("EXECUTE p"), "north")
        north.run("COMMIT")
        for _ in range(7):
            self.assertEqual(len(south.rows_of("south", begin, "EXECUTE p")), 30)
            forgetful.forgets("EXECUTE p")
        south.run("DEALLOCATE ALL")
        self.assertEqual(self.tally.refused, 7)
        self.nothing_crossed(7 * 50)

    def test_cursors(self):
        for name, role in (("north", "app"), ("south", "app"), ("north", "careless"), ("south", "careless")):
            client, other = self.client(role=role), self.client(role=role)
            client.run("BEGIN")
            begin(client, CLINICS[name])
            client.run("DECLARE c CURSOR FOR SELECT name FROM patients")
            self.tally.told(client.run("FETCH 5 FROM c"), name)
            with self.assertRaises(psycopg.Error) as error:
                client.run("DECLARE held CURSOR WITH HOLD FOR SELECT name FROM patients")
            self.assertEqual(error.exception.sqlstate, "42501")
            self.assertIn("WITH HOLD", str(error.exception))
            client.run("ROLLBACK")
            for cursor in ("c", "held"):
                other.run("BEGIN")
                begin(other, CLINICS[OTHER[name]])
                with self.assertRaises(psycopg.errors.InvalidCursorName):
                    self.tally.told(other.run(f"FETCH ALL FROM {cursor}"), OTHER[name])
                other.run("ROLLBACK")
        self.nothing_crossed(20)

    def test_temporary_tables_need_a_privilege_that_is_revoked(self):
        for name, client in self.both().items():
            client.run("BEGIN")
            begin(client, CLINICS[name])
            with self.assertRaises(psycopg.errors.InsufficientPrivilege):
                client.run("CREATE TEMP TABLE mine AS SELECT name FROM patients")
            client.run("ROLLBACK")

    def test_control_temporary_tables_stay(self):
        # Why pooling.sql revokes the privilege: this role has it, and nothing says whose rows are in there.
        north, forgetful = self.client(role="careless"), self.client(role="careless")
        north.rows_of("north", begin, "CREATE TEMP TABLE mine AS SELECT name FROM patients; SELECT name FROM mine")
        self.tally.told(forgetful.run("SELECT name FROM mine"), None)
        forgetful.run("DROP TABLE mine")
        self.assertEqual(self.tally.crossed, 20)
        self.tally.crossed = 0

    def test_the_token_is_not_shown_to_the_next_client(self):
        north, south = self.client(), self.client()
        for way in WAYS:
            north.rows_of("north", way)
            self.assertEqual(south.run("SHOW watertight.token"), [("",)])
            self.assertEqual(south.run("SELECT current_setting('watertight.token')"), [("",)])
            north.run("BEGIN")
            way(north, TOKEN_NORTH)
            activity = str(admin("SELECT query FROM pg_stat_activity"))
            north.run("COMMIT")
            self.assertNotIn(TOKEN_NORTH[-20:], activity, way.__name__)
        self.nothing_crossed(80)


class Debian(LeftBehind, Bouncer):
    PORT = port_of("DEBIAN")


class Newer(LeftBehind, Bouncer):
    PORT = port_of("NEWER")


class Resetting(Bouncer):
    """DISCARD ALL after each transaction."""

    PORT = port_of("RESETTING")

    def test_nothing_stays(self):
        north, next_one = self.client(role="careless"), self.client(role="careless")
        for left, reads in (("CREATE TEMP TABLE mine AS SELECT name FROM patients", "SELECT name FROM mine"),
                            ("PREPARE mine AS SELECT name FROM patients", "EXECUTE mine")):
            north.run("BEGIN")
            begin(north, TOKEN_NORTH)
            north.run(left)
            self.tally.told(north.run(reads), "north")
            north.run("COMMIT")
            with self.assertRaisesRegex(psycopg.Error, "does not exist"):
                self.tally.told(next_one.run(reads), None)
        self.nothing_crossed(40)

    def test_even_a_plain_set(self):
        north, forgetful = self.client(role="careless"), self.client(role="careless")
        for _ in range(50):
            north.run(f"SET watertight.token = '{TOKEN_NORTH}'")
            forgetful.forgets()
        self.nothing_crossed(0)
