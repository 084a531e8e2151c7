#!/usr/bin/env python3
"""The TPM route through a running service: challenges, contexts, reports, refusals, restarts."""
import base64
import hashlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from daemon import ROOT, VECTORS, Daemon, cupel, run_tests

BUILD = sys.argv[1]
READER = {"Authorization": "Bearer dev-reader"}
CONTRIBUTOR = {"Authorization": "Bearer dev-contributor"}
INIT = {"payload": {"type": "aikcert"}}
NOW = str(int(time.time()))
POLICY = ('version=1.0; authorizationrules { c:[type=="aikValidated", value==true] => permit(); }; issuancerules {'
          'c:[type=="secureBootEnabled"] => issue(claim=c); c:[type=="vbsReportPresent"] => issue(claim=c); };')


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, expected {want!r}")


def parts_of(token):
    header, payload, _ = token.split(".")
    return json.loads(unb64u(header)), json.loads(unb64u(payload))


class Lab:
    """A lab's machines, and a daemon that believes its attestation keys."""

    def __init__(self, *flags, policy=POLICY, **more):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="cupel-tpm-"))
        self.make("tpm", "base")
        flags = ("--tpm-anchors", f"lab={self.dir / 'base'}", *flags)
        self.daemon = Daemon(BUILD, *flags, **more)
        self.policy = policy

    def make(self, kind, where, *flags):
        cupel(BUILD, "lab", "make", kind, "--out", self.dir / where, "--at", NOW, *flags)
        return (self.dir / where / "request.jws").read_text().strip()

    def __enter__(self):
        self.daemon.__enter__()
        if self.policy:
            self.set_policy(self.policy)
        return self

    def __exit__(self, *exc):
        self.daemon.__exit__(*exc)
        shutil.rmtree(self.dir, ignore_errors=True)

    def set_policy(self, text):
        jws = f'eyJhbGciOiJub25lIn0.{b64u(json.dumps({"AttestationPolicy": b64u(text.encode())}).encode())}.'
        status, _, said = self.daemon.request("PUT", "/policies/Tpm?api-version=2022-08-01", jws.encode(), CONTRIBUTOR)
        equal(status, 200, said)

    def send(self, message, version="2020-10-01", headers=READER, path="/attest/Tpm"):
        """(status, the whole answer, the message in it)"""
        body = message if isinstance(message, bytes) else json.dumps({"data": b64u(json.dumps(message).encode())}).encode()
        status, _, text = self.daemon.request("POST", f"{path}?api-version={version}", body, headers)
        answer = json.loads(text)
        return status, answer, json.loads(unb64u(answer["data"])) if status == 200 else None

    def challenge(self, **how):
        status, answer, message = self.send(INIT, **how)
        equal(status, 200, answer)
        return message["payload"]

    def request(self, challenge, kind="tpm", changes="", scenario="base"):
        """What a lab machine answers to a challenge."""
        text = f"challenge={unb64u(challenge['challenge']).hex()};context={challenge['service_context']}"
        return self.make(kind, "asked", "--scenario", scenario, "--set", f"{text};{changes}".rstrip(";"))

    def attest(self, kind="tpm", changes="", scenario="base", **how):
        """(status, the whole answer, the report)"""
        request = self.request(self.challenge(**how), kind, changes, scenario)
        status, answer, message = self.send({"payload": {"request": request}}, **how)
        return status, answer, message and message["payload"]["report"]

    def verify(self, token, *flags):
        return cupel(BUILD, "token", "verify", token, "--url", self.daemon.url, "--ca", self.daemon.ca, *flags, check=False)


def reason(answer):
    return answer["error"]["innererror"]["code"]


