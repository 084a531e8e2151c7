#!/usr/bin/env python3
"""Killed at any moment, with its disk full or its store damaged: what was acknowledged stays, and nobody is told a guess."""
import collections
import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from daemon import Daemon, cupel, run_tests
from policy_client import BUILD, MODERN, PERMIT, READER, WRITER, Service, Signer, claims_of, compact, equal, sha, unsecured

CHANGES = int(os.environ.get("CUPEL_KILL_CHANGES", "1000"))
KILLS = int(os.environ.get("CUPEL_KILLS", "40"))
SEED = int(os.environ.get("CUPEL_KILL_SEED", "20240115"))
POLICY_TYPES = ("SgxEnclave", "TdxVm", "Tpm")


def children(pid):
    """The processes that one started."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(entry.name))
    return found


def keeper_of(pid):
    return next(p for p in children(pid) if b"--role=keeper" in pathlib.Path(f"/proc/{p}/cmdline").read_bytes())


class Writer:
    """One client, which changes one thing again and again and remembers what it was told."""

    def __init__(self, name, documents):
        self.name, self.documents = name, documents
        self.acknowledged = []  # the documents that the service said it keeps, in order
        self.unknown = []       # those that it did not answer, one by one, with how many were acknowledged before
        self.next = 0

    def sent(self, document, is_told):
        if is_told:
            self.acknowledged.append(document)
        else:
            self.unknown.append((len(self.acknowledged), document))

    def may_stand(self):
        """What may be in force now: the last that was acknowledged, or one sent after it whose answer nobody heard."""
        at = len(self.acknowledged)
        return self.acknowledged[-1:] + [d for n, d in self.unknown if n == at] or [None]


class PolicyWriter(Writer):
    def __init__(self, kind, count):
        super().__init__(kind, [unsecured(f"{PERMIT}// {kind} {n}\n") for n in range(count)])
        self.first = None

    def request(self, document):
        return "PUT", f"/policies/{self.name}", document, {}

    def check(self, d):
        stands = d.good("GET", f"/policies/{self.name}", headers=READER)["x-ms-policy"]
        self.first = self.first or stands
        may = [m or self.first for m in self.may_stand()]
        if stands not in may:
            n = self.documents.index(stands) if stands in self.documents else -1
            raise AssertionError(f"{self.name}: document {n} is in force, not one of {[self.documents.index(m) for m in may]}; unanswered: "
                                 f"{[(at, self.documents.index(x)) for at, x in self.unknown]}; {len(self.acknowledged)} acknowledged")
        if not self.acknowledged or stands != self.acknowledged[-1]:
            self.settle(stands)

    def settle(self, stands):
        """What was not answered and is in force was made: as good as acknowledged."""
        if stands != self.first:
            self.unknown = [u for u in self.unknown if u[1] != stands]
            self.acknowledged.append(stands)

    def check_chain(self, records):
        """Every acknowledged document is recorded once and in order; between them only what was not answered."""
        hashes = [r["detail"]["tokenHash"] for r in records if r["action"] == "policy.set" and r["subject"] == self.name]
        equal(len(hashes), len(set(hashes)), f"{self.name}: recorded more than once")
        told = [sha(x) for x in self.acknowledged]
        equal([h for h in hashes if h in set(told)], told, f"{self.name}: acknowledged and recorded")
        extra = set(hashes) - set(told) - {sha(x) for _, x in self.unknown}
        equal(extra, set(), f"{self.name}: recorded and never sent")


class CertificateWriter(Writer):
    """Adds and removes one policy signer by turns; a document is (path, body, is it there afterwards)."""

    def __init__(self, root, other, count):
        body = compact(root.certificate(other))
        super().__init__("certificate", [("/certificates:add", body, True), ("/certificates:remove", body, False)] * (count // 2))
        self.x5c = other.x5c[0]
        self.is_there = False

    def request(self, document):
        return "POST", document[0], document[1], {"Host": "isolated.example"}

    def check(self, d):
        keys = d.good("GET", "/certificates", headers=READER, instance="isolated")["x-ms-policy-certificates"]["keys"]
        is_there = self.x5c in [k["x5c"][0] for k in keys]
        may = [m[2] if m else False for m in self.may_stand()]
        assert is_there in may, f"the signer is {'' if is_there else 'not '}listed after {len(self.acknowledged)} changes"

    def check_chain(self, records):
        actions = [r["action"] for r in records if r["action"].startswith("certificate.") and r["actor"] != "instance"]
        for before, after in zip(actions, actions[1:]):
            assert before != after, "a signer was added or removed twice without the other between"


def write_on(d, writer, stop, failed, counted):
    """Sends a writer's documents over one connection until it breaks."""
    c = d.connection()
    try:
        while writer.next < len(writer.documents) and not stop.is_set():
            document = writer.documents[writer.next]
            method, path, body, headers = writer.request(document)
            writer.next += 1
            try:
                c.request(method, f"{path}?{MODERN}", body.encode(), {**WRITER, **headers})
                answer = c.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException, ssl.SSLError):
                writer.sent(document, False)
                return
            # made, and only its answer could not be signed, is made
            if answer.status == 200 or b"did not sign" in text:
                writer.sent(document, True)
            elif answer.status == 503 and b"it is not known" in text:
                writer.sent(document, False)
            elif answer.status != 503:
                failed.append(f"{path}: {answer.status} {text[:300]!r}")
                return
            with counted:
                counted.notify_all()
    finally:
        c.close()


