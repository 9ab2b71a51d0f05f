"""Encrypted columns, over psycopg and over asyncpg. The models and the queries are those of plain columns."""

import unittest

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import aliased

from clinics import Clinics
from harness import APP_URL, TOKEN_NORTH, TOKEN_SOUTH, admin, truth
from models import Person
from watertight_sqlalchemy import acting_with, install

SSN = "123-45-6789"


def work(test, session, who):
    """Everything, in one session. Both clinics write the same numbers."""
    person = Person(name=f"{who} person", ssn=SSN, note=f"{who} note")
    session.add(person)
    session.add_all(Person(name=f"{who} {n}", ssn=f"{n}") for n in range(20))
    session.flush()
    session.expire_all()
    test.assertEqual((person.name, person.ssn, person.note), (f"{who} person", SSN, f"{who} note"))
    # Equality, by objects, lists, joins and subqueries.
    test.assertIs(session.scalars(select(Person).where(Person.ssn == SSN)).one(), person)
    test.assertIs(session.scalars(select(Person).filter_by(ssn=SSN, note=f"{who} note")).one(), person)
    test.assertEqual(session.scalar(select(func.count()).where(Person.ssn != SSN)), 20)
    test.assertEqual(session.scalar(select(func.count()).where(Person.ssn.in_(["3", "4", "none"]))), 2)
    other = aliased(Person)
    test.assertEqual(session.scalar(select(func.count()).select_from(Person).join(other, other.ssn == Person.ssn)), 21)
    test.assertEqual(session.scalar(select(func.count(Person.ssn.distinct()))), 21)
    test.assertEqual(session.scalar(select(func.count()).where(Person.ssn.in_(select(other.ssn)))), 21)
    # What reads the text works on all of them; nothing but equality has an index.
    test.assertEqual(session.scalar(select(func.count()).where(Person.name.like(f"{who} p%"))), 1)
    test.assertEqual(session.scalar(select(func.upper(Person.note)).where(Person.ssn == SSN)), f"{who} note".upper())
    test.assertEqual(session.scalars(select(Person.name).order_by(func.lower(Person.name)).limit(1)).one(), f"{who} 0")
    # Changes.
    person.name = f"{who} renamed"
    session.flush()
    session.execute(update(Person).where(Person.ssn == SSN).values(note="changed"))
    for n in range(2):
        statement = pg_insert(Person).values(name=f"{who} upserted {n}", ssn=SSN)
        session.execute(statement.on_conflict_do_update(
            index_elements=[Person.ssn], set_={"name": statement.excluded.name}))
        session.expire_all()
        test.assertEqual((person.name, person.note), (f"{who} upserted {n}", "changed"))
    session.execute(pg_insert(Person).values(name="twice", ssn=SSN).on_conflict_do_nothing())
    test.assertEqual(person.name, f"{who} upserted 1")


class Encrypted(Clinics):
    def setUp(self):
        admin("TRUNCATE people RESTART IDENTITY")

    def sealed(self):
        """What is stored, and what somebody without a context sees."""
        values = truth("SELECT unnest(ARRAY[name::text, ssn::text, note::text]) FROM people WHERE note IS NOT NULL")
        self.assertEqual(len(values), 6)
        self.assertTrue(all(value.startswith("watertight:v1:") for value in values), values)

    def test_as_if_it_were_plain(self):
        for name in self.both():
            with self.sessions.begin() as session:
                work(self, session, name)
        self.sealed()

    def test_one_prepared_statement_for_both(self):
        # One connection: the same text is prepared once, and its plan is used by both clinics in turn.
        for name in self.both():
            with self.sessions.begin() as session:
                session.add(Person(name=name, ssn=SSN))
        for _ in range(12):
            for name in self.both():
                with self.sessions.begin() as session:
                    self.assertEqual(session.scalars(select(Person.name).where(Person.ssn == SSN)).all(), [name])


class EncryptedAsyncpg(unittest.IsolatedAsyncioTestCase):
    async def test_as_if_it_were_plain(self):
        admin("TRUNCATE people RESTART IDENTITY")
        engine = create_async_engine(APP_URL.replace("postgresql:", "postgresql+asyncpg:"), pool_size=1, max_overflow=0)
        install(engine.sync_engine)
        for token, name in ((TOKEN_NORTH, "north"), (TOKEN_SOUTH, "south")):
            with acting_with(token):
                async with async_sessionmaker(engine).begin() as session:
                    await session.run_sync(lambda session, name=name: work(self, session, name))
        for _ in range(12):
            for token, name in ((TOKEN_NORTH, "north"), (TOKEN_SOUTH, "south")):
                with acting_with(token):
                    async with async_sessionmaker(engine).begin() as session:
                        found = await session.scalars(select(Person.name).where(Person.ssn == SSN))
                        self.assertEqual(found.all(), [f"{name} upserted 1"])
        await engine.dispose()
        Encrypted.sealed(self)