def a_machine_gets_a_report_that_a_relying_party_accepts():
    with Lab() as lab:
        status, answer, token = lab.attest(changes="rp_data=bm9uY2U")
        equal(status, 200, answer)
        header, claims = parts_of(token)
        equal(sorted(header), ["alg", "jku", "kid", "typ", "x5c"])
        equal((header["alg"], header["typ"], len(header["x5c"])), ("RS256", "JWT", 3))
        equal(header["kid"], b64u(hashlib.sha1(base64.b64decode(header["x5c"][0])).digest()))
        equal(claims["exp"] - claims["iat"], 86400)
        equal(claims["iat"] - claims["nbf"], 300)
        equal((claims["ver"], claims["x-ms-ver"], claims["x-ms-attestation-type"]), ("1.0", "1.0", "tpm"))
        equal((claims["rp_data"], claims["nonce"]), ("bm9uY2U", "bm9uY2U"))
        equal(sorted(claims["cnf"]["jwk"]), ["e", "kty", "n"])
        equal((len(claims["jti"]), claims["secureBootEnabled"], claims["vbsReportPresent"]), (64, True, False))
        said = lab.verify(token, "--json")
        equal((said.returncode, json.loads(said.stdout)["valid"]), (0, True), said.stdout)
        keys = json.loads(lab.daemon.request("GET", "/certs")[2])["keys"]
        mine = [k for k in keys if k["kid"] == header["kid"]]
        equal((len(mine), mine[0]["x5c"]), (1, header["x5c"]))


def the_recorded_answer_without_a_policy_is_reproduced():
    with Lab(policy=None) as lab:
        for message in (INIT, {"type": "aikcert"}, {"payload": {"request": "a.b.c"}}):
            status, answer, _ = lab.send(message)
            equal((status, answer), (400, {"error": {
                "code": "Bad request",
                "message": "A VBS attestation policy has not been set on the attestation provider."}}))
        if not (VECTORS / "maa/tpm").exists():
            return f"SKIPPED: no reference vectors at {VECTORS}"
        exchange = json.loads((VECTORS / "maa/tpm/attest-tpm.no-policy.exchange.json").read_text())
        asked, recorded = exchange["request"], exchange["response"]
        status, headers, text = lab.daemon.request(asked["method"], asked["path"], asked["body"], READER)
        equal((status, json.loads(text)), (recorded["status"], recorded["body"]))
        equal(headers["content-type"], recorded["headers"]["content-type"])


def messages_are_answered_in_the_form_they_came_in():
    with Lab() as lab:
        status, answer, bare = lab.send({"type": "aikcert"})
        equal((status, sorted(bare)), (200, ["challenge", "service_context"]), answer)
        equal(len(unb64u(bare["challenge"])), 32)
        status, answer, wrapped = lab.send(INIT)
        equal((status, sorted(wrapped), sorted(wrapped["payload"])), (200, ["payload"], ["challenge", "service_context"]))
        status, answer, message = lab.send({"request": lab.request(bare)})
        equal((status, list(message or {})), (200, ["report"]), answer)
        spaced = base64.b64encode(b'{"payload": {"type": "aikcert"}}').decode()  # with padding, in the other alphabet
        for body in ({"Data": spaced}, {"DATA": spaced, "TenantName": "x", "data2": None}):
            status, answer, _ = lab.send(json.dumps(body).encode())
            equal(status, 200, answer)
        for path in ("/ATTEST/TPM", "//attest//tpm/", "/attest/Tp%6d"):
            equal(lab.send(INIT, path=path)[0], 200, path)
        for version in ("2018-09-01-preview", "2020-10-01", "2022-08-01", "2022-09-01-preview", "2022-09-01", "2023-04-01-preview",
                        "2025-06-01", "2026-03-11-preview"):
            equal(lab.send(INIT, version=version)[0], 200, version)


def messages_that_cannot_be_read_are_refused():
    rows = [
        ({"payload": {"type": "ekcert"}}, "malformed_request"),
        ({"payload": {}}, "malformed_request"),
        ({"payload": {"type": "aikcert", "request": "a.b.c"}}, "malformed_request"),
        ({"payload": {"request": 1}}, "malformed_request"),
        ([], "malformed_request"),
        (b"{", "malformed_request"),
        (b"[]", "malformed_request"),
        (b"{}", "malformed_request"),
        (b'{"data":""}', "malformed_request"),
        (b'{"data":"a)"}', "malformed_request"),
        (b'{"data":"e30","DATA":"e30"}', "malformed_request"),
        ({"payload": {"request": "A" * (17 << 19)}}, "limit_exceeded"),
    ]
    with Lab() as lab:
        for message, word in rows:
            status, answer, _ = lab.send(message)
            shown = str(message)[:80]
            equal((status, answer["error"]["code"]), (400, "InvalidParameter"), shown)
            assert word in answer["error"]["message"], (shown, answer)
        status, _, _ = lab.daemon.request("POST", "/attest/Tpm?api-version=2020-10-01", b" " * (13 << 20), READER)
        equal(status, 413)
        status, answer, _ = lab.send({"payload": {"request": "a.b.c"}})
        equal((status, reason(answer)), (400, "malformed_request"))


