"""Two clinics through Django's ORM, over one pooled connection."""

import unittest

from django.db import connections, transaction

from clinic.models import Doctor, Label, Patient
from harness import TOKEN_NORTH, TOKEN_SOUTH, admin
from watertight_django import acting_with

TABLES = "clinic_doctor, clinic_label, clinic_visit, clinic_visit_labels, clinic_patient"
CLINICS = ((TOKEN_NORTH, "north"), (TOKEN_SOUTH, "south"))


def fill(who):
    """The same ids and nearly the same names for whoever asks: only the tenant tells them apart."""
    lab = Label.objects.create(name="lab")
    doctors = [Doctor.objects.create(email=f"{n}@{who}.example", name=f"Dr {who} {n}") for n in range(3)]
    for n in (123, 124, 125):
        patient = Patient.objects.create(id=n, name=f"{who} patient {n}")
        for v in range(3):
            visit = patient.visits.create(reason=f"{who} {v}", cost=10 * (v + 1), doctor=doctors[v])
            visit.labels.set([lab] if v else [])


def reset():
    admin(f"TRUNCATE {TABLES} RESTART IDENTITY")
    for token, name in CLINICS:
        with acting_with(token), transaction.atomic():
            fill(name)


class Clinics(unittest.TestCase):
    def setUp(self):
        reset()

    def tearDown(self):
        connections.close_all()

    def both(self, using="default"):
        """The name of each clinic, inside a transaction that acts with its token."""
        for token, name in CLINICS:
            with acting_with(token), transaction.atomic(using):
                yield name

    def refused(self, error, sqlstate, message=""):
        self.assertEqual(error.exception.__cause__.sqlstate, sqlstate, error.exception)
        self.assertIn(message, str(error.exception))
