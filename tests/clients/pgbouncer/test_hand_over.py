"""Transaction mode, one server connection, two tenants and a client without a token in turn."""

import asyncio
import random
import threading

import asyncpg
import psycopg

import clinics
from clinics import CLINICS, READ, ROWS, WAYS, Bouncer, begin, one_round_trip, port_of, set_local
from harness import NORTH, SOUTH, admin, sign


class HandOver:
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

    def test_one_round_trip(self):
        # The token, the query and one Sync: pipelined statements are a transaction without BEGIN and COMMIT.
        clients, forgetful = self.both(), self.client()
        for n in range(300):
            for name, client in clients.items():
                statements = [("SELECT watertight.begin($1)", [CLINICS[name].encode()]), (READ, [])]
                if n % 2:
                    statements = [("BEGIN", []), *statements, ("COMMIT", [])]
                rows = one_round_trip(client, statements)
                self.assertEqual(len(rows), ROWS[name])
                self.tally.told(rows, name)
            with self.assertRaisesRegex(psycopg.Error, "no tenant context"):
                self.tally.told(one_round_trip(forgetful, [(READ, [])]), None)
            forgetful.forgets()
        self.one_backend()
        self.nothing_crossed(300 * 50)

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


class Debian(HandOver, Bouncer):
    PORT = port_of("DEBIAN")
    STATEMENT_CACHE = 0


class Newer(HandOver, Bouncer):
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
