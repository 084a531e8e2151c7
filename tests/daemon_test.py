#!/usr/bin/env python3
"""The daemon's processes: started, reloaded, killed, stopped; and who can see the signing key."""
import base64
import contextlib
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from daemon import ROOT, Daemon, cupel, run_tests

BUILD = pathlib.Path(sys.argv[1]).resolve()
CUPELD = BUILD / "cupeld"
PATIENCE = 30  # seconds that anything may take on a busy machine


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, expected {want!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def until(what, condition):
    """Waits for a condition; returns what it gave."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ConnectionError):
            value = condition()
            if value:
                return value
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


@contextlib.contextmanager
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="cupel-daemon-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def run(*flags, env=None):
    return subprocess.run([CUPELD, *map(str, flags)], capture_output=True, text=True, timeout=PATIENCE, env=env)


def admin(d, path):
    """(status, text)"""
    try:
        with urllib.request.urlopen(d.endpoint["admin_url"] + path, timeout=10) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def ready(d):
    return json.loads(admin(d, "/readyz")[1])


def generation(d):
    """The processes that a reload replaces: all but the keeper."""
    return set(children(d)) - set(children(d, "keeper"))


def children(d, role=None):
    """{pid: role} of the daemon's processes."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(entry.name)
            stat = (entry / "stat").read_text()
            if int(stat.rsplit(")", 1)[1].split()[1]) != d.process.pid or stat.rsplit(")", 1)[1].split()[0] == "Z":
                continue
            is_role = re.search(rb"--role=(\w+)", (entry / "cmdline").read_bytes())
            if is_role and role in (None, is_role[1].decode()):
                found[pid] = is_role[1].decode()
    return found


def certs(d):
    status, _, body = d.request("GET", "/certs")
    equal(status, 200, "GET /certs")
    return json.loads(body)["keys"]


def settled(d):
    """All wished workers serve."""
    state = ready(d)
    return state["ready"] and state["workers_ready"] == state["workers"]


# --- before anything is started


def help_and_version_are_printed():
    helped = run("--help")
    equal(helped.returncode, 0)
    for flag in ("--config", "--listen", "--data-dir", "--dev", "--check-config", "--insecure-judge-at", "--collateral-dir",
                 "--tcb-profile"):
        holds(flag in helped.stdout, flag)
    holds(run("--version").stdout.startswith("cupeld "), "version")


def manual_names_every_key_and_default():
    helped, manual = run("--help").stdout, (ROOT / "docs" / "man" / "cupeld.conf.5.scd").read_text().replace("\\", "")
    keys = re.findall(r"^  --(\S+)(?: .*)?\n(.*)$", helped, re.M)
    holds(len(keys) > 30, "keys are found")
    for flag, meaning in keys:
        if flag in ("config", "dev", "insecure-judge-at", "check-config", "help", "version"):
            continue
        name = flag if flag.startswith("policy.") else flag.replace("-", "_")
        holds(f"*{name}* = " in manual, f"{name} is not in the manual")
        default = re.search(r"\[([^]]*)\]$", meaning)
        text = manual.split(f"*{name}* = ", 1)[1].split("\n\n", 1)[0]
        holds(not default or f"Default: *{default[1]}*" in text, f"the default of {name}")


def wrong_flags_end_with_64_and_a_sentence():
    rows = (
        (["--dev", "--listen", "0.0.0.0:0"], "loopback"),
        (["--dev", "--listen", "192.0.2.1:8443"], "loopback"),
        (["--dev", "--listen", "[::]:0"], "loopback"),
        (["--dev", "--admin-listen", "0.0.0.0:0"], "loopback"),
        (["--insecure-judge-at", "1705320000"], "--dev only"),
        (["--listen", "127.0.0.1:0"], "tls_cert"),
        (["--dev", "--lisen", "127.0.0.1:0"], '"listen"'),
        (["--dev", "--config", "/no/such/file"], "/no/such/file"),
    )
    with folder() as data:
        for flags, word in rows:
            done = run(*flags, "--data-dir", data / "d")
            equal(done.returncode, 64, flags)
            holds(word in done.stderr, f"{flags}: {done.stderr}")
        holds(not (data / "d").exists(), "a refused start leaves nothing behind")


def check_config_reads_all_that_a_worker_would():
    with folder() as at:
        (at / "good.pol").write_text('version=1.0; authorizationrules { => permit(); };')
        (at / "bad.pol").write_text("version=1.0; authorizationrules { => permit( };")
        (at / "c.ini").write_text(f"data_dir = {at}/d\n[policy]\nSgxEnclave = {at}/good.pol\n")
        done = run("--dev", "--check-config", "--config", at / "c.ini")
        equal((done.returncode, done.stderr), (0, ""), "good")
        holds(not (at / "d").exists(), "a check makes nothing")
        rows = ((["--policy.SgxEnclave", at / "bad.pol"], "policy"), (["--policy.Tpm", at / "none.pol"], "policy.Tpm"),
                (["--collateral-dir", at / "none"], "collateral_dir"), (["--roots", at / "none.pem"], "roots"),
                (["--access-file", at / "good.pol"], "access_file"), (["--tls-client-ca", at / "good.pol"], "tls_client_ca"),
                (["--tls-cert", at / "good.pol", "--tls-key", at / "good.pol"], "tls_cert"), (["--user", "nobody-of-that-name"], "user"),
                (["--token-issuers", "https://a.example", "--token-issuer-ca", at / "good.pol"], "token_issuer_ca"),
                (["--token-issuers", "https://a.example", "--token-issuer-ca", at / "none.pem"], "token_issuer_ca"),
                (["--token-keys", f"https://a.example={at}/good.pol"], "token_keys"))
        for flags, word in rows:
            done = run("--dev", "--check-config", "--config", at / "c.ini", *flags)
            equal(done.returncode, 64, flags)
            holds(word in done.stderr, f"{flags}: {done.stderr}")
        # every key but those that are flags only may come by the environment, and is checked the same
        for name, value, word in (("CUPEL_TLS_CLIENT_CA", at / "good.pol", "tls_client_ca"), ("CUPEL_POLICY_TPM", at / "bad.pol", "policy"),
                                  ("CUPEL_AUDIT_RETENTION_DAYS", "x", "environment.audit_retention_days")):
            done = run("--dev", "--check-config", "--config", at / "c.ini", env={**os.environ, name: str(value)})
            equal(done.returncode, 64, name)
            holds(word in done.stderr, f"{name}: {done.stderr}")


# --- a service on its own


def start_says_where_it_is_and_what_is_weakened():
    with Daemon(BUILD) as d:
        equal(sorted(d.endpoint), ["admin_url", "ca", "url"])
        equal(d.endpoint["ca"], str(d.data / "tls" / "ca.pem"))
        holds(re.fullmatch(r"https://127\.0\.0\.1:\d+", d.url), d.url)
        equal(admin(d, "/livez")[0], 200, "/livez")
        status, text = admin(d, "/readyz")
        state = json.loads(text)
        equal((status, state["ready"], state["dev"], state["lab_roots_accepted"]), (200, True, True, True), "/readyz")
        holds("lab roots are accepted" in d.logged(), "said at start-up")
        holds("cupel_workers_ready" in admin(d, "/metrics")[1], "/metrics")
        equal(admin(d, "/certs")[0], 404, "the admin listener serves nothing else")
        equal(d.request("GET", "/metrics")[0], 404, "the public listener serves no metrics")
        equal([len(k["x5c"]) for k in certs(d)], [1, 3], "the key of tokens, and that of reports under its authority")
        equal(d.stop(), 0, "exit status")
        holds(not (d.data / "run" / "endpoint.json").exists(), "endpoint.json is gone")


def judging_at_another_time_is_said():
    with Daemon(BUILD, "--insecure-judge-at", "2024-01-15T12:00:00Z") as d:
        equal(ready(d)["insecure_judge_at"], "2024-01-15T12:00:00Z")
        holds("judged at a fixed time" in d.logged(), "said at start-up")


def files_are_for_whom_they_should_be():
    with Daemon(BUILD) as d:
        modes = {name: (d.data / name).stat().st_mode & 0o777
                 for name in ("keys", "keys/key-1.pem", "keys/keys.json", "keys/report.pem", "keys/report-ca.pem",
                              "keys/report-root.pem", "keys/contexts", "tls/server.key")}
        equal(modes, {name: 0o700 if name == "keys" else 0o600 for name in modes})


def key_and_ca_stay_over_a_restart_and_retired_keys_stay_published():
    with folder() as data:
        with Daemon(BUILD, data_dir=data) as d:
            first = certs(d)[0]["kid"]
            ca = pathlib.Path(d.ca).read_bytes()
        with Daemon(BUILD, data_dir=data) as d:
            equal(certs(d)[0]["kid"], first, "kid")
            equal(pathlib.Path(d.ca).read_bytes(), ca, "CA")
        with Daemon(BUILD, "--signing-alg", "ES256", data_dir=data) as d:
            keys = certs(d)
            equal([k["kty"] for k in keys], ["EC", "RSA", "RSA"], "the active key first, the key of reports last")
            equal(keys[1]["kid"], first, "the retired one is still published")


def second_daemon_on_the_same_directory_is_refused():
    with Daemon(BUILD) as d:
        done = run("--dev", "--listen", "127.0.0.1:0", "--data-dir", d.data)
        equal(done.returncode, 70)
        holds("in use by another cupeld" in done.stderr, done.stderr)
        equal(admin(d, "/readyz")[0], 200, "the first is not disturbed")


def start_that_cannot_work_ends_with_70_and_the_reason():
    with folder() as data:
        (data / "keys").mkdir(mode=0o700)
        (data / "keys" / "keys.json").write_text("{")
        done = run("--dev", "--listen", "127.0.0.1:0", "--data-dir", data)
        equal(done.returncode, 70)
        holds("keys.json" in done.stderr, done.stderr)
        holds(not (data / "run" / "endpoint.json").exists(), "no endpoint.json")


def interrupt_is_a_clean_stop_too():
    with Daemon(BUILD) as d:
        d.process.send_signal(signal.SIGINT)
        equal(d.process.wait(PATIENCE), 0)


def stop_right_after_the_start_is_clean():
    with folder() as data:
        p = subprocess.Popen([CUPELD, "--dev", "--listen", "127.0.0.1:0", "--data-dir", data], stderr=subprocess.DEVNULL)
        until("it runs", lambda: (data / "run" / "lock").exists())
        p.send_signal(signal.SIGTERM)
        equal(p.wait(PATIENCE), 0)


def service_manager_hears_how_it_is():
    with folder() as at, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(at / "notify"))
        s.settimeout(PATIENCE)
        with Daemon(BUILD, env={**os.environ, "NOTIFY_SOCKET": str(at / "notify")}) as d:
            equal(s.recv(100), b"READY=1")
            d.process.send_signal(signal.SIGHUP)
            equal((s.recv(100), s.recv(100)), (b"RELOADING=1", b"READY=1"))
            equal(d.stop(), 0)
            equal(s.recv(100), b"STOPPING=1")