def km_87_a_context_opens_here_for_this_version_in_time_and_for_its_challenge():
    with Lab("--tpm-challenge-seconds", "10") as lab:
        given = lab.challenge()
        status, answer, _ = lab.send({"payload": {"request": lab.request(given)}}, version="2022-08-01")
        equal((status, reason(answer)), (400, "invalid_service_context"))
        context = given["service_context"]
        flipped = {**given, "service_context": ("A" if context[20] != "A" else "B").join((context[:20], context[21:]))}
        status, answer, _ = lab.send({"payload": {"request": lab.request(flipped)}})
        equal((status, reason(answer)), (400, "invalid_service_context"))
        other = {**given, "challenge": lab.challenge()["challenge"]}
        status, answer, _ = lab.send({"payload": {"request": lab.request(other)}})
        equal((status, reason(answer)), (400, "challenge_mismatch"))
        request = lab.request(given)
        equal(lab.send({"payload": {"request": request}})[0], 200)
        equal(lab.send({"payload": {"request": request}})[0], 200, "replay within the lifetime is possible by design")
        time.sleep(11.5)
        status, answer, _ = lab.send({"payload": {"request": request}})
        equal((status, reason(answer)), (400, "service_context_expired"))


def km_84_a_spent_challenge_is_refused_where_that_is_kept():
    with Lab("--tpm-replay-memory", "on", "--workers", "3") as lab:
        given = lab.challenge()
        bad = lab.request(given, scenario="quote-signer")  # a failed attempt does not spend it
        status, answer, _ = lab.send({"payload": {"request": bad}})
        equal((status, reason(answer)), (400, "quote_signature"))
        lab.set_policy('version=1.0; authorizationrules { c:[type=="secureBootEnabled"] => deny(); }; issuancerules {};')
        request = lab.request(given)
        equal(lab.send({"payload": {"request": request}})[1]["error"]["code"], "PolicyEvaluationError", "nor does a denial")
        lab.set_policy(POLICY)
        equal(lab.send({"payload": {"request": request}})[0], 200)
        for _ in range(20):  # whichever worker is asked
            status, answer, _ = lab.send({"payload": {"request": request}})
            equal((status, reason(answer)), (400, "challenge_replayed"))
        checks = {c["name"]: c["outcome"] for c in answer["error"]["innererror"]["checks"]}
        equal(checks["challenge_unused"], "failed")
        lab.daemon.process.send_signal(signal.SIGHUP)
        wait_for_log(lab.daemon, "serving with the new configuration")
        status, answer, _ = lab.send({"payload": {"request": request}})
        equal((status, reason(answer)), (400, "challenge_replayed"), "after a reload")


def km_52_a_certificate_vouches_for_the_key_that_quotes_and_for_no_other():
    with Lab() as lab:
        status, answer, _ = lab.attest(scenario="aik-mismatch")
        equal((status, reason(answer)), (400, "aik_mismatch"))


def km_89_what_a_machine_leaves_out_opens_no_weaker_path():
    with Lab() as lab:
        for scenario, word in (("aik-no-cert", "aik_certificate_missing"), ("aik-neither", "aik_certificate_missing"),
                               ("aik-cut", "malformed_certificate"), ("quote-of-nothing", "required_pcrs_missing"),
                               ("quote-few-pcrs", "required_pcrs_missing"), ("key-unbound", "unbound_request_key")):
            status, answer, _ = lab.attest(scenario=scenario)
            equal((status, reason(answer)), (400, word), scenario)
        # the relying party's policy may ask for less, and then says so
        lab.set_policy('version=1.2; configurationrules { => issueproperty(type="require_valid_aik_cert", value=false); };'
                       'authorizationrules { => permit(); }; issuancerules { c:[type=="aikValidated"] => issue(claim=c); };')
        status, answer, token = lab.attest(scenario="aik-no-cert")
        equal((status, token and parts_of(token)[1]["aikValidated"]), (200, False), answer)


