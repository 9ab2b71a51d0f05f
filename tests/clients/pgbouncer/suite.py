"""Both clinics get their patients, directly; everything else goes through PgBouncer."""

import psycopg

import harness
from clinics import CLINICS, ROWS

for name, token in CLINICS.items():
    with psycopg.connect(harness.APP_URL) as connection:
        connection.execute("SELECT watertight.begin(%s)", (token,))
        connection.execute("INSERT INTO patients SELECT n, %s || ' patient ' || n FROM generate_series(1, %s) n", (name, ROWS[name]))

import test_clients_that_fail  # noqa: E402 (they need the rows)
import test_documents  # noqa: E402
import test_encrypted  # noqa: E402
import test_hand_over  # noqa: E402
import test_left_behind  # noqa: E402
import test_other_modes  # noqa: E402
import test_start_up  # noqa: E402
import test_total  # noqa: E402

harness.main(
    test_hand_over, test_encrypted, test_clients_that_fail, test_left_behind, test_other_modes, test_start_up, test_documents, test_total)
