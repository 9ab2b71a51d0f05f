"""Creates the tables as the application's migrations would, has an administrator protect them, runs the tests."""

import os

import sqlalchemy

import harness
import models

owner = sqlalchemy.create_engine(harness.OWNER_URL.replace("postgresql:", "postgresql+psycopg:"))
models.Base.metadata.create_all(owner)
owner.dispose()
harness.admin_script(os.path.join(os.path.dirname(harness.__file__), "protect.sql"))

import test_asyncpg  # noqa: E402 (their fixtures need the tables)
import test_encrypted  # noqa: E402
import test_sessions  # noqa: E402
import test_work  # noqa: E402

harness.main(test_work, test_sessions, test_asyncpg, test_encrypted)