def km_90_what_was_made_for_one_session_is_refused_in_another():
    with Lab() as lab:
        first, second = lab.challenge(), lab.challenge()
        for mixed in ({**first, "service_context": second["service_context"]}, {**second, "challenge": first["challenge"]}):
            status, answer, _ = lab.send({"payload": {"request": lab.request(mixed)}})
            equal((status, reason(answer)), (400, "challenge_mismatch"))
        # the request is of this session, the quote in it of none
        status, answer, _ = lab.attest(scenario="quote-nonce")
        equal((status, reason(answer)), (400, "quote_qualifying_data"))
        with Lab() as other:  # another instance, which believes the same keys
            request = lab.request(second)
            status, answer, _ = other.send({"payload": {"request": request}})
            equal((status, reason(answer)), (400, "invalid_service_context"))
        equal(lab.send({"payload": {"request": request}})[0], 200)


def wait_for_log(daemon, text, seconds=20):
    end = time.monotonic() + seconds
    while text not in daemon.logged():
        assert time.monotonic() < end, daemon.logged()[-1500:]
        time.sleep(0.05)


def a_context_outlives_reload_and_restart_unless_spent_challenges_are_kept():
    for memory, after in (("off", (200, None)), ("on", (400, "invalid_service_context"))):
        with Lab("--tpm-replay-memory", memory) as lab:
            first, second = lab.challenge(), lab.challenge()
            lab.daemon.process.send_signal(signal.SIGHUP)
            wait_for_log(lab.daemon, "serving with the new configuration")
            equal(lab.send({"payload": {"request": lab.request(first)}})[0], 200, "after a reload")
            equal(lab.daemon.stop(), 0)
            again = Daemon(BUILD, *lab.daemon.flags, data_dir=lab.daemon.data)
            with again:
                lab.daemon, stopped = again, lab.daemon
                status, answer, _ = lab.send({"payload": {"request": lab.request(second)}})
                equal((status, None if status == 200 else reason(answer)), after, memory)
                mode = (again.data / "keys/contexts").stat().st_mode & 0o777 if memory == "off" else None
                equal(mode, 0o600 if memory == "off" else None)
                equal((again.data / "keys/contexts").exists(), memory == "off")
            lab.daemon = stopped


def ten_machines_attest_in_turn():
    with Lab() as lab:
        done = subprocess.run([pathlib.Path(BUILD) / "bench/bench-fleet", lab.daemon.url, lab.daemon.ca, "3", "0", "10"],
                              capture_output=True, text=True, timeout=120)
        equal((done.returncode, done.stdout.split()[:2]), (0, ["10", "0"]), done.stderr)


def only_a_reader_may_attest_unless_the_provider_says_otherwise():
    with Lab() as lab:
        for headers in ({}, {"Authorization": "Bearer nobody"}):
            status, _, text = lab.daemon.request("POST", "/attest/Tpm?api-version=2020-10-01",
                                                 {"data": b64u(json.dumps(INIT).encode())}, headers)
            equal((status, json.loads(text)["error"]["code"]), (401, "Unauthorized"))
        equal(lab.send(INIT, headers=CONTRIBUTOR)[0], 200)


def refusals_name_step_and_reason_and_denials_are_the_policys():
    with Lab() as lab:
        status, answer, _ = lab.attest(scenario="log-digest")
        equal((status, answer["error"]["code"], reason(answer)), (400, "InvalidParameter", "log_replay_mismatch"))
        assert "replay" in answer["error"]["message"] and "PCR" in answer["error"]["message"], answer
        outcomes = [c["outcome"] for c in answer["error"]["innererror"]["checks"]]
        equal(outcomes.count("failed"), 1)
        status, answer, _ = lab.attest("vbs", changes="edit=digest:boot-a")
        outcomes = {c["name"]: c["outcome"] for c in answer["error"]["innererror"]["checks"]}
        equal(outcomes["vbs_signature"], "not_run", "an enclave's rows stand there, too")
        lab.set_policy('version=1.0; authorizationrules { c:[type=="secureBootEnabled", value==true] => permit(); };'
                       "issuancerules {};")
        status, answer, _ = lab.attest(changes="secure_boot=off")
        equal((status, answer["error"]["code"]), (400, "PolicyEvaluationError"))
        assert "log_replay_mismatch" in lab.daemon.logged()
        admin = lab.daemon.endpoint["admin_url"]
        counters = urllib.request.urlopen(f"{admin}/metrics", timeout=10).read().decode()
        refused = [float(line.split()[-1]) for line in counters.splitlines()
                   if line.startswith("cupel_verdicts") and "refused" in line]
        equal(refused, [3.0], counters)


