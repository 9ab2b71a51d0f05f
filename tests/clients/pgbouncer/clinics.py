"""Two clinics behind a pooler, and a count of what each has been told."""

import os
import subprocess
import sys
import unittest

import psycopg

from harness import TOKEN_NORTH, TOKEN_SOUTH

CLINICS = {"north": TOKEN_NORTH, "south": TOKEN_SOUTH}
OTHER = {"north": "south", "south": "north"}
ROWS = {"north": 20, "south": 30}
READ = "SELECT name FROM patients"


class Tally:
    """What clients were told. `crossed` is what must stay at zero."""

    def __init__(self):
        self.transactions = self.rows = self.crossed = self.refused = 0

    def told(self, rows, name):
        """`name`'s client got these rows; None for a client without a token, which may get nothing."""
        self.transactions += 1
        self.rows += len(rows)
        self.crossed += len(rows) if name is None else sum(not row[0].startswith(name) for row in rows)

    def __add__(self, other):
        total = Tally()
        for field in vars(total):
            setattr(total, field, getattr(self, field) + getattr(other, field))
        return total

    def __str__(self):
        return (f"{self.transactions} transactions, {self.rows} rows read, {self.refused} refused, "
                f"{self.crossed} rows of another tenant")


TOTAL = Tally()


class Client:
    """One client connection to PgBouncer. Every statement is sent as it stands, nothing is added."""

    def __init__(self, port, tally, role="app", database="clinic", **options):
        self.tally = tally
        options = {"prepare_threshold": None, "autocommit": True} | options
        self.connection = psycopg.connect(host="127.0.0.1", port=port, user=role, dbname=database, **options)

    def run(self, sql, parameters=None, **options):
        cursor = self.connection.execute(sql, parameters, **options)
        while cursor.nextset():
            pass
        return cursor.fetchall() if cursor.description else []

    def rows_of(self, name, hand_over, sql=READ, parameters=None, **options):
        """One transaction: BEGIN, the token, a query, COMMIT."""
        self.run("BEGIN")
        hand_over(self, CLINICS[name])
        rows = self.run(sql, parameters, **options)
        self.run("COMMIT")
        self.tally.told(rows, name)
        return rows

    def forgets(self, sql=READ, **options):
        """A client that presents no token must be refused."""
        try:
            rows = self.run(sql, **options)
        except psycopg.Error as error:
            assert error.sqlstate == "28000" and "no tenant context" in str(error), error
            self.tally.refused += 1
        else:
            self.tally.told(rows, None)
        if self.connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            self.run("ROLLBACK")

    def close(self):
        self.connection.close()


def set_local(client, token):
    client.run(f"SET LOCAL watertight.token = '{token}'")


def begin(client, token):
    client.run("SELECT watertight.begin(%s)", (token,))


def begin_literal(client, token):
    client.run(f"SELECT watertight.begin('{token}')")


def set_config(client, token):
    client.run("SELECT set_config('watertight.token', %s, true)", (token,))


WAYS = (set_local, begin, begin_literal, set_config)


class Bouncer(unittest.TestCase):
    """Tests through the PgBouncer at PORT, which has one connection to the server per role and database."""

    PORT = 0

    def setUp(self):
        self.tally = Tally()
        self.clients = []

    def tearDown(self):
        global TOTAL
        for client in self.clients:
            client.close()
        TOTAL = TOTAL + self.tally

    def client(self, **options):
        self.clients.append(Client(options.pop("port", self.PORT), self.tally, **options))
        return self.clients[-1]

    def both(self, **options):
        return {name: self.client(**options) for name in CLINICS}

    def pooler(self, command):
        """A command of PgBouncer's console."""
        with psycopg.connect(host="127.0.0.1", port=self.PORT, user="postgres", dbname="pgbouncer", autocommit=True) as console:
            cursor = psycopg.ClientCursor(console, row_factory=psycopg.rows.dict_row)
            cursor.execute(command)
            return cursor.fetchall() if cursor.description else None

    def nothing_crossed(self, rows=None):
        print(f"{self.tally} ... ", end="")
        self.assertEqual(self.tally.crossed, 0)
        if rows is not None:
            self.assertEqual(self.tally.rows, rows)

    def one_backend(self):
        """All those clients have the same connection to the server."""
        self.assertEqual(len({client.run("SELECT pg_backend_pid()")[0][0] for client in self.clients}), 1)


def one_round_trip(client, statements):
    """Sends them all, then one Sync; the rows of the last one that has any. (psycopg's own pipeline() adds a Flush after the
    Sync, for which PgBouncer keeps the server connection until the client's next statement.)"""
    connection, rows, error = client.connection.pgconn, [], None
    connection.nonblocking = 0
    connection.enter_pipeline_mode()
    for sql, parameters in statements:
        connection.send_query_params(sql.encode(), parameters)
    connection.pipeline_sync()
    while True:
        result = connection.get_result()
        if result is None:
            continue
        if result.status == psycopg.pq.ExecStatus.PIPELINE_SYNC:
            break
        if result.status == psycopg.pq.ExecStatus.FATAL_ERROR:
            error = psycopg.errors.error_from_result(result)
        elif result.status == psycopg.pq.ExecStatus.TUPLES_OK:
            rows = [(result.get_value(row, 0).decode(),) for row in range(result.ntuples)]
    connection.exit_pipeline_mode()
    connection.nonblocking = 1
    if error:
        raise error
    return rows


CHILD = """
import os, psycopg, sys
connection = psycopg.connect(host="127.0.0.1", port=sys.argv[1], user="app", dbname="clinic", autocommit=True)
connection.execute("BEGIN")
connection.execute("SELECT watertight.begin(%s)", (sys.argv[2],))
print(len(connection.execute("SELECT name FROM patients").fetchall()), flush=True)
connection.execute(sys.argv[3])
sys.stdin.read()
"""


def kill_a_client(port, token, last_statement):
    """Another process begins a transaction, reads, and is killed without a chance to say goodbye."""
    command = [sys.executable, "-c", CHILD, str(port), token, last_statement]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    rows = int(child.stdout.readline())
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    return rows


def port_of(which):
    return int(os.environ[f"WT_BOUNCER_{which}"])