def children_of_root_become_the_user_that_is_named():
    if os.geteuid() != 0:
        return "SKIPPED: only root can become somebody else"
    with Daemon(BUILD, "--user", "nobody") as d:
        nobody = pwd.getpwnam("nobody")
        for pid, role in children(d).items():
            lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
            ids = {line.split()[0]: set(line.split()[1:]) for line in lines if line.startswith(("Uid:", "Gid:", "Groups:"))}
            equal(ids, {"Uid:": {str(nobody.pw_uid)}, "Gid:": {str(nobody.pw_gid)}, "Groups:": set()}, role)
        equal([len(k["x5c"]) for k in certs(d)], [1, 3], "the key of tokens, and that of reports under its authority")
        d.process.send_signal(signal.SIGHUP)
        until("reloaded", lambda: ready(d)["generation"] == 2)
        equal(d.stop(), 0)
    return None


def large_token_is_signed_like_any_other():
    with folder() as at:
        cupel(BUILD, "lab", "make", "sgx", "--out", at / "lab")
        quote = base64.urlsafe_b64encode((at / "lab" / "quote.bin").read_bytes()).rstrip(b"=").decode()
        for alg in ("RS256", "PS256", "ES256", "ES384"):
            with Daemon(BUILD, "--collateral-dir", at / "lab" / "collateral", "--insecure-judge-at", "2024-01-15T12:00:00Z",
                        "--signing-alg", alg) as d:
                status, answer = d.attest("SgxEnclave", {"quote": quote, "nonce": "n" * 300000})
                equal(status, 200, f"{alg}: {str(answer)[:300]}")
                holds(len(answer["token"]) > 400000, alg)
                (at / "token").write_text(answer["token"])
                cupel(BUILD, "token", "verify", at / "token", "--url", d.url, "--ca", d.ca)


