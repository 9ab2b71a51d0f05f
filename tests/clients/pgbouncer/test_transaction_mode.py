"""Transaction mode, one server connection, two tenants and a client without a token in turn."""

import asyncio
import random
import threading
import unittest

import asyncpg
import psycopg

import clinics
from clinics import CLINICS, OTHER, READ, ROWS, WAYS, Bouncer, begin, kill_a_client, port_of, set_local
from harness import (
    NORTH, SOUTH, TOKEN_EXPIRED, TOKEN_FORGED, TOKEN_NOBODY, TOKEN_NORTH, TOKEN_SOUTH, admin, sign, truth,
)


class TransactionMode:
    def interleave(self, hand_over, rounds, **options):
        clients, forgetful = self.both(), self.client()
        for _ in range(rounds):
            for name, client in clients.items():
                self.assertEqual(len(client.rows_of(name, hand_over, **options)), ROWS[name])
            forgetful.forgets()
        self.one_backend()
        self.assertEqual(self.tally.refused, rounds)
        self.nothing_crossed(rounds * 50)

    def test_control_the_pool_is_what_it_should_be(self):
        client = self.client()
        pid = client.run("SELECT pg_backend_pid()")
        self.assertEqual(self.client().run("SELECT pg_backend_pid()"), pid)
        pools = {(row["database"], row["user"]): row["pool_mode"] for row in self.pooler("SHOW POOLS")}
        self.assertEqual(pools["clinic", "app"], "transaction")
        sizes = {row["key"]: row["value"] for row in self.pooler("SHOW CONFIG")}
        self.assertEqual(sizes["default_pool_size"], "1")
        self.assertEqual(client.run("SHOW watertight.token_scope"), [("transaction",)])

    def test_control_an_open_table_crosses(self):
        for name, client in self.both().items():
            client.rows_of(name, begin, "SELECT name FROM open_patients")
        self.assertEqual(self.tally.crossed, 40)
        self.tally.crossed = 0

    def test_set_local_two_thousand_times(self):
        self.interleave(set_local, 1000)

    def test_begin_two_thousand_times(self):
        self.interleave(begin, 1000)

    def test_every_way_to_hand_a_token_over(self):
        for way in WAYS:
            self.interleave(way, 50)
            self.tally.rows = self.tally.refused = 0

    def test_everything_in_one_message(self):
        clients, forgetful = self.both(), self.client()
        for _ in range(200):
            for name, client in clients.items():
                for sql in (f"BEGIN; SET LOCAL watertight.token = '{CLINICS[name]}'; {READ}; COMMIT",
                            f"SELECT watertight.begin('{CLINICS[name]}'); {READ}"):
                    cursor = client.connection.execute(sql)
                    while not cursor.description or cursor.description[0].name != "name":
                        self.assertTrue(cursor.nextset())
                    rows = cursor.fetchall()
                    self.assertEqual(len(rows), ROWS[name])
                    self.tally.told(rows, name)
            forgetful.forgets()
        self.nothing_crossed(200 * 100)

    def test_writes(self):
        admin("UPDATE patients SET changed = 0")
        clients = self.both()
        for n in range(300):
            for name, client in clients.items():
                client.rows_of(name, set_local, "UPDATE patients SET changed = changed + 1 RETURNING name")
                client.rows_of(name, begin, "INSERT INTO patients (id, name) VALUES (%s, %s) RETURNING name", (1000 + n, f"{name} new"))
                client.rows_of(name, begin, "DELETE FROM patients WHERE id = %s RETURNING name", (1000 + n,))
        self.assertEqual(sorted(admin("SELECT tenant_id::text, changed, count(*) FROM patients GROUP BY 1, 2")),
                         sorted([(NORTH, 300, 20), (SOUTH, 300, 30)]))
        self.nothing_crossed(300 * (50 + 2 + 2))

    def test_a_transaction_without_a_token_writes_nothing(self):
        clients, forgetful = self.both(), self.client()
        for _ in range(50):
            for name, client in clients.items():
                client.rows_of(name, begin)
            for sql in ("INSERT INTO patients (id, name) VALUES (1, 'x') RETURNING name",
                        f"INSERT INTO patients (id, name, tenant_id) VALUES (9999, 'x', '{NORTH}') RETURNING name",
                        "UPDATE patients SET name = 'x' RETURNING name", "DELETE FROM patients RETURNING name",
                        "EXPLAIN ANALYZE SELECT * FROM patients"):
                forgetful.forgets(sql)
                forgetful.run("BEGIN")
                forgetful.forgets(sql)
        self.assertEqual(self.tally.refused, 50 * 5 * 2)
        self.nothing_crossed()

    def test_copy(self):
        clients, forgetful = self.both(), self.client()

        def copy(client):
            with client.connection.cursor().copy("COPY patients (name) TO STDOUT") as rows:
                return list(rows.rows())

        for _ in range(20):
            for name, client in clients.items():
                client.run("BEGIN")
                begin(client, CLINICS[name])
                self.tally.told(copy(client), name)
                client.run("COMMIT")
            with self.assertRaises(psycopg.errors.InvalidAuthorizationSpecification):
                self.tally.told(copy(forgetful), None)
        self.nothing_crossed(20 * 50)

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

    def pooler(self, command):
        with psycopg.connect(host="127.0.0.1", port=self.PORT, user="postgres", dbname="pgbouncer", autocommit=True) as console:
            cursor = psycopg.ClientCursor(console, row_factory=psycopg.rows.dict_row)
            cursor.execute(command)
            return cursor.fetchall() if cursor.description else None

    def test_clients_cannot_switch_token_scope(self):
        client = self.client()
        for sql in ("SET watertight.token_scope = 'session'", "SET LOCAL watertight.token_scope = 'session'",
                    "ALTER ROLE app SET watertight.token_scope = 'session'", "RESET watertight.token_scope; RESET ALL; SHOW watertight.token_scope"):
            try:
                self.assertEqual(client.run(sql), [("transaction",)])
            except psycopg.Error as error:
                self.assertEqual(error.sqlstate, "42501")

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

    def test_more_tokens_than_a_backend_remembers(self):
        admin("ALTER ROLE app SET watertight.token_cache_size = 2")
        try:
            self.pooler("RECONNECT")
            clients = self.both()
            tokens = {name: [sign("--tenant", name, "--sub", f"{name} {n}") for n in range(5)] for name in CLINICS}
            for n in range(200):
                for name, client in clients.items():
                    client.run("BEGIN")
                    begin(client, tokens[name][n % 5])
                    self.assertEqual(client.run("SELECT watertight.user_id()"), [(f"{name} {n % 5}",)])
                    self.tally.told(client.run(READ), name)
                    client.run("COMMIT")
            self.nothing_crossed(200 * 50)
        finally:
            admin("ALTER ROLE app RESET watertight.token_cache_size")
            self.pooler("RECONNECT")

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

    def test_many_clients_at_once(self):
        # Everything above in random order, from ten threads, over the one connection.
        problems = []

        def work(seed):
            dice = random.Random(seed)
            client = clinics.Client(self.PORT, self.tally)
            try:
                for _ in range(150):
                    name = dice.choice(list(CLINICS))
                    action = dice.randrange(8)
                    if action <= 2:
                        assert len(client.rows_of(name, dice.choice(WAYS))) == ROWS[name]
                    elif action == 3:
                        client.forgets()
                    elif action == 4:
                        client.run(f"SET watertight.token = '{CLINICS[name]}'")
                        client.forgets()
                    elif action == 5:
                        client.run("BEGIN")
                        dice.choice(WAYS)(client, CLINICS[name])
                        self.tally.told(client.run(READ), name)
                        client.run("ROLLBACK")
                    elif action == 6:
                        try:
                            client.run(f"BEGIN; SELECT watertight.begin('{CLINICS[name]}'); SELECT 1/0")
                        except psycopg.errors.DivisionByZero:
                            client.run("ROLLBACK")
                    else:
                        client.run("BEGIN")
                        begin(client, CLINICS[name])
                        client.close()
                        client = clinics.Client(self.PORT, self.tally)
            except Exception as error:
                problems.append(error)
            finally:
                client.close()

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
        self.nothing_crossed()

    def test_asyncpg(self):
        async def crowd():
            pool = await asyncpg.create_pool(
                host="127.0.0.1", port=self.PORT, user="app", database="clinic", min_size=8, max_size=8,
                statement_cache_size=self.STATEMENT_CACHE)

            async def work(name):
                for _ in range(50):
                    async with pool.acquire() as connection, connection.transaction():
                        await connection.execute("SELECT watertight.begin($1)", CLINICS[name])
                        rows = await connection.fetch("SELECT name FROM patients WHERE id >= $1 ORDER BY id", 1)
                    self.assertEqual(len(rows), ROWS[name])
                    self.tally.told(rows, name)

            async def forget():
                for _ in range(50):
                    async with pool.acquire() as connection:
                        try:
                            self.tally.told(await connection.fetch("SELECT name FROM patients WHERE id >= $1 ORDER BY id", 1), None)
                        except asyncpg.InvalidAuthorizationSpecificationError:
                            self.tally.refused += 1

            await asyncio.gather(*(work(name) for name in list(CLINICS) * 5), forget(), forget())
            await pool.close()

        asyncio.run(crowd())
        self.assertEqual(self.tally.refused, 100)
        self.nothing_crossed(5 * 50 * 50)


