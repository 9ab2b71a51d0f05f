"""Runs everything; the last line is the count."""

import glob
import os
import subprocess
import sys
import time

import docs_sql
import references


class Count:
    passed = failed = 0

    def result(self, name, problem, took=None):
        if problem:
            self.failed += 1
            print(f"not ok  {name}\n        " + problem.strip().replace("\n", "\n        "), flush=True)
        else:
            self.passed += 1
            print(f"ok      {name}" + (f" ({took:.1f} s)" if took else ""), flush=True)


# What pages call the owner of the tables and the application.
ROLES = ("clinic_owner", "app")


def documents(root):
    found = ["README.md", *glob.glob("docs/**/*.md", root_dir=root, recursive=True), *glob.glob("examples/**/*.md", root_dir=root, recursive=True)]
    return sorted(path for path in found if os.path.exists(os.path.join(root, path)))


def example(root, name):
    return references.read(root, f"examples/hospital/{name}")


def prepare(root, cluster, text, number):
    """A database of the kind the document asks for; its URL."""
    name = f"docs_{number}"
    cluster.must(f"DROP DATABASE IF EXISTS {name};\nCREATE DATABASE {name} OWNER clinic_owner")
    database = docs_sql.Database(cluster.url.rpartition("/")[0] + "/" + name, cluster.variables)
    if "<!-- docs-sql: bare -->" in text:
        return database
    # The roles are the cluster's and there already.
    install = [line for line in example(root, "install.sql").splitlines() if not line.startswith("CREATE ROLE")]
    database.must("\n".join(install).replace(":'issuer'", "'https://id.example'"))
    if "<!-- docs-sql: tables -->" in text:
        for script in ("schema.sql", "protect.sql"):
            database.must(example(root, script), role="clinic_owner")
        for token, row in (("token_a", "123, 'Alice Smith', '1985-03-15'"), ("token_b", "123, 'Bob Johnson', '1990-07-22'")):
            database.must(f"SET watertight.token = :'{token}'; INSERT INTO patients VALUES ({row});", role="app")
    return database


def main():
    root, directory = sys.argv[1:]
    variables = {name: references.read(directory, name).strip() for name in os.listdir(directory) if os.path.isfile(os.path.join(directory, name))}
    cluster = docs_sql.Database(os.environ["WT_ADMIN_URL"], variables)
    cluster.must("CREATE ROLE clinic_owner LOGIN")
    count = Count()
    for number, path in enumerate(documents(root)):
        text = references.read(root, path)
        blocks = docs_sql.blocks(path, text)
        database = None
        for block in blocks:
            if block.skipped:
                count.result(f"{block.name} is not run: {block.reason}", None if block.reason else "a reason is missing")
                continue
            # The roles are the cluster's and there already.
            block.lines = ["" if line.startswith("CREATE ROLE") and line.split()[2] in ROLES else line for line in block.lines]
            begun = time.monotonic()
            try:
                database = database or prepare(root, cluster, text, number)
                problem = docs_sql.run(block, database)
            except RuntimeError as error:
                problem = f"its database could not be prepared: {error}"
            count.result(f"{block.name} as {block.role}", problem, time.monotonic() - begun)
    checks = {
        "every setting is documented": lambda: references.settings(root, cluster),
        "every function is documented": lambda: references.functions(root, cluster),
        "every table is documented": lambda: references.tables(root, cluster),
        "every error is documented": lambda: references.errors(root),
        "every attack has its line": lambda: references.attacks(root),
        "links lead somewhere": lambda: references.links(root, documents(root)),
    }
    for name, check in checks.items():
        count.result(name, "\n".join(check()))
    begun = time.monotonic()
    demo = subprocess.run([os.path.join(root, "scripts/demo.sh")], capture_output=True, text=True, check=False)
    count.result("the demo", demo.returncode and demo.stdout[-3000:] + demo.stderr[-1000:], time.monotonic() - begun)
    print(f"{count.passed} passed, {count.failed} failed", flush=True)
    sys.exit(1 if count.failed else 0)


main()
