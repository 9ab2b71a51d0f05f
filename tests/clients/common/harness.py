"""What the Python suites share: the fixture's values, the truth as a superuser sees it, and the last line."""

import os
import subprocess
import sys
import unittest

import psycopg

NORTH = os.environ["WT_NORTH"]
SOUTH = os.environ["WT_SOUTH"]
TOKEN_NORTH = os.environ["WT_TOKEN_NORTH"]
TOKEN_SOUTH = os.environ["WT_TOKEN_SOUTH"]
TOKEN_EXPIRED = os.environ["WT_TOKEN_EXPIRED"]
TOKEN_FORGED = os.environ["WT_TOKEN_FORGED"]
TOKEN_NOBODY = os.environ["WT_TOKEN_NOBODY"]
ADMIN_URL = os.environ["WT_ADMIN_URL"]
OWNER_URL = os.environ["WT_OWNER_URL"]
APP_URL = os.environ["WT_APP_URL"]


def admin(sql, *parameters):
    """Runs SQL as superuser, whom row security does not bind, and returns all rows."""
    with psycopg.connect(ADMIN_URL, autocommit=True) as connection:
        cursor = connection.execute(sql, parameters or None)
        return cursor.fetchall() if cursor.description else []


def admin_script(path):
    with open(path, encoding="utf-8") as script:
        admin(script.read())


def truth(sql, *parameters):
    """The first column as superuser."""
    return [row[0] for row in admin(sql, *parameters)]


def sign(*options):
    """A token with other claims than the fixture's."""
    command = [os.environ["WT_MINT"], "sign", "--key", os.environ["WT_KEY"], "--iss", os.environ["WT_ISSUER"]]
    return subprocess.run([*command, *options], check=True, capture_output=True, text=True).stdout.strip()


class Progress(unittest.TextTestResult):
    def startTest(self, test):
        super().startTest(test)
        self.stream.flush()


def main(*modules):
    """Runs the tests of these modules, or those whose names contain an argument; the last line is the count."""
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{part}*" for part in sys.argv[1:]] or None
    suite = unittest.TestSuite(loader.loadTestsFromModule(module) for module in modules)
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Progress)
    result = runner.run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    passed = max(result.testsRun - failed - len(result.skipped), 0)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)
