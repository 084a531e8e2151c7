#!/usr/bin/env python3
"""Every warning has a page whose examples keep its word, and every code of the policy room is in the table and can be provoked.

usage: tests/lint_docs_test.py [--update] [BUILD]     --update writes docs/lint/README.md from the table
"""
import atexit
import json
import pathlib
import re
import shutil
import sys
import tempfile

from daemon import ROOT, cupel, run_tests

ARGS = [a for a in sys.argv[1:] if not a.startswith("-")]
BUILD = pathlib.Path(ARGS[0] if ARGS else "build").resolve()
WORK = pathlib.Path(tempfile.mkdtemp(prefix="cupel-lint-"))
PAGES = ROOT / "docs" / "lint"
TABLE = re.findall(r"^(\w+) (\S+)\n    meaning  (.*)\n    source   (.*)$", (ROOT / "tests" / "golden" / "policy-codes.txt").read_text(), re.M)
atexit.register(shutil.rmtree, WORK, ignore_errors=True)


# What cannot be wrong alone: a permit rule that never fires leaves nothing that permits, and a slip in the debug claim's name nothing
# that looks at it.
COMPANIONS = {"W505": {"L602", "L606"}, "L601": {"L606"}, "L602": {"L606"}, "L603": {"L608"}}


def index():
    lines = ["# Warnings about policies", "",
             "`cupel policy lint FILE --type TYPE` says them, with the place and what to try instead. Each has a page: what it finds, why it",
             "matters, a policy that triggers it, the same repaired, and how to silence it. W is said by the compiler, too; L only by the linter.",
             "", "| warning | code | what it finds |", "| --- | --- | --- |"]
    for code, name, meaning, _ in TABLE:
        if code[0] in "WL":
            lines.append(f"| [{name}]({name}.md) | {code} | {meaning} |")
    lines += ["", "## To silence a warning", "", "```", "// lint: allow NAME[, NAME] - why        its line and the rules on it; alone on a line, the next one",
              "// lint: NAME off                        the same", "// lint: allow-file NAME - why           the whole file; stands above the version", "```", "",
              "NAME is the name or the code. A name that is none is a warning itself, and so is a comment that silences nothing."]
    return "\n".join(lines) + "\n"


def lint(text, *options):
    """The findings about a text, and the exit status."""
    path = WORK / "policy.pol"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = cupel(BUILD, "policy", "lint", path, "--json", *options, check=False)
    return json.loads(done.stdout), done.returncode


def warnings():
    return [(code, name) for code, name, _, _ in TABLE if code[0] in "WL"]


def page(name):
    text = (PAGES / f"{name}.md").read_text()
    kind = re.search(r"With `--type (\w+)`:", text).group(1)
    trigger, repaired, _ = re.findall(r"^```\n(.*?)^```$", text, re.M | re.S)
    return kind, trigger, repaired


def each_warning_has_a_page_and_each_page_a_warning():
    pages = {p.stem for p in PAGES.glob("*.md")} - {"README"}
    names = {name for _, name in warnings()}
    if pages != names:
        raise RuntimeError(f"only pages: {pages - names}; only in the table: {names - pages}")
    for code, name in warnings():
        head = (PAGES / f"{name}.md").read_text().split("\n")[0]
        if head != f"# {name} ({code})":
            raise RuntimeError(f"{name}.md begins with {head}")


def the_policy_of_each_page_triggers_its_warning():
    for code, name in warnings():
        kind, trigger, _ = page(name)
        found, status = lint(trigger, "--type", kind)
        codes = {f["code"] for f in found["findings"]}
        if status != 1 or not codes >= {code} or codes - {code} - COMPANIONS.get(code, set()):
            raise RuntimeError(f"{name}: {status}: {codes}")


def the_repaired_policy_of_each_page_is_clean():
    for _, name in warnings():
        kind, _, repaired = page(name)
        found, status = lint(repaired, "--type", kind)
        if status != 0 or found["findings"]:
            raise RuntimeError(f"{name}: {status}: {found}")


def each_warning_can_be_silenced_in_the_file():
    for code, name in warnings():
        kind, trigger, _ = page(name)
        for word in (name, code):
            found, _ = lint(f"// lint: allow-file {word}\n{trigger}", "--type", kind)
            if code in {f["code"] for f in found["findings"]} or found["silenced"] == 0:
                raise RuntimeError(f"{word}: {found}")


