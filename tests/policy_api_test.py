#!/usr/bin/env python3
"""Policies and their signers over the API of a running service: every recorded exchange, both trust models, every version."""
import base64
import concurrent.futures
import hashlib
import json
import pathlib
import shutil
import ssl
import sys
import tempfile

from daemon import VECTORS, Daemon, cupel, run_tests
from policy_client import (BUILD, LAB_NOW, MODERN, NO_DOCUMENT, PERMIT, PREVIEW, READER, TYPES, WORK, WRITER, Service, Signer,
                           b64u, claims_of, compact, equal, sha, text_of, unb64u, unsecured)


def recorded(name):
    return json.loads((VECTORS / "maa/policy" / name).read_text())


def have_vectors():
    return None if (VECTORS / "maa/README.md").exists() else f"SKIPPED: no reference vectors at {VECTORS}"


def shape(claims):
    """What must be equal: everything but who and when."""
    equal(claims["exp"] - claims["iat"], 3600, "lifetime")
    equal(claims["nbf"], claims["iat"], "nbf")
    return {k: v for k, v in claims.items() if k not in ("iss", "iat", "nbf", "exp")}


def default_policies_have_their_known_hashes_in_every_profile():
    azure = {"SgxEnclave": "bROrN897ZfWmWY2V0FLUlu3uwk5xatGnKYHn3zBbSlw", "OpenEnclave": "bROrN897ZfWmWY2V0FLUlu3uwk5xatGnKYHn3zBbSlw",
             "SevSnpVm": "9NY0VnTQ-IiBriBplVUpFbczcDaEBUwsiFYAzHu_gco", "TdxVm": "B56nbp5slhw66peoRYkpdq1WykMkEworvdol08hnMXE",
             "AzureGuest": "vmB1ZWrfuA3lrwdRAvkEXo1ChhLg8twDGUeMJ56G6cg", "Tpm": None}
    for profile in ("azure", "azure-1.1", "strict"):
        with Service((), "--policy-profile", profile) as d:
            for kind in TYPES:
                document = d.in_force(kind)
                if azure[kind] is None:
                    equal(document, NO_DOCUMENT, kind)
                    continue
                header, payload, signature = document.split(".")
                equal((header, signature), ("eyJhbGciOiJub25lIn0", ""), kind)
                inner = json.loads(unb64u(payload))["AttestationPolicy"]
                # what a guest's default denies already leaves nothing to be stricter about
                same = profile == "azure" or kind == "AzureGuest" or (profile == "azure-1.1" and "Enclave" not in kind)
                equal(sha(inner) == azure[kind], same, f"{profile} {kind}: {sha(inner)}")
                if profile == "strict" and kind != "AzureGuest":
                    assert "deny()" in text_of(document), text_of(document)


def recorded_exchanges_of_policies_are_reproduced():
    if have_vectors():
        return have_vectors()
    with Service() as d:
        default = recorded("get-default-sgx.exchange.json")
        equal(shape(d.good("GET", "/policies/SgxEnclave", headers=READER)), shape(default["decoded"]["payload"]))
        for exchange in recorded("set-and-reset-unsecured-aad.exchange.json"):
            r = exchange["request"]
            status, headers, text = d.request(r["method"], r["path"], r["body"].encode(), {**WRITER, **r["headers"]})
            equal((status, headers["Content-Type"]), (200, "application/json; charset=utf-8"), text)
            equal(list(json.loads(text)), ["token"])
            equal(shape(claims_of(json.loads(text)["token"])), shape(exchange["decoded"]))
    return None


def recorded_exchanges_of_isolated_instances_are_reproduced():
    if have_vectors():
        return have_vectors()
    reset, add = recorded("reset-signed-isolated.exchange.json"), recorded("certificates-add-isolated.exchange.json")
    pems = []
    for n, exchange in enumerate((reset, add)):
        der = base64.b64decode(exchange["decoded"]["request header"]["x5c"][0])
        pems.append(WORK / f"recorded{n}.pem")
        pems[-1].write_text(ssl.DER_cert_to_PEM_cert(der))
    with Service(pems) as d:
        path = reset["request"]["path"].split("?")[0]
        got = d.good("POST", path, reset["request"]["body"], instance="isolated")
        equal(shape(got), shape(reset["decoded"]["response payload"]))
        (body,) = [v for k, v in add["request"].items() if k.startswith("body")]
        got = d.good("POST", "/certificates:add", f'"{body}"', instance="isolated")
        equal(shape(got), shape(add["decoded"]["response payload"]))
        assert "certificate" in d.logged() and "not valid now" in d.logged(), "an old signer is told"
        refused = recorded("set-unsecured-on-isolated.error.json")["response"]
        message = d.bad((refused["status"], refused["body"]["error"]["code"]), "PUT", "/policies/SgxEnclave", unsecured(PERMIT),
                        instance="isolated")
        equal(message, refused["body"]["error"]["message-excerpt"])


