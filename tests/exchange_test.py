#!/usr/bin/env python3
"""The whole workflow through a running service: lab evidence, recorded exchanges, a relying party made of standard tools."""
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import pathlib

from daemon import ROOT, VECTORS, Daemon, cupel, run_tests

BUILD = sys.argv[1]
LAB_NOW = "2024-01-15T12:00:00Z"
OWN = {"iss", "iat", "nbf", "exp", "jti"}  # every service has its own
READER = {"Authorization": "Bearer dev-reader"}


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token):
    return json.loads(unb64u(token.split(".")[1]))


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, expected {want!r}")


class Lab:
    """One lab machine and a daemon that judges it at the lab's time."""

    def __init__(self, *flags):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="cupel-lab-"))
        cupel(BUILD, "lab", "make", "sgx", "--out", self.dir)
        self.daemon = Daemon(BUILD, "--collateral-dir", self.dir / "collateral", "--insecure-judge-at", LAB_NOW, *flags)

    def __enter__(self):
        self.daemon.__enter__()
        return self

    def __exit__(self, *exc):
        self.daemon.__exit__(*exc)
        shutil.rmtree(self.dir, ignore_errors=True)

    def file(self, name):
        return (self.dir / name).read_bytes()

    def body(self, kind="SgxEnclave", data_type="JSON"):
        evidence = {"quote": b64u(self.file("quote.bin"))} if kind == "SgxEnclave" else {
            "report": b64u(self.file("oe_report.bin"))}
        return {**evidence, "runtimeData": {"data": b64u(self.file("runtime.bin")), "dataType": data_type}}


def relying_party(daemon, token):
    with tempfile.NamedTemporaryFile("w", suffix=".jwt") as f:
        f.write(token)
        f.flush()
        return subprocess.run([ROOT / "docs/examples/relying-party", daemon.url, daemon.ca, f.name],
                              capture_output=True, text=True, timeout=30)