def done_by(writers):
    return sum(w.next for w in writers)


def kill(d, how):
    """SIGKILL: to all of it at once, to the supervisor alone, or to the keeper alone (which is replaced)."""
    if how == "keeper":
        with contextlib.suppress(StopIteration, OSError):
            os.kill(keeper_of(d.process.pid), signal.SIGKILL)
        return
    pids = children(d.process.pid) if how == "all" else []
    d.process.kill()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    d.process.wait()


def one_life(d, writers, until_done, rng, how):
    """Writes until so many changes were sent, then kills in the middle of what is going on."""
    stop, failed, counted = threading.Event(), [], threading.Condition()
    threads = [threading.Thread(target=write_on, args=(d, w, stop, failed, counted)) for w in writers]
    for t in threads:
        t.start()
    with counted:
        while done_by(writers) < until_done and any(t.is_alive() for t in threads):
            counted.wait(0.2)
    if how:
        time.sleep(rng.uniform(0, 0.02))
        kill(d, how)
    if how == "keeper" or not how:
        stop.wait(0.3 if how else 0)
    if how:
        stop.set()
    for t in threads:
        t.join(30)
    equal(failed, [], "refusals")


def killed_at_any_moment_it_loses_no_acknowledged_change_and_makes_none_by_half():
    rng = random.Random(SEED)
    root, other = Signer("kill-root"), Signer("kill-other", "ec")
    each = CHANGES // (len(POLICY_TYPES) + 1)
    writers = [PolicyWriter(kind, each) for kind in POLICY_TYPES] + [CertificateWriter(root, other, each)]
    points = sorted(rng.sample(range(5, CHANGES - 5), KILLS))
    kinds = collections.Counter()
    service = Service((root,), "--workers", "2", "--drain-seconds", "1")
    try:
        for point in [*points, None]:
            how = rng.choice(("all", "all", "supervisor", "keeper")) if point else None
            kinds[how] += 1
            with contextlib.suppress(FileNotFoundError):
                (service.data / "run" / "endpoint.json").unlink()
            with Running(service) as d:
                for w in writers:
                    w.check(d)
                one_life(d, writers, point or CHANGES, rng, how)
                if how in (None, "keeper"):
                    for w in writers:
                        w.check(d)
        equal(done_by(writers), sum(len(w.documents) for w in writers), "all were sent")
        said = cupel(BUILD, "audit", "verify", "--data-dir", service.data)
        records = [json.loads(line) for line in cupel(BUILD, "audit", "export", "--data-dir", service.data).stdout.splitlines()]
        for w in writers:
            w.check_chain(records)
        cupel(BUILD, "store", "check", "--data-dir", service.data)
        print(f"# {sum(len(w.acknowledged) for w in writers)} acknowledged, {sum(len(w.unknown) for w in writers)} unanswered, "
              f"{dict(kinds)}, {len(records)} records; {said.stdout.splitlines()[-1]}")
    finally:
        service.__exit__(None, None, None)


class Running:
    """One life of a service whose folder stays."""

    def __init__(self, service):
        self.service = service

    def __enter__(self):
        return self.service.__enter__()

    def __exit__(self, *exc):
        s = self.service
        if s.process.poll() is None:
            s.stop()
        s.log.close()