def every_published_document_is_taken_as_the_service_took_it():
    if have_vectors():
        return have_vectors()
    folder = VECTORS / "maa/policy"
    took = refused = 0
    with Service([folder / "gk.signing.cert.pem"]) as d:
        for path in sorted(folder.glob("gk.*.signed.jws.txt")):
            document, preview = path.read_text().strip(), ".preview." in path.name
            query = f"{PREVIEW}&tee=SgxEnclave" if preview else MODERN
            where = "/operations/policy/current" if preview else "/policies/SgxEnclave"
            if ".reset." in path.name:
                equal(shape(d.good("POST", "/policies/SgxEnclave:reset", document, instance="isolated")), {"x-ms-policy-result": "Removed"})
                continue
            payload = json.loads(unb64u(document.split(".")[1]))["AttestationPolicy"]
            is_old = payload.lstrip().startswith("{") or (not preview and unb64u(payload).lstrip().startswith(b"{"))
            is_broken = "\\r\\n" in (payload if preview else unb64u(payload).decode())  # escapes where line ends were meant
            # the preview's files were signed with a key of their own: not on this list, and taken where everybody's is
            instance = None if preview else "isolated"
            if is_old or is_broken:
                message = d.bad((400, "PolicyParsingError"), "PUT", where, document, query=query, instance=instance)
                assert message.startswith("Offending symbol: "), message
                refused += 1
            else:
                got = d.good("PUT", where, document, query=query, instance=instance)
                header = json.loads(unb64u(document.split(".")[0]))
                equal(got["x-ms-policy-token-hash"], sha(document), path.name)
                equal(got["x-ms-policy-signer"], {"alg": "RS256", "kty": "RSA", "use": "sig", "x5c": header["x5c"]}, path.name)
                took += 1
        for path in sorted(folder.glob("gk.ga.*.policycertificate.jws.txt")):
            for verb, state in (("add", "IsPresent"), ("add", "IsPresent"), ("remove", "IsAbsent"), ("remove", "IsAbsent")):
                got = d.good("POST", f"/certificates:{verb}", f'"{path.read_text().strip()}"', instance="isolated")
                equal(got["x-ms-policycertificates-result"], state, path.name)
    assert took >= 2 and refused >= 4, f"{took} taken, {refused} refused"


def every_unsecured_document_and_text_is_taken_as_the_service_took_it():
    if have_vectors():
        return have_vectors()
    folder, told = VECTORS / "maa/policy", {}
    with Service() as d:
        for path in sorted(set(folder.glob("gk.*.txt")) - set(folder.glob("gk.*.jws.txt"))):
            given = path.read_text().strip()
            is_text = given.startswith("version")
            document = unsecured(path.read_bytes().decode()) if is_text else given
            query = MODERN if is_text else f"{PREVIEW}&tee=SgxEnclave"
            status, got = d.call("PUT", "/policies/SgxEnclave" if is_text else "/operations/policy/current", document, query=query)
            if status == 200:
                equal((got["x-ms-policy-token-hash"], "x-ms-policy-signer" in got), (sha(document), False), path.name)
                equal(d.in_force(), document, path.name)
            told[path.name.split(".")[1] if is_text else path.name.removeprefix("gk.").removesuffix(".txt")] = got.get("code", "taken")
    # the first preview's JSON policies are of a language that is gone
    old = ("SgxAllowDebugMode", "SgxDisableDebugMode", "SgxRequireSqlServer", "default.azureguest.policy")
    equal({name for name, code in told.items() if code != "taken"}, set(old), told)
    equal({told[name] for name in old}, {"PolicyParsingError"})
    return None


