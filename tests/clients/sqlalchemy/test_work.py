"""What an application does all day, through the ORM, Core and raw SQL, over psycopg 3."""

import sqlalchemy as sa
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from clinics import Clinics
from harness import NORTH, SOUTH, TOKEN_NORTH, TOKEN_SOUTH, admin, truth
from models import Doctor, Patient, Visit, visit_labels
from watertight_sqlalchemy import acting_with


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

    def test_what_scope_keys_changes_for_sql(self):
        # The key is wider than it was: its old columns alone are no conflict target, and do not stand for the row.
        for sql, sqlstate in (("INSERT INTO patients (id, name) VALUES (123, 'x') ON CONFLICT (id) DO NOTHING", "42P10"),
                              ("SELECT id, name, count(*) FROM patients GROUP BY id", "42803")):
            with acting_with(TOKEN_NORTH), self.assertRaises(DBAPIError) as error, self.sessions() as session:
                session.execute(text(sql))
            self.refused(error, sqlstate)

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