class Debian(TransactionMode, Bouncer):
    PORT = port_of("DEBIAN")
    STATEMENT_CACHE = 0


class Newer(TransactionMode, Bouncer):
    PORT = port_of("NEWER")
    STATEMENT_CACHE = 100

    def test_prepared_statements_are_shared_by_tenants(self):
        # PgBouncer prepares a statement once per server connection: both tenants run the same one.
        for mode in ("auto", "force_generic_plan", "force_custom_plan"):
            clients, forgetful = self.both(prepare_threshold=5), self.client(prepare_threshold=5)
            query = f"SELECT name FROM patients WHERE id >= %s ORDER BY id /* {mode} */"
            for _ in range(150):
                for name, client in clients.items():
                    client.run("BEGIN")
                    client.run(f"SET LOCAL plan_cache_mode = {mode}")
                    client.run("SELECT watertight.begin(%s)", (CLINICS[name],), prepare=True)
                    rows = client.run(query, (1,), prepare=True)
                    client.run("COMMIT")
                    self.assertEqual(len(rows), ROWS[name])
                    self.tally.told(rows, name)
                try:
                    self.tally.told(forgetful.run(query, (1,), prepare=True), None)
                except psycopg.errors.InvalidAuthorizationSpecification:
                    self.tally.refused += 1
        plans = self.client().run(
            "SELECT statement LIKE '%force_generic%', generic_plans > 200, count(*) OVER () FROM pg_prepared_statements"
            " WHERE statement LIKE 'SELECT name FROM patients WHERE id >= $1 ORDER BY id /* force%' ORDER BY 1")
        self.assertEqual(plans, [(False, False, 2), (True, True, 2)])
        self.one_backend()
        self.assertEqual(self.tally.refused, 450)
        self.nothing_crossed(3 * 150 * 50)

    def test_a_statement_prepared_without_a_token(self):
        forgetful, clients = self.client(prepare_threshold=5), self.both(prepare_threshold=5)
        query = "SELECT name FROM patients WHERE changed >= %s"
        for _ in range(3):
            with self.assertRaises(psycopg.errors.InvalidAuthorizationSpecification):
                self.tally.told(forgetful.run(query, (0,), prepare=True), None)
        for _ in range(10):
            for name, client in clients.items():
                self.assertEqual(len(client.rows_of(name, begin, query, (0,), prepare=True)), ROWS[name])
        self.nothing_crossed(500)


    def test_pipelined(self):
        # Not with Debian's: before 1.21 PgBouncer may wait for ever when a client pipelines transactions.
        clients, forgetful = self.both(), self.client()
        for _ in range(300):
            for name, client in clients.items():
                with client.connection.pipeline(), client.connection.transaction():
                    client.connection.execute("SELECT watertight.begin(%s)", (CLINICS[name],))
                    cursor = client.connection.execute(READ)
                rows = cursor.fetchall()
                self.assertEqual(len(rows), ROWS[name])
                self.tally.told(rows, name)
            forgetful.forgets()
        self.nothing_crossed(300 * 50)
