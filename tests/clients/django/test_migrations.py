"""Migrations of an application whose tables are protected already."""

import io
import unittest

from django.core.management import call_command
from django.db import DatabaseError, connections, transaction

from clinic.models import Label
from harness import NORTH, SOUTH, TOKEN_NORTH, TOKEN_SOUTH, admin, truth
from watertight_django import acting_with


class Migrations(unittest.TestCase):
    """In this order, by name."""

    def tearDown(self):
        connections["owner"].close()

    def test_1_later_migrations_run(self):
        call_command("migrate", database="owner", verbosity=0)
        self.assertEqual(truth("SELECT count(*) FROM django_migrations WHERE app = 'clinic'"), [2])
        self.assertEqual(truth("SELECT relname::text FROM pg_class WHERE relname = 'visit_seen_at'"), ["visit_seen_at"])

    def test_2_models_and_migrations_agree(self):
        # Django sees no difference between its models and the protected tables.
        out = io.StringIO()
        try:
            call_command("makemigrations", check=True, dry_run=True, stdout=out)
        except SystemExit:
            self.fail(out.getvalue())

    def test_3_back_and_forth(self):
        call_command("migrate", "clinic", "0001", database="owner", verbosity=0)
        call_command("migrate", database="owner", verbosity=0)
        self.assertEqual(truth("SELECT count(*) FROM watertight.protected_tables"), [6])

    def test_4_a_data_migration_needs_the_tokens_of_its_tenants(self):
        with self.assertRaisesRegex(DatabaseError, "no tenant context"), transaction.atomic("owner"):
            Label.objects.using("owner").create(name="standard")
        for token in (TOKEN_NORTH, TOKEN_SOUTH):
            with acting_with(token), transaction.atomic("owner"):
                Label.objects.using("owner").create(name="standard")
        for tenant in (NORTH, SOUTH):
            self.assertEqual(truth("SELECT name FROM clinic_label WHERE tenant_id = %s", tenant), ["standard"])
        admin("TRUNCATE clinic_label CASCADE")

    def test_5_tables_that_are_not_protected_need_no_token(self):
        call_command("migrate", "auth", database="owner", verbosity=0)
        self.assertGreater(truth("SELECT count(*) FROM auth_permission")[0], 0)