# --- processes that end


def killed_worker_is_replaced():
    with Daemon(BUILD, "--workers", 2) as d:
        before = children(d, "worker")
        equal(len(before), 2)
        victim = next(iter(before))
        os.kill(victim, signal.SIGKILL)
        until("it is gone", lambda: victim not in children(d, "worker"))
        until("another serves", lambda: len(children(d, "worker")) == 2 and settled(d))
        for _ in range(8):
            equal([len(k["x5c"]) for k in certs(d)], [1, 3], "the key of tokens, and that of reports under its authority")
        holds("cupel_worker_restarts_total 1" in admin(d, "/metrics")[1], "it is counted")
        equal(d.stop(), 0)


def killed_signer_takes_its_workers_along_and_all_are_replaced():
    with Daemon(BUILD, "--workers", 2) as d:
        kid = certs(d)[0]["kid"]
        before = generation(d)
        os.kill(next(iter(children(d, "signer"))), signal.SIGKILL)
        until("all are new", lambda: len(generation(d)) == 3 and not before & generation(d) and settled(d))
        equal(certs(d)[0]["kid"], kid, "with the same key")
        holds("cupel_signer_restarts_total 1" in admin(d, "/metrics")[1], "it is counted")
        equal(d.stop(), 0)


def killed_keeper_is_replaced_and_nobody_waits():
    with folder() as at:
        cupel(BUILD, "lab", "make", "sgx", "--out", at / "lab", "--at", int(time.time()))
        with Daemon(BUILD, "--workers", 2, "--collateral-dir", at / "lab" / "collateral") as d:
            def attest():
                cupel(BUILD, "attest", "--url", d.url, "--ca", d.ca, "--type", "sgx", "--evidence", at / "lab" / "quote.bin",
                      "--token-out", at / "token.jwt")

            def shown(action):
                return len(cupel(BUILD, "audit", "show", "--action", action, "--data-dir", d.data).stdout.splitlines())

            before, workers = children(d, "keeper"), generation(d)
            attest()
            os.kill(next(iter(before)), signal.SIGSTOP)
            attest()
            os.kill(next(iter(before)), signal.SIGKILL)
            attest()
            until("another keeps", lambda: children(d, "keeper") and not set(before) & set(children(d, "keeper")))
            equal(generation(d), workers, "workers stay")
            until("the verdicts are recorded", lambda: shown("verdict") >= 2)
            equal(shown("keeper.started"), 2)
            cupel(BUILD, "audit", "verify", "--data-dir", d.data)
            holds("cupel_keeper_restarts_total 1" in admin(d, "/metrics")[1], "it is counted")
            equal(d.stop(), 0)
            equal(shown("keeper.stopped"), 1)


