#!/usr/bin/env python3
"""Several instances in one daemon: made through the control plane, told apart by their address, each with its own everything."""
import base64
import concurrent.futures
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile

from daemon import VECTORS, Daemon, cupel, run_tests
from exchange_test import LAB_NOW, READER, Lab, b64u, claims_of, equal

BUILD = sys.argv[1]
WRITER = {"Authorization": "Bearer dev-contributor"}
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"
GROUP = SUBSCRIPTION + "/resourceGroups/lab"
PROVIDERS = "/providers/Microsoft.Attestation/attestationProviders"
VERSION = "?api-version=2021-06-01"
PLAIN = {"location": "here", "properties": {}}
DENY = "version= 1.0;authorizationrules{=> deny();};issuancerules{};"


def ask(daemon, method, path, body=None, headers=WRITER, version=VERSION):
    """(status, parsed body or None)"""
    status, _, text = daemon.request(method, path + version, body, headers)
    return status, json.loads(text) if text else None


def create(daemon, name, body=None, group=GROUP):
    return ask(daemon, "PUT", f"{group}{PROVIDERS}/{name}", body or PLAIN)


def at(uri, headers=None):
    """Headers of a request that speaks to an instance."""
    return {**(headers or {}), "Host": uri.removeprefix("https://")}


def certificate(where, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", where / f"{name}.key", "-out",
                    where / f"{name}.pem", "-subj", f"/CN={name}", "-days", "30"], check=True, capture_output=True, timeout=60)
    der = ssl.PEM_cert_to_DER_cert((where / f"{name}.pem").read_text())
    return {"kty": "RSA", "x5c": [base64.b64encode(der).decode()]}


def the_recorded_creation_is_reproduced():
    if not VECTORS.is_dir():
        return f"SKIPPED: no reference vectors at {VECTORS}"
    example = json.loads((VECTORS / "maa/control-plane/create-provider.example.json").read_text())
    path = "/" + example["response"]["body"]["id"]
    with Daemon(BUILD) as d:
        for want in reversed(example["response"]["status"]):  # a new one, and the same again
            status, got = ask(d, "PUT", path, example["request"]["body"])
            equal(status, want, got)
            uri = got["properties"].pop("attestUri")
            recorded = json.loads(json.dumps(example["response"]["body"]))
            recorded_uri = recorded["properties"].pop("attestUri")
            equal({**got, "id": got["id"].lstrip("/")}, recorded)
            equal(uri.split(".")[0], recorded_uri.split(".")[0])
        return None


def every_recorded_region_is_told_a_default_provider():
    if not VECTORS.is_dir():
        return f"SKIPPED: no reference vectors at {VECTORS}"
    with Daemon(BUILD) as d:
        for region in json.loads((VECTORS / "maa/control-plane/regional-shared-providers.json").read_text()):
            status, got = ask(d, "GET", f"{SUBSCRIPTION}/providers/Microsoft.Attestation/locations/{region}/defaultProvider",
                              headers=READER)
            equal((status, got["location"], got["properties"]["attestUri"]), (200, region, d.url))
        return None


