"""Two clinics in one database, through the ORM, Core and raw SQL, over psycopg 3."""

import logging
import threading
import time
import unittest

import sqlalchemy as sa
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, joinedload, selectinload, sessionmaker

from harness import (
    APP_URL, NORTH, SOUTH, TOKEN_EXPIRED, TOKEN_FORGED, TOKEN_NOBODY, TOKEN_NORTH, TOKEN_SOUTH, admin, sign, truth,
)
from models import Doctor, Label, Patient, Visit, visit_labels
from watertight_sqlalchemy import acting_with, install

URL = APP_URL.replace("postgresql:", "postgresql+psycopg:")
TABLES = "doctors, labels, visits, visit_labels, patients"


def new_engine(**options):
    engine = sa.create_engine(URL, **({"pool_size": 1, "max_overflow": 0} | options))
    install(engine)
    return engine


def fill(session):
    """The same ids and nearly the same names for whoever asks: only the tenant tells them apart."""
    who = session.scalar(text("SELECT watertight.tenant()"))
    lab = Label(name="lab")
    doctors = [Doctor(email=f"{n}@{who}.example", name=f"Dr {who} {n}") for n in range(3)]
    for n in (123, 124, 125):
        visits = [
            Visit(reason=f"{who} {v}", cost=10 * (v + 1), doctor=doctors[v], labels=[lab] if v else []) for v in range(3)
        ]
        session.add(Patient(id=n, name=f"{who} patient {n}", visits=visits))


class Clinics(unittest.TestCase):
    """One pooled connection, which both clinics use in turn."""

    @classmethod
    def setUpClass(cls):
        cls.engine = new_engine()
        cls.sessions = sessionmaker(cls.engine)

    @classmethod
    def tearDownClass(cls):
        cls.engine.dispose()

    def setUp(self):
        admin(f"TRUNCATE {TABLES} RESTART IDENTITY")
        for token in (TOKEN_NORTH, TOKEN_SOUTH):
            with acting_with(token), self.sessions.begin() as session:
                fill(session)

    def both(self):
        """(token, name) of each clinic, acting with it."""
        for token, name in ((TOKEN_NORTH, "north"), (TOKEN_SOUTH, "south")):
            with acting_with(token):
                yield name

    def other(self, name):
        return "south" if name == "north" else "north"

    def refused(self, error, sqlstate, message=""):
        self.assertEqual(error.exception.orig.sqlstate, sqlstate, error.exception)
        self.assertIn(message, str(error.exception))