def a_relying_party_of_standard_tools_accepts_the_token_and_refuses_it_with_one_bit_changed():
    with Lab() as lab:
        status, answer = lab.daemon.attest("SgxEnclave", lab.body())
        equal(status, 200, answer)
        token = answer["token"]
        good = relying_party(lab.daemon, token)
        equal(good.returncode, 0, good.stderr)
        header, payload, signature = token.split(".")
        for part in range(3):
            parts = [header, payload, signature]
            raw = bytearray(unb64u(parts[part]))
            raw[len(raw) // 2] ^= 1
            parts[part] = b64u(bytes(raw))
            bad = relying_party(lab.daemon, ".".join(parts))
            equal(bad.returncode, 1, f"part {part}: {bad.stdout} {bad.stderr}")


def every_api_version_and_spelling_gives_a_token():
    with Lab() as lab:
        for version in ("2020-10-01", "2022-08-01", "2022-09-01-preview", "2022-09-01", "2023-04-01-preview", "2025-06-01",
                        "2026-03-11-preview"):
            status, answer = lab.daemon.attest("SgxEnclave", lab.body(), version)
            equal(status, 200, f"{version}: {answer}")
        for path in ("/attest/sgxenclave", "/ATTEST/SGXENCLAVE", "//attest//SgxEnclave/", "/attest/Sgx%45nclave"):
            status, _, text = lab.daemon.request("POST", f"{path}?api-version=2020-10-01", lab.body())
            equal(status, 200, f"{path}: {text}")
        body = lab.body()
        spelled = {"QUOTE": body["quote"] + "=" * (-len(body["quote"]) % 4),
                   "RuntimeData": {"DATA": base64.b64encode(lab.file("runtime.bin")).decode(), "datatype": "json"},
                   "initTimeData": {"data": "", "dataType": ""}, "draftPolicyForAttestation": None, "TenantName": "x"}
        for content_type in ("application/json", "text/plain", "application/octet-stream"):
            status, _, text = lab.daemon.request("POST", "/attest/SgxEnclave?api-version=2022-08-01", spelled,
                                                 {"Content-Type": content_type})
            equal(status, 200, text)


def the_baselines_are_told_to_everybody_in_both_shapes():
    # the lab's collateral is of a number that nobody has published anything about
    with Lab() as lab:
        def ask(version, more="", kind="SgxEnclave"):
            status, _, text = lab.daemon.request("GET", f"/tcbbaselines/{kind}?api-version={version}{more}")
            equal(status, 200, text)
            return json.loads(text)["tcbBaselines"]
        (row,) = ask("2025-06-01")
        number = row["tcbEvaluationDataNumber"]
        equal(row, {"tcbIdentifier": str(number), "tcbEvaluationDataNumber": number, "isSelectedTcb": True})
        equal(ask("2025-06-01", kind="openenclave"), [row])
        equal(ask("2022-09-01-preview"), [{"tcbIdentifier": str(number), "tcbEvaluationDataNumber": str(number)}])
        policy = ("version=1.1;configurationrules{=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", value=\"11\");};"
                  "authorizationrules{=> permit();};issuancerules{};")
        payload = json.dumps({"AttestationPolicy": b64u(policy.encode())}).encode()
        document = f"eyJhbGciOiJub25lIn0.{b64u(payload)}.".encode()
        equal(lab.daemon.request("PUT", "/policies/SgxEnclave?api-version=2022-08-01", document,
                                 {"Authorization": "Bearer dev-contributor"})[0], 200)
        equal(ask("2025-06-01"), [{**row, "isSelectedTcb": False}])
        equal(ask("2022-09-01-preview", "&provideCurrentTcbInPolicy=true"), [])
        equal(ask("2025-06-01", "&provideCurrentTcbInPolicy=TRUE", "OpenEnclave"), [row])
        equal(lab.daemon.request("GET", "/tcbbaselines/SevSnpVm?api-version=2025-06-01")[0], 404)


def the_preview_of_2018_answers_a_bare_string_and_wants_a_bearer_token():
    with Lab() as lab:
        body = {"Quote": b64u(lab.file("quote.bin")), "EnclaveHeldData": b64u(lab.file("runtime.bin"))}
        for path in ("/attest/SgxEnclave", "/attest/Tee/SgxEnclave"):
            target = f"{path}?api-version=2018-09-01-preview"
            status, headers, text = lab.daemon.request("POST", target, body)
            equal(status, 401, text)
            assert headers["WWW-Authenticate"].startswith("Bearer "), headers
            status, _, text = lab.daemon.request("POST", target, body, READER)
            equal(status, 200, text)
            claims = claims_of(json.loads(text))
            for name in ("aas-ehd", "maa-ehd", "maa-policyHash", "is-debuggable"):
                assert name in claims, name
            assert claims["maa-attestationcollateral"]["maa-quotehash"] == claims["x-ms-sgx-collateral"]["quotehash"]
        body = {"Quote": b64u(lab.file("oe_report.bin"))}
        status, _, text = lab.daemon.request("POST", "/attest/OpenEnclave?api-version=2018-09-01-preview", body, READER)
        equal(status, 200, text)


def refusals_say_code_reason_and_to_a_reader_the_trail():
    with Lab() as lab:
        body = lab.body()
        quote = bytearray(lab.file("quote.bin"))
        quote[112] ^= 1
        body["quote"] = b64u(bytes(quote))
        status, answer = lab.daemon.attest("SgxEnclave", body)
        equal(status, 400)
        error = answer["error"]
        equal((error["code"], error["innererror"]["code"]), ("InvalidParameter", "quote_signature"))
        assert "checks" not in error["innererror"]
        status, answer = lab.daemon.attest("SgxEnclave", body, headers=READER)
        failed = [c["name"] for c in answer["error"]["innererror"]["checks"] if c["outcome"] == "failed"]
        equal(len(failed), 1, failed)
        body = lab.body()
        body["runtimeData"]["data"] = b64u(b'{"other":"data"}')
        status, answer = lab.daemon.attest("SgxEnclave", body)
        equal((status, answer["error"]["innererror"]["code"]), (400, "runtime_data_mismatch"))


def requests_that_are_wrong_are_told_what_is_wrong():
    rows = [
        ("POST", "/attest/SgxEnclave", b"{}", 400, "ApiVersionUnspecified"),
        ("POST", "/attest/SgxEnclave?api-version=2019-01-01", b"{}", 400, "UnsupportedApiVersion"),
        ("POST", "/attest/SgxEnclave?api-version=2022-08-01", b"{}", 400, "InvalidParameter"),
        ("POST", "/attest/SgxEnclave?api-version=2022-08-01", b"{", 400, "InvalidParameter"),
        ("POST", "/attest/SgxEnclave?api-version=2022-08-01", b"[]", 400, "InvalidParameter"),
        ("POST", "/attest/SgxEnclave?api-version=2022-08-01", b'{"quote":"a)"}', 400, "InvalidParameter"),
        ("POST", "/attest/SgxEnclave?api-version=2022-08-01", b'{"quote":"","Quote":""}', 400, "InvalidParameter"),
        ("POST", "/attest/KeyGuard?api-version=2022-08-01", b"{}", 404, "NotFound"),
        ("GET", "/attest/SgxEnclave?api-version=2022-08-01", None, 405, "MethodNotAllowed"),
        ("GET", "/revoke", None, 404, "NotFound"),
        ("GET", "/livez", None, 404, "NotFound"),
        ("GET", "/metrics", None, 404, "NotFound"),
    ]
    with Lab() as lab:
        for method, target, body, want, code in rows:
            status, headers, text = lab.daemon.request(method, target, body)
            equal(status, want, f"{method} {target} {body}: {text}")
            error = json.loads(text)["error"]
            equal((error["code"], headers["x-ms-error-code"]), (code, code), target)
            assert error["message"] and headers["x-ms-request-id"].startswith("00-"), text
            equal(headers.get("Allow"), "POST" if status == 405 else None, target)
        body = lab.body()
        body["nonce"] = "n" * 800000  # good evidence, and a token longer than tokens are
        status, answer = lab.daemon.attest("SgxEnclave", body)
        equal((status, answer["error"]["code"]), (413, "RequestTooLarge"), answer)


def draft_policies_decide_and_their_tokens_are_unsecured():
    with Lab() as lab:
        body = lab.body()
        body["draftPolicyForAttestation"] = (
            'version=1.0; authorizationrules{=> permit();}; issuancerules{=> issue(type="made", value="by draft");};')
        status, answer = lab.daemon.attest("SgxEnclave", body)
        equal(status, 200, answer)
        header, payload, signature = answer["token"].split(".")
        equal((json.loads(unb64u(header)), signature), ({"alg": "none", "typ": "JWT"}, ""))
        claims = json.loads(unb64u(payload))
        equal((claims["made"], claims["x-ms-policy"]["made"]), ("by draft", "by draft"))
        refused = cupel(BUILD, "token", "verify", answer["token"], "--url", lab.daemon.url, "--ca", lab.daemon.ca, check=False)
        equal(refused.returncode, 2, refused.stdout)
        body["draftPolicyForAttestation"] = "version=1.0; authorizationrules{=> deny();};"
        status, answer = lab.daemon.attest("SgxEnclave", body)
        equal((status, answer["error"]["code"]), (400, "PolicyEvaluationError"))
        body["draftPolicyForAttestation"] = "version=1.0; authorizationrules{=> permit(;};"
        status, answer = lab.daemon.attest("SgxEnclave", body)
        equal((status, answer["error"]["code"]), (400, "PolicyParsingError"))
        assert "Line: 1" in answer["error"]["message"], answer


def headers_of_the_contract_come_back():
    with Lab() as lab:
        trace = "00-7cd04e133a43db4da8d3467e73a96872-c40d599c37c22f4b-00"
        status, headers, _ = lab.daemon.request(
            "GET", "/certs", None, {"traceparent": trace, "x-ms-client-request-id": "abc",
                                    "x-ms-return-client-request-id": "true", "Accept": "application/jwk+json"})
        equal(status, 200)
        equal(headers["x-ms-request-id"], trace)
        equal(headers["x-ms-client-request-id"], "abc")
        equal(headers["Content-Type"], "application/json; charset=utf-8")
        assert headers["x-ms-maa-service-version"].count(".") == 3
        discovery = json.loads(lab.daemon.request("GET", "/.well-known/openid-configuration")[2])
        equal((discovery["issuer"], discovery["jwks_uri"]), (lab.daemon.url, lab.daemon.url + "/certs"))


def the_command_line_attests_and_verifies():
    with Lab() as lab:
        out = lab.dir / "token.jwt"
        for kind, name in (("sgx", "quote.bin"), ("oe", "oe_report.bin")):
            cupel(BUILD, "attest", "--url", lab.daemon.url, "--ca", lab.daemon.ca, "--type", kind, "--evidence",
                  lab.dir / name, "--runtime-data", lab.dir / "runtime.bin", "--token-out", out)
            said = cupel(BUILD, "token", "verify", out, "--url", lab.daemon.url, "--ca", lab.daemon.ca, "--json")
            equal(json.loads(said.stdout)["valid"], True)


def same_claims(got, want, skip, what):
    for name, value in want.items():
        if name in OWN:
            continue
        mine = got.get(name)
        if isinstance(value, dict) and "quotehash" in value:
            value = {k: v for k, v in value.items() if k not in skip}
            mine = {k: v for k, v in (mine or {}).items() if k not in skip}
        equal(mine, value, f"{what}: {name}")


def draft_with_hash(want):
    """The published sample policy that a recorded token names by its hash."""
    for path in sorted((VECTORS / "policy/samples").glob("*.txt")):
        text = path.read_bytes()
        if b64u(hashlib.sha256(b64u(text).encode()).digest()) == want:
            return text.decode()
    raise AssertionError(f"no sample policy has the hash {want}")


def recorded_exchanges_are_reproduced_claim_by_claim():
    if not (VECTORS / "sgx/README.md").exists():
        return f"SKIPPED: no reference vectors at {VECTORS}"
    flags = ("--collateral-dir", VECTORS / "sgx/collateral/00906ED50000-2022-04", "--insecure-judge-at",
             "2022-05-01T00:00:00Z", "--tcb-profile", "lenient", "--roots", "vendor")
    unverifiable = {"qeidhash", "tcbinfohash"}  # the service's frozen documents are not public
    with Daemon(BUILD, *flags) as d:
        exchange = json.loads((VECTORS / "maa/sgx/net-sdk.attest-sgx-json-runtime.exchange.json").read_text())
        status, _, text = d.request("POST", exchange["request"]["path"], exchange["request"]["body"])
        equal(status, 200, text)
        token = exchange["response"]["body"]["token"]
        # that answer is of 2021: the issuer chain and the root list of its day are not to be had, the quote is
        of_their_day = {"qeidcrlhash", "tcbinfocrlhash", "qeidcertshash", "tcbinfocertshash"}
        same_claims(claims_of(json.loads(text)["token"]), claims_of(token), unverifiable | of_their_day, "2021")
        legacy = json.loads((VECTORS / "maa/sgx/legacy-2018.post-attest.request.json").read_text())
        status, _, text = d.request("POST", "/attest/OpenEnclave?api-version=2018-09-01-preview", legacy, READER)
        equal(status, 200, text)
        recorded = (VECTORS / "maa/sgx/legacy-2018.post-attest.response-claims.txt").read_text()
        want = json.loads(recorded[recorded.index("{", 2):])
        # its hashes are of 2020, and its policy was another text; the answers of that year left the report's header out
        for name in ("maa-attestationcollateral", "maa-policyHash"):
            want.pop(name)
        same_claims(claims_of(json.loads(text)), want, set(), "2020")
        body = {"report": b64u((VECTORS / "maa/sgx/cpp-sdk.oe-report.bin").read_bytes()), "runtimeData": {
            "data": (VECTORS / "maa/sgx/cpp-sdk.runtime-data.b64url.txt").read_text().strip(), "dataType": "JSON"}}
        status, answer = d.attest("OpenEnclave", body)  # JSON text with a zero byte behind it, as a live client sends it
        equal(status, 200, answer)
        for recording in json.loads((VECTORS / "sgx/service-observed/attest-claims.json").read_text()):
            kind = "OpenEnclave" if "OpenEnclave" in recording["recording"] else "SgxEnclave"
            report = (VECTORS / "sgx/evidence/oe-report-debug.bin").read_bytes()
            body = {"report": b64u(report)} if kind == "OpenEnclave" else {"quote": b64u(report[16:])}
            claims = recording["claims"]
            ehd = (VECTORS / "sgx/evidence/oe-report-debug.ehd").read_bytes()
            if "x-ms-sgx-ehd" in claims:
                body["runtimeData"] = {"data": b64u(ehd), "dataType": "Binary"}
            elif "x-ms-runtime" in claims:
                body["runtimeData"] = {"data": b64u(ehd), "dataType": "JSON"}
            if "DraftPolicy" in recording["recording"]:
                body["draftPolicyForAttestation"] = draft_with_hash(claims["x-ms-policy-hash"])
            status, answer = d.attest(kind, body)
            equal(status, 200, answer)
            same_claims(claims_of(answer["token"]), claims, unverifiable, recording["recording"])


if __name__ == "__main__":
    sys.exit(run_tests([
        a_relying_party_of_standard_tools_accepts_the_token_and_refuses_it_with_one_bit_changed,
        every_api_version_and_spelling_gives_a_token,
        the_baselines_are_told_to_everybody_in_both_shapes,
        the_preview_of_2018_answers_a_bare_string_and_wants_a_bearer_token,
        refusals_say_code_reason_and_to_a_reader_the_trail,
        requests_that_are_wrong_are_told_what_is_wrong,
        draft_policies_decide_and_their_tokens_are_unsecured,
        headers_of_the_contract_come_back,
        the_command_line_attests_and_verifies,
        recorded_exchanges_are_reproduced_claim_by_claim,
    ]))
