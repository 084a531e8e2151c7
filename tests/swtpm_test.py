#!/usr/bin/env python3
"""Software TPMs: a measured boot from event to verdict, enrolment of keys, and the guide to a fleet as it is written. TAP."""
import atexit
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

from daemon import ROOT, cupel, run_tests

sys.path.insert(0, str(ROOT / "tools" / "tpm"))
sys.dont_write_bytecode = True
from software_tpm import SKIPPED, Tpm, missing  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()
WORK = pathlib.Path(tempfile.mkdtemp(prefix="cupel-swtpm-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)


def needs_tss(test):
    """A build without tpm2-tss, or a machine without swtpm, has nothing to show here."""
    def run():
        if missing():
            return "SKIPPED: " + missing()
        said = cupel(BUILD, "tpm", "enrol", "--name", "m", "--request", WORK / "nothing", "--tcti", "none:", check=False).stderr
        return "SKIPPED: built without tpm2-tss" if "built without tpm2-tss" in said else test()
    run.__name__ = test.__name__
    return run


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, expected {want!r}")


def machine(name):
    """A software TPM into which a boot of the lab was measured."""
    folder = WORK / name
    folder.mkdir()
    cupel(BUILD, "lab", "make", "tpm", "--out", folder / "lab")
    tpm = Tpm(str(folder), name)
    tpm.extend((folder / "lab" / "log.bin").read_bytes())
    return tpm


def registry(name, *makers):
    folder = WORK / name
    cupel(BUILD, "tpm", "registry", "init", "--registry", folder)
    (folder / "ek" / "anchors").mkdir(parents=True)
    (folder / "ek" / "intermediates").mkdir()
    for n, tpm in enumerate(makers):
        for part in ("anchors", "intermediates"):
            for file in (pathlib.Path(tpm.folder) / "ek" / part).iterdir():
                shutil.copy(file, folder / "ek" / part / f"{n}-{file.name}")
    return folder


def a_quote_is_permitted_and_a_changed_log_refused_by_name():
    done = subprocess.run([ROOT / "tools" / "tpm" / "swtpm-run", BUILD], capture_output=True, text=True)
    if done.returncode == SKIPPED:
        return "SKIPPED: " + done.stdout.strip()
    for line in (done.stdout + done.stderr).splitlines():
        print("# " + line)
    equal(done.returncode, 0, done.stderr)


@needs_tss
def each_kind_of_key_is_enrolled_by_files_and_at_one_desk():
    with machine("enrol") as tpm:
        fleet, out = registry("enrol-fleet", tpm), WORK / "out"
        out.mkdir()
        for aik in ("rsa", "ecc"):
            way = ("--tcti", tpm.tcti, "--aik", aik)
            cupel(BUILD, "tpm", "enrol", *way, "--name", "m1", "--request", out / "request")
            cupel(BUILD, "tpm", "registry", "challenge", "--registry", fleet, "--request", out / "request", "--out", out / "challenge")
            cupel(BUILD, "tpm", "enrol", *way, "--challenge", out / "challenge", "--answer", out / "answer")
            cupel(BUILD, "tpm", "registry", "issue", "--registry", fleet, "--answer", out / "answer", "--out", out / f"{aik}.der")
            shown = subprocess.run(["openssl", "x509", "-inform", "DER", "-in", out / f"{aik}.der", "-noout", "-text"],
                                   capture_output=True, text=True, check=True).stdout
            assert "2.23.133.8.3" in shown and "CA:FALSE" in shown, shown
            verified = subprocess.run(["openssl", "verify", "-ignore_critical", "-CAfile", fleet / "authority.pem", out / f"{aik}.der"],
                                      capture_output=True, text=True)
            equal(verified.returncode, 0, verified.stderr)
        cupel(BUILD, "tpm", "enrol", "--tcti", tpm.tcti, "--name", "m1", "--registry", fleet, "--certificate", out / "desk.der")
        said = cupel(BUILD, "tpm", "registry", "list", "--registry", fleet, "--json").stdout
        equal(len(said.splitlines()), 1, said)


EK_P256 = """[ek]
keyUsage=critical,keyAgreement
extendedKeyUsage=2.23.133.8.1
basicConstraints=critical,CA:FALSE
subjectAltName=critical,dirName:tpm
[tpm]
1.2.23.133.2.1=id:00001014
2.2.23.133.2.2=swtpm
3.2.23.133.2.3=id:20191023
"""


@needs_tss
def an_endorsement_key_on_p256_shares_its_seed_over_a_point():
    """The software TPM's own certificate is for P-384, so its P-256 key is certified here."""
    with machine("point") as tpm:
        out = WORK / "p256"
        out.mkdir()

        def openssl(*args):
            subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, timeout=60)

        tpm.do("createek", "-c", "ek256.ctx", "-G", "ecc", "-u", "ek256.pem", "-f", "pem")
        tpm.do("flushcontext", "-t")
        (out / "ext").write_text(EK_P256)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", out / "ca.key", "-out", out / "ca.pem", "-subj", "/CN=Maker",
                "-addext", "keyUsage=critical,keyCertSign")
        openssl("req", "-new", "-key", out / "ca.key", "-out", out / "csr", "-subj", "/CN=point")
        openssl("x509", "-req", "-in", out / "csr", "-force_pubkey", tpm.file("ek256.pem"), "-CA", out / "ca.pem", "-CAkey", out / "ca.key",
                "-set_serial", "7", "-extfile", out / "ext", "-extensions", "ek", "-outform", "DER", "-out", out / "ek.der")
        fleet = registry("p256-fleet")
        shutil.copy(out / "ca.pem", fleet / "ek" / "anchors")
        cupel(BUILD, "tpm", "enrol", "--tcti", tpm.tcti, "--ek", "ecc", "--ek-cert", out / "ek.der", "--aik", "ecc", "--name", "point",
              "--registry", fleet, "--certificate", out / "aik.der")
        assert (out / "aik.der").stat().st_size > 500


