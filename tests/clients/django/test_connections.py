"""Transactions, tokens and pools."""

import threading
import time

from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.models import F

from clinic.models import Doctor, Label, Patient, Visit
from clinics import CLINICS, Clinics
from harness import TOKEN_EXPIRED, TOKEN_FORGED, TOKEN_NOBODY, TOKEN_NORTH, TOKEN_SOUTH, admin, sign, truth
from watertight_django import acting_with


class Transactions(Clinics):
    def test_rollback(self):
        for token, _ in CLINICS:
            with acting_with(token), self.assertRaises(ZeroDivisionError), transaction.atomic():
                Visit.objects.update(reason="never")
                1 / 0
            with acting_with(token), transaction.atomic():
                Visit.objects.update(reason="never")
                transaction.set_rollback(True)
        self.assertEqual(truth("SELECT count(*) FROM clinic_visit WHERE reason = 'never'"), [0])

    def test_savepoints(self):
        for name in self.both():
            with transaction.atomic():
                Label.objects.create(name=f"{name} kept")
            with self.assertRaises(IntegrityError), transaction.atomic():
                Doctor.objects.create(email=f"0@{name}.example", name="twice")
            savepoint = transaction.savepoint()
            Visit.objects.update(reason="never")
            transaction.savepoint_rollback(savepoint)
            # After ROLLBACK TO the token is still there, and still the same.
            self.assertEqual(Patient.objects.get(pk=123).name, f"{name} patient 123")
        self.assertEqual(sorted(truth("SELECT name FROM clinic_label WHERE name LIKE '%% kept'")), ["north kept", "south kept"])
        self.assertEqual(truth("SELECT count(*) FROM clinic_visit WHERE reason = 'never'"), [0])

    def test_on_commit(self):
        for token, name in CLINICS:
            seen = []
            with acting_with(token):
                with transaction.atomic():
                    transaction.on_commit(lambda: seen.append("after"))

                    @transaction.on_commit
                    def reads():
                        with transaction.atomic():
                            seen.append(Patient.objects.get(pk=123).name)
            self.assertEqual(seen, ["after", f"{name} patient 123"])

    def test_outside_of_a_transaction(self):
        with acting_with(TOKEN_NORTH):
            for work in (Patient.objects.first, Patient.objects.count, lambda: Label.objects.update(name="x"),
                         lambda: list(Patient.objects.iterator())):
                with self.assertRaises(DatabaseError) as error:
                    work()
                self.refused(error, "28000", "no tenant context")

    def test_manual_commits(self):
        with acting_with(TOKEN_NORTH):
            transaction.set_autocommit(False)
            try:
                self.assertEqual(Patient.objects.count(), 3)
                transaction.commit()
                # A second transaction under one set_autocommit(False): nobody has handed over a token.
                with self.assertRaises(DatabaseError) as error:
                    Patient.objects.count()
                self.refused(error, "28000", "no tenant context")
            finally:
                transaction.rollback()
                transaction.set_autocommit(True)