def a_second_start_waits_for_the_keeper_of_the_first():
    """The supervisor is killed while a change is under way: what the first acknowledges afterwards, the second knows."""
    service = Service((), "--workers", "1", "--drain-seconds", "5")
    document = unsecured(f"{PERMIT}// of the first\n")
    stopped = []
    try:
        with Running(service) as d:
            c = d.connection()
            c.request("GET", f"/policies/Tpm?{MODERN}", headers=READER)
            c.getresponse().read()
            stopped = [keeper_of(d.process.pid)]
            os.kill(stopped[0], signal.SIGSTOP)
            c.request("PUT", f"/policies/Tpm?{MODERN}", document.encode(), WRITER)
            time.sleep(0.3)  # it is with the keeper now
            d.process.kill()
            d.process.wait()
        told = []

        def let_go():
            until(lambda: "waiting for it" in d.logged(), "the second waits")
            os.kill(stopped.pop(), signal.SIGCONT)
            told.append(c.getresponse().status)

        thread = threading.Thread(target=let_go)
        thread.start()
        (service.data / "run" / "endpoint.json").unlink()
        with Running(service) as d:
            thread.join(20)
            equal(told, [200], "the first acknowledges")
            equal(d.in_force("Tpm"), document, "the second knows")
        cupel(BUILD, "audit", "verify", "--data-dir", service.data)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGKILL)
        service.__exit__(None, None, None)


@contextlib.contextmanager
def mounted(where, *how):
    """A file system of its own at a folder; None where this user may not mount."""
    done = subprocess.run(["mount", *map(str, how), str(where)], capture_output=True)
    try:
        yield done.returncode == 0 or None
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", str(where)], check=True, capture_output=True)