def instances_are_created_listed_changed_and_deleted():
    with Daemon(BUILD) as d:
        status, made = create(d, "One", {"location": "West US", "tags": {"b": "2", "a": "1"}, "properties": None})
        equal((status, made["name"], made["tags"], made["properties"]["trustModel"]), (201, "one", {"a": "1", "b": "2"}, "AAD"))
        equal(made["properties"]["status"], "Ready")
        for path in (GROUP, GROUP.upper(), SUBSCRIPTION + "/resourcegroups/LAB"):
            equal(ask(d, "GET", f"{path}{PROVIDERS.lower()}/ONE"), (200, made))
        for path in (GROUP, SUBSCRIPTION):
            equal(ask(d, "GET", path + PROVIDERS), (200, {"value": [made]}))
        equal(ask(d, "GET", SUBSCRIPTION + "/resourceGroups/other" + PROVIDERS), (200, {"value": []}))
        equal(ask(d, "GET", f"{SUBSCRIPTION}/resourceGroups/other{PROVIDERS}/one")[0], 404)
        status, patched = ask(d, "PATCH", f"{GROUP}{PROVIDERS}/one",
                              {"properties": {"tpmAttestationAuthentication": "disabled"}})
        equal((status, patched["properties"]["tpmAttestationAuthentication"], patched["tags"]), (200, "Disabled", made["tags"]))
        status, put = create(d, "one")
        equal((status, put["properties"]["tpmAttestationAuthentication"], "tags" in put), (200, "Enabled", False))
        equal(ask(d, "DELETE", f"{GROUP}{PROVIDERS}/one"), (200, None))
        equal(ask(d, "DELETE", f"{GROUP}{PROVIDERS}/one"), (204, None))
        status, gone = ask(d, "GET", f"{GROUP}{PROVIDERS}/one")
        equal((status, gone["error"]["code"]), (404, "ResourceNotFound"))


def what_is_wrong_is_told():
    rows = [
        ("no location", "one", {"properties": {}}, 400, "InvalidParameter"),
        ("not an object", "one", b"[]", 400, "InvalidParameter"),
        ("word", "one", {"location": "x", "properties": {"publicNetworkAccess": "Maybe"}}, 400, "InvalidParameter"),
        ("tags", "one", {"location": "x", "tags": {"a": 1}}, 400, "InvalidParameter"),
        ("keys", "one", {"location": "x", "properties": {"policySigningCertificates": {"keys": "no"}}}, 400, "InvalidParameter"),
        ("twice", "one", b'{"location":"a","LOCATION":"b"}', 400, "InvalidParameter"),
        ("short", "ab", PLAIN, 400, "InvalidParameter"),
        ("long", "a" * 25, PLAIN, 400, "InvalidParameter"),
        ("hyphen", "-ab", PLAIN, 400, "InvalidParameter"),
        ("letters", "a_b", PLAIN, 400, "InvalidParameter"),
        ("default", "default", PLAIN, 400, "InvalidOperation"),
    ]
    with Daemon(BUILD) as d:
        for name, instance, body, want, code in rows:
            status, got = create(d, instance, body)
            equal((status, got["error"]["code"]), (want, code), name)
        status, got = create(d, "one", {"location": "x", "properties": {"policySigningCertificates": {
            "keys": [{"kty": "RSA", "n": "AQ", "e": "AQAB"}]}}})
        equal(status, 400)
        assert got["error"]["message"].startswith("PolicySigningCertificate key is not an X509 security key"), got
        create(d, "one")
        status, got = create(d, "one", group=SUBSCRIPTION + "/resourceGroups/other")
        equal((status, got["error"]["code"]), (409, "Conflict"))
        for version, code in (("", "ApiVersionUnspecified"), ("?api-version=2022-08-01", "UnsupportedApiVersion")):
            status, got = ask(d, "GET", GROUP + PROVIDERS, version=version)
            equal((status, got["error"]["code"]), (400, code))
        for version in ("2018-09-01-preview", "2020-10-01", "2021-06-01-preview", "2021-06-01"):
            equal(ask(d, "GET", GROUP + PROVIDERS, version="?api-version=" + version)[0], 200)
        status, got = ask(d, "DELETE", f"{SUBSCRIPTION}/resourceGroups/default{PROVIDERS}/default")
        equal((status, got["error"]["code"]), (400, "InvalidOperation"))