class Tokens(Clinics):
    def test_missing(self):
        for work in (Patient.objects.first, lambda: Label.objects.create(name="x"), lambda: Label.objects.update(name="x"),
                     lambda: Visit.objects.all().delete()):
            with self.assertRaises(DatabaseError) as error, transaction.atomic():
                work()
            self.refused(error, "28000", "no tenant context")

    def test_refused_tokens(self):
        for token, message in ((TOKEN_FORGED, "signature"), (TOKEN_EXPIRED, "expired"), (TOKEN_NORTH[:-5], ""), ("", "")):
            with acting_with(token), self.assertRaises(DatabaseError) as error, transaction.atomic():
                self.fail("the transaction must not begin")
            self.refused(error, "28000", message)
            # The connection is as good as new.
            self.assertTrue(connection.get_autocommit())
            with acting_with(TOKEN_SOUTH), transaction.atomic():
                self.assertEqual(Patient.objects.get(pk=123).name, "south patient 123")

    def test_of_an_unknown_tenant(self):
        with acting_with(TOKEN_NOBODY), self.assertRaises(DatabaseError) as error, transaction.atomic():
            Patient.objects.first()
        self.refused(error, "28000", "tenant that does not exist")

    def test_expires_between_two_statements(self):
        with acting_with(sign("--tenant", "north", "--exp-in", "2")), self.assertRaises(DatabaseError) as error:
            with transaction.atomic():
                self.assertEqual(Patient.objects.count(), 3)
                time.sleep(3)
                Patient.objects.count()
        self.refused(error, "28000", "expired")

    def test_revoked_between_two_statements(self):
        with acting_with(sign("--tenant", "north", "--jti", "t-2")), self.assertRaises(DatabaseError) as error:
            with transaction.atomic():
                self.assertEqual(Patient.objects.count(), 3)
                admin("SELECT watertight.revoke_token('t-2')")
                Patient.objects.count()
        self.refused(error, "28000", "revoked")

    def test_query_log_and_activity_do_not_tell_the_token(self):
        connection.force_debug_cursor = True
        try:
            with self.assertLogs("django.db.backends", "DEBUG") as log, acting_with(TOKEN_NORTH), transaction.atomic():
                Patient.objects.count()
                seen = admin("SELECT query FROM pg_stat_activity WHERE usename = 'app'")
        finally:
            connection.force_debug_cursor = False
        self.assertIn("clinic_patient", "\n".join(log.output))
        self.assertNotIn(TOKEN_NORTH[-20:], "\n".join(log.output) + str(connection.queries) + str(seen))


class Pools(Clinics):
    def test_one_connection_for_both_a_thousand_times(self):
        seen, crossed, refused, backends = 0, 0, 0, set()
        for _ in range(400):
            for name in self.both():
                rows = Patient.objects.extra(select={"pid": "pg_backend_pid()"}).values_list("name", "pid")
                backends |= {pid for _, pid in rows}
                seen += len(rows)
                crossed += sum(name not in row for row, _ in rows)
            try:
                with transaction.atomic():
                    crossed += Patient.objects.count()
            except DatabaseError as error:
                refused += "no tenant context" in str(error)
            connection.close()  # back to the pool, as after each request
        print(f"{seen} rows read over {len(backends)} connection by two tenants in turn and a third client without a token, "
              f"{crossed} of another tenant ... ", end="")
        self.assertEqual((seen, crossed, refused, len(backends)), (2400, 0, 400, 1))

    def test_persistent_connections(self):
        for using in ("persistent", "binding"):
            backends = set()
            for _ in range(50):
                for name in self.both(using):
                    rows = list(Patient.objects.using(using).extra(select={"pid": "pg_backend_pid()"}).values_list("name", "pid"))
                    backends |= {pid for _, pid in rows}
                    self.assertEqual([name in row for row, _ in rows], [True] * 3)
                with self.assertRaises(DatabaseError) as error:
                    Patient.objects.using(using).first()
                self.refused(error, "28000", "no tenant context")
            self.assertEqual(len(backends), 1)

    def test_threads_share_one_connection(self):
        wrong, done = [], []

        def work(token, name):
            try:
                for _ in range(40):
                    with acting_with(token), transaction.atomic():
                        rows = list(Patient.objects.values_list("name", flat=True)) + list(Doctor.objects.values_list("name", flat=True))
                        Doctor.objects.update(logins=F("logins") + 1)
                    wrong.extend(row for row in rows if name not in row)
                    done.append(len(rows))
                    connections.close_all()
            finally:
                connections.close_all()

        connections.close_all()
        threads = [threading.Thread(target=work, args=clinic) for clinic in CLINICS * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((wrong, done), ([], [6] * 240))
        self.assertEqual(truth("SELECT DISTINCT logins FROM clinic_doctor"), [120])

    def test_a_connection_that_broke_is_replaced(self):
        for name in self.both("persistent"):
            with connections["persistent"].cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                pid = cursor.fetchone()[0]
        admin("SELECT pg_terminate_backend(%s, 5000)", pid)
        connections["persistent"].close_if_unusable_or_obsolete()
        connections["persistent"].health_check_done = False
        for name in self.both("persistent"):
            self.assertEqual(Patient.objects.using("persistent").get(pk=123).name, f"{name} patient 123")
