"""Two clinics, and one pooled connection which both use in turn."""

import unittest

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker

from harness import APP_URL, TOKEN_NORTH, TOKEN_SOUTH, admin
from models import Doctor, Label, Patient, Visit
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