def processes_end_when_the_supervisor_is_killed():
    with folder() as data, Daemon(BUILD, "--drain-seconds", 1, data_dir=data) as d:
        pids = list(children(d))
        equal(len(pids) >= 2, True)
        d.process.kill()
        d.process.wait()

        def alive(pid):
            with contextlib.suppress(OSError):
                return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
            return False

        until("nobody is left", lambda: not any(map(alive, pids)))
        holds((data / "run" / "endpoint.json").exists(), "a killed supervisor removes nothing")
        done = run("--dev", "--check-config", "--data-dir", data)
        equal(done.returncode, 0)
    with folder() as data:
        with Daemon(BUILD, data_dir=data) as d:
            d.process.kill()
            d.process.wait()
        stale = (data / "run" / "endpoint.json").read_text()
        p = subprocess.Popen([CUPELD, "--dev", "--listen", "127.0.0.1:0", "--data-dir", data], stderr=subprocess.DEVNULL)
        try:
            until("a new endpoint.json", lambda: (data / "run" / "endpoint.json").read_text() != stale)
        finally:
            p.terminate()
            equal(p.wait(PATIENCE), 0)


# --- reloads


def reload_changes_the_configuration_and_drops_no_request():
    with folder() as at:
        (at / "c.ini").write_text("workers = 1\n")
        with Daemon(BUILD, "--config", at / "c.ini") as d:
            kid = certs(d)[0]["kid"]
            before = generation(d)
            trouble, count, stop = [], [0], threading.Event()

            def ask():
                while not stop.is_set():
                    try:
                        if d.request("GET", "/certs")[0] != 200:
                            trouble.append("status")
                    except Exception as e:
                        trouble.append(repr(e))
                    count[0] += 1

            asker = threading.Thread(target=ask)
            asker.start()
            try:
                (at / "c.ini").write_text("workers = 2\nsigning_alg = ES256\n")
                d.process.send_signal(signal.SIGHUP)
                until("the new generation serves", lambda: ready(d)["generation"] == 2 and settled(d))
                until("the old one is gone", lambda: not before & generation(d))
            finally:
                stop.set()
                asker.join()
            equal(trouble, [], f"of {count[0]} requests")
            holds(count[0] > 0, "requests were made")
            equal(len(children(d, "worker")), 2)
            keys = certs(d)
            equal((keys[0]["kty"], keys[1]["kid"]), ("EC", kid), "signing_alg")
            equal(d.stop(), 0)