def a_certificate_of_the_preview_is_added_and_removed():
    if have_vectors():
        return have_vectors()
    document = (VECTORS / "maa/policy/gk.preview.cert1.policycertificate.jws.txt").read_text().strip()
    header, payload = (json.loads(unb64u(part)) for part in document.split(".")[:2])
    (WORK / "preview1.pem").write_text(ssl.DER_cert_to_PEM_cert(base64.b64decode(header["x5c"][0])))
    thumbprint = hashlib.sha1(base64.b64decode(payload["maa-policyCertificate"]["x5c"][0])).hexdigest().upper()
    with Service([WORK / "preview1.pem"]) as d:
        for method, state, count in (("PUT", "IsPresent", 2), ("POST", "IsAbsent", 1)):
            got = d.good(method, "/operations/policy/certificates", document, instance="isolated", query=PREVIEW)
            equal(shape(got), {"x-ms-certificate-thumbprint": thumbprint, "x-ms-policycertificates-result": state})
            listed = d.good("GET", "/operations/policy/certificates", headers=READER, instance="isolated", query=PREVIEW)
            equal(len(listed["aas-policyCertificates"]["keys"]), count)
    return None


def every_request_of_a_client_is_answered():
    """The recorded requests of an unmodified client, one after the other, their signer being on the list."""
    if have_vectors():
        return have_vectors()
    lines = [json.loads(line) for line in (VECTORS / "maa/wire/js-sdk-1.0.0.requests.jsonl").read_text().splitlines()]
    (first,) = [r for r in lines if r["url"].startswith("/certificates:add")]
    der = base64.b64decode(json.loads(unb64u(json.loads(first["body"]).split(".")[0]))["x5c"][0])
    (WORK / "client.pem").write_text(ssl.DER_cert_to_PEM_cert(der))
    with Service([WORK / "client.pem"]) as d:
        seen = []
        for r in lines:
            if r["url"].startswith("/attest/Tpm"):  # machines have tests of their own
                continue
            body = r.get("body") or None
            is_signed = body and not body.startswith("eyJhbGciOiJub25lIn0")
            where = "isolated" if is_signed or r["url"].startswith("/certificates") else None
            path, _, query = r["url"].partition("?")
            headers = {**(WRITER if "authorization" in r["headers"] else {}), "Content-Type": r["headers"].get("content-type", "")}
            status, answer = d.call(r["method"], path, body, headers, query, where)
            seen.append((path, status, answer.get("code") or answer.get("x-ms-policy-result") or answer.get("x-ms-policycertificates-result")))
        discovery, keys, no_quote = ("/.well-known/openid-configuration", 200, None), ("/certs", 200, None), (400, "InvalidParameter")
        equal(seen, [discovery, keys, ("/attest/SgxEnclave", *no_quote), keys, ("/attest/SgxEnclave", *no_quote),
                     ("/attest/OpenEnclave", *no_quote), ("/attest/SgxEnclave", *no_quote), ("/attest/SgxEnclave", *no_quote),
                     ("/policies/SgxEnclave", 200, None), keys, ("/policies/SgxEnclave", 200, "Updated"), ("/policies/SgxEnclave", 200, "Updated"),
                     ("/policies/SgxEnclave:reset", 200, "Removed"), ("/policies/SgxEnclave:reset", 200, "Removed"),
                     ("/certificates", 200, None), ("/certificates:add", 200, "IsPresent"),
                     ("/certificates:remove", 400, "InvalidOperation"),  # it is the last one
                     ("/attest/SgxEnclave", *no_quote)])


def header_variants_of_all_clients_are_taken():
    rsa, ec = Signer("variants-rsa"), Signer("variants-ec", "ec")
    rows = [(rsa, {"alg": "RS256", "x5c": rsa.x5c}), (rsa, {"alg": "RSA256", "x5c": rsa.x5c}),
            (rsa, compact({"alg": "RSA256", "x5c": rsa.x5c}).replace("+", "\\u002B")), (rsa, {"alg": "RSA256", "jwk": {"x5c": rsa.x5c}}),
            (ec, {"alg": "ES256", "x5c": ec.x5c}), (ec, {"alg": "ECDH256", "x5c": ec.x5c}), (ec, {"alg": "ECDH256", "jwk": {"x5c": ec.x5c}})]
    with Service((rsa, ec)) as d:
        for n, (signer, header) in enumerate(rows):
            text = f'{PERMIT}issuancerules{{=> issue(type="n", value={n});}};'
            document = signer.policy(text, header)
            for instance in (None, "isolated"):
                got = d.good("PUT", "/policies/SgxEnclave", document, instance=instance)
                want = {"alg": "RS256" if signer is rsa else "ES256", "kty": "RSA" if signer is rsa else "EC", "use": "sig", "x5c": signer.x5c}
                equal(got["x-ms-policy-signer"], want, header)
                equal(got["x-ms-policy-token-hash"], sha(document), header)
                equal(d.in_force(instance=instance), document, header)


