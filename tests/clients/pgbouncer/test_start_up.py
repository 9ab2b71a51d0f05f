"""What a client may put into its start-up packet, and what PgBouncer makes of it."""

import psycopg

from clinics import Bouncer, begin, port_of
from harness import NORTH, TOKEN_NORTH, TOKEN_SOUTH


class StartUp(Bouncer):
    def test_options_are_refused_by_pgbouncer(self):
        for port in (port_of("DEBIAN"), port_of("NEWER")):
            for option in (f"watertight.token={TOKEN_NORTH}", f"watertight.tenant_id={NORTH}", "watertight.tenant=north"):
                with self.assertRaisesRegex(psycopg.OperationalError, "unsupported startup parameter"):
                    self.client(port=port, options=f"-c {option}")


class IgnoredOptions(Bouncer):
    PORT = port_of("OPTIONS")

    def test_options_that_pgbouncer_drops(self):
        for role in ("app", "careless"):
            for token in (TOKEN_NORTH, TOKEN_SOUTH):
                self.client(role=role, options=f"-c watertight.token={token}").forgets()
        self.assertEqual(self.tally.refused, 4)


class TrackExtraParameters(Bouncer):
    """Somebody has listed Watertight's settings in track_extra_parameters. PgBouncer restores what the server reports, and the
    server reports none of these."""

    PORT = port_of("TRACKING")

    def test_it_cannot_inject_a_tenant(self):
        for role in ("app", "careless"):
            for option in (f"watertight.tenant_id={NORTH}", "watertight.tenant=north"):
                for _ in range(10):
                    try:
                        client = self.client(role=role, options=f"-c {option}")
                        self.tally.told(client.run("SELECT name FROM patients"), None)
                    except psycopg.Error:
                        self.tally.refused += 1
                forgetful = self.client(role=role)
                forgetful.forgets()
                self.assertEqual(len(forgetful.rows_of("south", begin)), 30)
        self.nothing_crossed(4 * 30)

    def test_it_cannot_leave_a_token_to_the_next_client(self):
        for role in ("app", "careless"):
            for _ in range(10):
                north = self.client(role=role, options=f"-c watertight.token={TOKEN_NORTH}")
                south = self.client(role=role, options=f"-c watertight.token={TOKEN_SOUTH}")
                forgetful = self.client(role=role)
                for client in (north, forgetful, south, forgetful):
                    client.forgets()
                self.assertEqual(len(north.rows_of("north", begin)), 20)
                forgetful.forgets()
        self.assertEqual(self.tally.refused, 100)
        self.nothing_crossed(400)
