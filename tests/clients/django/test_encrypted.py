"""Encrypted columns. The queries are those of plain columns."""

from django.db import IntegrityError, ProgrammingError, transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Lower, Upper

from clinic.models import Person
from clinics import Clinics
from harness import admin, truth

SSN = "123-45-6789"


class Encrypted(Clinics):
    def setUp(self):
        admin("TRUNCATE clinic_person RESTART IDENTITY")

    def work(self, who, people):
        person = people.create(name=f"{who} person", ssn=SSN, note=f"{who} note")
        people.bulk_create(Person(name=f"{who} {n}", ssn=f"{n}") for n in range(20))
        person.refresh_from_db()
        self.assertEqual((person.name, person.ssn, person.note), (f"{who} person", SSN, f"{who} note"))
        # Equality.
        self.assertEqual(people.get(ssn=SSN), person)
        self.assertEqual(people.exclude(ssn=SSN).count(), 20)
        self.assertEqual(people.filter(Q(ssn__in=["3", "4", "none"])).count(), 2)
        same = people.filter(ssn=OuterRef("ssn")).values("name")[:1]
        self.assertEqual(people.annotate(again=Subquery(same)).get(ssn=SSN).again, f"{who} person")
        self.assertEqual(people.filter(ssn__in=people.values("ssn")).count(), 21)
        self.assertEqual(people.values("ssn").distinct().count(), 21)
        # What reads the text works on all of them; nothing but equality has an index.
        self.assertEqual(people.filter(name__startswith=f"{who} p").count(), 1)
        self.assertEqual(people.get(note__icontains="NOTE"), person)
        self.assertEqual(people.annotate(loud=Upper("note")).get(ssn=SSN).loud, f"{who} note".upper())
        self.assertEqual(people.order_by(Lower("name")).first().name, f"{who} 0")
        # All columns cannot be grouped, nor made distinct: the note has no equality.
        for rows in (people.annotate(n=Count("ssn")), people.distinct()):
            with self.assertRaisesRegex(ProgrammingError, "could not identify an equality operator"), transaction.atomic(using=people.db):
                list(rows)
        self.assertEqual(len(people.values("id").annotate(n=Count("ssn"))), 21)
        self.assertEqual(people.filter(id__in=people.values("id").distinct()).count(), 21)
        # Changes.
        person.name = f"{who} renamed"
        person.save()
        people.filter(ssn=SSN).update(note="changed")
        self.assertEqual(people.update_or_create(ssn=SSN, defaults={"name": f"{who} again"}), (person, False))
        self.assertEqual(people.get_or_create(ssn=SSN), (person, False))
        for n in range(2):
            people.bulk_create([Person(name=f"{who} upserted {n}", ssn=SSN)], update_conflicts=True,
                               unique_fields=["ssn"], update_fields=["name"])
            person.refresh_from_db()
            self.assertEqual((person.name, person.note), (f"{who} upserted {n}", "changed"))
        people.bulk_create([Person(name="twice", ssn=SSN)], ignore_conflicts=True)
        with self.assertRaises(IntegrityError) as error, transaction.atomic(using=people.db):
            people.create(name="twice", ssn=SSN)
        self.refused(error, "23505")
        self.assertNotIn(SSN, str(error.exception))

    def sealed(self):
        values = truth("SELECT unnest(ARRAY[name::text, ssn::text, note::text]) FROM clinic_person WHERE note IS NOT NULL")
        self.assertEqual(len(values), 6)
        self.assertTrue(all(value.startswith("watertight:v1:") for value in values), values)

    def test_as_if_it_were_plain(self):
        for name in self.both():
            self.work(name, Person.objects)
        self.sealed()

    def test_the_same_with_parameters_bound_by_the_server(self):
        for name in self.both("binding"):
            self.work(name, Person.objects.using("binding"))
        self.sealed()

    def test_raw_sql(self):
        for name in self.both():
            Person.objects.create(name=name, ssn=SSN)
            people = Person.objects.raw("SELECT * FROM clinic_person WHERE ssn = %s AND name LIKE %s", [SSN, "%th"])
            self.assertEqual([person.name for person in people], [name])
