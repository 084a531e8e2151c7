#!/usr/bin/env python3
"""The git hook of docs/examples/pre-commit, in a scratch repository: a good policy is committed, a bad one is stopped with the reason."""
import atexit
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from daemon import ROOT, run_tests

BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
EXAMPLE = ROOT / "docs" / "examples" / "pre-commit"
WORK = pathlib.Path(tempfile.mkdtemp(prefix="cupel-pre-commit-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)

GOOD = """version=1.0;
authorizationrules {
    [type=="x-ms-sgx-is-debuggable", value==true] => deny();
    [type=="x-ms-sgx-is-debuggable", value==false, issuer=="AttestationService"] => permit();
};
"""
CASES = {"format": "attestation-policy-cases", "formatVersion": 1, "title": "enclaves", "cases": [
    {"id": "plain", "policyFile": "sgx.pol", "claims": [{"type": "x-ms-sgx-is-debuggable", "value": False, "issuer": "AttestationService"}],
     "expect": {"compile": "ok", "decision": "permit"}},
    {"id": "debug", "policyFile": "sgx.pol", "claims": [{"type": "x-ms-sgx-is-debuggable", "value": True, "issuer": "AttestationService"}],
     "expect": {"compile": "ok", "decision": "deny"}}]}

# name, the policy, what the hook has to say
BAD = [
    ("a policy that does not compile", GOOD.replace("permit()", "permit"), "E201"),
    ("advice of the linter", GOOD.replace("x-ms-sgx-is-debuggable\", value==true", "x-ms-sgx-is-debugable\", value==true"), "L603"),
    ("another layout", GOOD.replace(", value", ",value"), "cupel policy fmt --write policies/sgx.pol"),
    ("another decision", GOOD.replace("value==true] => deny", "value==true, issuer==\"CustomClaim\"] => deny"), "FAILED debug"),
]


def environment(path=f"{BUILD}:{os.environ['PATH']}"):
    return {**os.environ, "PATH": path, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": str(WORK),
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}


def git(here, *args, env=None):
    done = subprocess.run(["git", *args], cwd=here, env=env or environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.returncode, done.stdout


def repository():
    """A repository with the hook and a good policy staged."""
    here = pathlib.Path(tempfile.mkdtemp(dir=WORK))
    git(here, "init", "-q")
    git(here, "config", "cupel.attestationType", "SgxEnclave")
    (here / ".git" / "hooks").mkdir(exist_ok=True)
    shutil.copy(EXAMPLE / "pre-commit", here / ".git" / "hooks" / "pre-commit")
    (here / "policies").mkdir()
    (here / "policies" / "sgx.pol").write_text(GOOD)
    (here / "policies" / "sgx.cases.json").write_text(json.dumps(CASES))
    git(here, "add", "-A")
    return here


def commits(here):
    status, said = git(here, "rev-list", "--count", "--all")
    return int(said) if status == 0 else 0


def without_git():
    return None if shutil.which("git") else "SKIPPED: git is not here"


def a_good_policy_is_committed():
    if without_git():
        return without_git()
    here = repository()
    status, said = git(here, "commit", "-qm", "good")
    if status != 0 or commits(here) != 1 or "2 passed" not in said:
        raise RuntimeError(said)
    return None


def a_bad_policy_is_stopped_with_the_reason():
    if without_git():
        return without_git()
    here = repository()
    git(here, "commit", "-qm", "good")
    wrong = []
    for name, text, reason in BAD:
        (here / "policies" / "sgx.pol").write_text(text)
        git(here, "add", "-A")
        status, said = git(here, "commit", "-qm", "bad")
        if status == 0 or commits(here) != 1 or reason not in said or "policies/sgx" not in said:
            wrong.append(f"{name}: {status}: {said}")
    if wrong:
        raise RuntimeError("\n".join(wrong))
    return None


def what_is_staged_is_judged_and_not_what_lies_in_the_folder():
    if without_git():
        return without_git()
    here = repository()
    (here / "policies" / "sgx.pol").write_text(BAD[0][1])
    status, said = git(here, "commit", "-qm", "the staged one is good")
    if status != 0:
        raise RuntimeError(said)
    git(here, "add", "-A")
    (here / "policies" / "sgx.pol").write_text(GOOD)
    if git(here, "commit", "-qm", "the staged one is bad")[0] == 0:
        raise RuntimeError("a bad policy was committed")
    return None


def a_commit_without_policies_needs_no_cupel():
    if without_git():
        return without_git()
    here = repository()
    tools = WORK / "tools"
    tools.mkdir(exist_ok=True)
    for tool in ("git", "sh"):
        if not (tools / tool).exists():
            (tools / tool).symlink_to(shutil.which(tool))
    status, said = git(here, "commit", "-qm", "no cupel", env=environment(str(tools)))
    if status == 0 or "cupel is not in PATH" not in said:
        raise RuntimeError(said)
    git(here, "rm", "-rq", "--cached", ".")
    (here / "other.txt").write_text("other\n")
    git(here, "add", "other.txt")
    status, said = git(here, "commit", "-qm", "no policies", env=environment(str(tools)))
    if status != 0:
        raise RuntimeError(said)
    return None


def each_hook_of_the_framework_s_file_tells_good_from_bad():
    if without_git():
        return without_git()
    text = (EXAMPLE / "pre-commit-config.yaml").read_text()
    hooks = re.findall(r"- id: (\S+)\n(?: {8}.*\n)*? {8}entry: (.*)\n", text)
    if len(hooks) != 3 or text.count("- id:") != 3:
        raise RuntimeError(f"hooks: {hooks}")
    here = repository()
    for (name, entry), (_, bad, _) in zip(hooks, (BAD[0], BAD[2], BAD[3])):
        files = "" if "pass_filenames: false" in text.split(name)[1].split("- id:")[0] else " policies/sgx.pol"
        for policy, want in ((GOOD, True), (bad, False)):
            (here / "policies" / "sgx.pol").write_text(policy)
            done = subprocess.run(["sh", "-c", entry + files], cwd=here, env=environment(), capture_output=True, text=True, timeout=60)
            if (done.returncode == 0) != want:
                raise RuntimeError(f"{name}: {done.returncode}: {done.stdout}{done.stderr}")
    return None


sys.exit(run_tests([
    a_good_policy_is_committed, a_bad_policy_is_stopped_with_the_reason, what_is_staged_is_judged_and_not_what_lies_in_the_folder,
    a_commit_without_policies_needs_no_cupel, each_hook_of_the_framework_s_file_tells_good_from_bad,
]))
