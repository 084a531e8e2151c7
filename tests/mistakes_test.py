#!/usr/bin/env python3
"""Known mistakes of verifiers that only a whole service can show: one test each, named after its number."""
import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

from daemon import Daemon, cupel, run_tests

BUILD = sys.argv[1]
LAB_NOW = "2024-01-15T12:00:00Z"
WORK = pathlib.Path(tempfile.mkdtemp(prefix="cupel-mistakes-"))


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def lab(scenario="base", *more):
    folder = WORK / (scenario + "".join(more)).replace("/", "_")
    if not folder.exists():
        cupel(BUILD, "lab", "make", "sgx", "--scenario", scenario, "--out", folder, *more)
    return folder


def service(*flags):
    return Daemon(BUILD, "--collateral-dir", lab() / "collateral", "--insecure-judge-at", LAB_NOW, *flags)


def children(pid):
    """The processes under the supervisor, by their role."""
    found = {}
    for p in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((p / "stat").read_text().rsplit(") ", 1)[1].split()[1])
            line = (p / "cmdline").read_bytes().decode()
        except (OSError, IndexError):
            continue
        role = re.search(r"--role=(\w+)", line)
        if parent == pid and role:
            found.setdefault(role.group(1), []).append(int(p.name))
    return found


def km_08_no_two_tokens_share_an_identifier():
    seen = set()
    body = {"quote": b64u((lab() / "quote.bin").read_bytes())}
    with service() as d:
        c = d.connection()
        for _ in range(300):
            c.request("POST", "/attest/SgxEnclave?api-version=2022-08-01", json.dumps(body))
            jti = claims_of(json.loads(c.getresponse().read())["token"])["jti"]
            assert re.fullmatch("[0-9a-f]{64}", jti), jti
            seen.add(jti)
        c.close()
    assert len(seen) == 300, f"{300 - len(seen)} identifiers came twice"


def km_22_a_policy_that_lets_debug_evidence_through_is_told_at_the_start():
    with service() as d:
        assert "permits debuggable enclaves" in d.logged(), d.logged()
    env = {**os.environ, "CUPEL_POLICY_PROFILE": "strict"}
    with Daemon(BUILD, "--collateral-dir", lab() / "collateral", "--insecure-judge-at", LAB_NOW, env=env) as d:
        assert "permits debuggable enclaves" not in d.logged(), d.logged()
        status, answer = d.attest("SgxEnclave", {"quote": b64u((lab("sgx-debug") / "quote.bin").read_bytes())})
        assert (status, answer["error"]["code"]) == (400, "PolicyEvaluationError"), answer
        d.stop()
        line = next(json.loads(x) for x in d.logged().split("\n") if '"outcome":"denied"' in x)
        assert line["reason"] == "deny" and line["request_id"].startswith("00-"), line


def km_32_collateral_that_cannot_be_used_is_told_when_it_is_loaded():
    with service() as d:
        assert "a set of collateral" not in d.logged(), d.logged()
    with Daemon(BUILD, "--collateral-dir", lab() / "collateral", "--insecure-judge-at", "2024-03-01T00:00:00Z") as d:
        assert "a set of collateral is not valid now" in d.logged(), d.logged()
        assert '"fmspc":"00a1b2c3d4e5"' in d.logged() and '"to":"2024-01-31T00:00:00Z"' in d.logged(), d.logged()
    broken = WORK / "broken"
    shutil.copytree(lab() / "collateral", broken)
    (broken / "root_ca_crl.der").write_bytes(b"no list")
    with Daemon(BUILD, "--collateral-dir", broken, "--insecure-judge-at", LAB_NOW) as d:
        assert "a set of collateral is not sound" in d.logged(), d.logged()