def km_81_nobody_manages_instances_without_a_role_there():
    with Daemon(BUILD) as d:
        create(d, "one")
        path = f"{GROUP}{PROVIDERS}/one"
        for method, body in (("GET", None), ("PUT", PLAIN), ("PATCH", {}), ("DELETE", None)):
            for headers in ({}, {"Authorization": "Bearer nobody"}, READER):
                want = 200 if method == "GET" and headers == READER else 401
                status, got = ask(d, method, path, body, headers)
                equal(status, want, (method, headers))
                assert status == 200 or got["error"]["code"] == "Unauthorized", got
        for path in (GROUP + PROVIDERS, SUBSCRIPTION + PROVIDERS, "/providers/Microsoft.Attestation/operations",
                     SUBSCRIPTION + "/providers/Microsoft.Attestation/defaultProviders"):
            equal(ask(d, "GET", path, headers={})[0], 401, path)
            equal(ask(d, "GET", path, headers=READER)[0], 200, path)


def a_role_in_one_instance_is_none_in_another():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cupel-instances-"))
    digest = subprocess.run(["sha256sum"], input=b"mine", capture_output=True, check=True).stdout.split()[0].decode()
    try:
        (folder / "access").write_text(f"contributor@one token {digest} somebody\n")
        mine = {"Authorization": "Bearer mine"}
        with Daemon(BUILD, "--access-file", folder / "access") as d:
            one, two = create(d, "one")[1], create(d, "two")[1]
            equal(ask(d, "GET", GROUP + PROVIDERS, headers=mine), (200, {"value": [one]}))
            equal(ask(d, "PATCH", f"{GROUP}{PROVIDERS}/one", {}, mine)[0], 200)
            equal(ask(d, "PATCH", f"{GROUP}{PROVIDERS}/two", {}, mine)[0], 401)
            equal(ask(d, "DELETE", f"{GROUP}{PROVIDERS}/two", None, mine)[0], 401)
            for resource, want in ((one, 200), (two, 401)):
                status, _, _ = d.request("GET", "/policies/SgxEnclave?api-version=2022-08-01", None,
                                         at(resource["properties"]["attestUri"], mine))
                equal(status, want, resource["name"])
            equal(d.request("GET", "/policies/SgxEnclave?api-version=2022-08-01", None, mine)[0], 401)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def each_instance_answers_in_its_own_name():
    with Lab() as lab:
        d = lab.daemon
        uris = {name: create(d, name)[1]["properties"]["attestUri"] for name in ("one", "two")}
        for uri in (*uris.values(), d.url):
            for host in (uri, uri.rsplit(":", 1)[0]):
                status, _, text = d.request("GET", "/.well-known/openid-configuration", None, at(host))
                found = json.loads(text)
                equal((status, found["issuer"], found["jwks_uri"]), (200, uri, uri + "/certs"))
            equal(d.request("GET", "/certs", None, at(uri))[0], 200)
            status, answer = d.attest("SgxEnclave", lab.body(), headers=at(uri))
            equal((status, claims_of(answer["token"])["iss"]), (200, uri))


def a_refused_caller_is_sent_to_the_instance_it_asked():
    with Daemon(BUILD) as d:
        uri = create(d, "one")[1]["properties"]["attestUri"]
        for base in (uri, d.url):
            status, headers, _ = d.request("GET", "/policies/SgxEnclave?api-version=2022-08-01", None, at(base))
            equal((status, headers["WWW-Authenticate"]),
                  (401, f'Bearer authorization="{base}", resource="https://attest.azure.net"'))


def who_creates_the_same_instance_at_once_is_told_the_truth():
    with Daemon(BUILD, "--workers", "2") as d:
        for turn in range(5):
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                told = list(pool.map(lambda n: create(d, f"race{turn}", {"location": f"from-{n}"}), range(6)))
            statuses = [status for status, _ in told]
            equal(statuses.count(201), 1, statuses)
            assert set(statuses) <= {200, 201, 409}, statuses
            for status, got in told:
                assert status != 409 or got["error"]["code"] == "Conflict", got
            equal(len([i for i in ask(d, "GET", GROUP + PROVIDERS)[1]["value"] if i["name"] == f"race{turn}"]), 1)


