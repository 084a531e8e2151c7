#!/usr/bin/env python3
"""A refused request is explained: to the caller as far as it may know, and under its id to whoever keeps the service."""
import json
import pathlib
import re
import shutil
import socket
import ssl
import sys
import tempfile
import time

from daemon import Daemon, cupel, run_tests
from exchange_test import LAB_NOW, READER, Lab, b64u, equal

BUILD = sys.argv[1]
ID = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00")
DENY = "version= 1.0;authorizationrules{c:[type==\"x-ms-sgx-is-debuggable\", value==false] => deny(); => permit();};issuancerules{};"


def explained(daemon, request_id, *flags, seconds=10):
    """Records leave the worker a moment after the answer."""
    end = time.monotonic() + seconds
    while True:
        done = cupel(BUILD, "explain", request_id, "--data-dir", daemon.data, *flags, check=False)
        if done.returncode != 2 or time.monotonic() > end:
            return done
        time.sleep(0.05)


def broken(lab):
    body = lab.body()
    quote = bytearray(lab.file("quote.bin"))
    quote[112] ^= 1
    return {**body, "quote": b64u(bytes(quote))}


def refused(lab, body, headers=None):
    status, head, text = lab.daemon.request("POST", "/attest/SgxEnclave?api-version=2022-08-01", body, headers)
    equal(status, 400, text)
    return head["x-ms-request-id"], json.loads(text)["error"]


def a_refused_request_is_explained_under_its_id():
    with Lab() as lab:
        request_id, error = refused(lab, broken(lab))
        done = explained(lab.daemon, request_id, "--json")
        equal(done.returncode, 0, done.stderr)
        kept = json.loads(done.stdout)
        equal((kept["request_id"], kept["instance"], kept["type"], kept["outcome"], kept["reason"]),
              (request_id, "default", "SgxEnclave", "refused", "quote_signature"))
        equal(kept["error"]["text"], error["innererror"]["text"])
        equal([c["name"] for c in kept["checks"] if c["outcome"] == "failed"], [kept["error"]["path"].split(".")[0]])
        told = explained(lab.daemon, request_id).stdout
        for words in (request_id, "refused: quote_signature", "FAILED", "not run"):
            assert words in told, (words, told)
        equal(explained(lab.daemon, request_id[3:35]).returncode, 0)


def an_explanation_holds_no_evidence_and_no_values():
    with Lab() as lab:
        request_id, _ = refused(lab, {**lab.body(), "draftPolicyForAttestation": DENY})
        text = explained(lab.daemon, request_id, "--json").stdout
        kept = json.loads(text)
        equal((kept["outcome"], kept["policy"]["decision"]), ("denied", "deny"))
        equal(kept["policy"]["claims"], ["x-ms-sgx-is-debuggable"])
        for secret in (lab.file("runtime.bin").decode()[:40], b64u(lab.file("quote.bin"))[200:260]):
            assert secret not in text, secret
        assert "policy    deny at line 1" in explained(lab.daemon, request_id).stdout


def a_reader_is_told_the_trail_and_others_the_contract():
    with Lab() as lab:
        body = {**lab.body(), "draftPolicyForAttestation": DENY}
        contract = {"code": "PolicyValidationFailure",
                    "details": [{"code": "PolicyFailureClaim", "target": "x-ms-sgx-is-debuggable", "value": "false"}]}
        _, error = refused(lab, body)
        equal((error["code"], error["innererror"]), ("PolicyEvaluationError", contract))
        _, error = refused(lab, body, READER)
        inner = error["innererror"]
        equal({name: inner[name] for name in contract}, contract)
        equal((inner["decision"], inner["line"]), ("deny", 1))
        assert inner["checks"] and all(c["outcome"] == "ok" for c in inner["checks"] if c["outcome"] != "not_run"), inner
        _, error = refused(lab, broken(lab), READER)
        equal(len([c for c in error["innererror"]["checks"] if c["outcome"] == "failed"]), 1)


def what_was_granted_or_never_asked_has_no_explanation():
    with Lab() as lab:
        status, head, _ = lab.daemon.request("POST", "/attest/SgxEnclave?api-version=2022-08-01", lab.body())
        equal(status, 200)
        for request_id in (head["x-ms-request-id"], "00-" + "0" * 32 + "-" + "0" * 16 + "-00"):
            done = explained(lab.daemon, request_id, seconds=0.3)
            equal(done.returncode, 2, done.stdout)
            assert request_id in done.stderr and "nothing is kept" in done.stderr, done.stderr
    done = cupel(BUILD, "explain", "x", "--data-dir", "/nowhere", check=False)
    equal(done.returncode, 64, done.stderr)


def the_trace_of_the_caller_is_the_id():
    with Lab() as lab:
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        request_id, _ = refused(lab, broken(lab), {"traceparent": trace})
        equal(request_id, trace[:-2] + "00")
        equal(explained(lab.daemon, request_id).returncode, 0)