def km_36_nothing_that_a_client_sends_makes_the_service_connect():
    """The certificates of the evidence name lists at lab.invalid, the request names more places: nobody is called."""
    runtime = b'{"jku":"https://127.0.0.1:9/keys","x5u":"http://127.0.0.1:9/","collateral":"https://127.0.0.1:9/"}'
    machine = lab("base", "--set", f"runtime={runtime.hex()}")
    body = {"quote": b64u((machine / "quote.bin").read_bytes()), "collateralUrl": "https://127.0.0.1:9/",
            "runtimeData": {"data": b64u(runtime), "dataType": "JSON"}}
    with service() as d:
        status, answer = d.attest("SgxEnclave", body)
        assert status == 200, answer
        port = int(d.url.rsplit(":", 1)[1])
        roles = children(d.process.pid)
        for pid in roles["worker"] + roles["signer"]:
            text = pathlib.Path(f"/proc/{pid}/status").read_text()
            assert re.search(r"^Seccomp:\s+2$", text, re.M), f"process {pid} has no filter"
        inodes = set()
        for pid in roles["worker"]:
            for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                    m = re.match(r"socket:\[(\d+)\]", os.readlink(fd))
                    inodes.update(m.groups() if m else ())
        rows = pathlib.Path("/proc/net/tcp").read_text().split("\n")[1:-1]
        for row in (r.split() for r in rows):
            if row[9] in inodes:
                assert int(row[1].split(":")[1], 16) == port, f"a socket of another port: {row[1]} to {row[2]}"


def km_37_the_client_verifies_its_peer():
    with service() as d:
        args = ["attest", "--url", d.url, "--type", "sgx", "--evidence", lab() / "quote.bin"]
        refused = cupel(BUILD, *args, check=False)
        assert refused.returncode == 64 and "certificate" in refused.stderr.lower(), refused.stderr
        other = cupel(BUILD, *args, "--ca", lab() / "roots" / "root.pem", check=False)
        assert other.returncode == 64, other.stderr
        assert cupel(BUILD, *args, "--ca", d.ca).returncode == 0


def km_75_a_policy_that_does_not_compile_is_a_no_with_its_place():
    text = WORK / "broken.policy"
    text.write_text("version=1.0;\nauthorizationrules{ => permit(; };\n")
    args = ["appraise", "--type", "sgx", "--collateral", lab() / "collateral", "--roots", f"lab={lab()}", "--at", LAB_NOW,
            "--policy", text, "--json"]
    done = cupel(BUILD, *args, "--evidence", lab() / "quote.bin", check=False)
    said = json.loads(done.stdout)
    assert (done.returncode, said["verdict"], said["policy_hash"]) == (1, "deny", None), done.stdout
    assert said["error"]["path"] == "policy:2:31" and said["error"]["reason"].startswith("E"), said["error"]
    assert said["issued"] == {} and "broken.policy:2:31:" in done.stderr, done.stderr
    done = cupel(BUILD, *args, "--evidence", lab("x-isv-sig") / "quote.bin", check=False)
    assert (done.returncode, json.loads(done.stdout)["error"]["reason"]) == (2, "quote_signature"), done.stdout


def km_81_every_route_says_which_role_it_needs():
    with service() as d:
        old = "?api-version=2018-09-01-preview"
        for path in ("/attest/SgxEnclave", "/attest/OpenEnclave", "/attest/Tee/SgxEnclave", "/attest/Tee/OpenEnclave"):
            for token in (None, "", "dev-reade", "dev-reader ", "dev-readerx", "Bearer dev-reader"):
                headers = {} if token is None else {"Authorization": f"Bearer {token}"}
                status = d.request("POST", path + old, {"Quote": "AA"}, headers)[0]
                allowed = token == "dev-reader "  # white space around a header's value is no part of it
                assert (status != 401) == allowed, f"{path} with {token!r}: {status}"


def km_83_the_log_holds_no_secret():
    secret = "runtime-data-nobody-may-log"
    runtime = json.dumps({"k": secret}).encode()
    machine = lab("base", "--set", f"runtime={runtime.hex()}")
    body = {"quote": b64u((machine / "quote.bin").read_bytes()),
            "runtimeData": {"data": b64u(runtime), "dataType": "JSON"}}
    env = {**os.environ, "CUPEL_LOG_LEVEL": "debug"}
    with Daemon(BUILD, "--collateral-dir", lab() / "collateral", "--insecure-judge-at", LAB_NOW, env=env) as d:
        status, answer = d.attest("SgxEnclave", body, headers={"Authorization": "Bearer dev-reader"})
        assert status == 200, answer
        body["quote"] = body["quote"][:100]
        d.attest("SgxEnclave", body, headers={"Authorization": "Bearer dev-reader"})
        d.stop()
        text = d.logged()
        for word in (secret, b64u(runtime), "dev-reader", answer["token"], answer["token"].split(".")[2], "PRIVATE KEY"):
            assert word not in text, f"the log holds {word[:40]}"


