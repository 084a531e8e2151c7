#!/usr/bin/env python3
"""The documents keep their word: every example runs, every link leads somewhere, every limit is written down."""
import atexit
import base64
import json
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from daemon import ROOT, VECTORS, Daemon, cupel, run_tests

BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
WORK = pathlib.Path(tempfile.mkdtemp(prefix="cupel-docs-"))
MAN = ROOT / "docs" / "man"
GOLDEN = VECTORS / "simulator" / "golden.json"
CLAIMS = '[{"type": "x-ms-sgx-is-debuggable", "value": false, "issuer": "AttestationService"}]\n'
CASES = {"format": "attestation-policy-cases", "formatVersion": 1, "cases": [
    {"id": "debug-is-told", "policyFile": "policy.txt", "claims": json.loads(CLAIMS),
     "expect": {"compile": "ok", "decision": "permit"}}]}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
POLICY = "version=1.0;\nauthorizationrules {\n=> permit();\n};\nissuancerules {};\n"
atexit.register(shutil.rmtree, WORK, ignore_errors=True)


def blocks(text):
    """What stands between fences, in order."""
    return re.findall(r"^```\w*\n(.*?)^```$", text, re.M | re.S)


def page_part(page, title):
    return re.search(rf"^# {title}\n(.*?)(?=^# |\Z)", (MAN / page).read_text(), re.M | re.S).group(1)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def shell(script, folder, **env):
    """Runs a script as pasted, each line of which must hold, and returns what it printed."""
    full = {**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}", "STATE_DIRECTORY": str(folder / "state"), **env}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=full, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"{done.returncode}: {script}\n{done.stdout[-400:]}{done.stderr[-800:]}")
    return done.stdout


def refuse_one(daemon, here):
    """The refusal that examples explain; it is kept a moment after its answer."""
    (here / "broken.bin").write_bytes((here / "quote.bin").read_bytes()[:-1])
    quote = base64.urlsafe_b64encode((here / "broken.bin").read_bytes()).decode().rstrip("=")
    daemon.attest("SgxEnclave", {"quote": quote}, headers={"traceparent": f"00-{TRACE}-0000000000000000-00"})
    end = time.monotonic() + 10
    while cupel(BUILD, "explain", TRACE, "--data-dir", daemon.data, check=False).returncode != 0 and time.monotonic() < end:
        time.sleep(0.05)


def scene(daemon):
    """A folder with the files that the examples speak of."""
    here = pathlib.Path(tempfile.mkdtemp(dir=WORK))
    cupel(BUILD, "lab", "make", "sgx", "--out", here, "--at", int(time.time()))
    shutil.copy(here / "oe_report.bin", here / "report.bin")
    (here / "policy.txt").write_text(POLICY)
    (here / "claims.json").write_text(CLAIMS)
    (here / "cases.json").write_text(json.dumps(CASES))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=signer",
                    "-keyout", here / "signer.key", "-out", here / "signer.pem"], check=True, capture_output=True)
    if GOLDEN.is_file():
        shutil.copy(GOLDEN, here / "golden.json")
    (here / "data" / "tls").mkdir(parents=True)
    shutil.copy(daemon.ca, here / "data" / "tls" / "ca.pem")
    cupel(BUILD, "attest", "--url", daemon.url, "--ca", daemon.ca, "--type", "sgx", "--evidence", here / "quote.bin",
          "--token-out", here / "token.jwt")
    refuse_one(daemon, here)
    cupel(BUILD, "store", "backup", here / "nightly.db", "--data-dir", daemon.data)
    cupel(BUILD, "store", "restore", here / "nightly.db", "--data-dir", here / "data")
    (here / "certs.json").write_bytes(daemon.request("GET", "/certs")[2])
    return here


def placed(text, daemon, here):
    """An example with the addresses and folders of this run in place of those it is written with."""
    return (text.replace("https://127.0.0.1:8443", daemon.url).replace("https://attest.example", daemon.url)
            .replace("/tmp/", f"{here}/"))


def verbs():
    overview = cupel(BUILD, "--help").stdout
    return [m.group(1).strip() for m in re.finditer(r"^  cupel ((?:[a-z-]+ )+) ", overview, re.M)]


def each_example_of_help_runs():
    found = verbs()
    if len(found) < 8:
        raise RuntimeError(f"verbs: {found}")
    collateral = WORK / "collateral-now"
    cupel(BUILD, "lab", "make", "sgx", "--out", collateral, "--at", int(time.time()))
    with Daemon(BUILD, "--collateral-dir", collateral / "collateral") as d:
        for verb in found:
            text = cupel(BUILD, *verb.split(), "--help").stdout
            if "\nexamples:\n" not in text:
                raise RuntimeError(f"cupel {verb} has no example")
            if "golden.json" in text and not GOLDEN.is_file():
                print(f"# SKIPPED: cupel {verb}: the reference vectors are not here")
                continue
            here = scene(d)
            shell(placed(text.split("\nexamples:\n")[1], d, here), here)
        here = scene(d)
        for block in blocks(page_part("cupel-verdict.5.scd", "EXAMPLES")):
            shell(block, here)