def reload_brings_a_new_base_url_to_the_default_instance():
    with folder() as at:
        (at / "c.ini").write_text("base_url = https://one.example\n")
        with Daemon(BUILD, "--config", at / "c.ini", data_dir=at) as d:
            def told():
                return json.loads(d.request("GET", "/.well-known/openid-configuration", headers={"Host": "localhost"})[2])["issuer"]

            def kept():
                shown = cupel(BUILD, "instance", "show", "default", "--json", "--data-dir", at)
                return "https://two.example" in shown.stdout

            equal(told(), "https://one.example")
            keeper = children(d, "keeper")
            (at / "c.ini").write_text("base_url = https://two.example\n")
            d.process.send_signal(signal.SIGHUP)
            until("the new generation serves", lambda: ready(d)["generation"] == 2 and settled(d))
            until("the store follows", kept)
            until("tokens are of the new issuer", lambda: told() == "https://two.example")
            equal(children(d, "keeper"), keeper, "the keeper stays")
            # whoever keeps after it follows, too
            os.kill(next(iter(keeper)), signal.SIGKILL)
            until("another keeps", lambda: children(d, "keeper") and not set(keeper) & set(children(d, "keeper")))
            holds(kept(), "another keeper has the new configuration")
            equal(d.stop(), 0)


def reload_serves_a_new_certificate():
    with folder() as at, Daemon(BUILD) as other:
        with Daemon(BUILD) as d:
            old_ca = pathlib.Path(d.ca).read_bytes()
            for name in ("ca.pem", "server.pem", "server.key"):
                shutil.copy2(other.data / "tls" / name, d.data / "tls" / name)
            holds(pathlib.Path(d.ca).read_bytes() != old_ca, "another CA")
            d.process.send_signal(signal.SIGHUP)
            until("the new generation serves", lambda: ready(d)["generation"] == 2 and len(children(d, "signer")) == 1)
            equal(d.request("GET", "/certs")[0], 200, "verified with the new CA")


