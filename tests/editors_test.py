#!/usr/bin/env python3
"""The editor files speak the language: their words are the engine's, and a sample is coloured as it should be."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from daemon import ROOT, run_tests

BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
VIM = ROOT / "editors" / "vim"
CODE = ROOT / "editors" / "vscode"
SAMPLE = (ROOT / "editors" / "sample.pol").read_text()

# (line of the sample, text, which occurrence, kind)
EXPECTED = [
    (1, "Version", 0, "version"), (1, "1.2", 0, "number"), (1, "// ", 0, "comment"), (1, "lint: allow L605", 0, "lint"),
    (2, "authorizationrules", 0, "section"), (3, "c1", 0, "name"), (3, "type", 0, "property"), (3, "==", 0, "operator"),
    (3, '"x-ms', 0, "string"), (3, "value", 0, "property"), (3, ">=", 0, "operator"), (3, "-3", 0, "number"),
    (3, "issuer", 0, "property"), (3, "AttestationService", 0, "issuer"), (3, "&&", 0, "operator"), (3, "!", 0, "operator"),
    (3, "valueType", 0, "property"), (3, "!=", 0, "operator"), (3, "String", 0, "string"), (3, "true", 0, "boolean"),
    (4, "=>", 0, "operator"), (4, "add", 0, "verb"), (4, "AppendString", 0, "function"), (4, "c1", 0, "name"), (4, "type", 1, "property"),
    (4, "\\\\", 0, "escape"), (4, "a", 1, "string"), (4, '\\"', 0, "escape"), (4, "NegateBool", 0, "function"), (4, "false", 0, "boolean"),
    (5, "PERMIT", 0, "verb"), (7, "issuancerules", 0, "section"), (8, "JmesPath", 0, "name"), (8, "\\n", 0, "bad escape"),
    (8, "issue", 0, "verb"), (8, "claim", 0, "property"),
]
SCOPES = {
    "version": "keyword.other.version", "number": "constant.numeric", "comment": "comment.line", "lint": "keyword.other.lint",
    "section": "keyword.control.section", "name": "entity.name.condition", "property": "variable.language.property",
    "operator": "keyword.operator", "string": "string.quoted.double", "issuer": "support.constant.issuer",
    "boolean": "constant.language.boolean", "verb": "keyword.control.action", "function": "support.function",
    "escape": "constant.character.escape", "bad escape": "invalid.illegal.escape",
}
GROUPS = {
    "version": "cupelVersion", "number": ("cupelNumber", "cupelVersionNumber"), "comment": "cupelComment", "lint": "cupelLint",
    "section": "cupelSection", "name": "cupelName", "property": "cupelProperty", "operator": "cupelOperator", "string": "cupelString",
    "issuer": "cupelIssuer", "boolean": "cupelBoolean", "verb": "cupelVerb", "function": "cupelFunction", "escape": "cupelEscape",
    "bad escape": "cupelBadEscape",
}


def words():
    """The engine's words by kind."""
    listed = subprocess.run([BUILD / "tests" / "manual", "editor-words"], capture_output=True, text=True, check=True).stdout
    kinds = {}
    for line in listed.splitlines():
        kind, word = line.split(" ", 1)
        kinds.setdefault(kind, set()).add(word)
    return kinds


def grammar():
    return json.loads((CODE / "syntaxes" / "cupel-policy.tmLanguage.json").read_text())


def place(line, text, nth):
    """Where the n-th occurrence of a text begins in a line of the sample."""
    at = -1
    for _ in range(nth + 1):
        at = SAMPLE.splitlines()[line - 1].index(text, at + 1)
    return at


def scopes_of_line(g, line):
    """A scope for each character of a line, by the rules of TextMate grammars: the leftmost match wins, then the first in the list."""
    scopes = [""] * (len(line) + 1)

    def flat(patterns):
        for p in patterns:
            if "include" in p:
                yield from flat([g["repository"][p["include"][1:]]])
            elif "match" in p or "begin" in p:
                yield p
            else:
                yield from flat(p["patterns"])

    def run(patterns, at, end, scope):
        rules = list(flat(patterns))
        while True:
            stop = re.compile(end).search(line, at) if end else None
            found = [(m.start(), n, m) for n, p in enumerate(rules) for m in [re.compile(p.get("match", p.get("begin"))).search(line, at)] if m]
            start, n, m = min(found, key=lambda f: f[:2]) if found else (len(line) + 1, 0, None)
            if stop and stop.start() <= start:
                scopes[at: stop.end()] = [scope] * (stop.end() - at)
                return stop.end()
            scopes[at:min(start, len(line))] = [scope] * (min(start, len(line)) - at)
            if not m:
                return len(line)
            scopes[m.start():m.end()] = [rules[n].get("name", scope)] * (m.end() - m.start())
            for group, capture in rules[n].get("captures", {}).items():
                scopes[m.start(int(group)):m.end(int(group))] = [capture["name"]] * (m.end(int(group)) - m.start(int(group)))
            at = m.end()
            if "begin" in rules[n]:
                at = run(rules[n].get("patterns", []), at, rules[n]["end"], rules[n]["name"])

    run(g["patterns"], 0, None, "")
    return scopes