def an_enclave_gets_its_report_on_the_same_route():
    with Lab() as lab:
        status, answer, token = lab.attest("vbs")
        equal(status, 200, answer)
        claims = parts_of(token)[1]
        equal((claims["x-ms-attestation-type"], claims["vbsReportPresent"]), ("vbs", True))
        equal(lab.verify(token).returncode, 0)
        status, answer, _ = lab.attest("vbs", changes="report_signer=idk")
        equal((status, reason(answer)), (400, "report_signature"))


def the_policy_says_how_long_a_report_lives_and_how_it_names_its_key():
    with Lab(policy=POLICY.replace("issuancerules {", 'issuancerules { => issueproperty(type="report_validity_in_minutes", value=10); '
                                   '=> issueproperty(type="omit_x5c", value=true);').replace("1.0", "1.1", 1)) as lab:
        status, answer, token = lab.attest()
        equal(status, 200, answer)
        header, claims = parts_of(token)
        equal(sorted(header), ["alg", "jku", "kid", "typ", "x5t"])
        equal((header["x5t"], claims["exp"] - claims["iat"]), (header["kid"], 600))
        equal(lab.verify(token).returncode, 0)
        equal(lab.verify(token, "--at", str(claims["exp"])).returncode, 2)
        assert "report_validity_in_minutes" not in claims


def lab_keys_are_believed_only_where_they_are_asked_for():
    with Lab() as lab:
        flags = lab.daemon.flags[2:]
        with Daemon(BUILD, *flags) as other:
            lab.daemon, mine = other, lab.daemon
            lab.set_policy(POLICY)
            status, answer, _ = lab.attest()
            equal((status, reason(answer)), (400, "untrusted_root"))
            lab.daemon = mine


def the_operators_own_chain_is_used_and_checked():
    with Lab(policy=None) as lab:
        where = lab.dir

        def openssl(*args):
            subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, timeout=60)

        (where / "leaf.ext").write_text("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", where / "ca.key", "-out", where / "ca.pem", "-subj",
                "/O=Example/CN=Example CA", "-days", "30")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", where / "leaf.key", "-out", where / "leaf.csr", "-subj",
                "/CN=attestation reports")
        openssl("x509", "-req", "-in", where / "leaf.csr", "-CA", where / "ca.pem", "-CAkey", where / "ca.key", "-set_serial", "7",
                "-extfile", where / "leaf.ext", "-days", "30", "-out", where / "leaf.pem")
        (where / "leaf.key").chmod(0o600)
        (where / "chain.pem").write_text((where / "leaf.pem").read_text() + (where / "ca.pem").read_text())
        (where / "wrong.pem").write_text((where / "leaf.pem").read_text() * 2)
        retired = lab.daemon.data / "keys/report.crt"
        flags = ("--tpm-anchors", f"lab={where / 'base'}", "--report-key", where / "leaf.key")
        with Daemon(BUILD, *flags, "--report-chain", where / "chain.pem", "--report-retired-chains", retired) as d:
            lab.daemon, mine = d, lab.daemon
            lab.set_policy(POLICY)
            status, answer, token = lab.attest()
            equal(status, 200, answer)
            header = parts_of(token)[0]
            equal(len(header["x5c"]), 2)
            equal(lab.verify(token).returncode, 0, "an authority of another name is the operator's choice")
            keys = json.loads(d.request("GET", "/certs")[2])["keys"]
            equal([len(k["x5c"]) for k in keys], [1, 2, 3], "the retired chain is published")
            lab.daemon = mine
        try:
            with Daemon(BUILD, *flags, "--report-chain", where / "wrong.pem"):
                raise AssertionError("a chain that is none was taken")
        except RuntimeError as e:
            assert "report" in str(e), e


def a_policy_of_version_1_2_reads_events_and_older_ones_do_not_see_them():
    with Lab() as lab:
        looks = '{} authorizationrules {{ c:[type=="events"] => permit(); }}; issuancerules {{}};'
        for version, want in (("1.0", 400), ("1.1", 400), ("1.2", 200)):
            lab.set_policy(looks.format(f"version={version};"))
            equal(lab.attest()[0], want, version)
        own = 'version=1.2; authorizationrules { c:[type=="x-ms-tpm-quote-hash"] => permit(); }; issuancerules {};'
        lab.set_policy(own)
        equal(lab.attest()[0], 200)
    with Lab("--tpm-own-claims", "off", policy=own) as lab:
        equal(lab.attest()[1]["error"]["code"], "PolicyEvaluationError")


