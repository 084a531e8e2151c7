#!/usr/bin/env python3
"""Who may do what: access tokens of a little OpenID issuer on loopback, key files, client certificates."""
import base64
import contextlib
import http.client
import http.server
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from daemon import Daemon, run_tests

BUILD = sys.argv[1]
WORK = pathlib.Path(tempfile.mkdtemp(prefix="cupel-access-"))
AUDIENCE = "https://attest.azure.net"
PROBE = "/attest/Tee/SgxEnclave?api-version=2018-09-01-preview"  # needs the read action
PATIENCE = 30


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*args, data=None):
    return subprocess.run(["openssl", *map(str, args)], input=data, capture_output=True, check=True).stdout


class Key:
    """An ES256 key of an issuer, made and used by the openssl tool."""

    def __init__(self, kid):
        self.kid = kid
        self.path = WORK / f"{kid}.pem"
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.path)
        self.point = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-64:]

    def jwk(self):
        return {"kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig", "x": b64u(self.point[:32]), "y": b64u(self.point[32:])}

    def sign(self, data):
        der = openssl("dgst", "-sha256", "-sign", self.path, data=data)
        numbers, at = [], 2
        for _ in range(2):
            n = der[at + 1]
            numbers.append(der[at + 2:at + 2 + n].lstrip(b"\0").rjust(32, b"\0"))
            at += 2 + n
        return b"".join(numbers)

    def token(self, claims, **header):
        head = {"alg": "ES256", "kid": self.kid, "typ": "JWT", **header}
        text = b64u(json.dumps(head).encode()) + "." + b64u(json.dumps(claims).encode())
        return text + "." + b64u(self.sign(text.encode()))


def authority(name):
    """A CA of our own; returns its certificate and key."""
    key, cert = WORK / f"{name}-key.pem", WORK / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert,
            "-days", "30", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign")
    return cert, key


def issued(ca, name, *extensions):
    """A certificate that leads to the CA, and its key."""
    key, request, cert, more = (WORK / f"{name}{end}" for end in ("-key.pem", ".csr", ".pem", ".ext"))
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", request,
            "-subj", f"/CN={name}")
    more.write_text("\n".join(extensions) + "\n")
    openssl("x509", "-req", "-in", request, "-CA", ca[0], "-CAkey", ca[1], "-CAcreateserial", "-days", "20", "-out", cert,
            "-extfile", more)
    return cert, key