def each_instance_has_its_own_policies():
    with Lab() as lab:
        d = lab.daemon
        one, two = (create(d, name)[1]["properties"]["attestUri"] for name in ("one", "two"))
        payload = json.dumps({"AttestationPolicy": b64u(DENY.encode())}).encode()
        document = f"eyJhbGciOiJub25lIn0.{b64u(payload)}.".encode()
        target = "/policies/SgxEnclave?api-version=2022-08-01"
        equal(d.request("PUT", target, document, at(one, WRITER))[0], 200)
        for uri, want in ((one, 400), (two, 200), (d.url, 200)):
            equal(d.attest("SgxEnclave", lab.body(), headers=at(uri))[0], want, uri)
        equal(ask(d, "DELETE", f"{GROUP}{PROVIDERS}/one")[0], 200)
        equal(d.request("GET", target, None, at(one, READER))[0], 421)
        create(d, "one")
        equal(d.attest("SgxEnclave", lab.body(), headers=at(one))[0], 200, "a new one of that name begins anew")


def an_isolated_instance_holds_its_certificates():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cupel-instances-"))
    try:
        keys = [certificate(folder, name) for name in ("a", "b")]
        body = {"location": "x", "properties": {"policySigningCertificates": {"keys": keys}}}
        with Daemon(BUILD) as d:
            status, made = create(d, "iso", body)
            equal((status, made["properties"]["trustModel"]), (201, "Isolated"))
            status, _, text = d.request("GET", "/certificates?api-version=2022-08-01", None,
                                        at(made["properties"]["attestUri"], READER))
            claims = claims_of(json.loads(text)["token"])
            equal(sorted(k["x5c"][0] for k in claims["x-ms-policy-certificates"]["keys"]), sorted(k["x5c"][0] for k in keys))
            equal(create(d, "iso", body)[0], 200, "the same again")
            create(d, "aad")
            status, got = create(d, "aad", body)
            equal((status, got["error"]["code"]), (400, "InvalidOperation"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def a_host_that_is_no_instance_is_refused():
    with Daemon(BUILD) as d:
        port = d.url.rsplit(":", 1)[1]
        for host in ("nobody.attest.localhost", f"nobody.attest.localhost:{port}", "evil.example", "attest.localhost"):
            for target in ("/certs", "/.well-known/openid-configuration", "/attest/SgxEnclave?api-version=2022-08-01"):
                status, headers, text = d.request("GET", target, None, {"Host": host})
                equal((status, json.loads(text)["error"]["code"]), (421, "MisdirectedRequest"), host)
                assert headers["x-ms-request-id"], headers
        for host in ("127.0.0.1", "localhost", f"LOCALHOST:{port}", "[::1]:1", "10.1.2.3"):
            equal(d.request("GET", "/certs", None, {"Host": host})[0], 200, host)
        for name in ("X-Forwarded-Host", "X-Original-Host", "Forwarded"):
            create(d, "one")
            _, _, text = d.request("GET", "/.well-known/openid-configuration", None, {name: f"one.attest.localhost:{port}"})
            equal(json.loads(text)["issuer"], d.url, name)
    with Daemon(BUILD, "--default-hosts", "health.internal") as d:
        equal([d.request("GET", "/certs", None, {"Host": h})[0] for h in ("health.internal", "localhost")], [200, 421])


def the_control_plane_is_at_the_default_instance_only():
    with Daemon(BUILD) as d:
        uri = create(d, "one")[1]["properties"]["attestUri"]
        equal(ask(d, "GET", GROUP + PROVIDERS, headers=at(uri, WRITER))[0], 404)


def an_instance_closed_to_the_network_answers_the_machine_itself():
    with Daemon(BUILD) as d:
        uri = create(d, "one", {"location": "x", "properties": {"publicNetworkAccess": "Disabled"}})[1]["properties"]["attestUri"]
        equal(d.request("GET", "/certs", None, at(uri))[0], 200)


def the_command_line_changes_instances_while_no_daemon_runs():
    data = pathlib.Path(tempfile.mkdtemp(prefix="cupel-instances-"))
    try:
        certificate(data, "signer")
        with Daemon(BUILD, data_dir=data):
            done = cupel(BUILD, "instance", "create", "site", "--url", "https://site.example", "--data-dir", data, check=False)
            equal(done.returncode, 2, done.stderr)
            assert "control plane" in done.stderr, done.stderr
            assert "default" in cupel(BUILD, "instance", "list", "--data-dir", data).stdout
        cupel(BUILD, "instance", "create", "site", "--url", "https://Site.example:8443/", "--data-dir", data)
        made = json.loads(cupel(BUILD, "instance", "create", "vault", "--url", "https://vault.example", "--certificate",
                                data / "signer.pem", "--location", "cellar", "--json", "--data-dir", data).stdout)
        equal((made["trust_model"], made["certificates"], made["location"]), ("Isolated", 1, "cellar"))
        changed = json.loads(cupel(BUILD, "instance", "update", "site", "--tcb-profile", "strict", "--policy-profile", "strict",
                                   "--tpm-authentication", "Disabled", "--json", "--data-dir", data).stdout)
        equal([changed[m] for m in ("host", "tcb_profile", "policy_profile", "tpm_authentication", "version")],
              ["site.example:8443", "strict", "strict", "Disabled", 2])
        for words, status in ((["create", "site", "--url", "https://other.example"], 2),
                              (["create", "other", "--url", "https://site.example:8443"], 2),
                              (["create", "other", "--url", "http://other.example"], 64),
                              (["create", "other", "--url", "https://other.example/path"], 64),
                              (["create", "other"], 64), (["update", "nobody"], 2), (["show", "nobody"], 2),
                              (["update", "site", "--tcb-profile", "mild"], 64), (["delete", "default"], 2)):
            done = cupel(BUILD, "instance", *words, "--data-dir", data, check=False)
            equal(done.returncode, status, f"{words}: {done.stderr}")
        with Daemon(BUILD, data_dir=data) as d:
            _, _, text = d.request("GET", "/.well-known/openid-configuration", None, {"Host": "site.example:8443"})
            equal(json.loads(text)["issuer"], "https://Site.example:8443")
            equal(ask(d, "GET", f"{SUBSCRIPTION}/resourceGroups/default{PROVIDERS}/vault")[1]["properties"]["trustModel"], "Isolated")
        for _ in range(2):
            cupel(BUILD, "instance", "delete", "site", "--data-dir", data)
        names = [i["name"] for i in json.loads(cupel(BUILD, "instance", "list", "--json", "--data-dir", data).stdout)]
        equal(names, ["default", "vault"])
    finally:
        shutil.rmtree(data, ignore_errors=True)


def roles_given_on_the_command_line_count_where_they_were_given():
    data = pathlib.Path(tempfile.mkdtemp(prefix="cupel-instances-"))
    digest = subprocess.run(["sha256sum"], input=b"mine", capture_output=True, check=True).stdout.split()[0].decode()
    mine = {"Authorization": "Bearer mine"}
    try:
        # somebody who is known everywhere, and may something in an instance that is not there
        (data / "access").write_text(f"attestation-reader@nowhere token {digest} robot\n")

        def role(verb, *words, status=0):
            done = cupel(BUILD, "role", verb, *words, "--data-dir", data, check=False)
            equal(done.returncode, status, f"{verb} {words}: {done.stdout}{done.stderr}")
            return done.stdout

        def seen(d, uri):
            return d.request("GET", "/policies/SgxEnclave?api-version=2022-08-01", None, at(uri, mine))[0]

        with Daemon(BUILD, "--access-file", data / "access", data_dir=data) as d:
            equal(seen(d, d.url), 401)
            role("grant", "token:robot", "reader", status=2)
        cupel(BUILD, "instance", "create", "site", "--url", "https://site.example", "--data-dir", data)
        for words in (("robot", "reader"), ("token:", "reader"), ("#x", "reader"), ("token:robot", "king"),
                      ("token:robot", "reader", "--instance", "nobody")):
            role("grant", *words, status=2)
        equal(role("grant", "token:robot", "Attestation Reader", "--instance", "site"), "granted\n")
        equal(role("grant", "token:robot", "attestation-reader", "--instance", "site"), "it had the role already\n")
        (given,) = json.loads(role("list", "--json"))
        equal([given[m] for m in ("principal", "role", "instance", "by")], ["token:robot", "attestation-reader", "site", "cupel role"])
        assert "token:robot" in role("list")
        with Daemon(BUILD, "--access-file", data / "access", data_dir=data) as d:
            equal((seen(d, "https://site.example"), seen(d, d.url)), (200, 401))
        equal(role("revoke", "token:robot", "attestation-reader", "--instance", "site"), "revoked\n")
        equal(role("revoke", "token:robot", "attestation-reader", "--instance", "site"), "it did not have the role\n")
        equal(json.loads(role("list", "--json")), [])
        role("grant", "token:robot", "reader")
        with Daemon(BUILD, "--access-file", data / "access", data_dir=data) as d:
            equal((seen(d, "https://site.example"), seen(d, d.url)), (200, 200))
        shown = cupel(BUILD, "audit", "show", "--action", "role", "--data-dir", data).stdout
        assert shown.count("role.grant") == 2 and shown.count("role.revoke") == 1, shown
    finally:
        shutil.rmtree(data, ignore_errors=True)


def the_profiles_of_an_instance_are_its_own():
    data = pathlib.Path(tempfile.mkdtemp(prefix="cupel-instances-"))
    lab = data / "lab"
    try:
        cupel(BUILD, "lab", "make", "sgx", "--out", lab, "--scenario", "s-outofdate")
        with Daemon(BUILD, data_dir=data):
            pass
        for profile in ("strict", "any"):
            cupel(BUILD, "instance", "create", profile, "--url", f"https://{profile}.example", "--tcb-profile", profile,
                  "--data-dir", data)
        body = {"quote": b64u((lab / "quote.bin").read_bytes())}
        with Daemon(BUILD, "--collateral-dir", lab / "collateral", "--insecure-judge-at", LAB_NOW, data_dir=data) as d:
            for profile, want in (("strict", 400), ("any", 200)):
                status, answer = d.attest("SgxEnclave", body, headers={"Host": f"{profile}.example"})
                equal(status, want, f"{profile}: {answer}")
    finally:
        shutil.rmtree(data, ignore_errors=True)


def instances_outlive_the_daemon():
    data = pathlib.Path(tempfile.mkdtemp(prefix="cupel-instances-"))
    try:
        with Daemon(BUILD, data_dir=data) as d:
            made = create(d, "one")[1]
        with Daemon(BUILD, data_dir=data) as d:
            equal(ask(d, "GET", f"{GROUP}{PROVIDERS}/one"), (200, made))
        shown = cupel(BUILD, "audit", "show", "--action", "instance", "--data-dir", data).stdout
        assert "instance.create" in shown and "one" in shown and "dev-contributor" in shown, shown
    finally:
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(run_tests([
        the_recorded_creation_is_reproduced,
        every_recorded_region_is_told_a_default_provider,
        instances_are_created_listed_changed_and_deleted,
        what_is_wrong_is_told,
        km_81_nobody_manages_instances_without_a_role_there,
        a_role_in_one_instance_is_none_in_another,
        each_instance_answers_in_its_own_name,
        a_refused_caller_is_sent_to_the_instance_it_asked,
        who_creates_the_same_instance_at_once_is_told_the_truth,
        each_instance_has_its_own_policies,
        an_isolated_instance_holds_its_certificates,
        a_host_that_is_no_instance_is_refused,
        the_control_plane_is_at_the_default_instance_only,
        an_instance_closed_to_the_network_answers_the_machine_itself,
        the_command_line_changes_instances_while_no_daemon_runs,
        roles_given_on_the_command_line_count_where_they_were_given,
        the_profiles_of_an_instance_are_its_own,
        instances_outlive_the_daemon,
    ]))
