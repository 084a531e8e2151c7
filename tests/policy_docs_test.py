#!/usr/bin/env python3
"""The policies, claims and commands of the documents do what stands beside them.

usage: policy_docs_test.py [--update] [BUILD]     --update writes what is printed now; read the difference before committing it

In a page, ```policy NAME and ```json NAME are files, and ```console holds commands behind "$ " with what they print, the two outputs
together; a line "..." stands for any lines. All blocks of a page share one folder. A ```policy without a name has to compile. In docs/man
the words behind the fence stand in a comment before it: "; policy NAME", "; console".
"""
import atexit
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from daemon import ROOT, VECTORS, run_tests

ARGS = [a for a in sys.argv[1:] if not a.startswith("-")]
BUILD = pathlib.Path(ARGS[0] if ARGS else "build").resolve()
PAGES = [ROOT / "docs" / "policy-language.md", *sorted((ROOT / "docs" / "lint").glob("*.md")), ROOT / "docs" / "man" / "cupel-policy.5.scd"]
FENCE = re.compile(r"^(```(policy|json|console)(?: (\S+))?\n|; (policy|json|console)(?: (\S+))?\n\n?```\n)(.*?)^```$", re.M | re.S)
WORK = pathlib.Path(tempfile.mkdtemp(prefix="cupel-policy-docs-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)


def shell(command, folder, status):
    """What a command prints, and its exit status; $? in it is the status before."""
    env = {**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = subprocess.run(["bash", "-uo", "pipefail", "-c", f"(exit {status})\n{command}"], cwd=folder, env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)
    return done.stdout, done.returncode


def session(block):
    """The commands of a console block, each with what it is expected to print."""
    steps, is_open = [], False
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append([line[2:], ""])
        elif is_open:
            steps[-1][0] += "\n" + line
        elif not steps:
            raise RuntimeError(f"output before the first command: {line}")
        else:
            steps[-1][1] += line + "\n"
            continue
        is_open = steps[-1][0].endswith("\\")
    return steps


def agrees(want, got):
    """Whether an output is the expected one, where a line "..." stands for any lines."""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in want.splitlines())
    return re.fullmatch(pattern, got if not got or got.endswith("\n") else got + "\n") is not None


def run_console(block, here):
    """Runs the commands; what is wrong, and the block as it is now."""
    wrong, now, status = [], "", 0
    for command, want in session(block):
        got, status = shell(command, here, status)
        if not agrees(want, got):
            diff = difflib.unified_diff(want.splitlines(), got.splitlines(), "the page", "now", lineterm="", n=1)
            wrong.append(f"$ {command}\n" + "\n".join(list(diff)[2:]))
        if status not in (0, 1, 2) or (status and not got):
            wrong.append(f"$ {command}\nends with {status}: {got[-300:]}")
        now += f"$ {command}\n" + (want if agrees(want, got) else got)
    return wrong, now


def run_page(text, here):
    """Does what a page says; what is wrong, and the page as it is now."""
    wrong = []

    def block(m):
        kind, name, body = m.group(2) or m.group(4), m.group(3) or m.group(5), m.group(6)
        if kind == "console":
            found, body = run_console(body, here)
            wrong.extend(found)
        elif name:
            (here / name).write_text(body)
        elif kind == "policy":
            (here / "unnamed.pol").write_text(body)
            said, status = shell("cupel policy hash unnamed.pol", here, 0)
            if status:
                wrong.append(said)
        return m.group(1) + body + "```"

    return wrong, FENCE.sub(block, text)


def folder():
    return pathlib.Path(tempfile.mkdtemp(dir=WORK))


def pages():
    return [page for page in PAGES if page.is_file()]


def every_example_of_the_pages_does_what_stands_beside_it():
    wrong = []
    for page in pages():
        found, _ = run_page(page.read_text(), folder())
        wrong += [f"{page.relative_to(ROOT)}: {w}" for w in found]
    if wrong:
        raise RuntimeError("\n# ".join("\n".join(wrong).splitlines()) + "\n# (or: tests/policy_docs_test.py --update)")


def a_wrong_output_of_a_page_is_noticed():
    text = (ROOT / "docs" / "policy-language.md").read_text()
    first = next(m for m in FENCE.finditer(text) if m.group(2) == "console" and "policy eval" in m.group(6))
    begun = text[: first.end()]
    rows = {"another output": begun.replace("\npermit\n", "\ndeny\n"), "a line too many": begun[:-3] + "more\n```",
            "a line too few": begun[: begun.rindex("\n", 0, -4)] + "\n```", "a policy that is different": begun.replace("value==false", "value==true"),
            "a policy that does not compile": begun.replace("version=1.0", "version=1.3"), "an unnamed one": begun + "\n\n```policy\nversion\n```\n"}
    if run_page(begun, folder())[0]:
        raise RuntimeError("the page is wrong already")
    for name, changed in rows.items():
        if changed == begun or not run_page(changed, folder())[0]:
            raise RuntimeError(f"not noticed: {name}")


def every_fence_with_a_word_behind_it_is_run():
    for page in pages():
        text = page.read_text()
        known = len(FENCE.findall(text))
        fences = len(re.findall(r"^```\w", text, re.M)) or len(re.findall(r"^; (?:policy|json|console)\b", text, re.M))
        if known != fences:
            raise RuntimeError(f"{page.name}: {fences} blocks with a word behind the fence, and {known} are run")


def the_linter_has_nothing_to_say_of_a_policy_that_is_taught():
    page = (ROOT / "docs" / "policy-language.md").read_text()
    here, wrong, seen = folder(), [], 0
    for m in FENCE.finditer(page):
        name, body = m.group(3), m.group(6)
        if m.group(2) != "policy" or not name or name in ("slip.pol", "naive.pol"):  # which are there to be complained of
            continue
        (here / name).write_text(body)
        kind = "Tpm" if "events" in body or "aikValidated" in body else "SgxEnclave"
        said, status = shell(f"cupel policy lint {name} --type {kind}", here, 0)
        seen += 1
        if status:
            wrong.append(said)
    if wrong or seen < 6:
        raise RuntimeError("\n# ".join("\n".join(wrong).splitlines()))


def every_limit_of_the_policy_engine_is_in_the_reference():
    page = (ROOT / "docs" / "policy-language.md").read_text()
    named = re.findall(r"^    ([A-Z][A-Z0-9_]+) = ", (ROOT / "src" / "policy" / "limits.h").read_text(), re.M)
    missing = [n for n in named if f"| `{n}` |" not in page]
    if missing or not named:
        raise RuntimeError(f"add to tests/manual_policy.c: {missing}")


def refusals():
    """The rows of the table of refusals: example, kind of error, what is said, cases of the suite."""
    part = (ROOT / "docs" / "policy-language.md").read_text().split("\n### JMESPath, refused\n")[1].split("\n<!-- table")[0]
    rows = [[c.strip() for c in line.split(" | ")] for line in part.splitlines() if line.startswith("| ")][2:]
    return [(re.sub(r"^`+ ?| ?`+$", "", r[1]) if r[1].startswith("`` ") else r[1].strip("`"), r[2], r[3], r[4].rstrip(" |")) for r in rows]


def asked(query, document):
    """The kind of error that a query ends in, in the suite's words, and what is said of it."""
    here = WORK / "query"
    here.mkdir(exist_ok=True)
    literal = query.replace("\\", "\\\\").replace('"', '\\"')
    (here / "q.pol").write_text("version=1.2;\nauthorizationrules {\n    c:[type==\"j\"] => add(type=\"r\", value=JmesPath(c.value, \"" + literal + "\"));\n};\n")
    (here / "q.json").write_text(json.dumps([{"type": "j", "value": json.dumps(document), "issuer": "AttestationService"}]))
    said, _ = shell("cupel policy eval q.pol --claims q.json --type Tpm", here, 0)
    kind = re.search(r"the query fails \(([a-z-]+)\)", said)
    return "syntax" if "[E314]" in said else kind.group(1) if kind else "", said


def each_refused_query_of_the_table_is_refused_as_it_says():
    document = [{"a": 1}, {"a": "x"}]
    wrong = []
    for query, kind, because, _ in refusals():
        got, said = asked(query, document)
        if got != kind or because not in said:
            wrong.append(f"{query}: {said}")
    if wrong or len(refusals()) < 20:
        raise RuntimeError("\n".join(wrong))


def each_feature_of_other_dialects_is_refused_by_its_name():
    part = (ROOT / "docs" / "policy-language.md").read_text().split("\n<!-- table language-refused -->\n")[1]
    rows = re.findall(r"^\| `(.+?)`: (.+?) \| `` (.+?) `` \| (\S+) \|", part, re.M)
    wrong = []
    for name, feature, query, kind in rows:
        got, said = asked(query, [{"a": 1}])
        if got != kind or not (feature in said or f"no function {name} in this dialect" in said):
            wrong.append(f"{name}: {said}")
    if wrong or len(rows) < 20:
        raise RuntimeError("\n".join(wrong))


def every_refusal_of_the_public_suite_stands_in_the_table():
    if not (VECTORS / "jmespath").is_dir():
        return "SKIPPED: the reference vectors are not here"
    rows = refusals()
    counts, strays = [0] * len(rows), []
    for path in sorted((VECTORS / "jmespath").glob("*.json")):
        for suite in json.loads(path.read_text()):
            for case in suite["cases"]:
                if "error" not in case:
                    continue
                kind, said = asked(case["expression"], suite["given"])
                row = [n for n, r in enumerate(rows) if r[1] == case["error"] == kind and r[2] in said]
                if row:
                    counts[row[0]] += 1
                else:
                    strays.append(f"{path.name}: {case['expression']}: {said}")
    wrong = [f"{r[0]}: {n} cases, and the table says {r[3]}" for r, n in zip(rows, counts) if (str(n) if n else "–") != r[3]]
    if strays or wrong or sum(counts) != 150:
        raise RuntimeError("\n# ".join([f"{sum(counts)} in all", *strays, *wrong]))
    return None


def main():
    if "--update" in sys.argv:
        for page in pages():
            page.write_text(run_page(page.read_text(), folder())[1])
        return 0
    return run_tests([every_example_of_the_pages_does_what_stands_beside_it, a_wrong_output_of_a_page_is_noticed,
                      every_fence_with_a_word_behind_it_is_run, the_linter_has_nothing_to_say_of_a_policy_that_is_taught, every_limit_of_the_policy_engine_is_in_the_reference,
                      each_refused_query_of_the_table_is_refused_as_it_says, each_feature_of_other_dialects_is_refused_by_its_name,
                      every_refusal_of_the_public_suite_stands_in_the_table])


sys.exit(main())
