"""Runs the SQL of a document and compares it with what the document says.

Every block that begins with ```sql is run, in order, with psql; a file gets a database of its own, a block a session of its own.

    ```sql                   as superuser
    ```sql app               as the role app
    ```sql no-run: reason    not run; the reason is for the reader of the source

Psql variables: token_a and token_b (hospital_a's and hospital_b's), token_carol (another user of hospital_a), token_expired,
token_forged, jwks, and token_X and jwks_X for the identity providers of run.sh. A file may say `<!-- docs-sql: bare -->` (an empty
database) or `<!-- docs-sql: tables -->` (also the hospital example's tables, protected, with a patient 123 in each hospital); by
default there are the extension, the two tenants and the trusted issuer.

Comments directly after a statement say what it answers; what is not mentioned is not compared, except errors:

    SELECT name FROM patients;      -- an ordinary comment: one space, then a word
    --     name
    -- -------------
    --  Alice Smith
    SELECT nothing();
    -- ERROR:  function nothing() does not exist
    -- HINT:  No function matches ...

`...` stands for any text.
"""

import os
import re
import subprocess

ANSWER = re.compile(r"^\s*-- (?:(ERROR|DETAIL|HINT|NOTICE|WARNING):|[ -]|\(\d+ rows?\))")


class Block:
    def __init__(self, path, line, words, text):
        self.name = f"{path}:{line}"
        self.role = words[1] if len(words) > 1 else "postgres"
        self.skipped = self.role.startswith("no-run")
        self.reason = " ".join(words[1:]).partition(":")[2].strip()
        self.lines = text

    def expected(self):
        """(line of the statement's end, texts) of each run of answers."""
        runs, last = [], None
        for number, line in enumerate(self.lines, 1):
            if not ANSWER.match(line):
                last = None
                continue
            if last is None:
                last = (number - 1, [])
                runs.append(last)
            last[1].append(line.strip()[2:].strip())
        return runs


def blocks(path, text):
    found, words, start, body = [], None, 0, []
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.match(r"^\s*```(.*)$", line)
        if words is None and fence:
            words, start, body = fence[1].split(), number, []
        elif words is not None and fence and not fence[1].strip():
            if words[:1] == ["sql"]:
                found.append(Block(path, start, words, body))
            words = None
        elif words is not None:
            body.append(line)
    return found


def pattern(text):
    """`text` with runs of white space as one, and `...` as anything."""
    parts = [re.escape(" ".join(part.split())) for part in text.split("...")]
    return re.compile("^" + ".*".join(parts) + "$", re.S)


class Database:
    def __init__(self, url, variables):
        self.url = url
        self.variables = variables

    def psql(self, role, text, database=None):
        url = self.url.replace("//postgres@", f"//{role}@")
        if database:
            url = url.rpartition("/")[0] + "/" + database
        command = [os.path.join(os.environ["WATERTIGHT_PG_BIN"], "psql"), "-X", "-q", "-d", url]
        for name, value in self.variables.items():
            command += ["-v", f"{name}={value}"]
        command += ["-f", "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        return done.stdout, done.stderr

    def must(self, text, database=None, role="postgres"):
        out, err = self.psql(role, "\\set ON_ERROR_STOP on\nSET client_min_messages = warning;\n" + text, database)
        if err.strip():
            raise RuntimeError(err)
        return out


def run(block, database):
    """What is wrong, or None."""
    out, err = database.psql(block.role, "\n".join(block.lines) + "\n")
    answers = messages(err)
    if not answers and err.strip():
        return err.strip()
    rows = [" ".join(line.split()) for line in out.splitlines()]
    for line, texts in block.expected():
        said = next((answer for answer in answers if answer[0] == line), None)
        for text in texts:
            wanted = pattern(text)
            if re.match(r"(ERROR|DETAIL|HINT|NOTICE|WARNING):", text):
                if not said or not any(wanted.match(given) for given in said[1]):
                    return f"line {line} of the block says {said[1] if said else 'nothing'}, not: {text}"
            elif set(text) <= set("-+ "):
                continue
            else:
                at = next((n for n, row in enumerate(rows) if wanted.match(row)), None)
                if at is None:
                    return f"after line {line} of the block there is no: {text}\n{out}{err}"
                del rows[: at + 1]
    told = {line for line, texts in block.expected() if any(text.startswith("ERROR:") for text in texts)}
    for line, texts in answers:
        if line not in told and any(text.startswith("ERROR:") for text in texts):
            return f"line {line} of the block: {' / '.join(texts)}"
    return None


def messages(err):
    """(line of the statement's end, its messages) from psql's standard error."""
    found = []
    for line in err.splitlines():
        start = re.match(r"^psql:<stdin>:(\d+): (.*)$", line)
        if start:
            number, text = int(start[1]), start[2]
            if not found or found[-1][0] != number:
                found.append((number, []))
            found[-1][1].append(" ".join(text.split()))
        elif found and re.match(r"^(DETAIL|HINT|CONTEXT|LINE \d+):", line):
            found[-1][1].append(" ".join(line.split()))
        elif found and found[-1][1]:
            found[-1][1][-1] += " " + " ".join(line.split())
    return found
