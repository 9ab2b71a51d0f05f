"""Django's PostgreSQL backend, with a token at the beginning of every transaction."""

import psycopg
from django.db.backends.postgresql import base, features

from watertight_django import current_token


class DatabaseFeatures(features.DatabaseFeatures):
    def allows_group_by_selected_pks_on_model(self, model):
        # With scope_keys the key of the table has one more column than Django knows of: GROUP BY id says less than it did.
        return False


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures

    def _set_autocommit(self, autocommit):
        super()._set_autocommit(autocommit)
        if not autocommit and (token := current_token.get()) is not None:
            try:
                with self.wrap_database_errors:
                    # Not through Django's cursor: that logs parameters, and writes them into the statement.
                    psycopg.Cursor(self.connection).execute("SELECT watertight.begin(%s)", [token])
            except BaseException:
                # The transaction that Django asked for has not begun.
                if not self.connection.broken:
                    self.connection.rollback()
                    super()._set_autocommit(True)
                raise
