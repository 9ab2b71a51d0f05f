"""The SQL of docs/pooling.md, with psql through PgBouncer."""

import os
import re
import subprocess

from clinics import Bouncer, port_of
from harness import TOKEN_NORTH, TOKEN_SOUTH


def psql(port, script, token):
    """(what was printed, the error messages)."""
    command = [os.path.join(os.environ["WATERTIGHT_PG_BIN"], "psql"), "-X", "-q", "-At", "-v", f"token={token}",
               "-f", os.path.join(os.path.dirname(__file__), script), f"host=127.0.0.1 port={port} user=app dbname=clinic"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.split("\n"), re.findall(r"ERROR:  .*", done.stderr)


class Documents:
    def test_usage(self):
        for name, token in (("north", TOKEN_NORTH), ("south", TOKEN_SOUTH)):
            printed, errors = psql(self.PORT, "usage.sql", token)
            self.assertEqual(([line for line in printed if line], errors), ([f"{name} patient 1"] * 2, []))

    def test_mistakes(self):
        with open(os.path.join(os.path.dirname(__file__), "mistakes.sql"), encoding="utf-8") as script:
            expected = re.findall(r"^-- (ERROR:  .*)$", script.read(), re.M)
        printed, errors = psql(self.PORT, "mistakes.sql", TOKEN_NORTH)
        self.assertEqual(errors, expected)
        self.assertEqual([line for line in printed if line], ["20"])


class Debian(Documents, Bouncer):
    PORT = port_of("DEBIAN")


class Newer(Documents, Bouncer):
    PORT = port_of("NEWER")
