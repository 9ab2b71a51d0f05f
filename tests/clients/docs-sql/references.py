"""The references name everything there is, and nothing else."""

import os
import re

FAULTS = re.compile(r'(?:Fault::new\(\s*(?:Code::\w+,\s*)?|(?:fault|refuse|unusable|\boff|\bErr)\(\s*&?)(?:format!\(\s*)?"((?:[^"\\]|\\.)*)"', re.S)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def settings(root, database):
    documented = set(re.findall(r"^### `(watertight\.\w+)`", read(root, "docs/reference/settings.md"), re.M))
    documented |= set(re.findall(r"^\| `(watertight\.\w+)` \|", read(root, "docs/reference/settings.md"), re.M))
    there = set(database.must("\\pset tuples_only on\nSELECT name FROM pg_settings WHERE name LIKE 'watertight.%'").split())
    return compare("settings", there | {"watertight.token"}, documented)


def functions(root, database):
    documented = set(re.findall(r"^### `(watertight\.\w+)\(", read(root, "docs/reference/functions.md"), re.M))
    documented |= set(re.findall(r"^\| `(watertight\.\w+)\(", read(root, "docs/reference/functions.md"), re.M))
    there = database.must(
        "\\pset tuples_only on\nSELECT DISTINCT 'watertight.' || p.proname FROM pg_proc p"
        " WHERE p.pronamespace = 'watertight'::regnamespace AND p.prorettype <> ALL ("
        " '{trigger,event_trigger,internal}'::regtype[])"
        # What types, casts, operators and their classes are made of is documented with the types.
        " AND NOT EXISTS (SELECT FROM pg_type t WHERE p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend))"
        " AND NOT EXISTS (SELECT FROM pg_cast c WHERE c.castfunc = p.oid)"
        " AND NOT EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = p.oid)"
        " AND NOT EXISTS (SELECT FROM pg_amproc a WHERE a.amproc = p.oid)"
    ).split()
    return compare("functions", set(there), documented)


def tables(root, database):
    documented = set(re.findall(r"^\| `(watertight\.\w+)` \|", read(root, "docs/reference/functions.md"), re.M))
    there = database.must(
        "\\pset tuples_only on\nSELECT 'watertight.' || relname FROM pg_class"
        " WHERE relnamespace = 'watertight'::regnamespace AND relkind IN ('r', 'v')"
    ).split()
    return compare("tables", set(there), documented)


def compare(what, there, documented):
    problems = [f"{what}: {name} is not documented" for name in sorted(there - documented)]
    return problems + [f"{what}: {name} is documented and not there" for name in sorted(documented - there)]


def sources(root):
    """All Rust sources without their tests, string continuations joined."""
    text = ""
    for top in ("src", "crates/core/src"):
        for directory, _, files in sorted(os.walk(os.path.join(root, top))):
            if os.path.basename(directory) == "tests":
                continue
            for name in sorted(files):
                if name.endswith(".rs"):
                    text += read(root, os.path.join(directory, name)).partition("#[cfg(test)]\nmod tests {")[0]
    return re.sub(r"\\\n\s*", "", text)


def literal(text):
    return text.replace('\\"', '"')


def holes(text):
    """A message with `{...}` (source) or `...` (document) as one kind of hole."""
    return re.sub(r"\{[^{}]*\}|\.\.\.", "\0", literal(text))


def errors(root):
    """Each message of docs/reference/errors.md stands in the sources, and each message of the sources stands there."""
    text = read(root, "docs/reference/errors.md")
    # A row may be about several.
    cells = re.findall(r"^\| (`[^|]+`) \|", text, re.M)
    documented = {holes(message) for cell in cells for message in re.findall(r"`([^`]+)`", cell)}
    # A sentence is the DETAIL of another message.
    raised = {holes(found) for found in FAULTS.findall(sources(root)) if not found.endswith(".")}
    everything = holes(sources(root))
    problems = [f"errors: not documented: {show(one)}" for one in sorted(raised - documented) if not covered(one, documented)]
    for one in sorted(documented - raised):
        if one not in everything and not any(matches(wide, one) for wide in raised):
            problems.append(f"errors: documented and not in the sources: {show(one)}")
    return problems


def covered(one, documented):
    return any(matches(one, other) for other in documented)


def matches(wide, narrow):
    """True where the holes of `wide` can be filled to make `narrow`."""
    if "\0" not in wide or len(wide.replace("\0", "")) < 8:
        return False
    return re.fullmatch(".+".join(re.escape(part) for part in wide.split("\0")), narrow, re.S) is not None


def show(one):
    return one.replace("\0", "...")


def attacks(root):
    """Every case from 1 to 82, and from 89 to 97, stands in the threat model, and every test it names exists."""
    text = read(root, "docs/threat-model.md")
    cases = [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.M)]
    problems = [f"threat model: case {case} is missing" for case in (*range(1, 83), *range(89, 98)) if case not in cases]
    there = ""
    for directory, _, files in os.walk(os.path.join(root, "tests")):
        there += "".join(read(root, os.path.join(directory, name)) for name in files if name.endswith(".rs"))
    for name in sorted(set(re.findall(r"`([a-h]\d\d_[\w*]+)`", text))):
        if f"fn {name.rstrip('*')}" not in there:
            problems.append(f"threat model: there is no test {name}")
    return problems


def anchors(text):
    """The fragments of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(root, documents):
    problems = []
    for path in documents:
        text = re.sub(r"```.*?```", "", read(root, path), flags=re.S)
        for target, fragment in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", text):
            if "://" in target or target.startswith("mailto:"):
                continue
            file = os.path.join(root, os.path.dirname(path), target) if target else os.path.join(root, path)
            if not os.path.exists(file):
                problems.append(f"{path}: no such file: {target}")
            elif fragment and file.endswith(".md") and fragment not in anchors(read(root, file)):
                problems.append(f"{path}: no such heading: {target}#{fragment}")
    return problems