def km_88_the_tool_refuses_the_baseline_that_the_service_refuses():
    policy = WORK / "baseline.txt"
    for number, verdict in (("16", "permit"), ("17", "refuse"), ("azuredefault", "permit")):
        policy.write_text('version=1.1; configurationrules{=> issueproperty(type="x-ms-sgx-tcbidentifier", value="%s");};'
                          "authorizationrules{=> permit();}; issuancerules{};" % number)
        done = cupel(BUILD, "appraise", "--type", "sgx", "--evidence", lab() / "quote.bin", "--collateral",
                     lab() / "collateral", "--roots", f"lab={lab()}", "--at", LAB_NOW, "--policy", policy, "--json",
                     check=False)
        tool = json.loads(done.stdout)
        assert tool["verdict"] == verdict, f"{number}: {tool['verdict']}"
        assert verdict == "permit" or tool["error"]["reason"] == "tcb_baseline_not_met", tool["error"]
        (WORK / "baseline.ini").write_text(f"[policy]\nSgxEnclave = {policy}\n")
        with service("--config", WORK / "baseline.ini") as d:
            status, answer = d.attest("SgxEnclave", {"quote": b64u((lab() / "quote.bin").read_bytes())})
            assert (status == 200) == (verdict == "permit"), f"{number}: {answer}"


def km_88_service_and_tool_come_to_the_same_verdict():
    scenarios = ["base", "x-qe-sig", "x-qe-signer", "x-qe-data", "x-qe-data-tail", "x-isv-sig", "x-isv-signer", "x-auth-64",
                 "h-ver2", "h-akt3", "h-vendor", "h-ct0", "h-ct4", "h-trail0", "h-trail1", "c-pck-signer", "c-pck-cn",
                 "v-pck-expired", "v-pck-future", "s-outofdate", "s-none", "s-revoked", "sgx-v4", "sgx-v5", "sgx-debug"]
    with service() as d:
        for name in scenarios:
            quote = lab(name) / "quote.bin"
            done = cupel(BUILD, "appraise", "--type", "sgx", "--evidence", quote, "--collateral", lab() / "collateral",
                         "--roots", f"lab={lab()}", "--at", LAB_NOW, "--json", check=False)
            tool = json.loads(done.stdout)
            status, answer = d.attest("SgxEnclave", {"quote": b64u(quote.read_bytes())},
                                      headers={"Authorization": "Bearer dev-reader"})
            if tool["verdict"] == "permit":
                assert status == 200, f"{name}: the tool permits, the service says {answer}"
                claims = claims_of(answer["token"])
                assert all(claims[k] == v for k, v in tool["issued"].items()), name
                continue
            if status == 503:  # the service looks for collateral by what the evidence says of itself
                assert tool["error"]["code"] in ("malformed", "unsupported", "missing"), f"{name}: {answer}"
                continue
            inner = answer["error"]["innererror"]
            said = (inner["code"], inner["class"], inner["path"], inner["text"])
            want = tuple(tool["error"][k] for k in ("reason", "code", "path", "text"))
            assert said == want, f"{name}: service {said}, tool {want}"
            outcomes = [[(c["name"], c["outcome"]) for c in trail] for trail in (inner["checks"], tool["checks"])]
            assert outcomes[0] == outcomes[1], name


try:
    status = run_tests([
        km_08_no_two_tokens_share_an_identifier,
        km_22_a_policy_that_lets_debug_evidence_through_is_told_at_the_start,
        km_32_collateral_that_cannot_be_used_is_told_when_it_is_loaded,
        km_36_nothing_that_a_client_sends_makes_the_service_connect,
        km_37_the_client_verifies_its_peer,
        km_75_a_policy_that_does_not_compile_is_a_no_with_its_place,
        km_81_every_route_says_which_role_it_needs,
        km_83_the_log_holds_no_secret,
        km_88_the_tool_refuses_the_baseline_that_the_service_refuses,
        km_88_service_and_tool_come_to_the_same_verdict,
    ])
finally:
    shutil.rmtree(WORK, ignore_errors=True)
sys.exit(status)
