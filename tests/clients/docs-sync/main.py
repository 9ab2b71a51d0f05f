"""Fails when a snippet in the documentation is not the file that the tests run.

A snippet is a code block right after a line `<!-- file: PATH -->`. With `--write`, the blocks are filled from the files.
On the pages about clients every block must be one, except SQL, which tests/clients/docs-sql runs.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SNIPPET = re.compile(r"(<!-- file: (?P<path>\S+) -->\n```[^\n]*\n)(?P<code>.*?)(?=```\n)", re.S)
BLOCK = re.compile(r"^```(\w+)[^\n]*\n.*?^```$", re.S | re.M)
ABOUT_CLIENTS = ("clients.md", "pooling.md")
# What an application copies.
HOOKS = ("*/watertight_*.py", "*/watertight_*.mjs", "*/watertight_*/*.py", "sqlx/src/tenant.rs", "sqlx/src/checkout.rs", "pgbouncer/pooling.sql")


def checks():
    """(what, whether it is so)"""
    shown = set()
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text()
        for snippet in SNIPPET.finditer(text):
            shown.add(ROOT / snippet["path"])
            yield f"{page.name}: {snippet['path']}", snippet["code"] == (ROOT / snippet["path"]).read_text()
        if page.name in ABOUT_CLIENTS:
            others = [block[1] for block in BLOCK.finditer(SNIPPET.sub("", text)) if block[1] != "sql"]
            yield f"{page.name}: no code that is not run {others or ''}", not others
    for pattern in HOOKS:
        for hook in sorted((ROOT / "tests/clients").glob(pattern)):
            yield f"{hook.relative_to(ROOT)} is documented", hook in shown


def main() -> int:
    if "--write" in sys.argv:
        for page in sorted((ROOT / "docs").glob("*.md")):
            text = page.read_text()
            filled = SNIPPET.sub(lambda m: m[1] + (ROOT / m["path"]).read_text(), text)
            if filled != text:
                page.write_text(filled)
        return 0
    passed = failed = 0
    for what, so in checks():
        print("ok    " if so else "not ok", what)
        passed, failed = passed + so, failed + (not so)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