def reload_that_cannot_be_served_changes_nothing():
    with folder() as at:
        (at / "c.ini").write_text("workers = 1\n")
        with Daemon(BUILD, "--config", at / "c.ini") as d:
            before = generation(d)
            rows = (("nonsense = 1\n", "line 1.nonsense"), ("workers = 1\nlisten = 127.0.0.1:1\n", None),
                    (f"collateral_dir = {at}/none\n", "collateral_dir"), ("admin_listen = 127.0.0.1:1\n", "admin_listen"))
            for text, word in rows:
                said = len(d.logged())
                (at / "c.ini").write_text(text)
                d.process.send_signal(signal.SIGHUP)
                if word is None:  # the flag wins over the file, so nothing differs: a plain reload
                    until("reloaded", lambda: "serving with the new" in d.logged()[said:])
                    until("the old one is gone", lambda: not before & generation(d) and len(generation(d)) == 2)
                    before = generation(d)
                    continue
                until(word, lambda: "the old one stays" in d.logged()[said:])
                holds(word in d.logged()[said:], d.logged()[said:])
                until("what was tried is gone", lambda: generation(d) == before)
                equal(d.request("GET", "/certs")[0], 200)
            equal(d.stop(), 0)


# --- who can see what


def der_integers(der):
    """The integers of an RSAPrivateKey in PKCS#8."""
    def read(data, at):
        length, at = data[at + 1], at + 2
        if length & 0x80:
            n = length & 0x7F
            length, at = int.from_bytes(data[at:at + n], "big"), at + n
        return at, length

    at, _ = read(der, 0)
    for _ in range(2):  # version, algorithm
        start, length = read(der, at)
        at = start + length
    at, _ = read(der, at)  # OCTET STRING
    at, _ = read(der, at)  # RSAPrivateKey
    numbers = []
    while at < len(der) and len(numbers) < 6:
        start, length = read(der, at)
        numbers.append(int.from_bytes(der[start:start + length], "big"))
        at = start + length
    return numbers


def secrets_of(pem):
    """{name: bytes}: what of the private key could lie in memory, as the library keeps it and as the file does."""
    body = "".join(pem.decode().strip().split("\n")[1:-1])
    _, n, _, d, p, q = der_integers(base64.b64decode(body))
    needles = {"PEM": pem.split(b"\n")[12], "DER": base64.b64decode(body)[700:760]}
    for name, number in (("d", d), ("p", p), ("q", q)):
        size = (number.bit_length() + 7) // 8
        needles[f"{name}, big-endian"] = number.to_bytes(size, "big")[:48]
        needles[f"{name}, little-endian"] = number.to_bytes(size, "little")[:48]
    return needles, n.to_bytes(256, "big")[:48]


def found_in(pid, needles):
    """The names of the needles that stand in the process's memory; None where it may not be read."""
    found = set()
    try:
        memory = open(f"/proc/{pid}/mem", "rb", buffering=0)
    except PermissionError:
        return None
    with memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            if "r" not in rights or "[v" in line:
                continue
            start, end = (int(x, 16) for x in span.split("-"))
            if end - start > 1 << 32:
                continue  # address space that a sanitizer reserves and hardly uses
            with contextlib.suppress(OSError, ValueError, OverflowError):
                memory.seek(start)
                data = b""
                while len(data) < end - start:
                    part = memory.read(end - start - len(data))
                    if not part:
                        break
                    data += part
                found |= {name for name, needle in needles.items() if needle in data}
    return found


def signing_key_is_in_the_memory_of_the_signer_alone():
    with Daemon(BUILD, "--workers", 2) as d:
        for _ in range(4):
            certs(d)
        private, public = secrets_of((d.data / "keys" / "key-1.pem").read_bytes())
        private |= {f"report's {name}": value for name, value in secrets_of((d.data / "keys/report.pem").read_bytes())[0].items()}
        everyone = {**children(d), d.process.pid: "supervisor"}
        seen = {}
        for pid, role in everyone.items():
            found = found_in(pid, {**private, "public": public})
            if found is None:
                return "SKIPPED: the memory of other processes may not be read here"
            seen.setdefault(role, set()).update(found)
        holds(seen["signer"] & set(private), "the signer holds the key, so the search can find it")
        holds("public" in seen["worker"], "a worker holds the certificate, so its memory was searched")
        equal(seen["worker"] & set(private), set(), "a worker")
        equal(seen["supervisor"] & set(private), set(), "the supervisor")
    return None


