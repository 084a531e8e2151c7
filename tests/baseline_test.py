#!/usr/bin/env python3
"""Policies that are proposed from a machine's evidence permit that machine, and no machine that differs in one fact."""
import atexit
import json
import pathlib
import shutil
import sys
import tempfile

from daemon import VECTORS, cupel, run_tests

BUILD = sys.argv[1]
WORK = pathlib.Path(tempfile.mkdtemp(prefix="cupel-baseline-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)
LAB = VECTORS / "tpm" / "lab"
WINDOWS = ["secure_boot=off", "boot_debugging=1", "kernel_debug=1", "code_integrity=0", "test_signing=1", "flight_signing=1",
           "safe_mode=1", "win_pe=1", "vsm_required=0;vbs_enforced=0", "iommu=0"]


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, expected {want!r}")


def make(name, *flags):
    out = WORK / name
    cupel(BUILD, "lab", "make", "tpm", "--out", out, *flags)
    return out


def propose(request, name, *flags):
    """The policy's file; it compiles, and the linter has nothing to say."""
    path = WORK / f"{name}.pol"
    cupel(BUILD, "tpm", "baseline", "--from", request, "--out", path, *flags)
    said = cupel(BUILD, "policy", "lint", path, "--type", "Tpm", check=False)
    equal(said.returncode, 0, f"{name}: {said.stdout}{said.stderr}")
    return path


def judge(request, policy, *flags):
    said = cupel(BUILD, "appraise", "--type", "tpm", "--evidence", request, "--policy", policy, "--json", *flags, check=False)
    return json.loads(said.stdout)["verdict"] if said.stdout else said.stderr


def a_windows_machine_is_permitted_and_each_changed_fact_denied():
    base = make("windows")
    roots = ("--roots", f"lab={base}")
    policy = propose(base / "request.jws", "windows", *roots)
    equal(judge(base / "request.jws", policy, *roots), "permit")
    for n, change in enumerate(WINDOWS):
        other = make(f"changed-{n}", "--set", change)
        equal(judge(other / "request.jws", policy, *roots), "deny", change)


def a_linux_machine_is_permitted_and_another_authority_denied():
    base = make("linux", "--scenario", "linux")
    roots = ("--roots", f"lab={base}")
    policy = propose(base / "request.jws", "linux", *roots)
    equal(judge(base / "request.jws", policy, *roots), "permit")
    other = make("linux-off", "--scenario", "linux", "--set", "secure_boot=off")
    equal(judge(other / "request.jws", policy, *roots), "deny", "secure_boot=off")


def what_a_machine_has_not_is_told_and_not_asked():
    base = make("relaxed", "--set", "test_signing=1;secure_boot=off;boot_debugging=1")
    text = propose(base / "request.jws", "relaxed", "--roots", f"lab={base}").read_text()
    for name in ("secureBootEnabled", "bootDebuggingDisabled", "noTestSigning"):
        assert f"    //   {name}: " in text, text
        assert f'[type=="{name}", value==true' not in text, text
    assert '[type=="noKernelDebugger", value==true' in text, text


def without_an_authority_the_key_itself_is_asked_for():
    base, other = make("mine"), make("theirs", "--set", "platform=7")
    text = propose(base / "request.jws", "mine").read_text()
    assert '[type=="aikPubHash", value=="' in text and '[type=="aikValidated", value==true' not in text, text
    pinned = WORK / "pinned" / "tpm" / "aik"
    (pinned / "anchors").mkdir(parents=True)
    for machine, verdict in ((base, "permit"), (other, "deny")):
        claims = json.loads(cupel(BUILD, "appraise", "--type", "tpm", "--evidence", machine / "request.jws", "--roots",
                                  f"lab={machine}", "--policy", "none", "--json").stdout)["claims"]
        (pinned / "pins.json").write_text(json.dumps([claims["aikPubHash"]]))
        bare = make(f"bare-{verdict}", "--set", "aik_cert=false" + (";platform=7" if machine == other else ""))
        equal(judge(bare / "request.jws", WORK / "mine.pol", "--roots", f"lab={WORK / 'pinned'}"), verdict)


def recorded_machines_are_permitted_and_told_apart():
    if not LAB.exists():
        return f"SKIPPED: no reference vectors at {VECTORS}"
    flags = ("--roots", str(LAB / "ca"), "--at", "1800000000")
    requests = {name: LAB / name / "request-v2-quote.jws" for name in ("sbon", "sboff", "snake")}
    policies = {name: propose(path, name, *flags) for name, path in requests.items()}
    for mine, policy in policies.items():
        for theirs, request in requests.items():
            equal(judge(request, policy, *flags), "permit" if mine == theirs else "deny", f"{mine} judges {theirs}")
    for folder in sorted((LAB / "requoted").iterdir()):
        for request in folder.glob("request-v2.jws"):
            said = cupel(BUILD, "tpm", "baseline", "--from", request, *flags, check=False)
            if "legacy" not in folder.name:
                equal(said.returncode, 0, f"{folder.name}: {said.stderr}")
                assert '[type=="aikPubHash", value=="' in said.stdout, folder.name


def evidence_that_does_not_hold_teaches_nothing():
    base = make("lie", "--scenario", "log-digest")
    said = cupel(BUILD, "tpm", "baseline", "--from", base / "request.jws", "--roots", f"lab={base}", check=False)
    equal((said.returncode, said.stdout), (2, ""))
    assert "log_replay_mismatch" in said.stderr, said.stderr


run_tests([a_windows_machine_is_permitted_and_each_changed_fact_denied, a_linux_machine_is_permitted_and_another_authority_denied,
          what_a_machine_has_not_is_told_and_not_asked, without_an_authority_the_key_itself_is_asked_for,
          recorded_machines_are_permitted_and_told_apart, evidence_that_does_not_hold_teaches_nothing])
