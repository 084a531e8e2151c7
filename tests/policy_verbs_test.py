#!/usr/bin/env python3
"""The verbs of policies at a desk, through the built binary: eval, fmt, test, sign, hash, diff."""
import atexit
import base64
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

from daemon import ROOT, VECTORS, run_tests

BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
WORK = pathlib.Path(tempfile.mkdtemp(prefix="cupel-policy-verbs-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)

POLICY = """version=1.2;
authorizationrules {
    c:[type=="svn", issuer=="AttestationService"] && [type=="minimum", value<=c.value] => permit();
    [type=="debug", value==true] => deny();
};
issuancerules {
    c:[type=="svn"] => issue(type="version", value=c.value);
};
"""
SERVICE = "AttestationService"
GOOD = [{"type": "svn", "value": 5, "issuer": SERVICE}, {"type": "minimum", "value": 3}]


def put(name, text):
    path = WORK / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode() if isinstance(text, str) else json.dumps(text).encode())
    return path


def run(*args, expect=0, stdin=None):
    done = subprocess.run([BUILD / "cupel", "policy", *map(str, args)], capture_output=True, input=stdin, timeout=120)
    done.stdout, done.stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    assert done.returncode == expect, f"{args}: {done.returncode}, expected {expect}\n{done.stdout[-1500:]}{done.stderr[-1500:]}"
    return done


def holds(text, *parts):
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"no {part!r} (in this order) in:\n{text}"
        at = found + len(part)


def unpad(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# eval --trace

def a_trace_tells_which_rule_came_nearest_and_what_it_lacked():
    policy = put("eval.txt", POLICY)
    claims = put("eval.json", [GOOD[0], {"type": "minimum", "value": 7}, {"type": "Debug", "value": True}])
    said = run("eval", policy, "--claims", claims, "--type", "SgxEnclave", "--trace", expect=1).stdout
    holds(said, f"no-permit: {policy}:3:5 came nearest", "authorizationrules\n", f"{policy}:3:5 did not fire: => permit();\n",
          'ok    c:[type=="svn"', "svn = 5 (AttestationService)\n",
          'fails [type=="minimum", value<=c.value]', "minimum = 7 (CustomClaim): value is 7, must be <= 5\n",
          f"{policy}:4:5 did not fire: => deny();\n", "no claim is named debug; there is a claim named Debug\n",
          "Nothing was permitted")


def a_trace_of_a_permit_shows_what_each_rule_made():
    policy, claims = put("eval.txt", POLICY), put("eval.json", GOOD)
    said = run("eval", policy, "--claims", claims, "--type", "sgxenclave", "--trace").stdout
    holds(said, f"permit: {policy}:3:5 permitted\n", "version = 5\n", f"{policy}:3:5 fired: => permit();", "issuancerules\n",
          "made  version = 5 (AttestationPolicy)")


def a_trace_of_a_denial_stops_at_the_rule_that_denied():
    policy, claims = put("eval.txt", POLICY), put("eval.json", [*GOOD, {"type": "debug", "value": True}])
    said = run("eval", policy, "--claims", claims, "--type", "SgxEnclave", "--trace", expect=1).stdout
    holds(said, f"deny: {policy}:4:5 denied", f"{policy}:4:5 fired: => deny();", "Rules behind that one were not evaluated.")
    assert "issuancerules" not in said, said


def a_rule_that_fired_is_shown_with_claims_for_which_it_did():
    policy = put("join.txt", 'version=1.0;authorizationrules{a:[type=="x"] && b:[type=="y", value==a.value] => permit();};')
    claims = put("join.json", [{"type": "x", "value": 1}, {"type": "x", "value": 2}, {"type": "y", "value": 2}])
    said = run("eval", policy, "--claims", claims, "--type", "Tpm", "--trace").stdout
    holds(said, "fired: => permit();", "x = 2 (CustomClaim) and 1 more", "y = 2 (CustomClaim)")
    assert "fails" not in said, said


def a_trace_for_programs_stays_small_however_long_the_claims_are():
    policy = put("log.txt", "version=1.0;authorizationrules{" + '[type=="log", value=="x"] => permit();' * 60 + "};")
    claims = put("log.json", [{"type": "log", "value": "é" * 200000, "issuer": SERVICE}])
    said = run("eval", policy, "--claims", claims, "--type", "Tpm", "--trace", "--json", expect=1).stdout
    nearest = json.loads(said)["trace"][0]["conditions"][0]["nearest"]
    assert nearest == {"type": "log", "value": "é" * 128, "bytes": 400000, "issuer": SERVICE}, nearest
    assert len(said) < 100000, len(said)


# what goes wrong around a verb

def output_that_is_lost_is_no_success():
    long = put("long.txt", "version=1.0;\nauthorizationrules {\n" + "    => permit();\n" * 2000 + "};\n")
    for verb, *more in (["fmt", long], ["hash", long], ["lint", long, "--json"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BUILD / "cupel", "policy", verb, *map(str, more)], stdout=full, stderr=subprocess.PIPE, timeout=60)
        assert done.returncode not in (0, 2) and b"cannot write standard output" in done.stderr, (verb, done)


def a_group_of_verbs_tells_its_verbs():
    said = run("--help").stdout
    holds(said, "cupel policy diff ", "cupel policy eval ", "cupel policy lint ")
    assert "appraise" not in said, said
    holds(run("frob", expect=64).stderr, 'no verb "policy frob"', "cupel policy eval ")


def carets_stand_below_wide_characters_and_nothing_turns_the_line():
    policy = put("wide.txt", 'version=1.0;authorizationrules{\n[type=="日本e\u0301\u202e", valu=="x"] => permit();\n};')
    said = run("lint", policy, expect=2).stdout.split("\n")
    assert said[1] == '    [type=="日本e\u0301?", valu=="x"] => permit();', said
    assert said[2] == " " * (4 + 8 + 4 + 1 + 1 + 3) + "^^^^", said


def lint_takes_many_files():
    files = [put(f"many/{i}.txt", "version=1.0;authorizationrules{[type==\"a\"] => permit();};") for i in range(40)]
    run("lint", *files)


# fmt

UGLY = 'Version = 1.0 ;// v\nauthorizationrules{=>permit( );  };'
NEAT = "version=1.0; // v\nauthorizationrules {\n    => permit();\n};\n"


def fmt_prints_checks_and_writes():
    ugly, neat = put("ugly.txt", UGLY), put("neat.txt", NEAT)
    ugly.chmod(0o640)
    done = run("fmt", ugly)
    assert done.stdout == NEAT and "x-ms-policy-hash" in done.stderr, done
    done = run("fmt", neat)
    assert done.stdout == NEAT and done.stderr == "", done
    assert run("fmt", "-", stdin=UGLY.encode()).stdout == NEAT
    assert run("fmt", "--check", neat, ugly, expect=1).stdout == f"{ugly}\n"
    assert ugly.read_text() == UGLY
    run("fmt", "--write", ugly, neat)
    assert ugly.read_text() == NEAT and ugly.stat().st_mode & 0o777 == 0o640
    assert run("fmt", "--check", ugly, neat).stdout == ""


def fmt_leaves_what_does_not_parse():
    broken = put("broken.txt", "version=1.0;\nauthorizationrules { => permit() };\n")
    done = run("fmt", "--write", broken, expect=2)
    holds(done.stderr, f"{broken}:2:", "E202", "^")
    assert broken.read_text().endswith("permit() };\n")
    run("fmt", "--check", "--write", broken, expect=64)
    run("fmt", broken, broken, expect=64)
    run("fmt", WORK / "nowhere.txt", expect=64)
    run("fmt", "--write", "-", stdin=UGLY.encode(), expect=64)
    jws = put("wrapped.jws", run("sign", put("neat.txt", NEAT), "--unsecured").stdout)
    holds(run("fmt", jws, expect=2).stderr, "JWS")


def published_samples_keep_their_comments_and_their_decisions():
    if not (VECTORS / "policy").is_dir():
        return "SKIPPED: no reference vectors here"
    seen = 0
    for path in sorted((VECTORS / "policy" / "samples").glob("*.txt")):
        done = subprocess.run([BUILD / "cupel", "policy", "fmt", path], capture_output=True)
        if done.returncode == 2:
            continue
        again = run("fmt", put("again.txt", done.stdout)).stdout
        assert again.encode() == done.stdout, path
        assert done.stdout.count(b"//") == path.read_bytes().count(b"//"), f"{path}: a comment is lost"
        seen += 1
    assert seen > 50, seen
    return None


# test

def suite(*cases, **more):
    return {"format": "attestation-policy-cases", "formatVersion": 1, "cases": list(cases), **more}


def case(name, claims, expect, **more):
    return {"id": name, "policyFile": "eval.txt", "claims": claims, "expect": {"compile": "ok", **expect}, **more}


def a_failed_case_says_what_was_expected_what_came_and_who_decided():
    policy = put("eval.txt", POLICY)
    file = put("cases.json", suite(
        case("good", GOOD, {"decision": "permit", "issued": {"version": 5}}),
        case("nearly", GOOD[:1], {"decision": "permit"}, title="needs a <minimum> & more"),
        case("other", GOOD, {"decision": "permit", "issued": {"version": 6}})))
    done = run("test", file, "--junit", WORK / "out.xml", expect=1)
    holds(done.stdout, "FAILED nearly needs a <minimum> & more\n", 'decision: expected "permit", got "no-permit"\n',
          f"no-permit: {policy}:3:5 came nearest", 'fails [type=="minimum", value<=c.value]', "no claim is named minimum",
          "FAILED other\n", "issued.version: expected 6, got 5\n", f"{policy}:7:5 fired",
          f"{file}: 3 cases, 1 passed, 2 failed\n")
    root = ET.parse(WORK / "out.xml").getroot()
    one = root.find("testsuite")
    assert (root.tag, one.get("tests"), one.get("failures"), one.get("name")) == ("testsuites", "3", "2", str(file)), one.attrib
    names = [c.get("name") for c in one.findall("testcase")]
    assert names == ["good", "nearly needs a <minimum> & more", "other"], names
    failure = one.findall("testcase")[1].find("failure")
    assert failure.get("message") == 'decision: expected "permit", got "no-permit"', failure.attrib
    holds(failure.text, "\n", "came nearest", "\n")
    assert one.findall("testcase")[0].find("failure") is None


def a_report_is_xml_whatever_a_case_holds():
    nasty = "]]>\u0000\u001b[31m\ud83d\ude00&\"'<\u0001\ufffe"
    text = json.dumps(suite({"id": nasty, "title": nasty, "policy": 'version=1.0;authorizationrules{};', "claims": [],
                             "expect": {"compile": "ok", "decision": "permit"}}))
    run("test", put("nasty.json", text), "--junit", WORK / "nasty.xml", expect=1)
    name = ET.parse(WORK / "nasty.xml").getroot().find("testsuite/testcase").get("name")
    assert "]]>" in name and "\U0001f600" in name and "\ufffd" in name, ascii(name)


def cases_are_chosen_by_pattern():
    put("eval.txt", POLICY)
    file = put("cases.json", suite(case("debug-1", GOOD, {"decision": "permit", "issued": {"version": 5}}),
                                   case("svn-1", [], {"decision": "permit"}, title="never permits"),
                                   case("debug-2", [], {"decision": "no-permit"})))
    holds(run("test", file, "--only", "debug").stdout, "2 cases, 2 passed, 0 failed, 1 not asked for")
    holds(run("test", file, "--only", "d*-2").stdout, "1 cases, 1 passed, 0 failed, 2 not asked for")
    holds(run("test", file, "--only", "never", expect=1).stdout, "FAILED svn-1 never permits")
    holds(run("test", file, "--only", "nothing", expect=64).stderr, "none of 3 cases")


def what_is_no_file_of_cases_is_told_apart():
    put("eval.txt", POLICY)
    holds(run("test", put("x.json", "[]"), expect=2).stderr, "attestation-policy-cases")
    holds(run("test", put("x.json", suite(case("a", [], {"decison": "permit"}))), expect=2).stderr, "cases[0].expect", "decison")
    holds(run("test", put("x.json", suite(formatVersion=2)), expect=2).stderr, "formatVersion 2")
    run("test", WORK / "nowhere.json", expect=64)
    run("test", expect=64)
    lost = {**case("lost", [], {"decision": "permit"}), "policyFile": "nowhere.txt"}
    holds(run("test", put("x.json", suite(lost, case("b", [], {"decision": "no-permit"}))), expect=1).stdout,
          "FAILED lost", "policyFile: cannot open", "2 cases, 1 passed, 1 failed")


def the_worked_cases_all_agree():
    file = VECTORS / "policy" / "cases.json"
    if not file.is_file():
        return "SKIPPED: no reference vectors here"
    holds(run("test", file, "--junit", WORK / "all.xml").stdout, "299 cases, 299 passed, 0 failed")
    assert len(ET.parse(WORK / "all.xml").getroot().findall("testsuite/testcase")) == 299
    return None


# sign and hash

def openssl(*args, stdin=None):
    return subprocess.run(["openssl", *map(str, args)], input=stdin, capture_output=True, check=True).stdout


def signer(name, *kind, issuer=None, version=3):
    """A key and a certificate, self-signed or by an earlier one: NAME.key, NAME.pem."""
    key, cert = WORK / f"{name}.key", WORK / f"{name}.pem"
    openssl("genpkey", *kind, "-out", key)
    request = openssl("req", "-new", "-key", key, "-subj", f"/CN={name}")
    by = ["-CA", WORK / f"{issuer}.pem", "-CAkey", WORK / f"{issuer}.key", "-set_serial", "7"] if issuer else ["-signkey", key]
    extensions = ["-extfile", put("v3.cnf", "basicConstraints=critical,CA:TRUE\n")] if version == 3 else []
    cert.write_bytes(openssl("x509", "-req", "-days", "30", *by, *extensions, stdin=request))
    return key, cert


EC = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
RSA = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")


def der_of(pem):
    return openssl("x509", "-in", pem, "-outform", "DER")


def ecdsa_der(raw):
    def integer(b):
        b = b.lstrip(b"\0") or b"\0"
        b = b"\0" + b if b[0] & 0x80 else b
        return b"\x02" + bytes([len(b)]) + b
    body = integer(raw[:32]) + integer(raw[32:])
    return b"\x30" + bytes([len(body)]) + body


def openssl_verifies(jws, cert):
    head, payload, signature = jws.split(".")
    public, raw = WORK / "public.pem", WORK / "signature.bin"
    public.write_bytes(openssl("x509", "-in", cert, "-pubkey", "-noout"))
    signature = unpad(signature)
    raw.write_bytes(ecdsa_der(signature) if json.loads(unpad(head))["alg"] == "ES256" else signature)
    return openssl("dgst", "-sha256", "-verify", public, "-signature", raw, stdin=f"{head}.{payload}".encode()).strip() == b"Verified OK"


def policy_hash(text):
    return b64u(hashlib.sha256(b64u(text).encode()).digest())


def a_signed_policy_is_what_another_program_verifies():
    text = ("\ufeff// héllo\r\n" + POLICY).encode()
    policy = put("signed.txt", text)
    for name, kind, alg in (("rsa", RSA, "RS256"), ("ec", EC, "ES256")):
        key, cert = signer(name, *kind)
        done = run("sign", policy, "--key", key, "--cert", cert)
        jws = done.stdout.rstrip("\n")
        head, payload, _ = map(unpad, jws.split("."))
        assert json.loads(head) == {"alg": alg, "x5c": [base64.b64encode(der_of(cert)).decode()]}, head
        assert json.loads(payload) == {"AttestationPolicy": b64u(text)}, payload
        assert openssl_verifies(jws, cert)
        token_hash = b64u(hashlib.sha256(jws.encode()).digest())
        holds(done.stderr, f"x-ms-policy-hash        {policy_hash(text)}", f"x-ms-policy-token-hash  {token_hash}")
        assert run("hash", put("signed.jws", done.stdout)).stdout.strip() == policy_hash(text)


def a_chain_goes_along_leaf_first():
    signer("root", *EC)
    key, leaf = signer("leaf", *RSA, issuer="root")
    policy, root = put("p.txt", POLICY), WORK / "root.pem"
    chain = put("chain.pem", leaf.read_bytes() + root.read_bytes())
    jws = run("sign", policy, "--key", key, "--cert", chain).stdout.strip()
    assert json.loads(unpad(jws.split(".")[0]))["x5c"] == [base64.b64encode(der_of(c)).decode() for c in (leaf, root)]
    assert openssl_verifies(jws, leaf)
    other = signer("other", *EC)[1]
    turned = put("turned.pem", root.read_bytes() + leaf.read_bytes())
    holds(run("sign", policy, "--key", key, "--cert", turned, expect=64).stderr, "must stand first", "number 2")
    torn = put("torn.pem", leaf.read_bytes() + other.read_bytes())
    holds(run("sign", policy, "--key", key, "--cert", torn, expect=64).stderr, "certificate 2 did not certify")


def what_would_be_refused_later_is_refused_now():
    policy = put("p.txt", POLICY)
    key, cert = signer("one", *EC)
    other = signer("two", *EC)[1]
    p384 = signer("big", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")
    ed = signer("ed", "-algorithm", "ED25519")
    old = signer("old", *EC, version=1)
    for args, words in (
            ((policy,), "--key and --cert"),
            ((policy, "--key", key), "--key and --cert"),
            ((policy, "--unsecured", "--key", key), "neither"),
            ((policy, "--key", key, "--cert", other), "another key"),
            ((policy, "--key", cert, "--cert", cert), "no private key"),
            ((policy, "--key", key, "--cert", key), "--cert"),
            ((policy, "--key", WORK / "nowhere", "--cert", cert), "cannot open"),
            ((policy, "--key", p384[0], "--cert", p384[1]), "P-384"),
            ((policy, "--key", old[0], "--cert", old[1]), "version 3"),
            ((policy, "--key", ed[0], "--cert", ed[1]), "--key")):
        done = run("sign", *args, expect=64)
        holds(done.stderr, words)
        assert done.stdout == "", done.stdout
    broken = put("broken.txt", "version=1.0;\nauthorizationrules { => permit() };\n")
    done = run("sign", broken, "--key", key, "--cert", cert, expect=2)
    holds(done.stderr, f"{broken}:2:", "E202")
    assert done.stdout == "", done.stdout
    forced = run("sign", broken, "--key", key, "--cert", cert, "--force").stdout.strip()
    assert openssl_verifies(forced, cert)
    jws = put("p.jws", run("sign", policy, "--key", key, "--cert", cert).stdout)
    holds(run("sign", jws, "--unsecured", expect=64).stderr, "a JWS already")
    head, payload, signature = jws.read_text().strip().split(".")
    forged = put("forged.jws", f"{head}.{b64u(json.dumps({'AttestationPolicy': b64u(UGLY.encode())}).encode())}.{signature}")
    holds(run("hash", forged, expect=64).stderr, "signature")


def recorded_policies_come_out_with_their_recorded_hashes():
    folder = VECTORS / "maa" / "policy"
    if not folder.is_dir():
        return "SKIPPED: no reference vectors here"
    put_and_reset = json.loads((folder / "set-and-reset-unsecured-aad.exchange.json").read_text())[0]
    body = put_and_reset["request"]["body"]
    text = unpad(json.loads(unpad(body.split(".")[1]))["AttestationPolicy"])
    done = run("sign", put("recorded.txt", text), "--unsecured")
    assert done.stdout.strip() == body, "the bytes that a client sent"
    holds(done.stderr, put_and_reset["decoded"]["x-ms-policy-token-hash"])
    for name in ("custom.sgxenclave.policy", "default.sgxenclave.policy"):
        hashes = {run("hash", folder / f"gk.{form}.{name}.signed.jws.txt").stdout for form in ("ga", "preview")}
        assert len(hashes) == 1, "encoded or plain, it is one text"
    stored = json.loads((folder / "get-default-sgx.exchange.json").read_text())
    text = (stored[0] if isinstance(stored, list) else stored)["decoded"]["policy text"]
    jws = put("default.jws", run("sign", put("default.txt", text), "--unsecured").stdout)
    assert run("hash", jws).stdout.strip() == "bROrN897ZfWmWY2V0FLUlu3uwk5xatGnKYHn3zBbSlw"
    return None


# diff

OLD = """version=1.1;
configurationrules {
};
authorizationrules {
    => permit();
};
issuancerules {
    c:[type=="x-ms-sgx-svn"] => issue(type="svn", value=c.value);
};
"""
NO_DEBUG = OLD.replace("    => permit();", """    [type=="x-ms-sgx-is-debuggable", value==true]
        => deny();
    => permit();""")


def lab(folder, *more, kind="sgx"):
    subprocess.run([BUILD / "cupel", "lab", "make", kind, "--out", folder, *more], check=True, timeout=60)
    return folder


def evidence():
    """Two machines, one of them debuggable, and two lists of claims."""
    here = WORK / "evidence"
    if not here.is_dir():
        lab(here / "machines" / "sound")
        lab(here / "machines" / "debug", "--scenario", "sgx-debug")
        lab(here / "oe", kind="oe")
        put("evidence/one.claims.json", [{"type": "x-ms-sgx-svn", "value": 3, "issuer": SERVICE}])
        put("evidence/two.claims.json", [{"type": "x-ms-sgx-is-debuggable", "value": True, "issuer": SERVICE}])
        put("evidence/notes.txt", "nothing")
    return here


def diff_names_whose_verdict_changes_and_the_rule_that_does_it():
    here, old, new = evidence(), put("old.txt", OLD), put("new.txt", NO_DEBUG)
    done = run("diff", old, new, "--evidence-dir", here, expect=1)
    holds(done.stdout, "changed     machines/debug/quote.bin: permit -> deny\n", f"permit: {old}:5:5 permitted\n", f"deny: {new}:5:5 denied\n",
          f"{new}:5:5 fired: => deny();\n", 'ok    [type=="x-ms-sgx-is-debuggable", value==true]', "x-ms-sgx-is-debuggable = true (AttestationService)",
          "issued.svn: was 3, is nothing", "unchanged   machines/sound/quote.bin: permit\n", "unchanged   oe/oe_report.bin: permit\n",
          "unchanged   one.claims.json: permit\n", "changed     two.claims.json: permit -> deny\n",
          "no evidence: notes.txt\n", "5 compared: 3 unchanged, 2 changed\n")
    holds(run("diff", new, old, "--evidence-dir", here, expect=1).stdout, "machines/debug/quote.bin: deny -> permit", "issued.svn: was nothing, is 3")
    assert run("diff", old, old, "--evidence-dir", here).stdout.endswith("5 compared: 5 unchanged, 0 changed\n")


def diff_for_programs_says_the_same():
    here, old, new = evidence(), put("old.txt", OLD), put("new.txt", NO_DEBUG.replace("svn=", "").replace('"svn"', '"version"'))
    all_of_it = json.loads(run("diff", old, new, "--evidence-dir", here, "--json", "--type", "sgxenclave", expect=1).stdout)
    found = {i["name"]: i for i in all_of_it["items"]}
    assert {n: i["finding"] for n, i in found.items()} == {
        "machines/debug/quote.bin": "changed", "machines/sound/quote.bin": "changed", "oe/oe_report.bin": "otherType",
        "one.claims.json": "changed", "two.claims.json": "changed"}, found
    debug = found["machines/debug/quote.bin"]
    assert (debug["old"]["decision"], debug["new"]["decision"]) == ("permit", "deny"), debug
    assert debug["new"]["rule"] == {"line": 5, "column": 5, "fired": True,
                                    "text": '[type=="x-ms-sgx-is-debuggable", value==true] => deny();'}, debug
    assert found["machines/sound/quote.bin"]["claims"] == [
        {"set": "issued", "name": "svn", "before": 3, "after": None}, {"set": "issued", "name": "version", "before": None, "after": 3}]
    assert all_of_it["summary"] == {"unchanged": 0, "changed": 4, "refused": 0, "unreadable": 0, "otherType": 1}
    assert all_of_it["noEvidence"] == ["notes.txt"] and all_of_it["old"]["policyHash"] == policy_hash(OLD.encode())


def diff_passes_nothing_over():
    old = put("old.txt", OLD)
    here = WORK / "odd"
    put("odd/a.claims.json", "[{")
    put("odd/b/evidence.json", {"type": "sgx", "evidence": "quote.bin"})
    put("odd/c/evidence.json", {"type": "sgx", "evidnce": "quote.bin"})
    lab(here / "d", "--scenario", "s-outofdate")
    put("odd/e.claims.json", GOOD)
    (here / ".git").mkdir()
    done = run("diff", old, old, "--evidence-dir", here, expect=2)
    holds(done.stdout, "unreadable  a.claims.json: ", "unreadable  b/quote.bin: cannot open", "unreadable  c/evidence.json: ",
          "refused     d/quote.bin: under both, tcb_status_not_accepted", "unchanged   e.claims.json: permit",
          "no evidence: .git\n", "1 compared: 1 unchanged, 0 changed; 1 refused; 3 unreadable")
    found = json.loads(run("diff", old, old, "--evidence-dir", here, "--json", expect=2).stdout)["items"]
    assert [i["finding"] for i in found] == ["unreadable", "unreadable", "unreadable", "refused", "unchanged"], found
    assert found[3]["old"]["reason"] == "tcb_status_not_accepted", found[3]
    lenient = run("diff", old, old, "--evidence-dir", here / "d", "--tcb-profile", "any").stdout
    holds(lenient, "unchanged   quote.bin: permit")


def diff_judges_with_the_collateral_that_each_policy_asks_for():
    here, old = evidence() / "machines" / "sound", put("old.txt", OLD)
    new = put("new.txt", OLD.replace("configurationrules {\n", 'configurationrules {\n    => issueproperty(type="x-ms-sgx-tcbidentifier", value="99");\n'))
    done = run("diff", old, new, "--evidence-dir", here, expect=1)
    holds(done.stdout, "changed     quote.bin: permit -> refused\n", f"under {new}: ", "99")


def diff_finds_evidence_without_a_note():
    here, old, new = WORK / "plain", put("old.txt", OLD), put("new.txt", NO_DEBUG)
    lab(here / "m", "--scenario", "sgx-debug", "--at", "2025-06-01T00:00:00Z")
    (here / "m" / "evidence.json").unlink()
    holds(run("diff", old, new, "--evidence-dir", here, "--type", "SgxEnclave", "--at", "2025-06-01T00:00:00Z", expect=1).stdout,
          "m/quote.bin: permit -> deny", "other type  m/oe_report.bin", "1 changed")
    shutil.rmtree(here / "m" / "roots")
    holds(run("diff", old, new, "--evidence-dir", here, "--type", "SgxEnclave", "--at", "2025-06-01T00:00:00Z", expect=2).stdout,
          "refused     m/quote.bin: under both, untrusted_root")


def diff_takes_evidence_of_real_machines_from_a_note():
    sgx = (VECTORS / "sgx").resolve()
    if not sgx.is_dir():
        return "SKIPPED: no reference vectors here"
    collateral = str(sgx / "collateral" / "00906ED50000-2025-05")
    note = [{"type": "sgx", "evidence": str(sgx / "evidence" / f"q-906e-sample-{kind}.bin"), "collateral": collateral, "at": "2025-06-01T00:00:00Z"}
            for kind in ("debug", "release")]
    here = put("real/evidence.json", note).parent
    said = run("diff", put("old.txt", OLD), put("new.txt", NO_DEBUG), "--evidence-dir", here, "--tcb-profile", "any", expect=1).stdout
    holds(said, "q-906e-sample-debug.bin: permit -> deny", "q-906e-sample-release.bin: permit\n", "2 compared: 1 unchanged, 1 changed")
    return None


def diff_says_what_it_cannot_do():
    here, old = evidence(), put("old.txt", OLD)
    broken = put("broken.txt", "version=1.0;")
    holds(run("diff", old, broken, "--evidence-dir", here, expect=2).stderr, f"{broken}:1:13:", "E206")
    (WORK / "empty").mkdir(exist_ok=True)
    holds(run("diff", old, old, "--evidence-dir", WORK / "empty", expect=2).stdout, "0 compared")
    for args, words in (((), "--evidence-dir"), (("--evidence-dir", old), "not a folder"), (("--evidence-dir", here, "--at", "noon"), "--at"),
                        (("--evidence-dir", here, "--type", "sgx"), "SgxEnclave"), (("--evidence-dir", here, "--tcb-profile", "x"), "azure")):
        holds(run("diff", old, old, *args, expect=64).stderr, words)


def each_verb_explains_itself_with_an_example():
    for verb in ("eval", "fmt", "test", "sign", "hash", "diff"):
        said = run(verb, "--help").stdout
        holds(said, f"cupel policy {verb} - ", "usage: ", "Exit status: 0", "examples:", f"  cupel policy {verb} ")
        assert verb in (ROOT / "tests" / "golden" / "verbs.txt").read_text()


sys.exit(run_tests([
    a_trace_tells_which_rule_came_nearest_and_what_it_lacked, a_trace_of_a_permit_shows_what_each_rule_made,
    a_trace_of_a_denial_stops_at_the_rule_that_denied, a_rule_that_fired_is_shown_with_claims_for_which_it_did,
    a_trace_for_programs_stays_small_however_long_the_claims_are,
    output_that_is_lost_is_no_success, a_group_of_verbs_tells_its_verbs,
    carets_stand_below_wide_characters_and_nothing_turns_the_line, lint_takes_many_files,
    fmt_prints_checks_and_writes, fmt_leaves_what_does_not_parse, published_samples_keep_their_comments_and_their_decisions,
    a_failed_case_says_what_was_expected_what_came_and_who_decided, a_report_is_xml_whatever_a_case_holds,
    cases_are_chosen_by_pattern, what_is_no_file_of_cases_is_told_apart, the_worked_cases_all_agree,
    a_signed_policy_is_what_another_program_verifies, a_chain_goes_along_leaf_first, what_would_be_refused_later_is_refused_now,
    recorded_policies_come_out_with_their_recorded_hashes,
    diff_names_whose_verdict_changes_and_the_rule_that_does_it, diff_for_programs_says_the_same, diff_passes_nothing_over,
    diff_judges_with_the_collateral_that_each_policy_asks_for, diff_finds_evidence_without_a_note,
    diff_takes_evidence_of_real_machines_from_a_note, diff_says_what_it_cannot_do, each_verb_explains_itself_with_an_example,
]))