def kept_of(daemon, method, target, body=None, headers=None):
    """(status, the error that was answered, what is kept of it)"""
    status, head, text = daemon.request(method, target, body, headers)
    done = explained(daemon, head["x-ms-request-id"], "--json")
    equal(done.returncode, 0, done.stderr)
    return status, json.loads(text)["error"], json.loads(done.stdout)


def refused_policies_certificates_and_instances_are_explained():
    writer = {"Authorization": "Bearer dev-contributor"}
    instance = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Attestation/attestationProviders/ab?api-version=2021-06-01"
    broken = f'eyJhbGciOiJub25lIn0.{b64u(json.dumps({"AttestationPolicy": b64u(b"version=1.0;")}).encode())}.'.encode()
    rows = [("PUT", "/policies/SgxEnclave?api-version=2022-08-01", broken, "PolicyParsingError", "SgxEnclave"),
            ("PUT", "/policies/Tpm?api-version=2022-08-01", b"a.b", "InvalidOperation", "Tpm"),
            ("POST", "/certificates:add?api-version=2022-08-01", b"a.b.c", "InvalidOperation", ""),
            ("PUT", instance, {"location": "x"}, "InvalidParameter", "")]
    with Daemon(BUILD) as d:
        for method, target, body, code, kind in rows:
            status, error, kept = kept_of(d, method, target, body, writer)
            equal((status, error["code"], kept["reason"], kept["outcome"], kept["type"], kept["actor"]),
                  (400, code, code, "refused", kind, "token:dev-contributor"), target)
            assert kept["call"].startswith(method + " /") and kept["error"]["text"] in error["message"], (kept, error)
            inner = error.get("innererror", {})  # the caller may read
            equal(("line" in inner, "path" in inner), (code == "PolicyParsingError", code == "InvalidOperation"), error)
            equal((kept["policy"], kept["checks"], kept["tcb"]), (None, [], None))
        shown = cupel(BUILD, "audit", "show", "--action", "request.refused", "--data-dir", d.data).stdout
        assert shown.count("request.refused") == len(rows), shown


def a_refused_caller_is_explained_and_told_less():
    with Daemon(BUILD) as d:
        for headers, words in (({}, "no token and no certificate came"), ({"Authorization": "Bearer secret-of-mine"}, ""),
                               (READER, "token:dev-reader has no role that allows this")):
            status, error, kept = kept_of(d, "PUT", "/policies/SgxEnclave?api-version=2022-08-01", b"x", headers)
            equal((status, error["code"], kept["reason"], kept["outcome"]), (401, "Unauthorized", "Unauthorized", "refused"))
            assert words in kept["error"]["text"] and kept["error"]["text"] not in error["message"], kept
            assert "secret-of-mine" not in json.dumps(kept), kept
        told = explained(d, kept["request_id"]).stdout
        for words in ("call      PUT /policies/sgxenclave", "caller    token:dev-reader", "refused: Unauthorized"):
            assert words in told, (words, told)


def explanations_outlive_the_daemon():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cupel-explain-"))
    try:
        cupel(BUILD, "lab", "make", "sgx", "--out", folder / "lab")
        quote = bytearray((folder / "lab" / "quote.bin").read_bytes())
        quote[112] ^= 1
        data = folder / "data"
        data.mkdir()
        with Daemon(BUILD, "--collateral-dir", folder / "lab" / "collateral", "--insecure-judge-at", LAB_NOW, data_dir=data) as d:
            _, head, _ = d.request("POST", "/attest/SgxEnclave?api-version=2022-08-01", {"quote": b64u(bytes(quote))})
        done = cupel(BUILD, "explain", head["x-ms-request-id"], "--data-dir", data)
        assert "quote_signature" in done.stdout, done.stdout
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def raw(daemon, text):
    host, port = daemon.url.removeprefix("https://").rsplit(":", 1)
    context = ssl.create_default_context(cafile=daemon.ca)
    with socket.create_connection((host, int(port)), 20) as plain, context.wrap_socket(plain, server_hostname=host) as s:
        s.sendall(text)
        got = b""
        while chunk := s.recv(65536):
            got += chunk
    return got.decode("latin-1")


def refusals_of_the_server_itself_have_an_id():
    with Daemon(BUILD) as d:
        for text in (b"GET /certs HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70000,
                     b"POST /attest/SgxEnclave HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n"):
            answer = raw(d, text)
            found = re.search(r"\r\nx-ms-request-id: (\S+)\r\n", answer)
            assert found and ID.fullmatch(found.group(1)), answer


if __name__ == "__main__":
    sys.exit(run_tests([
        a_refused_request_is_explained_under_its_id,
        an_explanation_holds_no_evidence_and_no_values,
        a_reader_is_told_the_trail_and_others_the_contract,
        what_was_granted_or_never_asked_has_no_explanation,
        the_trace_of_the_caller_is_the_id,
        refused_policies_certificates_and_instances_are_explained,
        a_refused_caller_is_explained_and_told_less,
        explanations_outlive_the_daemon,
        refusals_of_the_server_itself_have_an_id,
    ]))