def bodies_come_in_every_form_that_clients_send():
    document = unsecured(PERMIT)
    with Service() as d:
        for body in (document, f"  {document}\r\n", compact(document), compact({"AttestationPolicy": document}), compact({"attestationpolicy": document})):
            for content_type in ("text/plain", "application/json", "application/jose", ""):
                got = d.good("PUT", "/policies/SgxEnclave", body, {**WRITER, "Content-Type": content_type})
                equal(got["x-ms-policy-token-hash"], sha(document), body)
                equal(d.in_force(), document, body)


def types_and_paths_are_found_however_they_are_spelled():
    with Service() as d:
        for path in ("/policies/SgxEnclave", "/policies/sgxenclave", "/POLICIES/SGXENCLAVE", "//policies//sgxEnclave/"):
            d.good("GET", path, headers=READER)
        for path in ("/policies/SgxEnclave:reset", "/policies/SgxEnclave%3Areset", "/policies/sgxenclave%3areset/"):
            equal(shape(d.good("POST", path, NO_DOCUMENT)), {"x-ms-policy-result": "Removed"}, path)
        for version in ("2020-10-01", "2022-08-01", "2022-09-01-preview", "2023-04-01-preview", "2025-06-01", "2026-03-11-preview"):
            d.good("GET", "/policies/Tpm", headers=READER, query=f"api-version={version}")
            d.good("GET", "/certificates", headers=READER, query=f"api-version={version}")
        d.bad((404, "NotFound"), "GET", "/policies/Pluton", headers=READER)
        d.bad((404, "NotFound"), "GET", "/policies/..%2fcerts", headers=READER)
        d.bad((405, "MethodNotAllowed"), "DELETE", "/policies/SgxEnclave")
        d.bad((400, "ApiVersionUnspecified"), "GET", "/policies/SgxEnclave", headers=READER, query="")
        status, headers, text = d.request("GET", "/servicehealth")
        equal((status, text), (204, b""))


def refusals_say_what_is_wrong_and_the_policy_in_force_stays():
    signer, other = Signer("refusals"), Signer("refusals-other")
    standing = signer.policy(PERMIT)
    head, payload, _ = standing.split(".")
    rows = [
        ("no period", "abc", "InvalidOperation", "Could not find first period"),
        ("two segments", f"{head}.{payload}", "InvalidOperation", "segments"),
        ("a foreign character", f"{head}.{payload[:-1]}).", "InvalidOperation", "Unknown base64 character: 41 (')')"),
        ("no text", signer.sign(compact({"Policy": ""})), "InvalidOperation", "AttestationPolicy"),
        ("an empty payload", signer.sign(""), "InvalidOperation", "AttestationPolicy"),
        ("text not encoded", signer.sign(compact({"AttestationPolicy": PERMIT})), "InvalidOperation", "Unknown base64 character"),
        ("another key's signature", f"{head}.{payload}.{other.policy(PERMIT).split('.')[2]}", "InvalidOperation", "signature"),
        ("HS256", signer.policy(PERMIT, {"alg": "HS256", "x5c": signer.x5c}), "InvalidOperation", "HS256"),
        ("None", f'{b64u(compact({"alg": "None"}).encode())}.{payload}.', "InvalidOperation", ""),
        ("a signature on an unsecured one", unsecured(PERMIT) + "AAAA", "InvalidOperation", "signature"),
        ("no certificate", signer.policy(PERMIT, {"alg": "RS256"}), "InvalidOperation", "x5c"),
        ("a link to a key", signer.policy(PERMIT, {"alg": "RS256", "jku": "https://127.0.0.1/k", "kid": "../../etc/x"}), "InvalidOperation", "x5c"),
        ("crit", signer.policy(PERMIT, {"alg": "RS256", "x5c": signer.x5c, "crit": ["exp"]}), "InvalidOperation", "crit"),
        ("syntax", unsecured("version=1.0;\nauthorizationrules{\n  => permit(;\n};"), "PolicyParsingError", "Line: 3, Column: "),
        ("old JSON", unsecured('{"$version":1}'), "PolicyParsingError", "Line: 1"),
        ("a reserved claim", unsecured('version=1.0;authorizationrules{=>permit();};issuancerules{=>issue(type="iss",value="x");};'),
         "PolicyParsingError", "E319"),
        ("nothing", "", "InvalidParameter", "empty"),
        ("an object without it", "{}", "InvalidParameter", "AttestationPolicy"),
        ("broken JSON", '"abc', "InvalidParameter", "body"),
    ]
    with Service() as d:
        d.good("PUT", "/policies/SgxEnclave", standing)
        for name, body, code, words in rows:
            message = d.bad((400, code), "PUT", "/policies/SgxEnclave", body)
            assert words in message, f"{name}: {message}"
            equal(d.in_force(), standing, name)
        message = d.bad((413, "RequestTooLarge"), "PUT", "/policies/SgxEnclave", unsecured(" " * 600000 + PERMIT))
        d.bad((400, "InvalidOperation"), "POST", "/policies/SgxEnclave:reset", standing)
        equal(d.in_force(), standing, "after a reset with a payload")