class Work(Clinics):
    def test_rows_are_given_to_the_tenant_that_wrote_them(self):
        for table, each in (("patients", 3), ("doctors", 3), ("visits", 9), ("labels", 1), ("visit_labels", 6)):
            for tenant in (NORTH, SOUTH):
                self.assertEqual(truth(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", tenant), [each], table)

    def test_each_sees_only_its_own(self):
        for name in self.both():
            with self.sessions() as session:
                names = session.scalars(select(Patient.name).order_by(Patient.id)).all()
                self.assertEqual(names, [f"{name} patient {n}" for n in (123, 124, 125)])
                self.assertEqual(len(session.scalars(select(Visit)).all()), 9)

    def test_the_same_primary_key_in_both(self):
        for name in self.both():
            with self.sessions() as session:
                self.assertEqual(session.get(Patient, 123).name, f"{name} patient 123")

    def test_get_by_the_other_ones_key_finds_nothing(self):
        for name, tenant in zip(self.both(), (SOUTH, NORTH)):
            with self.sessions() as session:
                for key in truth("SELECT id FROM visits WHERE tenant_id = %s", tenant):
                    self.assertIsNone(session.get(Visit, key))

    def test_update_of_an_object(self):
        with acting_with(TOKEN_NORTH), self.sessions.begin() as session:
            session.get(Patient, 123).name = "renamed"
        self.assertEqual(truth("SELECT name FROM patients WHERE id = 123 AND tenant_id = %s", NORTH), ["renamed"])
        self.assertEqual(truth("SELECT name FROM patients WHERE id = 123 AND tenant_id = %s", SOUTH), ["south patient 123"])

    def test_update_without_where(self):
        with acting_with(TOKEN_NORTH), self.sessions.begin() as session:
            self.assertEqual(session.execute(update(Visit).values(reason="north only")).rowcount, 9)
        self.assertEqual(truth("SELECT count(*) FROM visits WHERE reason = 'north only' AND tenant_id = %s", SOUTH), [0])

    def test_update_by_the_other_ones_key_changes_nothing(self):
        keys = truth("SELECT id FROM visits WHERE tenant_id = %s", SOUTH)
        with acting_with(TOKEN_NORTH), self.sessions.begin() as session:
            self.assertEqual(session.execute(update(Visit).where(Visit.id.in_(keys)).values(reason="x")).rowcount, 0)
        self.assertEqual(truth("SELECT count(*) FROM visits WHERE reason = 'x'"), [0])

    def test_update_returning(self):
        for name in self.both():
            with self.sessions.begin() as session:
                rows = session.scalars(update(Doctor).values(logins=Doctor.logins + 1).returning(Doctor.name)).all()
                self.assertEqual(sorted(rows), [f"Dr {name} {n}" for n in range(3)])

    def test_delete_of_an_object_cascades(self):
        with acting_with(TOKEN_NORTH), self.sessions.begin() as session:
            session.delete(session.get(Patient, 123))
        self.assertEqual(truth("SELECT count(*) FROM visits WHERE tenant_id = %s", NORTH), [6])
        self.assertEqual(truth("SELECT count(*) FROM visit_labels WHERE tenant_id = %s", NORTH), [4])
        self.assertEqual(truth("SELECT count(*) FROM visits WHERE tenant_id = %s", SOUTH), [9])
        self.assertEqual(truth("SELECT count(*) FROM patients WHERE tenant_id = %s", SOUTH), [3])

    def test_delete_without_where(self):
        with acting_with(TOKEN_NORTH), self.sessions.begin() as session:
            session.execute(delete(visit_labels))
            self.assertEqual(session.execute(delete(Visit)).rowcount, 9)
        self.assertEqual(truth("SELECT count(*) FROM visits WHERE tenant_id = %s", SOUTH), [9])
        self.assertEqual(truth("SELECT count(*) FROM visit_labels WHERE tenant_id = %s", SOUTH), [6])

    def test_join(self):
        for name in self.both():
            with self.sessions() as session:
                query = select(Patient.name, Visit.reason, Doctor.name).join(Patient.visits).join(Visit.doctor)
                rows = session.execute(query).all()
                self.assertEqual(len(rows), 9)
                self.assertTrue(all(name in cell for row in rows for cell in row), rows)

    def test_outer_join_and_cross_join(self):
        for _ in self.both():
            with self.sessions() as session:
                self.assertEqual(session.scalar(select(func.count()).select_from(Patient).outerjoin(Patient.visits)), 9)
                self.assertEqual(session.scalar(text("SELECT count(*) FROM patients a, patients b, doctors c")), 27)

    def test_eager_and_lazy_loading(self):
        for name in self.both():
            with self.sessions() as session:
                lazy = session.scalars(select(Patient)).all()
                joined = session.scalars(select(Patient).options(joinedload(Patient.visits))).unique().all()
                batch = session.scalars(select(Patient).options(selectinload(Patient.visits).selectinload(Visit.labels))).all()
                for patients in (lazy, joined, batch):
                    self.assertEqual([len(patient.visits) for patient in patients], [3, 3, 3])
                labels = {label.name for patient in batch for visit in patient.visits for label in visit.labels}
                self.assertEqual(labels, {"lab"})
                self.assertTrue(all(name in visit.doctor.name for patient in lazy for visit in patient.visits))

    def test_subqueries_and_ctes(self):
        for name in self.both():
            with self.sessions() as session:
                costly = select(Visit.patient_id).where(Visit.cost > 20).cte("costly")
                self.assertEqual(session.scalar(select(func.count()).select_from(costly)), 3)
                rows = session.scalars(select(Patient.name).where(Patient.id.in_(select(costly.c.patient_id)))).all()
                self.assertTrue(rows and all(name in row for row in rows))
                exists = select(Patient).where(Patient.visits.any(Visit.reason == f"{self.other(name)} 1"))
                self.assertEqual(session.scalars(exists).all(), [])

    def test_aggregates(self):
        for _ in self.both():
            with self.sessions() as session:
                self.assertEqual(session.scalar(select(func.count(Visit.id))), 9)
                self.assertEqual(session.scalar(select(func.sum(Visit.cost))), 180)
                groups = select(Patient.id, func.count()).join(Patient.visits).group_by(Patient.id).having(func.count() > 2)
                self.assertEqual(len(session.execute(groups).all()), 3)
                window = select(func.rank().over(order_by=Visit.cost.desc()), func.sum(Visit.cost).over())
                self.assertEqual({row[1] for row in session.execute(window)}, {180})

    def test_union(self):
        for _ in self.both():
            with self.sessions() as session:
                both = select(Patient.name).union_all(select(Doctor.name), select(Visit.reason))
                self.assertEqual(len(session.execute(both).all()), 15)

    def test_bulk_insert_with_returning(self):
        for name in self.both():
            rows = [{"email": f"bulk{n}@{name}", "name": f"{name} {n}"} for n in range(2000)]
            with self.sessions.begin() as session:
                keys = session.scalars(insert(Doctor).returning(Doctor.id), rows).all()
                self.assertEqual(len(set(keys)), 2000)
        for tenant in (NORTH, SOUTH):
            self.assertEqual(truth("SELECT count(*) FROM doctors WHERE tenant_id = %s", tenant), [2003])

    def test_bulk_update_by_primary_key(self):
        with acting_with(TOKEN_NORTH), self.sessions.begin() as session:
            session.execute(update(Patient), [{"id": n, "name": f"bulk {n}"} for n in (123, 124, 125)])
        self.assertEqual(truth("SELECT count(*) FROM patients WHERE name LIKE 'bulk%%' AND tenant_id = %s", NORTH), [3])
        self.assertEqual(truth("SELECT count(*) FROM patients WHERE name LIKE 'bulk%%' AND tenant_id = %s", SOUTH), [0])

    def test_insert_from_select(self):
        with acting_with(TOKEN_NORTH), self.sessions.begin() as session:
            source = select(Patient.name + "@copy", Patient.name)
            copied = session.scalars(insert(Doctor).from_select(["email", "name"], source).returning(Doctor.name)).all()
            self.assertEqual(sorted(copied), [f"north patient {n}" for n in (123, 124, 125)])
        self.assertEqual(truth("SELECT count(*) FROM doctors WHERE email LIKE '%%@copy' AND tenant_id = %s", NORTH), [3])

    def test_upsert(self):
        for name in self.both():
            for _ in range(2):
                with self.sessions.begin() as session:
                    statement = pg_insert(Doctor).values(email=f"new@{name}", name=name)
                    session.execute(statement.on_conflict_do_update(
                        index_elements=[Doctor.email], set_={"logins": Doctor.logins + 1}))
        self.assertEqual(admin("SELECT logins, count(*) FROM doctors WHERE email LIKE 'new@%%' GROUP BY 1"), [(1, 2)])

    def test_upsert_cannot_reach_the_other_ones_row(self):
        statement = pg_insert(Doctor).values(email="0@south.example", name="mine now")
        with acting_with(TOKEN_NORTH):
            with self.assertRaises(DBAPIError) as error, self.sessions.begin() as session:
                session.execute(statement.on_conflict_do_update(index_elements=[Doctor.email], set_={"name": "stolen"}))
            self.refused(error, "42501", "row-level security")
            with self.sessions.begin() as session:
                session.execute(statement.on_conflict_do_nothing())
        self.assertEqual(admin("SELECT name, tenant_id::text FROM doctors WHERE email = '0@south.example'"),
                         [("Dr south 0", SOUTH)])

    def test_upsert_on_a_scoped_key(self):
        # The key is (tenant_id, id) now; its name is what it was.
        for name in self.both():
            with self.sessions.begin() as session:
                statement = pg_insert(Patient).values(id=123, name="upserted " + name)
                session.execute(statement.on_conflict_do_update(
                    constraint="patients_pkey", set_={"name": statement.excluded.name}))
        self.assertEqual(truth("SELECT name FROM patients WHERE id = 123 ORDER BY name"), ["upserted north", "upserted south"])

    def test_merge(self):
        with acting_with(TOKEN_NORTH), self.sessions.begin() as session:
            session.merge(Patient(id=124, name="merged"))
            session.merge(Patient(id=999, name="new by merge"))
        self.assertEqual(truth("SELECT name FROM patients WHERE tenant_id = %s ORDER BY id", NORTH)[1:],
                         ["merged", "north patient 125", "new by merge"])
        self.assertEqual(truth("SELECT name FROM patients WHERE tenant_id = %s ORDER BY id", SOUTH),
                         ["south patient 123", "south patient 124", "south patient 125"])

    def test_raw_sql(self):
        for name in self.both():
            with self.sessions.begin() as session:
                rows = session.execute(text("SELECT name FROM patients WHERE name LIKE :like"), {"like": "%patient%"}).all()
                self.assertEqual(len(rows), 3)
                session.execute(text("UPDATE doctors SET name = name || '!'"))
                self.assertEqual(session.connection().exec_driver_sql("SELECT count(*) FROM doctors").scalar(), 3)
                cursor = session.connection().connection.cursor()
                cursor.execute("SELECT name FROM doctors WHERE name LIKE %s", (f"Dr {name}%!",))
                self.assertEqual(len(cursor.fetchall()), 3)

    def test_raw_sql_that_names_the_other_tenant(self):
        with acting_with(TOKEN_NORTH):
            with self.sessions() as session:
                rows = session.execute(text("SELECT * FROM patients WHERE tenant_id = :t OR true"), {"t": SOUTH}).all()
                self.assertEqual({str(row.tenant_id) for row in rows}, {NORTH})
            for sql in ("INSERT INTO labels (name, tenant_id) VALUES ('planted', :t)", "UPDATE labels SET tenant_id = :t"):
                with self.assertRaises(DBAPIError) as error, self.sessions.begin() as session:
                    session.execute(text(sql), {"t": SOUTH})
                self.refused(error, "42501", "row-level security")
        self.assertEqual(truth("SELECT count(*) FROM labels WHERE tenant_id = %s", SOUTH), [1])

    def test_pagination(self):
        for name in self.both():
            seen = []
            for page in range(5):
                with self.sessions() as session:
                    query = select(Visit.reason).order_by(Visit.cost.desc(), Visit.id).limit(2).offset(page * 2)
                    seen += session.scalars(query).all()
            self.assertEqual(len(seen), 9)
            self.assertTrue(all(name in reason for reason in seen))
            with self.sessions() as session:
                key, pages = 0, []
                while page := session.scalars(select(Visit).where(Visit.id > key).order_by(Visit.id).limit(4)).all():
                    key, pages = page[-1].id, [*pages, len(page)]
            self.assertEqual(pages, [4, 4, 1])

    def test_visit_of_the_other_ones_patient_is_refused(self):
        with acting_with(TOKEN_SOUTH), self.sessions.begin() as session:
            session.add(Patient(id=777, name="only south"))
        with acting_with(TOKEN_NORTH), self.assertRaises(IntegrityError) as error, self.sessions.begin() as session:
            session.add(Visit(patient_id=777, reason="spying"))
        self.refused(error, "23503")

    def test_locking_reads(self):
        for name in self.both():
            with self.sessions.begin() as session:
                rows = session.scalars(select(Patient).with_for_update(skip_locked=True)).all()
                self.assertEqual([name in row.name for row in rows], [True] * 3)

    def test_copy(self):
        with acting_with(TOKEN_NORTH), self.engine.begin() as connection:
            cursor = connection.connection.cursor()
            with cursor.copy("COPY patients (name) TO STDOUT") as copy:
                rows = [row for row in copy.rows()]
            self.assertEqual(sorted(rows), [(f"north patient {n}",) for n in (123, 124, 125)])
        with acting_with(TOKEN_NORTH), self.assertRaisesRegex(Exception, "COPY FROM not supported with row-level security"):
            with self.engine.begin() as connection:
                with connection.connection.cursor().copy("COPY labels (name) FROM STDIN") as copy:
                    copy.write_row(("x",))

    def test_reflection_needs_no_token(self):
        inspector = sa.inspect(self.engine)
        self.assertIn("patients", inspector.get_table_names())
        self.assertIn("tenant_id", [column["name"] for column in inspector.get_columns("patients")])


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