def the_index_is_what_the_table_says():
    if (PAGES / "README.md").read_text() != index():
        raise RuntimeError("run tests/lint_docs_test.py --update")


def each_code_of_the_sources_is_in_the_table_and_the_other_way_round():
    said = set()
    for path in (ROOT / "src" / "policy").glob("*.c"):
        if path.name != "codes.c" and not path.name.endswith(("_test.c", "_fuzz.c")):
            text = path.read_text()
            said |= set(re.findall(r'"([EXWL]\d{3})"', text))
            if path.name == "lex.c":
                said |= {"E" + n for n in re.findall(r"take_bad\(lex, (\d{3})", text) + re.findall(r"(?:code = |case )(\d{3})", text)}
    table = {row[0] for row in TABLE}
    if said != table:
        raise RuntimeError(f"only in the sources: {sorted(said - table)}; only in the table: {sorted(table - said)}")


def a(rules, version="1.0"):
    return f"version={version};authorizationrules{{{rules}}};"


def i(rules, version="1.0"):
    return a("=>permit();", version) + f"issuancerules{{{rules}}};"


ERRORS = {
    "E101": b"\xff", "E102": a("|"), "E103": a('[type=="a'), "E104": a('[type=="\\n"]=>permit();'), "E105": a("[value==0x1]=>permit();"),
    "E106": a("[value==9223372036854775808]=>permit();"), "E107": a('[type=="\x01"]=>permit();'), "E201": "", "E202": a("=>permit()"),
    "E203": "version=1.0;rules{};", "E204": "version=1.0;issuancerules{};authorizationrules{};", "E205": a("") + "authorizationrules{};",
    "E206": "version=1.0;", "E207": "version=2.0;", "E208": a("![type==\"a\"]=>permit();"), "E209": a("[]=>permit();"),
    "E210": a("[name==1]=>permit();"), "E211": a("[type=\"a\"]=>permit();"), "E212": i('=>issue(type=="a",value=1);'), "E213": a("=>premit();"),
    "E214": a('[type=~"a"]=>permit();'), "E215": a('c:![type=="a"]=>permit();', "1.2"), "E216": a('type:[type=="a"]=>permit();'),
    "E217": i('=>issue("a");'), "E218": a("[value==1.5]=>permit();"), "E230": a('[type=="' + "a" * 16385 + '"]=>permit();'),
    "E301": a("=>issueproperty(type=\"a\",value=1);"), "E302": a("=>permit(value=1);"), "E303": i("=>issue(claim=c);"),
    "E304": a("[value==c.value]&&c:[type==\"a\"]=>permit();"), "E305": a('c:[type=="a"]&&c:[type=="b"]=>permit();'), "E306": i('=>issue(type="a");'),
    "E307": i('=>issue(type="a",type="b",value=1);'), "E308": i('c:[type=="a"]=>issue(claim=c,type="b");'), "E309": a('[value>"a"]=>permit();'),
    "E310": a("[type==1]=>permit();"), "E311": i('=>issue(type="a",value=Jmespath("1","a"));', "1.2"), "E312": i('=>issue(type="a",value=NegateBool());', "1.2"),
    "E313": i('=>issue(type="a",value=NegateBool(1));', "1.2"), "E314": i('c:[type=="a"]=>issue(type="a",value=JmesPath(c.value,"]"));', "1.2"),
    "E315": i('=>issue(type="a",value=JsonToClaimValue("x"));', "1.2"), "E316": i('=>issue(type="a",value=1,valueType="String");'),
    "E317": i('=>issue(type="a",value=1,issuer="CustomClaim");'), "E318": i('=>issueproperty(type="omit_x5c",value=1);'),
    "E319": i('=>issue(type="iss",value=1);'), "E320": i('=>issue(type="",value=1);'),
}


def f(call):
    return i(f'c:[type=="a"]=>issue(type="x",value={call});', "1.2")