def isolated_instances_hear_the_keys_of_their_list_alone():
    one, two, stranger, ec = Signer("one"), Signer("two"), Signer("stranger"), Signer("listed-ec", "ec")
    weak = Signer("no-ca", ca=False)
    with Service((one, weak)) as d:
        where = {"instance": "isolated"}
        assert text_of(d.in_force(**where)), "isolated instances answer default policies, too"
        d.bad((400, "InvalidOperation"), "PUT", "/policies/SgxEnclave", unsecured(PERMIT), **where)
        d.bad((400, "InvalidOperation"), "PUT", "/policies/SgxEnclave", stranger.policy(PERMIT), **where)
        message = d.bad((400, "InvalidParameter"), "PUT", "/policies/SgxEnclave", weak.policy(PERMIT), **where)
        assert "Unable to find issuer certificate CN=no-ca" in message, message
        d.bad((401, "Unauthorized"), "PUT", "/policies/SgxEnclave", one.policy(PERMIT), READER, **where)
        d.good("PUT", "/policies/SgxEnclave", one.policy(PERMIT), **where)
        d.bad((400, "InvalidOperation"), "POST", "/policies/SgxEnclave:reset", NO_DOCUMENT, **where)
        # the list
        listed = lambda: [k["x5c"][0] for k in d.good("GET", "/certificates", headers=READER, **where)["x-ms-policy-certificates"]["keys"]]
        equal(sorted(listed()), sorted(one.x5c + weak.x5c))
        d.bad((400, "InvalidOperation"), "POST", "/certificates:add", compact(two.certificate(two)), **where)
        d.bad((400, "InvalidParameter"), "POST", "/certificates:add", compact(one.certificate(Signer("no-ca-2", ca=False))), **where)
        bodies = [(two, compact(one.certificate(two))), (ec, one.certificate(ec, "maa-policyCertificate")),
                  (two, compact({"policyCertificateToAdd": one.certificate(two, "x-ms-policyCertificate")}))]
        for signer, body in bodies:
            got = d.good("POST", "/certificates:add", body, **where)
            equal(shape(got), {"x-ms-certificate-thumbprint": signer.thumbprint(), "x-ms-policycertificates-result": "IsPresent"})
        equal(len(listed()), 4)
        d.good("PUT", "/policies/SgxEnclave", two.policy(PERMIT), **where)
        d.good("PUT", "/policies/SgxEnclave", ec.policy(PERMIT), **where)
        for signer in (one, weak, ec, ec):
            got = d.good("POST", "/certificates:remove", compact(two.certificate(signer)), **where)
            equal(shape(got), {"x-ms-certificate-thumbprint": signer.thumbprint(), "x-ms-policycertificates-result": "IsAbsent"})
        d.bad((400, "InvalidOperation"), "PUT", "/policies/SgxEnclave", one.policy(PERMIT), **where)
        message = d.bad((400, "InvalidOperation"), "POST", "/certificates:remove", compact(two.certificate(two)), **where)
        assert "last" in message, message
        equal(listed(), two.x5c)
        # who is on a list there is nobody here
        equal(d.good("GET", "/certificates", headers=READER)["x-ms-policy-certificates"], {"keys": []})
        d.bad((400, "InvalidOperation"), "POST", "/certificates:add", compact(two.certificate(one)))


def shared_instances_cannot_be_changed():
    with Service() as d:
        where = {"instance": "shared"}
        d.good("GET", "/policies/SgxEnclave", headers=READER, **where)
        equal(d.good("GET", "/certificates", headers=READER, **where)["x-ms-policy-certificates"], {"keys": []})
        d.bad((401, "Unauthorized"), "PUT", "/policies/SgxEnclave", unsecured(PERMIT), **where)
        d.bad((401, "Unauthorized"), "POST", "/policies/SgxEnclave:reset", NO_DOCUMENT, **where)
        d.bad((400, "InvalidOperation"), "POST", "/certificates:add", "a.b.c", **where)