def processes_have_given_up_their_rights():
    with Daemon(BUILD, "--workers", 1) as d:
        for pid, role in children(d).items():
            status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                          if ":\t" in line)
            equal((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"), role)
            threads = pathlib.Path(f"/proc/{pid}/task").iterdir()
            for t in threads:
                holds("Seccomp:\t2" in (t / "status").read_text(), f"{role}: thread {t.name}")
            links = [os.readlink(f) for f in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
            log = str(d.data / "log.txt")
            files = [x for x in links if x.startswith("/") and x not in (log, "/dev/null")]
            # the keeper holds the folder itself, too: its claim to be the only one
            own = ("store", "store/cupel.db", "store/cupel.db-shm", "store/cupel.db-wal") if role == "keeper" else ()
            equal(sorted(files), [str(d.data / name) for name in own], f"files that the {role} holds open")
            if role == "signer":
                tcp = [x.split()[9] for x in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
                held = {m[1] for x in links for m in [re.fullmatch(r"socket:\[(\d+)\]", x)] if m}
                equal(held & set(tcp), set(), "network sockets of the signer")


def km_83_logs_hold_no_secret():
    with Daemon(BUILD, "--log-level", "debug") as d:
        bearer = {"Authorization": "Bearer dev-contributor", "X-Secret": "header-secret-5149"}
        d.request("GET", "/policies/SgxEnclave?api-version=2022-08-01", headers=bearer)
        d.request("GET", "/policies/SgxEnclave?api-version=2022-08-01", headers={"Authorization": "Bearer wrong-7731"})
        body = {"quote": "bm8tcXVvdGUtNjY2MQ", "runtimeData": {"data": "cnVudGltZS1zZWNyZXQ", "dataType": "Binary"}}
        d.attest("SgxEnclave", body)
        d.process.send_signal(signal.SIGHUP)
        until("reloaded", lambda: ready(d)["generation"] == 2)
        d.stop()
        pem = (d.data / "keys" / "key-1.pem").read_text().split("\n")[5]
        for secret in ("PRIVATE", "dev-contributor", "dev-reader", "wrong-7731", "header-secret", "cnVudGltZS1zZWNyZXQ",
                       "runtime-secret", "bm8tcXVvdGUtNjY2MQ", pem):
            holds(secret not in d.logged(), f"{secret} in the log")
        for line in d.logged().splitlines():
            holds({"time", "level", "process", "pid", "text"} <= set(json.loads(line)), line)


sys.exit(run_tests([
    help_and_version_are_printed,
    manual_names_every_key_and_default,
    wrong_flags_end_with_64_and_a_sentence,
    check_config_reads_all_that_a_worker_would,
    start_says_where_it_is_and_what_is_weakened,
    judging_at_another_time_is_said,
    files_are_for_whom_they_should_be,
    key_and_ca_stay_over_a_restart_and_retired_keys_stay_published,
    second_daemon_on_the_same_directory_is_refused,
    start_that_cannot_work_ends_with_70_and_the_reason,
    interrupt_is_a_clean_stop_too,
    stop_right_after_the_start_is_clean,
    service_manager_hears_how_it_is,
    children_of_root_become_the_user_that_is_named,
    large_token_is_signed_like_any_other,
    killed_worker_is_replaced,
    killed_signer_takes_its_workers_along_and_all_are_replaced, killed_keeper_is_replaced_and_nobody_waits,
    processes_end_when_the_supervisor_is_killed,
    reload_changes_the_configuration_and_drops_no_request,
    reload_brings_a_new_base_url_to_the_default_instance,
    reload_serves_a_new_certificate,
    reload_that_cannot_be_served_changes_nothing,
    signing_key_is_in_the_memory_of_the_signer_alone,
    processes_have_given_up_their_rights,
    km_83_logs_hold_no_secret,
]))