FAILURES = {
    "X401": (f("NegateBool(c.value)"), "text"), "X402": (f("JsonToClaimValue(c.value)"), "text"), "X403": (f("JsonToClaimValue(c.value)"), "{}"),
    "X404": (f('JmesPath("1",c.value)'), "]"), "X405": (f('JmesPath(c.value,"sum(@)")'), '"a"'),
    "X406": (f('AppendString(JsonToClaimValue(c.value),"x")'), '["a","b"]'), "X407": (f("c.value"), "read-only"),
    "X408": (i('c:[type=="a"]=>issue(type=c.value,value=1);'), ""), "X409": (i('c:[type=="a"]=>issueproperty(type="omit_x5c",value=c.value);'), "x"),
    "X410": (i('=>issueproperty(type="omit_x5c",value=true);c:[type=="a"]=>issueproperty(type="omit_x5c",value=false);'), "x"),
    "X411": (f("JsonToClaimValue(c.value)"), "[" * 65 + "]" * 65), "X412": (i('c:[type=="a"]=>issue(type=c.value,value=1);'), "iss"),
    "X413": (i('c:[type=="a"]=>issue(type="x",value=c.value,valueType="Integer");'), "x"),
}


def each_error_of_the_table_is_provoked():
    for code in (row[0] for row in TABLE if row[0][0] == "E"):
        found, status = lint(ERRORS[code])
        if status != 2 or code not in {d["code"] for d in found["findings"]}:
            raise RuntimeError(f"{code}: {status}: {found}")


def each_failure_of_the_table_is_provoked():
    for code in (row[0] for row in TABLE if row[0][0] == "X"):
        text, value = FAILURES[code]
        (WORK / "policy.pol").write_text(text)
        (WORK / "claims.json").write_text(json.dumps([{"type": "a", "value": value, "issuer": "AttestationService", "readOnly": value == "read-only"}]))
        done = cupel(BUILD, "policy", "eval", WORK / "policy.pol", "--claims", WORK / "claims.json", "--type", "SgxEnclave", "--json", check=False)
        said = json.loads(done.stdout)
        if not said["error"] or said["error"]["code"] != code:
            raise RuntimeError(f"{code}: {done.stdout}")


def several_files_are_one_report_with_the_worst_status():
    (WORK / "clean.pol").write_text(page("unused-name")[2])
    (WORK / "warned.pol").write_text(page("unused-name")[1])
    (WORK / "broken.pol").write_text("version=1.0;")
    for names, status, errors, warned in ((["clean"], 0, 0, 0), (["clean", "warned"], 1, 0, 1), (["warned", "broken", "clean"], 2, 1, 1)):
        done = cupel(BUILD, "policy", "lint", *(WORK / f"{n}.pol" for n in names), "--json", check=False)
        said = json.loads(done.stdout)
        if (done.returncode, said["errors"], said["warnings"]) != (status, errors, warned):
            raise RuntimeError(f"{names}: {done.returncode}: {said}")


def the_words_for_a_person_point_at_the_place():
    (WORK / "warned.pol").write_text(page("unused-name")[1])
    done = cupel(BUILD, "policy", "lint", WORK / "warned.pol", check=False)
    lines = done.stdout.split("\n")
    if not lines[0].startswith(f"{WORK / 'warned.pol'}:3:5: warning[unused-name]: ") or lines[2] != " " * 8 + "^" or "\033" in done.stdout:
        raise RuntimeError(done.stdout)


def a_type_that_is_none_is_a_usage_error():
    done = cupel(BUILD, "policy", "lint", WORK / "warned.pol", "--type", "Sgx", check=False)
    if done.returncode != 64:
        raise RuntimeError(f"{done.returncode}: {done.stderr}")


if "--update" in sys.argv:
    (PAGES / "README.md").write_text(index())
    sys.exit(0)
sys.exit(run_tests([
    each_warning_has_a_page_and_each_page_a_warning, the_policy_of_each_page_triggers_its_warning, the_repaired_policy_of_each_page_is_clean,
    each_warning_can_be_silenced_in_the_file, the_index_is_what_the_table_says, each_code_of_the_sources_is_in_the_table_and_the_other_way_round,
    each_error_of_the_table_is_provoked, each_failure_of_the_table_is_provoked, several_files_are_one_report_with_the_worst_status,
    the_words_for_a_person_point_at_the_place, a_type_that_is_none_is_a_usage_error,
]))
