"""Transactions, cursors, tokens and pools, over psycopg 3."""

import logging
import threading
import time

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from clinics import Clinics, new_engine
from harness import (
    TOKEN_EXPIRED, TOKEN_FORGED, TOKEN_NOBODY, TOKEN_NORTH, TOKEN_SOUTH, admin, sign, truth,
)
from models import Doctor, Label, Patient, Visit, visit_labels
from watertight_sqlalchemy import acting_with


class Transactions(Clinics):
    def test_rollback(self):
        for name in self.both():
            with self.sessions() as session:
                session.add(Label(name="never"))
                session.flush()
                session.rollback()
                # The same session begins again: the hook hands the token over again.
                self.assertEqual(session.get(Patient, 123).name, f"{name} patient 123")
        self.assertEqual(truth("SELECT count(*) FROM labels WHERE name = 'never'"), [0])

    def test_rollback_by_exception(self):
        for _ in self.both():
            with self.assertRaises(ZeroDivisionError), self.sessions.begin() as session:
                session.execute(delete(visit_labels))
                1 / 0
        self.assertEqual(truth("SELECT count(*) FROM visit_labels"), [12])

    def test_commit_and_go_on(self):
        for name in self.both():
            with self.sessions() as session:
                patient = session.get(Patient, 123)
                patient.name = f"{name} committed"
                session.commit()
                self.assertEqual(patient.name, f"{name} committed")  # expired, read again in a new transaction
                self.assertEqual(len(patient.visits), 3)

    def test_savepoints(self):
        for name in self.both():
            with self.sessions.begin() as session:
                with session.begin_nested():
                    session.add(Label(name=f"{name} kept"))
                with self.assertRaises(IntegrityError), session.begin_nested():
                    session.add(Doctor(email=f"0@{name}.example", name="twice"))
                    session.flush()
                # After ROLLBACK TO the token is still there, and still the same.
                self.assertEqual(session.scalar(text("SELECT watertight.tenant()")), name)
                self.assertEqual(session.scalar(select(func.count()).select_from(Patient)), 3)
                savepoint = session.begin_nested()
                session.execute(delete(visit_labels))
                savepoint.rollback()
        self.assertEqual(sorted(truth("SELECT name FROM labels WHERE name LIKE '%%kept'")), ["north kept", "south kept"])
        self.assertEqual(truth("SELECT count(*) FROM visit_labels"), [12])

    def test_token_changed_inside_a_savepoint_is_the_old_one_after_it(self):
        with acting_with(TOKEN_NORTH), self.sessions.begin() as session:
            savepoint = session.begin_nested()
            session.execute(text("SELECT watertight.begin(:token)"), {"token": TOKEN_SOUTH})
            self.assertEqual(session.scalar(select(Patient.name).where(Patient.id == 123)), "south patient 123")
            savepoint.rollback()
            self.assertEqual(session.scalar(select(Patient.name).where(Patient.id == 124)), "north patient 124")

    def test_an_error_inside_a_transaction_leaves_nothing_behind(self):
        for name in self.both():
            with self.assertRaises(DBAPIError), self.sessions.begin() as session:
                session.execute(text("SELECT 1/0"))
            with self.sessions() as session:
                self.assertEqual(session.scalar(text("SELECT watertight.tenant()")), name)

    def test_isolation_levels(self):
        engine = new_engine(isolation_level="SERIALIZABLE")
        for name in self.both():
            with Session(engine) as session:
                self.assertEqual(session.get(Patient, 123).name, f"{name} patient 123")
            with Session(self.engine.execution_options(postgresql_readonly=True)) as session:
                self.assertEqual(session.get(Patient, 123).name, f"{name} patient 123")
        engine.dispose()

    def test_autocommit_has_no_context(self):
        # Without a transaction there is nothing that the token could belong to.
        engine = new_engine(isolation_level="AUTOCOMMIT")
        with acting_with(TOKEN_NORTH), self.assertRaises(DBAPIError) as error, engine.connect() as connection:
            connection.execute(select(Patient))
        self.refused(error, "28000", "no tenant context")
        engine.dispose()


