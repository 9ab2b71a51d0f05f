"""What an application does all day, through Django's ORM."""

from django.core.paginator import Paginator
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Avg, Count, Exists, F, OuterRef, Prefetch, Subquery, Sum, Window
from django.db.models.functions import Rank
from django.test.utils import CaptureQueriesContext

from clinic.models import Doctor, Label, Patient, Visit
from clinics import Clinics
from harness import NORTH, SOUTH, TOKEN_NORTH, TOKEN_SOUTH, truth
from watertight_django import acting_with


class Work(Clinics):
    def test_rows_are_given_to_the_tenant_that_wrote_them(self):
        for table, each in (("patient", 3), ("doctor", 3), ("visit", 9), ("label", 1), ("visit_labels", 6)):
            for tenant in (NORTH, SOUTH):
                self.assertEqual(truth(f"SELECT count(*) FROM clinic_{table} WHERE tenant_id = %s", tenant), [each], table)

    def test_each_sees_only_its_own(self):
        for name in self.both():
            names = list(Patient.objects.order_by("id").values_list("name", flat=True))
            self.assertEqual(names, [f"{name} patient {n}" for n in (123, 124, 125)])
            self.assertEqual(Visit.objects.count(), 9)

    def test_the_same_primary_key_in_both(self):
        for name in self.both():
            self.assertEqual(Patient.objects.get(pk=123).name, f"{name} patient 123")

    def test_get_by_the_other_ones_key_finds_nothing(self):
        others = iter((SOUTH, NORTH))
        for _ in self.both():
            for key in truth("SELECT id FROM clinic_visit WHERE tenant_id = %s", next(others)):
                with self.assertRaises(Visit.DoesNotExist):
                    Visit.objects.get(pk=key)

    def test_save_and_refresh(self):
        for name in self.both():
            patient = Patient.objects.get(pk=123)
            patient.name = f"{name} renamed"
            patient.save()
            patient.refresh_from_db()
            self.assertEqual(patient.name, f"{name} renamed")
        self.assertEqual(truth("SELECT name FROM clinic_patient WHERE id = 123 ORDER BY 1"), ["north renamed", "south renamed"])

    def test_update_and_delete_without_where(self):
        with acting_with(TOKEN_NORTH), transaction.atomic():
            self.assertEqual(Visit.objects.update(reason="mine"), 9)
            self.assertEqual(Doctor.objects.update(logins=F("logins") + 1), 3)
            Visit.labels.through.objects.all().delete()
            self.assertEqual(Visit.objects.all().delete()[0], 9)
        self.assertEqual(truth("SELECT count(*) FROM clinic_visit WHERE tenant_id = %s AND reason <> 'mine'", SOUTH), [9])
        self.assertEqual(truth("SELECT sum(logins) FROM clinic_doctor WHERE tenant_id = %s", SOUTH), [0])
        self.assertEqual(truth("SELECT count(*) FROM clinic_visit_labels WHERE tenant_id = %s", SOUTH), [6])

    def test_update_by_the_other_ones_key_changes_nothing(self):
        keys = truth("SELECT id FROM clinic_visit WHERE tenant_id = %s", SOUTH)
        with acting_with(TOKEN_NORTH), transaction.atomic():
            self.assertEqual(Visit.objects.filter(pk__in=keys).update(reason="x"), 0)
            with self.assertRaises(DatabaseError), transaction.atomic():
                Visit(pk=keys[0], patient_id=123, reason="x").save(force_update=True)

    def test_delete_of_an_object_cascades(self):
        with acting_with(TOKEN_NORTH), transaction.atomic():
            Patient.objects.get(pk=123).delete()
        self.assertEqual(truth("SELECT count(*) FROM clinic_visit WHERE tenant_id = %s", NORTH), [6])
        self.assertEqual(truth("SELECT count(*) FROM clinic_visit WHERE tenant_id = %s", SOUTH), [9])
        self.assertEqual(truth("SELECT count(*) FROM clinic_patient WHERE tenant_id = %s", SOUTH), [3])

    def test_set_null_on_delete(self):
        with acting_with(TOKEN_NORTH), transaction.atomic():
            Doctor.objects.first().delete()
            self.assertEqual(Visit.objects.filter(doctor=None).count(), 3)
        self.assertEqual(truth("SELECT count(*) FROM clinic_visit WHERE tenant_id = %s AND doctor_id IS NULL", SOUTH), [0])

    def test_joins_and_relations(self):
        for name in self.both():
            rows = Visit.objects.values_list("patient__name", "doctor__name", "reason")
            self.assertEqual(len(rows), 9)
            self.assertTrue(all(name in cell for row in rows for cell in row))
            for visit in Visit.objects.select_related("patient", "doctor"):
                self.assertIn(name, visit.patient.name + visit.doctor.name)
            patients = Patient.objects.prefetch_related(Prefetch("visits", Visit.objects.prefetch_related("labels")))
            self.assertEqual([len(patient.visits.all()) for patient in patients], [3, 3, 3])
            self.assertEqual(Label.objects.get().visit_set.count(), 6)
            self.assertEqual(Patient.objects.filter(visits__labels__name="lab").distinct().count(), 3)

    def test_subqueries(self):
        for name in self.both():
            newest = Visit.objects.filter(patient=OuterRef("pk")).order_by("-id")
            rows = Patient.objects.annotate(newest=Subquery(newest.values("reason")[:1]))
            self.assertEqual({row.newest for row in rows}, {f"{name} 2"})
            other = "south" if name == "north" else "north"
            self.assertFalse(Patient.objects.filter(Exists(newest.filter(reason=f"{other} 1"))).exists())

    def test_aggregates(self):
        for _ in self.both():
            self.assertEqual(Visit.objects.aggregate(Count("id"), Sum("cost"), Avg("cost")),
                             {"id__count": 9, "cost__sum": 180, "cost__avg": 20})
            groups = Patient.objects.annotate(n=Count("visits"), total=Sum("visits__cost")).filter(n__gt=2)
            self.assertEqual([(row.n, row.total) for row in groups], [(3, 60)] * 3)
            ranks = Visit.objects.annotate(rank=Window(Rank(), order_by=F("cost").desc()))
            self.assertEqual(sorted(row.rank for row in ranks), [1, 1, 1, 4, 4, 4, 7, 7, 7])

    def test_set_operations(self):
        for _ in self.both():
            query = Patient.objects.values("name").union(Doctor.objects.values("name"), Visit.objects.values("reason"), all=True)
            self.assertEqual(query.count(), 15)

    def test_bulk_create_and_bulk_update(self):
        for name in self.both():
            doctors = Doctor.objects.bulk_create(Doctor(email=f"b{n}@{name}", name=f"{name} {n}") for n in range(1500))
            self.assertEqual(len({doctor.pk for doctor in doctors}), 1500)
            for doctor in doctors:
                doctor.logins = 7
            self.assertEqual(Doctor.objects.bulk_update(doctors, ["logins"], batch_size=500), 1500)
        for tenant in (NORTH, SOUTH):
            self.assertEqual(truth("SELECT sum(logins) FROM clinic_doctor WHERE tenant_id = %s", tenant), [1500 * 7])

    def test_upserts(self):
        for name in self.both():
            for n in range(2):
                doctor, created = Doctor.objects.update_or_create(email=f"u@{name}", defaults={"name": f"{name} {n}"})
                self.assertEqual(created, n == 0)
                self.assertEqual(Doctor.objects.get_or_create(email=f"u@{name}")[1], False)
                Doctor.objects.bulk_create(
                    [Doctor(email=f"c@{name}", name=f"{name} {n}")], update_conflicts=True,
                    unique_fields=["email"], update_fields=["name"])
            self.assertEqual(Doctor.objects.get(email=f"c@{name}").name, f"{name} 1")
        self.assertEqual(truth("SELECT count(*) FROM clinic_doctor"), [10])

    def test_upsert_cannot_reach_the_other_ones_row(self):
        mine = [Doctor(email="0@south.example", name="stolen")]
        with acting_with(TOKEN_NORTH):
            with self.assertRaises(DatabaseError) as error, transaction.atomic():
                Doctor.objects.bulk_create(mine, update_conflicts=True, unique_fields=["email"], update_fields=["name"])
            self.refused(error, "42501", "row-level security")
            with transaction.atomic():
                Doctor.objects.bulk_create(mine, ignore_conflicts=True)
        self.assertEqual(truth("SELECT name FROM clinic_doctor WHERE email = '0@south.example'"), ["Dr south 0"])

    def test_raw_sql(self):
        for name in self.both():
            self.assertEqual(len(list(Patient.objects.raw("SELECT * FROM clinic_patient WHERE name LIKE %s", ["%patient%"]))), 3)
            with connection.cursor() as cursor:
                cursor.execute("UPDATE clinic_doctor SET name = name || '!'")
                self.assertEqual(cursor.rowcount, 3)
                cursor.execute("SELECT DISTINCT tenant_id::text FROM clinic_patient WHERE id > %s OR true", [0])
                self.assertEqual(cursor.fetchall(), [(NORTH if name == "north" else SOUTH,)])

    def test_raw_sql_that_names_the_other_tenant(self):
        for sql in ("INSERT INTO clinic_label (name, tenant_id) VALUES ('planted', %s)", "UPDATE clinic_label SET tenant_id = %s"):
            with acting_with(TOKEN_NORTH), self.assertRaises(DatabaseError) as error, transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(sql, [SOUTH])
            self.refused(error, "42501", "row-level security")

    def test_pagination(self):
        for name in self.both():
            pages = Paginator(Visit.objects.order_by("-cost", "id"), 2)
            self.assertEqual((pages.count, pages.num_pages), (9, 5))
            self.assertTrue(all(name in visit.reason for page in pages for visit in page))

    def test_iterator_uses_a_server_side_cursor(self):
        for name in self.both():
            with CaptureQueriesContext(connection):
                rows = [visit.reason for visit in Visit.objects.iterator(chunk_size=2)]
            self.assertEqual([name in row for row in rows], [True] * 9)

    def test_visit_of_the_other_ones_patient_is_refused(self):
        with acting_with(TOKEN_SOUTH), transaction.atomic():
            Patient.objects.create(id=777, name="only south")
        # Django's foreign keys are deferred: COMMIT refuses.
        with acting_with(TOKEN_NORTH), self.assertRaises(IntegrityError) as error, transaction.atomic():
            Visit.objects.create(patient_id=777, reason="spying")
        self.refused(error, "23503")

    def test_select_for_update(self):
        for name in self.both():
            rows = Patient.objects.select_for_update(skip_locked=True)
            self.assertEqual([name in row.name for row in rows], [True] * 3)