def the_files_of_vs_code_are_json_and_find_each_other():
    package = json.loads((CODE / "package.json").read_text())
    json.loads((CODE / "language-configuration.json").read_text())
    g = grammar()
    listed = package["contributes"]["grammars"][0]
    language = package["contributes"]["languages"][0]
    if listed["scopeName"] != g["scopeName"] or listed["language"] != language["id"] or not (CODE / listed["path"]).is_file():
        raise RuntimeError("package.json and the grammar name different things")
    if not (CODE / language["configuration"]).is_file():
        raise RuntimeError("no language configuration")


def the_words_of_the_textmate_grammar_are_the_engines():
    g, want = grammar(), words()
    rules = {kind: g["repository"][kind]["match"] for kind in ("section", "verb", "property", "boolean", "function", "version")}
    rules["issuer"] = g["repository"]["string"]["patterns"][2]["match"]
    rules["comparison"] = next(p["match"] for p in g["repository"]["operator"]["patterns"] if "comparison" in p["name"])
    for kind, pattern in rules.items():
        listed = pattern if kind == "comparison" else re.search(r"\((\w+(?:\|\w+)*)\)", pattern).group(1)
        if set(listed.split("|")) != want[kind]:
            raise RuntimeError(f"{kind}: {set(listed.split('|')) ^ want[kind]}")
    if set(rules) != set(want):
        raise RuntimeError(f"kinds of words: {set(rules) ^ set(want)}")


def the_words_of_vim_are_the_engines():
    text, want = (VIM / "syntax" / "cupelpolicy.vim").read_text(), words()
    for kind in ("version", "section", "verb", "property", "boolean"):
        listed = re.search(rf"^syntax keyword cupel{kind.capitalize()} (.*)$", text, re.M).group(1)
        if set(listed.split()) != want[kind]:
            raise RuntimeError(f"{kind}: {set(listed.split()) ^ want[kind]}")
    for kind, group in (("issuer", "cupelIssuer"), ("function", "cupelFunction")):
        listed = re.search(rf"^syntax match {group} .*?\\\((\w+(?:\\\|\w+)*)\\\)", text, re.M).group(1)
        if set(listed.split("\\|")) != want[kind]:
            raise RuntimeError(f"{kind}: {set(listed.split(chr(92) + '|')) ^ want[kind]}")


def the_textmate_grammar_gives_a_sample_its_scopes():
    g, lines = grammar(), SAMPLE.splitlines()
    wrong = []
    for line, text, nth, kind in EXPECTED:
        got = scopes_of_line(g, lines[line - 1])[place(line, text, nth)]
        if not got.startswith(SCOPES[kind]):
            wrong.append(f"{line}: {text}: {got or 'nothing'}, not {SCOPES[kind]}")
    if wrong:
        raise RuntimeError("; ".join(wrong))


def vim_can_colour():
    if not shutil.which("vim"):
        return False
    version = subprocess.run(["vim", "--version"], capture_output=True, text=True).stdout
    return "+syntax" in version and "+eval" in version


def vim_loads_the_files_and_gives_a_sample_its_groups():
    if not vim_can_colour():
        return "SKIPPED: vim with syntax is not here"
    # expressions, one a line, answered on standard output
    asks = [f'synIDattr(synID({line}, {place(line, text, nth) + 1}, 1), "name")' for line, text, nth, _ in EXPECTED]
    asks += ["&commentstring", "&filetype", "v:errmsg"]
    script = "\n".join(["filetype plugin on", "syntax on", f"edit {ROOT / 'editors' / 'sample.pol'}"] +
                       [f"verbose echo {a} . '|'" for a in asks] + ["qa!"]) + "\n"
    with tempfile.NamedTemporaryFile("w", suffix=".vim") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(["vim", "-es", "-N", "-u", "NONE", "-i", "NONE", "--cmd", f"set rtp^={VIM}", "-S", file.name],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    said = [s.strip() for s in (done.stdout + done.stderr).split("|")]
    wrong = []
    for (line, text, _, kind), got in zip(EXPECTED, said):
        if got not in (GROUPS[kind] if isinstance(GROUPS[kind], tuple) else (GROUPS[kind],)):
            wrong.append(f"{line}: {text}: {got or 'nothing'}, not {GROUPS[kind]}")
    if wrong or said[len(EXPECTED):len(EXPECTED) + 3] != ["// %s", "cupelpolicy", ""]:
        raise RuntimeError("; ".join(wrong) or f"settings: {said[len(EXPECTED):]}")
    return None


sys.exit(run_tests([
    the_files_of_vs_code_are_json_and_find_each_other, the_words_of_the_textmate_grammar_are_the_engines, the_words_of_vim_are_the_engines,
    the_textmate_grammar_gives_a_sample_its_scopes, vim_loads_the_files_and_gives_a_sample_its_groups,
]))
