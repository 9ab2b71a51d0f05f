"""Both clinics get their patients, directly; everything else goes through PgBouncer."""

import psycopg

import harness
from clinics import CLINICS, ROWS

for name, token in CLINICS.items():
    with psycopg.connect(harness.APP_URL) as connection:
        connection.execute("SELECT watertight.begin(%s)", (token,))
        connection.execute("INSERT INTO patients SELECT n, %s || ' patient ' || n FROM generate_series(1, %s) n", (name, ROWS[name]))

import test_transaction_mode  # noqa: E402
import test_other_modes  # noqa: E402
import test_start_up  # noqa: E402
import test_total  # noqa: E402

harness.main(test_transaction_mode, test_other_modes, test_start_up, test_total)
