"""The same models over asyncpg: many tasks, few connections."""

import asyncio
import unittest

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import selectinload

from clinics import TABLES, fill
from harness import APP_URL, SOUTH, TOKEN_EXPIRED, TOKEN_FORGED, TOKEN_NORTH, TOKEN_SOUTH, admin, truth
from models import Doctor, Label, Patient, Visit
from watertight_sqlalchemy import acting_with, install

CLINICS = ((TOKEN_NORTH, "north"), (TOKEN_SOUTH, "south"))


class Asyncpg(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        admin(f"TRUNCATE {TABLES} RESTART IDENTITY")
        url = APP_URL.replace("postgresql:", "postgresql+asyncpg:")
        self.engine = create_async_engine(url, pool_size=1, max_overflow=0)
        install(self.engine.sync_engine)
        self.sessions = async_sessionmaker(self.engine)
        for token, _ in CLINICS:
            with acting_with(token):
                async with self.sessions.begin() as session:
                    await session.run_sync(fill)

    async def asyncTearDown(self):
        await self.engine.dispose()

    def refused(self, error, sqlstate, message=""):
        self.assertEqual(error.exception.orig.sqlstate, sqlstate, error.exception)
        self.assertIn(message, str(error.exception))

    async def test_read_write_and_relations(self):
        for token, name in CLINICS:
            with acting_with(token):
                async with self.sessions.begin() as session:
                    patient = await session.get(Patient, 123, options=[selectinload(Patient.visits)])
                    self.assertEqual((patient.name, len(patient.visits)), (f"{name} patient 123", 3))
                    patient.name = f"{name} changed"
                    session.add(Label(name=f"{name} label"))
                async with self.sessions() as session:
                    names = (await session.scalars(select(Patient.name).order_by(Patient.id))).all()
                    self.assertEqual(names, [f"{name} changed", f"{name} patient 124", f"{name} patient 125"])
                    self.assertEqual(await session.scalar(select(func.sum(Visit.cost))), 180)
        self.assertEqual(truth("SELECT count(*) FROM labels WHERE tenant_id = %s", SOUTH), [2])

    async def test_bulk_insert_upsert_update_delete(self):
        for token, name in CLINICS:
            with acting_with(token):
                async with self.sessions.begin() as session:
                    await session.execute(insert(Doctor), [{"email": f"b{n}@{name}", "name": name} for n in range(1500)])
                    statement = pg_insert(Doctor).values(email=f"b7@{name}", name="new")
                    await session.execute(statement.on_conflict_do_update(
                        index_elements=[Doctor.email], set_={"name": statement.excluded.name}))
                    self.assertEqual((await session.execute(update(Doctor).values(logins=5))).rowcount, 1503)
                    gone = await session.execute(delete(Doctor).where(Doctor.email.like("b%")))
                    self.assertEqual(gone.rowcount, 1500)
        self.assertEqual(truth("SELECT count(*) FROM doctors"), [6])

    async def test_rollback_and_savepoints(self):
        for token, name in CLINICS:
            with acting_with(token):
                async with self.sessions() as session:
                    async with session.begin_nested():
                        session.add(Label(name="kept"))
                    with self.assertRaises(IntegrityError):
                        async with session.begin_nested():
                            session.add(Doctor(email=f"0@{name}.example", name="twice"))
                            await session.flush()
                    self.assertEqual(await session.scalar(text("SELECT watertight.tenant()")), name)
                    await session.rollback()
                    self.assertEqual(await session.scalar(select(func.count()).select_from(Label)), 1)

    async def test_server_side_cursor(self):
        for token, name in CLINICS:
            with acting_with(token):
                async with self.sessions() as session:
                    stream = await session.stream_scalars(select(Visit.reason).execution_options(yield_per=2))
                    self.assertEqual([name in reason async for reason in stream], [True] * 9)

    async def test_missing_forged_and_expired_tokens(self):
        with self.assertRaises(DBAPIError) as error:
            async with self.sessions() as session:
                await session.scalars(select(Patient))
        self.refused(error, "28000", "no tenant context")
        for token, message in ((TOKEN_FORGED, "signature"), (TOKEN_EXPIRED, "expired")):
            with acting_with(token), self.assertRaises(DBAPIError) as error:
                async with self.sessions() as session:
                    await session.scalars(select(Patient))
            self.refused(error, "28000", message)
            self.assertNotIn(token[-20:], str(error.exception))

    async def test_hundreds_of_tasks_over_one_connection(self):
        seen, wrong, refused = 0, [], 0

        async def work(token, name):
            nonlocal seen
            with acting_with(token):
                for _ in range(10):
                    async with self.sessions() as session:
                        for query in (select(Patient.name), select(Doctor.name)):
                            rows = (await session.scalars(query)).all()
                            seen += len(rows)
                            wrong.extend(row for row in rows if name not in row)

        async def forget():
            nonlocal refused
            for _ in range(10):
                try:
                    async with self.sessions() as session:
                        wrong.extend((await session.scalars(select(Patient.name))).all())
                except DBAPIError as error:
                    refused += "no tenant context" in str(error)

        await asyncio.gather(*(work(*clinic) for clinic in CLINICS * 50), *(forget() for _ in range(20)))
        print(f"{seen} rows read by 100 tasks over one connection, {len(wrong)} of the other tenant ... ", end="")
        self.assertEqual((seen, wrong, refused), (6000, [], 200))

    async def test_a_cancelled_task_leaves_nothing_behind(self):
        with acting_with(TOKEN_NORTH):
            for _ in range(5):
                with self.assertRaises(asyncio.TimeoutError):
                    async with asyncio.timeout(0.2):
                        async with self.sessions() as session:
                            await session.scalars(select(Patient.name, func.pg_sleep(30)))
        with self.assertRaises(DBAPIError) as error:
            async with self.sessions() as session:
                await session.scalars(select(Patient.name))
        self.refused(error, "28000", "no tenant context")