@needs_tss
def km_50_another_tpm_gives_no_secret_out():
    with machine("mine") as mine, machine("theirs") as theirs:
        fleet, out = registry("two-fleet", mine, theirs), WORK / "two"
        out.mkdir()
        cupel(BUILD, "tpm", "enrol", "--tcti", mine.tcti, "--name", "m1", "--request", out / "request")
        cupel(BUILD, "tpm", "registry", "challenge", "--registry", fleet, "--request", out / "request", "--out", out / "challenge")
        for tpm, aik in ((theirs, "rsa"), (mine, "ecc")):  # another endorsement key; another attestation key
            said = cupel(BUILD, "tpm", "enrol", "--tcti", tpm.tcti, "--aik", aik, "--challenge", out / "challenge", "--answer",
                         out / "answer", check=False)
            equal(said.returncode, 2, said.stderr)
            assert "gives no secret out" in said.stderr and not (out / "answer").exists(), said.stderr
        stranger = registry("stranger-fleet", theirs)
        said = cupel(BUILD, "tpm", "registry", "challenge", "--registry", stranger, "--request", out / "request", check=False)
        equal((said.returncode, said.stdout), (2, ""), said.stderr)
        assert "invalid_certificate_chain" in said.stderr or "untrusted_root" in said.stderr, said.stderr
        cupel(BUILD, "tpm", "enrol", "--tcti", mine.tcti, "--challenge", out / "challenge", "--answer", out / "answer")
        cupel(BUILD, "tpm", "registry", "issue", "--registry", fleet, "--answer", out / "answer", "--out", out / "aik.der")
        said = cupel(BUILD, "tpm", "enrol", "--tcti", theirs.tcti, "--name", "m1", "--registry", fleet, "--certificate",
                     out / "other.der", check=False)
        equal(said.returncode, 2, said.stderr)
        assert "another endorsement key" in said.stderr and not (out / "other.der").exists(), said.stderr


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@needs_tss
def the_guide_to_a_fleet_can_be_pasted():
    text = (ROOT / "docs" / "operations" / "tpm-fleet.md").read_text()
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S))
    assert "cupel tpm attest" in script and "cupel tpm registry issue" in script, script
    with machine("rack") as tpm:
        here = WORK / "guide"
        here.mkdir()
        shutil.copytree(pathlib.Path(tpm.folder) / "ek", here / "makers")
        log = pathlib.Path(tpm.folder) / "lab" / "log.bin"
        for verb, more in (("enrol", ""), ("collect", f" --log {log}"), ("attest", f" --log {log}")):
            script = script.replace(f"cupel tpm {verb} ", f"cupel tpm {verb} --tcti {tpm.tcti}{more} ")
        script = script.replace("127.0.0.1:8443", f"127.0.0.1:{free_port()}")
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", "trap 'kill %1 && wait %1' EXIT\n" + script], cwd=here,
                              env={**tpm.environ, "PATH": f"{BUILD}:{tpm.environ['PATH']}"}, capture_output=True, text=True, timeout=120)
        equal(done.returncode, 0, done.stdout[-800:] + done.stderr[-1200:])
        assert "valid" in done.stdout and "secureBootEnabled" in done.stdout, done.stdout


run_tests([a_quote_is_permitted_and_a_changed_log_refused_by_name, each_kind_of_key_is_enrolled_by_files_and_at_one_desk,
           an_endorsement_key_on_p256_shares_its_seed_over_a_point, km_50_another_tpm_gives_no_secret_out, the_guide_to_a_fleet_can_be_pasted])