class Cursors(Clinics):
    def test_server_side_cursor(self):
        for name in self.both():
            with self.sessions() as session:
                names = session.scalars(select(Visit.reason).execution_options(yield_per=2))
                self.assertEqual(sum(name in reason for reason in names), 9)
            with self.engine.connect() as connection:
                result = connection.execution_options(stream_results=True, max_row_buffer=2).execute(select(Patient.name))
                self.assertEqual(sum(name in row.name for row in result), 3)

    def test_an_abandoned_cursor_is_gone_for_the_next_client(self):
        with acting_with(TOKEN_NORTH), self.sessions() as session:
            session.execute(text("DECLARE leftover CURSOR FOR SELECT name FROM patients"))
        with acting_with(TOKEN_SOUTH), self.sessions() as session, self.assertRaises(DBAPIError) as error:
            session.execute(text("FETCH ALL FROM leftover"))
        self.refused(error, "34000")

    def test_a_held_cursor_is_refused(self):
        # It would keep a tenant's rows for whoever uses the connection next.
        with acting_with(TOKEN_NORTH), self.assertRaises(DBAPIError) as error, self.sessions() as session:
            session.execute(text("DECLARE held CURSOR WITH HOLD FOR SELECT name FROM patients"))
        self.refused(error, "42501", "WITH HOLD")


class Tokens(Clinics):
    def test_missing(self):
        for statement in (select(Patient), insert(Label).values(name="x"), update(Label).values(name="x"), delete(visit_labels)):
            with self.subTest(str(statement)), self.assertRaises(DBAPIError) as error, self.sessions.begin() as session:
                session.execute(statement)
            self.refused(error, "28000", "no tenant context")

    def test_a_client_that_forgets(self):
        for _ in range(50):
            for name in self.both():
                with self.sessions() as session:
                    self.assertEqual(session.scalar(text("SELECT watertight.tenant()")), name)
            with self.assertRaises(DBAPIError) as error, self.sessions() as session:
                session.scalars(select(Patient)).all()
            self.refused(error, "28000", "no tenant context")

    def test_forged(self):
        with acting_with(TOKEN_FORGED), self.assertRaises(DBAPIError) as error, self.sessions() as session:
            session.scalars(select(Patient)).all()
        self.refused(error, "28000", "signature")

    def test_expired(self):
        with acting_with(TOKEN_EXPIRED), self.assertRaises(DBAPIError) as error, self.sessions() as session:
            session.scalars(select(Patient)).all()
        self.refused(error, "28000", "expired")

    def test_of_an_unknown_tenant(self):
        with acting_with(TOKEN_NOBODY), self.assertRaises(DBAPIError) as error, self.sessions() as session:
            session.scalars(select(Patient)).all()
        self.refused(error, "28000", "tenant that does not exist")

    def test_no_token_at_all(self):
        for rubbish in ("", "Bearer " + TOKEN_NORTH, "null", TOKEN_NORTH + "x", TOKEN_NORTH[:-5], "a.b.c"):
            with self.subTest(rubbish[:12]), acting_with(rubbish):
                with self.assertRaises(DBAPIError) as error, self.sessions() as session:
                    session.scalars(select(Patient)).all()
                self.refused(error, "28000")

    def test_expires_between_two_statements(self):
        with acting_with(sign("--tenant", "north", "--exp-in", "2")), self.sessions() as session:
            self.assertEqual(len(session.scalars(select(Patient)).all()), 3)
            time.sleep(3)
            with self.assertRaises(DBAPIError) as error:
                session.scalars(select(Visit)).all()
        self.refused(error, "28000", "expired")

    def test_revoked_between_two_statements(self):
        token = sign("--tenant", "north", "--jti", "t-1")
        with acting_with(token), self.sessions() as session:
            self.assertEqual(len(session.scalars(select(Patient)).all()), 3)
            admin("SELECT watertight.revoke_token('t-1')")
            with self.assertRaises(DBAPIError) as error:
                session.scalars(select(Visit)).all()
        self.refused(error, "28000", "revoked")

    def test_tenant_suspended_and_resumed(self):
        admin("SELECT watertight.suspend_tenant('north')")
        try:
            with acting_with(TOKEN_NORTH), self.assertRaises(DBAPIError) as error, self.sessions() as session:
                session.scalars(select(Patient)).all()
            self.refused(error, "28000", "suspended")
            with acting_with(TOKEN_SOUTH), self.sessions() as session:
                self.assertEqual(len(session.scalars(select(Patient)).all()), 3)
        finally:
            admin("SELECT watertight.resume_tenant('north')")
        with acting_with(TOKEN_NORTH), self.sessions() as session:
            self.assertEqual(len(session.scalars(select(Patient)).all()), 3)

    def test_neither_log_nor_errors_tell_the_token(self):
        engine = new_engine(echo=False)
        with self.assertLogs("sqlalchemy.engine", logging.INFO) as log, acting_with(TOKEN_NORTH), Session(engine) as session:
            session.scalars(select(Patient)).all()
        self.assertIn("watertight.begin", "\n".join(log.output))
        self.assertNotIn(TOKEN_NORTH[-20:], "\n".join(log.output))
        for token in (TOKEN_FORGED, TOKEN_EXPIRED):
            with acting_with(token), self.assertRaises(DBAPIError) as error, self.sessions() as session:
                session.scalars(select(Patient)).all()
            self.assertNotIn(token[-20:], str(error.exception))
        engine.dispose()

    def test_other_sessions_cannot_read_the_token(self):
        with acting_with(TOKEN_NORTH), self.sessions() as session:
            self.assertEqual(session.scalar(text("SHOW watertight.token")), "<token>")
            seen = admin("SELECT query FROM pg_stat_activity WHERE usename = 'app'")
            self.assertNotIn(TOKEN_NORTH[-20:], str(seen))


