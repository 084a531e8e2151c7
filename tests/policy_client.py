"""What the tests of policies over the API share: documents, their signers, and a service with instances to change."""
import atexit
import base64
import hashlib
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile

from daemon import Daemon

BUILD = pathlib.Path(sys.argv[1]).resolve()
WORK = pathlib.Path(tempfile.mkdtemp(prefix="cupel-policy-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)
READER = {"Authorization": "Bearer dev-reader"}
WRITER = {"Authorization": "Bearer dev-contributor"}
MODERN = "api-version=2020-10-01"
PREVIEW = "api-version=2018-09-01-preview"
LAB_NOW = "2024-01-15T12:00:00Z"
NO_DOCUMENT = "eyJhbGciOiJub25lIn0.."
TYPES = ("SgxEnclave", "OpenEnclave", "SevSnpVm", "TdxVm", "AzureGuest", "Tpm")
PERMIT = "version= 1.0;authorizationrules{=> permit();};"


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, expected {want!r}")


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha(text):
    return b64u(hashlib.sha256(text.encode()).digest())


def claims_of(token):
    return json.loads(unb64u(token.split(".")[1]))


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def unsecured(text):
    return f'{b64u(compact({"alg": "none"}).encode())}.{b64u(compact({"AttestationPolicy": b64u(text.encode())}).encode())}.'


def text_of(document):
    return unb64u(json.loads(unb64u(document.split(".")[1]))["AttestationPolicy"]).decode()


class Signer:
    """A key and its self-signed certificate, made by openssl."""

    def __init__(self, name, kind="rsa", ca=True, days=3650):
        self.key, self.pem, self.kind = WORK / f"{name}.key", WORK / f"{name}.pem", kind
        how = ["-newkey", "rsa:2048"] if kind == "rsa" else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        subprocess.run(["openssl", "req", "-x509", *how, "-nodes", "-keyout", self.key, "-out", self.pem, "-subj", f"/CN={name}",
                        "-days", str(days), "-addext", f"basicConstraints=critical,CA:{'TRUE' if ca else 'FALSE'}"],
                       check=True, capture_output=True)
        self.der = ssl.PEM_cert_to_DER_cert(self.pem.read_text())
        self.x5c = [base64.b64encode(self.der).decode()]

    def thumbprint(self):
        return hashlib.sha1(self.der).hexdigest().upper()

    def jwk(self):
        return {"kty": "RSA" if self.kind == "rsa" else "EC", "x5c": self.x5c}

    def raw_signature(self, data):
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=data, check=True, capture_output=True).stdout
        if self.kind == "rsa":
            return der
        out, at = b"", 2
        for _ in range(2):
            n = der[at + 1]
            out += der[at + 2:at + 2 + n].lstrip(b"\0").rjust(32, b"\0")
            at += 2 + n
        return out

    def sign(self, payload, header=None):
        header = header or {"alg": "RS256" if self.kind == "rsa" else "ES256", "x5c": self.x5c}
        head = header if isinstance(header, str) else compact(header)
        signed = f"{b64u(head.encode())}.{b64u(payload.encode()) if payload else ''}"
        return f"{signed}.{b64u(self.raw_signature(signed.encode()))}"

    def policy(self, text, header=None):
        return self.sign(compact({"AttestationPolicy": b64u(text.encode())}), header)

    def certificate(self, other, name="policyCertificate"):
        return self.sign(compact({name: other.jwk()}))


class Service(Daemon):
    """A daemon with an isolated and a shared instance beside the one of its configuration."""

    def __init__(self, signers=(), *flags, **more):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cupel-policy-data-"))
        make = BUILD / "tests" / "instance"
        pems = [s.pem if isinstance(s, Signer) else s for s in signers]
        if pems:
            subprocess.run([make, self.folder, "isolated", "isolated.example", "Isolated", *pems], check=True)
        subprocess.run([make, self.folder, "shared", "shared.example", "Shared"], check=True)
        super().__init__(BUILD, *flags, data_dir=self.folder, **more)

    def __exit__(self, *exc):
        super().__exit__(*exc)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, path, body=None, headers=None, query=MODERN, instance=None):
        """(status, claims of the token, or the error object, or what else came)"""
        headers = dict(WRITER if headers is None else headers)
        if instance:
            headers["Host"] = f"{instance}.example"
        body = body.encode() if isinstance(body, str) else body
        status, said, text = self.request(method, f"{path}?{query}", body, headers)
        if status == 200:
            equal(said["Content-Type"], "application/json; charset=utf-8", path)
        answer = json.loads(text) if text else None
        if isinstance(answer, str) and status == 200:
            answer = claims_of(answer)
        elif isinstance(answer, dict) and "token" in answer:
            answer = claims_of(answer["token"])
        elif isinstance(answer, dict) and "error" in answer:
            equal(said["x-ms-error-code"], answer["error"]["code"], path)
            answer = answer["error"]
        return status, answer

    def good(self, *args, **more):
        status, answer = self.call(*args, **more)
        equal(status, 200, f"{args[:2]}: {answer}")
        return answer

    def bad(self, want, *args, **more):
        status, answer = self.call(*args, **more)
        equal((status, answer["code"] if isinstance(answer, dict) else answer), want, f"{args[:2]}: {answer}")
        return answer["message"] if isinstance(answer, dict) else answer

    def in_force(self, kind="SgxEnclave", instance=None):
        return self.good("GET", f"/policies/{kind}", headers=READER, instance=instance)["x-ms-policy"]