def the_readme_can_be_pasted():
    use = re.search(r"^## Use it\n(.*?)^## ", (ROOT / "README.md").read_text(), re.M | re.S).group(1)
    script = "\n".join(blocks(use))
    if script.split("\n")[0] != "make" or "cupeld" not in script:
        raise RuntimeError("the blocks of \"Use it\" are not what this test runs")
    here = pathlib.Path(tempfile.mkdtemp(dir=WORK))
    script = script.replace("make\n", "", 1).replace("/tmp/", f"{here}/").replace("build/", f"{BUILD}/")
    script = script.replace("127.0.0.1:8443", f"127.0.0.1:{free_port()}")
    said = shell("trap 'kill %1 && wait %1' EXIT\n" + script, here)
    if "valid" not in said or "permit" not in said.lower():
        raise RuntimeError(said[-600:])


def the_pages_of_the_daemon_can_be_pasted():
    here = pathlib.Path(tempfile.mkdtemp(dir=WORK))
    etc, state = here / "etc", here / "var"
    (etc / "tls").mkdir(parents=True)
    (etc / "policy").mkdir()
    (etc / "policy" / "sgx.pol").write_text(POLICY)
    cupel(BUILD, "lab", "make", "sgx", "--out", here / "lab", "--at", int(time.time()))
    shutil.copytree(here / "lab" / "collateral", state / "collateral")
    (here / "desk").mkdir()
    with Daemon(BUILD, data_dir=here / "desk"):
        pass
    shutil.copy(here / "desk" / "tls" / "server.pem", etc / "tls" / "fullchain.pem")
    shutil.copy(here / "desk" / "tls" / "server.key", etc / "tls" / "privkey.pem")

    def local(text):
        return (text.replace("/etc/cupel", str(etc)).replace("/var/lib/cupel", str(state)).replace("/srv/collateral", str(state / "collateral"))
                .replace("user = cupel", f"user = {pwd.getpwuid(os.getuid()).pw_name}"))

    (etc / "cupeld.conf").write_text(local(blocks(page_part("cupeld.conf.5.scd", "EXAMPLE"))[0]))
    desk, tried = blocks(page_part("cupeld.8.scd", "EXAMPLES"))
    shell("systemctl() { true; }\n" + local(tried), here)
    shell(local(desk.strip()) + " --check-config", here)


def the_page_of_the_library_compiles():
    synopsis, example = blocks((MAN / "libcupel.3.scd").read_text())
    header = re.sub(r"\s+", " ", (ROOT / "include" / "cupel" / "cupel.h").read_text())
    for prototype in re.findall(r"^[a-z][^;#]*\([^;]*\);$", synopsis, re.M):
        if re.sub(r"\s+", " ", prototype) not in header:
            raise RuntimeError(f"not in the header: {prototype}")
    if set(re.findall(r"\bcupel_\w+(?=\()", header)) != set(re.findall(r"\bcupel_\w+(?=\()", synopsis)):
        raise RuntimeError("the page and the header name other functions")
    program = ("#include <cupel/cupel.h>\n#include <err.h>\n#include <stdio.h>\n#include <time.h>\n"
               "void f(const void *quote, size_t quote_size, struct cupel_collateral collateral)\n{\n" + example + "}\n")
    source = WORK / "example.c"
    source.write_text(program)
    shell(f"${{CC:-cc}} -std=c17 -Wall -Wextra -Werror -fsyntax-only -I '{ROOT}/include' '{source}'", WORK)


def tracked(pattern):
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", pattern], capture_output=True, text=True).stdout.split("\n")
    names = [n for n in listed if n] or [str(p.relative_to(ROOT)) for p in ROOT.glob("**/" + pattern) if "build" not in p.parts]
    return [ROOT / n for n in names]


def every_relative_link_leads_somewhere():
    lost = []
    for page in tracked("*.md"):
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text()):
            if not (page.parent / target).exists():
                lost.append(f"{page.relative_to(ROOT)}: {target}")
    if lost:
        raise RuntimeError("; ".join(lost))


def every_room_of_the_readme_exists_and_the_other_way_round():
    readme = (ROOT / "README.md").read_text()
    rooms = {p.name for p in (ROOT / "src").iterdir() if p.is_dir()}
    told = set(re.findall(r"`src/(\w+)`", readme))
    if rooms != told:
        raise RuntimeError(f"only in the tree: {rooms - told}; only in README.md: {told - rooms}")


def the_readme_begins_with_its_two_commands():
    first = blocks((ROOT / "README.md").read_text())[0].split("\n")
    if [line.split("#")[0].strip() for line in first if line] != ["make demo", "make test"]:
        raise RuntimeError(f"the first block: {first}")


def every_limit_of_a_limits_page_is_in_the_golden_table():
    golden = set(re.findall(r"^(\w+)", (ROOT / "tests" / "golden" / "limits.txt").read_text(), re.M))
    named = {n for page in (ROOT / "src").rglob("limits.h") for n in re.findall(r"^    ([A-Z][A-Z0-9_]+) = ", page.read_text(), re.M)}
    if named - golden:
        raise RuntimeError(f"add to tests/snapshot.c: {sorted(named - golden)}")


sys.exit(run_tests([
    each_example_of_help_runs, the_readme_can_be_pasted, the_pages_of_the_daemon_can_be_pasted, the_page_of_the_library_compiles,
    every_relative_link_leads_somewhere, every_room_of_the_readme_exists_and_the_other_way_round,
    the_readme_begins_with_its_two_commands, every_limit_of_a_limits_page_is_in_the_golden_table,
]))
