"""Fails when a snippet in the documentation is not the file that the tests run.

A snippet is a code block right after a line `<!-- file: PATH -->`. With `--write`, the blocks are filled from the files.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SNIPPET = re.compile(r"(<!-- file: (?P<path>\S+) -->\n```\w*\n)(?P<code>.*?)(?=```\n)", re.S)


def main() -> int:
    passed = failed = 0
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text()
        if "--write" in sys.argv:
            page.write_text(SNIPPET.sub(lambda m: m[1] + (ROOT / m["path"]).read_text(), text))
            continue
        for snippet in SNIPPET.finditer(text):
            same = snippet["code"] == (ROOT / snippet["path"]).read_text()
            print("ok    " if same else "not ok", page.name, snippet["path"])
            passed, failed = passed + same, failed + (not same)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or ("--write" not in sys.argv and not passed) else 0


sys.exit(main())