def a_full_disk_refuses_changes_and_nothing_else():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cupel-full-"))
    try:
        (folder / "store").mkdir(mode=0o700)
        with mounted(folder / "store", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs") as is_there:
            if not is_there:
                return "SKIPPED: this user may not mount a small disk"
            fill_and_look(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill_and_look(folder):
    with Changes(BUILD, data_dir=folder) as d:
        first = unsecured(f"{PERMIT}// before\n")
        equal(d.change(first)[0], 200, "before")
        filler = open(folder / "store" / "filler", "wb", buffering=0)
        with contextlib.suppress(OSError):
            while filler.write(bytes(65536)):
                pass
        with contextlib.suppress(OSError):
            while filler.write(b"x"):
                pass
        refused = next((r for r in (d.change(unsecured(f"{PERMIT}// {n}\n" + " " * 40000)) for n in range(50)) if r[0] != 200), None)
        equal(refused, (503, "the change was not made: what is kept cannot be written now"), "on a full disk")
        stands = d.stands()
        equal(d.stands(), stands, "reading goes on")
        until(lambda: "store.full" in d.logged(), "the log names the reason")
        filler.close()
        (folder / "store" / "filler").unlink()
        last = unsecured(f"{PERMIT}// after\n")
        equal(d.change(last)[0], 200, "with room again")
        equal(d.stands(), last, "with room again")
        equal(d.stop(), 0, "stop")
    cupel(BUILD, "store", "check", "--data-dir", folder)
    with Changes(BUILD, data_dir=folder) as d:
        equal(d.stands(), last, "after a restart")


def a_disk_that_cannot_be_written_is_said_at_the_start():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cupel-ro-"))
    store = folder / "store"
    try:
        with Changes(BUILD, data_dir=folder) as d:
            equal(d.change(unsecured(PERMIT))[0], 200, "before")
        with mounted(store, "--bind", store) as is_there:
            if not is_there:
                return "SKIPPED: this user may not mount"
            subprocess.run(["mount", "-o", "remount,ro,bind", str(store)], check=True)
            start_is_refused(folder, "store.read_only")
        with Changes(BUILD, data_dir=folder) as d:
            equal(d.stands(), unsecured(PERMIT), "writable again")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start_is_refused(folder, word):
    """It ends by itself with the reason in its log, and serves nothing."""
    was = len((folder / "log.txt").read_text())
    d = Changes(BUILD, data_dir=folder)
    try:
        with d:
            raise AssertionError("it serves")
    except RuntimeError:
        d.log.close()
    assert word in d.logged()[was:], d.logged()[was:][-2000:]


def a_damaged_page_is_refused_and_a_backup_brings_it_back():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cupel-damaged-"))
    try:
        document = unsecured(f"{PERMIT}// {'x' * 20000}\n")
        with Changes(BUILD, data_dir=folder) as d:
            equal(d.change(document)[0], 200, "before")
            cupel(BUILD, "store", "backup", folder / "backup.db", "--data-dir", folder)
        db = folder / "store" / "cupel.db"
        text = bytearray(db.read_bytes())
        # a bit of the policy's text: the page is in order and the row is not what was sealed
        at = text.index(document[1000:1200].encode())
        text[at] ^= 1
        db.write_bytes(text)
        start_is_refused(folder, "store.corrupt")
        said = cupel(BUILD, "store", "check", "--data-dir", folder, check=False)
        equal(said.returncode, 2, said.stderr)
        assert "store.corrupt" in said.stderr, said.stderr
        # a page that is none
        text[at] ^= 1
        text[2 * 4096:3 * 4096] = bytes(4096)
        db.write_bytes(text)
        start_is_refused(folder, "store.corrupt")
        cupel(BUILD, "store", "restore", folder / "backup.db", "--data-dir", folder)
        with Changes(BUILD, data_dir=folder) as d:
            equal(d.stands(), document, "restored")
        cupel(BUILD, "audit", "verify", "--data-dir", folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def old_audit_records_go_into_an_archive_and_the_rest_still_verifies():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cupel-prune-"))
    archive, later = folder / "old.jsonl", int(time.time()) + 3600

    def audit(*words, code=0):
        done = cupel(BUILD, "audit", *words, check=False)
        equal(done.returncode, code, f"audit {words}: {done.stderr}")
        return done.stdout + done.stderr

    def prune(*words, code=0):
        return audit("prune", "--before", later, *words, "--data-dir", folder, code=code)

    def head():
        return audit("verify", "--data-dir", folder).split("head ")[1].strip()

    try:
        with Changes(BUILD, data_dir=folder) as d:
            early = head()
            equal(d.change(unsecured(PERMIT))[0], 200, "a change")
            last = head()
            prune(code=64)
            prune("--to", archive, "--discard", code=64)
            prune("--to", archive)
            equal(len(archive.read_text().splitlines()), int(last.split(":")[0]), "all of them are in the archive")
            assert last in audit("verify", "--file", archive), "the archive ends where the chain goes on"
            audit("verify", "--head", last, "--data-dir", folder)
            assert "pruned" in audit("verify", "--head", early, "--data-dir", folder, code=2)
            audit("verify", "--head", early, "--file", archive)
            prune("--to", archive, code=2)  # it is there
            equal(d.change(unsecured(f"{PERMIT}// more\n"))[0], 200, "a change afterwards")
            cupel(BUILD, "store", "check", "--data-dir", folder)
            prune("--discard")
            head()
            equal(d.stop(), 0, "stop")
        with contextlib.closing(sqlite3.connect(folder / "store" / "cupel.db")) as db:
            db.execute("UPDATE audit SET actor = 'somebody else' WHERE number = (SELECT MIN(number) FROM audit)")
            db.commit()
            count = db.execute("SELECT COUNT(*) FROM audit").fetchone()
        assert "was changed after it was written" in prune("--discard", code=2)
        with contextlib.closing(sqlite3.connect(folder / "store" / "cupel.db")) as db:
            equal(db.execute("SELECT COUNT(*) FROM audit").fetchone(), count, "a broken chain is left as it is")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Changes(Daemon):
    """A daemon whose policy for TDX is changed and read."""

    def change(self, document):
        status, _, text = self.request("PUT", f"/policies/TdxVm?{MODERN}", document.encode(), WRITER)
        return status, json.loads(text).get("error", {}).get("message")

    def stands(self):
        text = self.request("GET", f"/policies/TdxVm?{MODERN}", None, READER)[2]
        return claims_of(json.loads(text)["token"])["x-ms-policy"]


def until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(run_tests([
        killed_at_any_moment_it_loses_no_acknowledged_change_and_makes_none_by_half,
        a_second_start_waits_for_the_keeper_of_the_first,
        a_full_disk_refuses_changes_and_nothing_else,
        a_disk_that_cannot_be_written_is_said_at_the_start,
        a_damaged_page_is_refused_and_a_backup_brings_it_back,
        old_audit_records_go_into_an_archive_and_the_rest_still_verifies,
    ]))