class Issuer:
    """Discovery and keys over TLS; what it answers can be changed while it runs."""

    def __init__(self, ca, host="127.0.0.1"):
        cert, key = issued(ca, "issuer", "subjectAltName=DNS:localhost,IP:127.0.0.1", "extendedKeyUsage=serverAuth")
        self.keys, self.asked, self.broken, self.extra = [], [], None, {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((time.monotonic(), self.path))
                if outer.broken == "status":
                    return self.answer(500, b"{}")
                if self.path.startswith("/realm/.well-known/"):
                    return self.answer(200, json.dumps({"issuer": outer.url, "jwks_uri": outer.url + "/keys", **outer.extra}).encode())
                if outer.broken == "garbage":
                    return self.answer(200, b"<html>maintenance</html>")
                if outer.broken == "huge":
                    return self.answer(200, b" " * (1 << 20))
                return self.answer(200, json.dumps({"keys": [k.jwk() for k in outer.keys]}).encode())

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://{host}:{self.server.server_address[1]}/realm"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def claims(self, **more):
        now = int(time.time())
        return {"iss": self.url, "aud": AUDIENCE, "sub": "alice", "iat": now, "nbf": now, "exp": now + 600,
                "roles": ["Attestation Reader"], **more}


@contextlib.contextmanager
def issuer(ca, host="127.0.0.1"):
    i = Issuer(ca, host)
    try:
        yield i
    finally:
        i.stop()


def access_file(*lines):
    path = WORK / "access"
    path.write_text("\n".join(lines) + "\n")
    return path


def probe(d, token):
    """(status, headers, body) of a call that needs a reader; an empty body is refused with 400 behind the door."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return d.request("POST", PROBE, {}, headers)


def is_let_in(d, token):
    return probe(d, token)[0] == 400


def until(what, condition):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


def refused(d, token, reason):
    """A 401 in the contract's words, and the reason in the log; what was sent is in neither."""
    before = len(d.logged())
    status, headers, body = probe(d, token)
    assert status == 401, f"{reason}: {status} {body}"
    assert headers["WWW-Authenticate"].startswith("Bearer authorization=\""), headers
    assert f'resource="{AUDIENCE}"' in headers["WWW-Authenticate"], headers
    assert headers["x-ms-error-code"] == "Unauthorized", headers
    assert isinstance(json.loads(body), str), body  # 2018-09-01-preview answers a plain string
    until(f"the log says {reason}", lambda: reason in d.logged()[before:])
    said = d.logged()[before:]
    assert not token or token.rsplit(".", 1)[-1] not in said or len(token.rsplit(".", 1)[-1]) < 8, "a token in the log"


def an_access_token_opens_what_its_roles_open_and_each_bad_one_says_why():
    ca = authority("issuers-ca")
    with issuer(ca) as i:
        key, foreign = Key("one"), Key("foreign")
        i.keys = [key]
        rights = access_file(f"attestation-reader claim {i.url} roles Attestation Reader")
        with Daemon(BUILD, "--token-issuers", i.url, "--token-issuer-ca", ca[0], "--access-file", rights, "--workers", 2) as d:
            until("the issuer's keys", lambda: is_let_in(d, key.token(i.claims())))
            now = int(time.time())
            head, payload, signature = key.token(i.claims()).split(".")
            rows = [
                (None, "no token and no certificate came"),
                ("FAKE", "token: is none that was given out here"),
                (f"{head}.{payload}.", "bearer.signature"),
                (b64u(b'{"alg":"none"}') + f".{payload}.", "bearer.header.alg: the token is unsecured"),
                (b64u(b'{"alg":"HS256","kid":"one"}') + f".{payload}.{signature}", "HS256"),
                (foreign.token(i.claims(), kid="one"), "bearer.signature: was not made by"),
                (foreign.token(i.claims(), kid="one", jwk=foreign.jwk()), "bearer.header.jwk: the token brings its own key"),
                (key.token(i.claims(), jku=i.url + "/keys"), "bearer.header.jku: the token brings its own key"),
                (key.token(i.claims(), kid="../../etc/passwd"), "bearer.header.kid"),
                (key.token(i.claims(), crit=["exp"]), "bearer.header.crit"),
                (key.token(i.claims(iss="https://evil.example")), "bearer.iss"),
                (key.token(i.claims(iss=i.url + "/")), "bearer.iss"),
                (key.token(i.claims(aud="https://vault.azure.net")), "bearer.aud: the token is for somebody else"),
                (key.token(i.claims(exp=now - 120)), "bearer.exp: ended"),
                (key.token(i.claims(nbf=now + 300)), "bearer.nbf"),
                (key.token(i.claims(exp=str(now + 600))), "bearer.exp"),
                (key.token(i.claims(roles=["Somebody"])), f"{i.url}#alice has no role that allows this"),
                (key.token(i.claims(roles=[])), f"{i.url}#alice has no role that allows this"),
            ]
            for token, reason in rows:
                refused(d, token, reason)
            assert is_let_in(d, key.token(i.claims(aud=["x", AUDIENCE])))
            # later versions answer the error object
            status, _, body = d.request("POST", "/attest/SgxEnclave?api-version=2022-08-01", {}, {"Authorization": "Bearer FAKE"})
            assert status == 400, (status, body)  # anonymous: what is brought is not looked at


def keys_that_the_issuer_changes_are_followed_and_bad_answers_change_nothing():
    ca = authority("issuers-ca")
    with issuer(ca) as i:
        one, two, three = Key("one"), Key("two"), Key("three")
        i.keys = [one]
        rights = access_file(f"attestation-reader claim {i.url} roles Attestation Reader")
        flags = ["--token-issuers", i.url, "--token-issuer-ca", ca[0], "--access-file", rights, "--workers", 1]
        with Daemon(BUILD, *flags) as d:
            until("the first key", lambda: is_let_in(d, one.token(i.claims())))
            i.keys = [two]
            until("the second key", lambda: is_let_in(d, two.token(i.claims())))
            assert not is_let_in(d, one.token(i.claims())), "a key that was withdrawn"
            for broken in ("status", "garbage", "huge"):
                i.broken = broken
                before = len(i.asked)
                until(f"asked again, {broken}", lambda: not is_let_in(d, three.token(i.claims())) and len(i.asked) > before)
                assert is_let_in(d, two.token(i.claims())), f"the last good keys stay: {broken}"
            i.broken, i.extra = None, {"issuer": "https://evil.example"}
            before = len(i.asked)
            i.keys = [three]
            until("asked again, another issuer", lambda: not is_let_in(d, three.token(i.claims())) and len(i.asked) > before)
            until("told", lambda: "discovery.issuer" in d.logged())
            assert is_let_in(d, two.token(i.claims()))
            starts = [t for t, path in i.asked if "openid-configuration" in path]
            assert all(b - a > 1.5 for a, b in zip(starts, starts[1:])), starts  # however often a key is missed


def an_issuer_that_is_gone_leaves_its_last_keys_also_after_a_reload_and_a_crash():
    ca = authority("issuers-ca")
    i = Issuer(ca)
    key = Key("one")
    i.keys = [key]
    rights = access_file(f"attestation-reader claim {i.url} roles Attestation Reader")
    with Daemon(BUILD, "--token-issuers", i.url, "--token-issuer-ca", ca[0], "--access-file", rights, "--workers", 1) as d:
        until("the key", lambda: is_let_in(d, key.token(i.claims())))
        i.stop()
        assert is_let_in(d, key.token(i.claims()))
        d.process.send_signal(1)
        until("the reload", lambda: "serving with the new configuration" in d.logged())
        assert is_let_in(d, key.token(i.claims())), "after a reload"
        for pid, role in children(d.process.pid).items():
            if role == "fetcher":
                subprocess.run(["kill", "-9", str(pid)], check=True)
        until("the end of the fetching process", lambda: "the fetching process has ended" in d.logged())
        until("another one", lambda: "fetcher" in children(d.process.pid).values())
        assert is_let_in(d, key.token(i.claims())), "after a crash"


def last_keys_outlive_a_restart_but_not_their_age():
    ca = authority("issuers-ca")
    i = Issuer(ca)
    key = Key("one")
    i.keys = [key]
    rights = access_file(f"attestation-reader claim {i.url} roles Attestation Reader")
    data = pathlib.Path(tempfile.mkdtemp(prefix="cupel-issuers-"))
    flags = ("--token-issuers", i.url, "--token-issuer-ca", ca[0], "--access-file", rights, "--workers", 1)
    kept = data / "issuers.keys"
    try:
        with Daemon(BUILD, *flags, data_dir=data) as d:
            until("the key", lambda: is_let_in(d, key.token(i.claims())))
            until("the file", kept.exists)
            d.process.kill()
            d.process.wait()
        (data / "run" / "endpoint.json").unlink()
        i.stop()
        with Daemon(BUILD, *flags, data_dir=data) as d:
            until("the key after a restart without its issuer", lambda: is_let_in(d, key.token(i.claims())))
            assert d.stop() == 0
        time.sleep(11)
        with Daemon(BUILD, *flags, "--token-keys-max-age-seconds", 10, data_dir=data) as d:
            refused(d, key.token(i.claims()), "no keys of this issuer are held")
        kept.write_bytes(kept.read_bytes()[:-1] + b"?")
        with Daemon(BUILD, *flags, data_dir=data) as d:
            refused(d, key.token(i.claims()), "no keys of this issuer are held")
            assert "was changed or damaged" in d.logged()
    finally:
        shutil.rmtree(data, ignore_errors=True)


def children(parent):
    """{pid: role}"""
    found = {}
    for p in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            words = (p / "cmdline").read_bytes().decode().split("\0")
            if int((p / "stat").read_text().rsplit(") ", 1)[1].split()[1]) == parent and words[1].startswith("--role="):
                found[int(p.name)] = words[1].removeprefix("--role=")
    return found


def an_issuer_whose_certificate_leads_elsewhere_is_not_believed():
    ca, other = authority("issuers-ca"), authority("other-ca")
    with issuer(ca) as i:
        key = Key("one")
        i.keys = [key]
        rights = access_file(f"attestation-reader claim {i.url} roles Attestation Reader")
        with Daemon(BUILD, "--token-issuers", i.url, "--token-issuer-ca", other[0], "--access-file", rights, "--workers", 1) as d:
            until("told", lambda: "an issuer's keys cannot be fetched, and none are held" in d.logged())
            refused(d, key.token(i.claims()), "bearer.issuer.keys: no keys of this issuer are held")
            assert not i.asked, i.asked


def the_process_that_fetches_reaches_the_network_and_workers_do_not():
    ca = authority("issuers-ca")
    with issuer(ca, "localhost") as i:  # a name: the resolver works inside the sandbox, too
        i.keys = [Key("one")]
        with Daemon(BUILD, "--token-issuers", i.url, "--token-issuer-ca", ca[0], "--workers", 1) as d:
            until("keys", lambda: "an issuer's keys are fetched" in d.logged())
            roles = sorted(set(children(d.process.pid).values()))
            assert roles == ["fetcher", "keeper", "signer", "worker"], roles
            for pid in children(d.process.pid):
                assert "Seccomp:\t2" in pathlib.Path(f"/proc/{pid}/status").read_text(), pid
            assert d.stop() == 0
    with Daemon(BUILD, "--workers", 1) as d:  # nothing to fetch: nobody who could
        assert "fetcher" not in children(d.process.pid).values()
        assert d.stop() == 0


def keys_may_lie_in_a_file_where_nothing_is_fetched():
    key = Key("one")
    keys = WORK / "keys.json"
    keys.write_text(json.dumps({"keys": [key.jwk()]}))
    name = "https://login.example/realm"
    rights = access_file(f"attestation-reader claim {name} realm_access.roles maa", f"attestation-reader claim {name} sub robot")
    with Daemon(BUILD, "--token-keys", f"{name}={keys}", "--access-file", rights, "--workers", 1,
                "--token-audiences", "api://cupel,api://other") as d:
        claims = {"iss": name, "aud": "api://other", "sub": "robot", "exp": int(time.time()) + 60}
        assert is_let_in(d, key.token(claims))
        assert is_let_in(d, key.token({**claims, "sub": "x", "realm_access": {"roles": ["maa"]}}))
        assert not is_let_in(d, key.token({**claims, "sub": "x"})) and f"{name}#x has no role" in d.logged()
        status, headers, _ = probe(d, key.token({**claims, "aud": AUDIENCE}))
        assert status == 401 and "bearer.aud" in d.logged(), status
        challenge = f'Bearer authorization="{name}", resource="api://cupel"'
        assert headers["WWW-Authenticate"] == challenge, headers["WWW-Authenticate"]
        assert "fetcher" not in children(d.process.pid).values()


def attest_calls_may_be_closed_to_strangers():
    with Daemon(BUILD, "--attest-authentication", "required", "--workers", 1) as d:
        target = "/attest/SgxEnclave?api-version=2022-08-01"
        status, headers, body = d.request("POST", target, {})
        assert status == 401 and headers["WWW-Authenticate"], (status, body)
        error = json.loads(body)["error"]
        assert error["code"] == "Unauthorized" and "Attestation Reader" in error["message"], error
        assert d.request("POST", target, {}, {"Authorization": "Bearer dev-reader"})[0] == 400
        assert d.request("GET", "/certs")[0] == 200
        refused(d, "x.y.z", "token: is none that was given out here")


def a_client_certificate_gives_the_roles_of_its_names():
    ca, other = authority("clients-ca"), authority("strangers-ca")
    for_clients = "extendedKeyUsage=clientAuth"
    good = issued(ca, "build machine", "subjectAltName=DNS:build.example", for_clients)
    plain = issued(ca, "somebody", for_clients)
    server = issued(ca, "a server", "subjectAltName=DNS:build.example", "extendedKeyUsage=serverAuth")
    stranger = issued(other, "stranger", "subjectAltName=DNS:build.example", for_clients)
    rights = access_file("attestation-reader certificate dns:build.example")

    def ask(d, shown, token=None):
        host, port = d.url.removeprefix("https://").rsplit(":", 1)
        context = ssl.create_default_context(cafile=d.ca)
        if shown:
            context.load_cert_chain(*shown)
        c = http.client.HTTPSConnection(host, int(port), context=context, timeout=30)
        try:
            c.request("POST", PROBE, b"{}", {"Authorization": f"Bearer {token}"} if token else {})
            return c.getresponse().status
        except (ssl.SSLError, ConnectionError):
            return "no handshake"
        finally:
            c.close()

    with Daemon(BUILD, "--tls-client-ca", ca[0], "--access-file", rights, "--workers", 1) as d:
        assert ask(d, good) == 400
        assert ask(d, None) == 401
        assert ask(d, plain) == 401
        assert ask(d, plain, "dev-reader") == 400, "a token adds up"
        assert ask(d, good, "FAKE") == 401, "what is brought must hold"
        assert ask(d, stranger) == "no handshake"
        assert ask(d, server) == "no handshake"
        digest = openssl("x509", "-in", plain[0], "-noout", "-fingerprint", "-sha256").decode().split("=")[1]
        assert f"certificate:{digest.strip().replace(':', '').lower()} has no role that allows this" in d.logged()


if __name__ == "__main__":
    try:
        sys.exit(run_tests([
            an_access_token_opens_what_its_roles_open_and_each_bad_one_says_why,
            keys_that_the_issuer_changes_are_followed_and_bad_answers_change_nothing,
            an_issuer_that_is_gone_leaves_its_last_keys_also_after_a_reload_and_a_crash,
            last_keys_outlive_a_restart_but_not_their_age,
            an_issuer_whose_certificate_leads_elsewhere_is_not_believed,
            the_process_that_fetches_reaches_the_network_and_workers_do_not,
            keys_may_lie_in_a_file_where_nothing_is_fetched,
            attest_calls_may_be_closed_to_strangers,
            a_client_certificate_gives_the_roles_of_its_names,
        ]))
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