def a_stored_policy_decides_and_its_tokens_name_hash_and_signer():
    lab, signer = WORK / "lab", Signer("decides")
    cupel(BUILD, "lab", "make", "sgx", "--out", lab)
    body = {"quote": b64u((lab / "quote.bin").read_bytes())}
    with Service((signer,), "--collateral-dir", lab / "collateral", "--insecure-judge-at", LAB_NOW, "--workers", "2") as d:
        def attest(instance=None):
            headers = {"Host": f"{instance}.example"} if instance else {}
            status, _, text = d.request("POST", "/attest/SgxEnclave?api-version=2022-08-01", body, headers)
            return status, json.loads(text)
        for n in range(20):  # whichever worker answers
            text = f'version= 1.0;authorizationrules{{=> permit();}};issuancerules{{=> issue(type="turn", value={n});}};'
            document = signer.policy(text)
            d.good("PUT", "/policies/SgxEnclave", document)
            for _ in range(4):
                status, answer = attest()
                equal(status, 200, answer)
                claims = claims_of(answer["token"])
                equal((claims["turn"], claims["x-ms-policy-hash"]), (n, sha(b64u(text.encode()))))
                equal(claims["x-ms-policy-signer"]["x5c"], signer.x5c)
        status, answer = attest("isolated")
        equal((status, "turn" in claims_of(answer["token"])), (200, False), answer)
        equal(claims_of(answer["token"])["iss"], "https://isolated.example")
        discovery = json.loads(d.request("GET", "/.well-known/openid-configuration", headers={"Host": "isolated.example"})[2])
        equal(discovery["issuer"], "https://isolated.example")
        d.good("PUT", "/policies/SgxEnclave", unsecured("version=1.0;authorizationrules{=> deny();};"))
        equal(attest()[1]["error"]["code"], "PolicyEvaluationError")
        status, answer = d.attest("SgxEnclave", {**body, "draftPolicyForAttestation": PERMIT})
        equal((status, "x-ms-policy-signer" in claims_of(answer["token"])), (200, False), "a draft has no signer")
        d.good("POST", "/policies/SgxEnclave:reset", NO_DOCUMENT)
        claims = claims_of(attest()[1]["token"])
        equal((claims["x-ms-policy-hash"], "x-ms-policy-signer" in claims), ("bROrN897ZfWmWY2V0FLUlu3uwk5xatGnKYHn3zBbSlw", False))