class Pools(Clinics):
    def test_one_connection_for_both_a_thousand_times(self):
        seen, crossed = 0, 0
        with self.engine.connect() as connection:
            backend = connection.execute(text("SELECT pg_backend_pid()")).scalar()
        for _ in range(500):
            for name in self.both():
                with self.sessions() as session:
                    rows = session.execute(select(Patient.name, func.pg_backend_pid())).all()
                    self.assertEqual({row[1] for row in rows}, {backend})
                    seen += len(rows)
                    crossed += sum(self.other(name) in row[0] for row in rows)
        print(f"{seen} rows read over one connection by two tenants in turn, {crossed} of the other tenant ... ", end="")
        self.assertEqual((seen, crossed), (3000, 0))

    def test_threads_share_a_pool(self):
        engine = new_engine(pool_size=2)
        sessions, wrong, done = sessionmaker(engine), [], []

        def work(token, name):
            with acting_with(token):
                for n in range(60):
                    with sessions.begin() as session:
                        rows = session.scalars(select(Patient.name)).all()
                        rows += session.scalars(select(Doctor.name)).all()
                        session.execute(update(Doctor).values(logins=Doctor.logins + 1))
                        wrong.extend(row for row in rows if name not in row)
                        done.append(len(rows))

        clinics = [(TOKEN_NORTH, "north"), (TOKEN_SOUTH, "south")] * 3
        threads = [threading.Thread(target=work, args=clinic) for clinic in clinics]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine.dispose()
        self.assertEqual(wrong, [])
        self.assertEqual(done, [6] * 360)
        self.assertEqual(truth("SELECT DISTINCT logins FROM doctors"), [180])

    def test_a_connection_that_broke_is_replaced(self):
        engine = new_engine(pool_pre_ping=True)
        for name in self.both():
            with Session(engine) as session:
                pid = session.scalar(select(func.pg_backend_pid()))
            admin("SELECT pg_terminate_backend(%s, 5000)", pid)
            with Session(engine) as session:
                self.assertEqual(session.get(Patient, 123).name, f"{name} patient 123")
        engine.dispose()

    def test_no_pool_and_prepared_statements(self):
        engine = new_engine(connect_args={"prepare_threshold": 1})
        for _ in range(10):
            for name in self.both():
                with Session(engine) as session:
                    self.assertEqual(session.get(Patient, 123).name, f"{name} patient 123")
        engine.dispose()