def the_published_policies_for_measured_boots_issue_what_their_pages_say():
    if not (VECTORS / "policy/samples").exists():
        return f"SKIPPED: no reference vectors at {VECTORS}"
    told = {"BitlockerStatus": False, "CodeIntegrityEnabled": True, "ELAMDriverLoaded": True, "SecureBootEnabled": True,
            "aikValidated": True}
    rows = [  # policy, what the machine is beside the base, what is issued; None: it does not permit
        ("docs-tpm-v1-0", "", {"PlatformAttested": True}),
        ("docs-tpm-v1-0", "test_signing=1;boot_debugging=1", {}),
        ("docs-tpm-v1-0-six-conditions", "", {"PlatformAttested": True}),
        ("docs-tpm-v1-0-six-conditions", "os=linux", {}),
        ("docs-tpm-v1-1", "", {"PlatformAttested": True}),
        ("docs-tpm-windows-2022-05", "", told),
        ("docs-tpm-windows-2022-10", "", told),
        ("docs-tpm-windows-current", "", told),
        ("docs-tpm-windows-current", "secure_boot=off;code_integrity=0",
         {**told, "SecureBootEnabled": False, "CodeIntegrityEnabled": False}),
        ("docs-tpm-device-health", "", {"secureBootEnabled": True, "vbsEnabled": True, "drtmMleValid": False,
                                        "bootDebuggingDisabled": False}),
        ("docs-tpm-system-guard", "", {"drtmMleValid": False}),
        ("docs-tpm-key-attestation", "", {"requestKeyType": "RSA", "requestKeyQuoteHashAlg": "sha-256"}),
        ("docs-tpm-golden-pcrs", "", None),
        ("docs-tpm-key-attestation-2022-10", "", None),
        ("docs-vbs-enclave-v1-2", "", None),
    ]
    with Lab(policy=None) as lab:
        for name, changes, want in rows:
            lab.set_policy((VECTORS / f"policy/samples/{name}.txt").read_text())
            status, answer, token = lab.attest(changes=changes)
            if want is None:
                equal((status, answer["error"]["code"]), (400, "PolicyEvaluationError"), name)
                continue
            equal(status, 200, (name, answer))
            equal(parts_of(token)[1].get("x-ms-policy", {}), want, (name, changes))


def verdicts_are_in_the_audit_chain_without_evidence():
    with Lab() as lab:
        request = lab.request(lab.challenge())
        equal(lab.send({"payload": {"request": request}})[0], 200)
        lab.attest(scenario="log-digest")
        lab.daemon.stop()
        said = cupel(BUILD, "audit", "show", "--data-dir", lab.daemon.data, check=False).stdout
        assert '"Tpm"' in said or "Tpm" in said, said[-1500:]
        assert "log_replay_mismatch" in said, said[-1500:]
        assert request[:200] not in said


if __name__ == "__main__":
    sys.exit(run_tests([
        a_machine_gets_a_report_that_a_relying_party_accepts,
        the_recorded_answer_without_a_policy_is_reproduced,
        messages_are_answered_in_the_form_they_came_in,
        messages_that_cannot_be_read_are_refused,
        km_87_a_context_opens_here_for_this_version_in_time_and_for_its_challenge,
        km_84_a_spent_challenge_is_refused_where_that_is_kept,
        km_52_a_certificate_vouches_for_the_key_that_quotes_and_for_no_other,
        km_89_what_a_machine_leaves_out_opens_no_weaker_path,
        km_90_what_was_made_for_one_session_is_refused_in_another,
        a_context_outlives_reload_and_restart_unless_spent_challenges_are_kept,
        ten_machines_attest_in_turn,
        only_a_reader_may_attest_unless_the_provider_says_otherwise,
        refusals_name_step_and_reason_and_denials_are_the_policys,
        an_enclave_gets_its_report_on_the_same_route,
        the_policy_says_how_long_a_report_lives_and_how_it_names_its_key,
        lab_keys_are_believed_only_where_they_are_asked_for,
        the_operators_own_chain_is_used_and_checked,
        a_policy_of_version_1_2_reads_events_and_older_ones_do_not_see_them,
        the_published_policies_for_measured_boots_issue_what_their_pages_say,
        verdicts_are_in_the_audit_chain_without_evidence,
    ]))