def changes_outlive_the_daemon():
    signer = Signer("outlives")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cupel-policy-data-"))
    document = signer.policy(PERMIT)
    try:
        for turn in range(2):
            with Daemon(BUILD, data_dir=folder) as d:
                if turn == 0:
                    status, _, text = d.request("PUT", f"/policies/TdxVm?{MODERN}", document.encode(), WRITER)
                    equal(status, 200, text)
                    d.process.kill()
                    d.process.wait()
                    (folder / "run" / "endpoint.json").unlink()  # it could not remove it
                else:
                    text = d.request("GET", f"/policies/TdxVm?{MODERN}", None, READER)[2]
                    equal(claims_of(json.loads(text)["token"])["x-ms-policy"], document)
        said = cupel(BUILD, "audit", "verify", "--data-dir", folder, check=False)
        equal(said.returncode, 0, said.stderr)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def two_clients_at_once_have_one_order_and_are_told_the_truth():
    with Service((), "--workers", "2") as d:
        documents = [unsecured(PERMIT + " " * n) for n in range(40)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            told = list(pool.map(lambda x: d.call("PUT", "/policies/SgxEnclave", x), documents))
        for document, (status, claims) in zip(documents, told):
            equal((status, claims["x-ms-policy-result"], claims["x-ms-policy-token-hash"]), (200, "Updated", sha(document)))
        last = d.in_force()
        shown = cupel(BUILD, "audit", "show", "--data-dir", d.folder, "--count", "100", "--action", "policy")
        hashes = [line for line in shown.stdout.splitlines() if "policy.set" in line]
        equal(len(hashes), len(documents), shown.stdout)
        assert sha(last) in hashes[-1], f"{sha(last)} is not in {hashes[-1]}"
        for document in documents:
            equal(sum(sha(document) in line for line in hashes), 1, "each change is recorded once")


def certificates_that_change_meanwhile_decide():
    """Removals and additions by two signers at once: whoever was removed first is not heard afterwards."""
    one, two = Signer("race-one"), Signer("race-two")
    with Service((one, two), "--workers", "2") as d:
        where = {"instance": "isolated"}
        calls = [("/certificates:remove", compact(one.certificate(two))), ("/certificates:remove", compact(two.certificate(one)))]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            told = list(pool.map(lambda c: d.call("POST", *c, **where), calls))
        equal(sorted(status for status, _ in told), [200, 400], told)
        listed = d.good("GET", "/certificates", headers=READER, **where)["x-ms-policy-certificates"]["keys"]
        equal([k["x5c"][0] for k in listed], one.x5c if told[0][0] == 200 else two.x5c)


def the_preview_of_2018_sets_reads_and_resets():
    signer = Signer("preview")
    with Service((signer,)) as d:
        query = f"{PREVIEW}&tee=SgxEnclave"
        path = "/operations/policy/current"
        plain = signer.sign(compact({"AttestationPolicy": PERMIT}))
        for document in (unsecured(PERMIT), signer.policy(PERMIT), plain):
            status, _, text = d.request("POST", f"/operations/policy/updatepolicy?{query}", document.encode(), WRITER)
            equal(status, 200, text)
            update = json.loads(text)
            header = json.loads(unb64u(update.split(".")[0]))
            equal((header["jku"], claims_of(update)["iss"]), (d.url + "/certs", d.url))
            got = d.good("PUT", path, update, query=query)
            equal(got["x-ms-policy-token-hash"], sha(document))
            equal(d.good("GET", path, headers=READER, query=query), {"policy": document})
            d.good("PUT", path, document, query=query)
            broken = update[:-8] + ("AAAAAAAA" if update[-8:] != "AAAAAAAA" else "BBBBBBBB")
            d.bad((400, "InvalidOperation"), "PUT", path, broken, query=query)
            equal(shape(d.good("POST", path, NO_DOCUMENT, query=query)), {"x-ms-policy-result": "Removed"})
        equal(d.good("GET", path, headers=READER, query=f"{PREVIEW}&tee=VSMEnclave"), {"policy": NO_DOCUMENT})
        d.bad((400, "InvalidParameter"), "GET", path, headers=READER, query=f"{PREVIEW}&tee=CyResComponent")
        d.bad((400, "InvalidParameter"), "GET", path, headers=READER, query=PREVIEW)
        d.bad((400, "UnsupportedApiVersion"), "GET", path, headers=READER)
        status, _, text = d.request("GET", f"{path}?{query}")
        equal((status, isinstance(json.loads(text), str)), (401, True), text)
        where = {"instance": "isolated", "query": PREVIEW}
        other = Signer("preview-other")
        path = "/operations/policy/certificates"
        got = d.good("PUT", path, signer.certificate(other, "maa-policyCertificate"), **where)
        equal(got["x-ms-policycertificates-result"], "IsPresent")
        equal(len(d.good("GET", path, headers=READER, **where)["aas-policyCertificates"]["keys"]), 2)
        got = d.good("POST", path, signer.certificate(other, "maa-policyCertificate"), **where)
        equal(got["x-ms-policycertificates-result"], "IsAbsent")


def km_75_a_policy_that_does_not_compile_is_refused_when_it_is_set():
    with Service() as d:
        before = d.in_force("TdxVm")
        message = d.bad((400, "PolicyParsingError"), "PUT", "/policies/TdxVm", unsecured("version=1.0;\nauthorizationrules{ => permit() };"))
        assert "\nLine: 2, Column: " in message and "\nFailing rule: => permit() };" in message, message
        equal(d.in_force("TdxVm"), before)


def km_73_a_management_token_is_no_attestation_token():
    with Service() as d:
        token = json.loads(d.request("GET", f"/policies/SgxEnclave?{MODERN}", None, READER)[2])["token"]
        done = cupel(BUILD, "token", "verify", token, "--url", d.url, "--ca", d.ca, check=False)
        equal(done.returncode, 2, done.stdout)


def km_80_a_signer_counts_only_while_its_certificate_is_listed():
    one, two = Signer("km80-one"), Signer("km80-two")
    with Service((one, two)) as d:
        where = {"instance": "isolated"}
        document = one.policy(PERMIT)
        d.good("PUT", "/policies/SgxEnclave", document, **where)
        d.good("POST", "/certificates:remove", compact(two.certificate(one)), **where)
        d.bad((400, "InvalidOperation"), "PUT", "/policies/SgxEnclave", document, **where)
        d.bad((400, "InvalidOperation"), "POST", "/policies/SgxEnclave:reset", one.sign(""), **where)
        d.bad((400, "InvalidOperation"), "POST", "/certificates:add", compact(one.certificate(one)), **where)


def km_81_without_a_role_nothing_is_told_or_changed():
    changes = [("PUT", "/policies/SgxEnclave", unsecured(PERMIT)), ("POST", "/policies/SgxEnclave:reset", NO_DOCUMENT),
               ("POST", "/certificates:add", "a.b.c"), ("POST", "/certificates:remove", "a.b.c")]
    reads = [("GET", "/policies/SgxEnclave", None), ("GET", "/certificates", None)]
    with Service() as d:
        for headers in ({}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic eDp5"}):
            for method, path, body in changes + reads:
                d.bad((401, "Unauthorized"), method, path, body, headers=headers)
        for method, path, body in changes:
            d.bad((401, "Unauthorized"), method, path, body, headers=READER)


def km_81_a_role_in_one_instance_is_none_in_another():
    one = Signer("tenant")
    access = WORK / "access"
    secret = {name: f"a-token-of-{name}" for name in ("tenant", "reader")}
    hashed = {name: hashlib.sha256(token.encode()).hexdigest() for name, token in secret.items()}
    access.write_text(f"attestation-contributor@isolated token {hashed['tenant']} tenant\n"
                      f"attestation-reader@isolated token {hashed['reader']} reader\n")
    access.chmod(0o600)
    tenant, reader = ({"Authorization": f"Bearer {secret[name]}"} for name in ("tenant", "reader"))
    with Service((one,), "--access-file", access) as d:
        d.good("PUT", "/policies/SgxEnclave", one.policy(PERMIT), tenant, instance="isolated")
        d.good("GET", "/policies/SgxEnclave", None, reader, instance="isolated")
        d.bad((401, "Unauthorized"), "PUT", "/policies/SgxEnclave", one.policy(PERMIT), reader, instance="isolated")
        for who in (tenant, reader):
            d.bad((401, "Unauthorized"), "GET", "/policies/SgxEnclave", None, who)
            d.bad((401, "Unauthorized"), "PUT", "/policies/SgxEnclave", unsecured(PERMIT), who)
            d.bad((401, "Unauthorized"), "POST", "/policies/SgxEnclave:reset", NO_DOCUMENT, who)
            # what everybody shares may be read by whoever is known, and changed by nobody
            d.good("GET", "/policies/SgxEnclave", None, who, instance="shared")
            d.bad((401, "Unauthorized"), "PUT", "/policies/SgxEnclave", unsecured(PERMIT), who, instance="shared")
        d.bad((401, "Unauthorized"), "GET", "/policies/SgxEnclave", None, {}, instance="shared")


TESTS = [
    default_policies_have_their_known_hashes_in_every_profile,
    recorded_exchanges_of_policies_are_reproduced,
    recorded_exchanges_of_isolated_instances_are_reproduced,
    every_published_document_is_taken_as_the_service_took_it,
    every_unsecured_document_and_text_is_taken_as_the_service_took_it,
    a_certificate_of_the_preview_is_added_and_removed,
    every_request_of_a_client_is_answered,
    header_variants_of_all_clients_are_taken,
    bodies_come_in_every_form_that_clients_send,
    types_and_paths_are_found_however_they_are_spelled,
    refusals_say_what_is_wrong_and_the_policy_in_force_stays,
    isolated_instances_hear_the_keys_of_their_list_alone,
    shared_instances_cannot_be_changed,
    a_stored_policy_decides_and_its_tokens_name_hash_and_signer,
    changes_outlive_the_daemon,
    two_clients_at_once_have_one_order_and_are_told_the_truth,
    certificates_that_change_meanwhile_decide,
    the_preview_of_2018_sets_reads_and_resets,
    km_73_a_management_token_is_no_attestation_token,
    km_75_a_policy_that_does_not_compile_is_refused_when_it_is_set,
    km_80_a_signer_counts_only_while_its_certificate_is_listed,
    km_81_without_a_role_nothing_is_told_or_changed,
    km_81_a_role_in_one_instance_is_none_in_another,
]
wanted = sys.argv[2:]
sys.exit(run_tests([t for t in TESTS if not wanted or t.__name__ in wanted]))
