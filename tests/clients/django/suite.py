"""Migrates as the application's owner, has an administrator protect the tables, migrates further, runs the tests."""

import os

import django
from django.core.management import call_command
from django.test.utils import setup_test_environment

import harness

django.setup()
setup_test_environment()
call_command("migrate", "clinic", "0001", database="owner", verbosity=0)
harness.admin_script(os.path.join(os.path.dirname(__file__), "protect.sql"))

import test_connections  # noqa: E402 (their fixtures need the tables)
import test_encrypted  # noqa: E402
import test_migrations  # noqa: E402
import test_requests  # noqa: E402
import test_work  # noqa: E402

harness.main(test_migrations, test_work, test_connections, test_requests, test_encrypted)
