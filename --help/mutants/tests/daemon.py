"""What the whole-service tests share: a cupeld on loopback, and HTTPS to it. Standard library only."""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
VECTORS = pathlib.Path(os.environ.get("CUPEL_VECTORS", ROOT / ".." / "shared" / "vectors"))


class Daemon:
    """A running cupeld; `with Daemon(build, "--flag", ...) as d`."""

    def __init__(self, build, *flags, data_dir=None, env=None):
        self.build = pathlib.Path(build).resolve()
        self.own = data_dir is None
        self.data = pathlib.Path(data_dir or tempfile.mkdtemp(prefix="cupel-test-"))
        self.flags = flags
        self.env = env

    def __enter__(self):
        self.log = open(self.data / "log.txt", "ab")
        self.process = subprocess.Popen(
            [self.build / "cupeld", "--dev", "--listen", "127.0.0.1:0", "--data-dir", self.data, *map(str, self.flags)],
            stderr=self.log, env=self.env)
        try:
            self.endpoint = self.wait_ready()
        except Exception:
            self.process.kill()
            self.process.wait()
            raise
        self.url = self.endpoint["url"]
        self.ca = self.endpoint["ca"]
        return self

    def wait_ready(self, seconds=20):
        path = self.data / "run" / "endpoint.json"
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"cupeld ended with {self.process.returncode}: {self.logged()[-2000:]}")
            with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
                return json.loads(path.read_text())
            time.sleep(0.02)
        raise RuntimeError(f"cupeld was not ready in {seconds} s: {self.logged()[-2000:]}")

    def logged(self):
        return (self.data / "log.txt").read_text(errors="replace")

    def stop(self, seconds=40):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def __exit__(self, *exc):
        try:
            if self.process.poll() is None:
                self.stop()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.log.close()
            if self.own:
                shutil.rmtree(self.data, ignore_errors=True)

    def connection(self):
        host, port = self.url.removeprefix("https://").rsplit(":", 1)
        context = ssl.create_default_context(cafile=self.ca)
        return http.client.HTTPSConnection(host, int(port), context=context, timeout=30)

    def request(self, method, target, body=None, headers=None):
        """(status, headers, body bytes); bodies that are not bytes are sent as JSON."""
        c = self.connection()
        try:
            if body is not None and not isinstance(body, bytes):
                body = json.dumps(body).encode()
            c.request(method, target, body, headers or {})
            r = c.getresponse()
            return r.status, r.headers, r.read()
        finally:
            c.close()

    def attest(self, kind, body, version="2022-08-01", headers=None):
        """(status, parsed body)"""
        status, _, text = self.request("POST", f"/attest/{kind}?api-version={version}", body, headers)
        return status, json.loads(text)


def cupel(build, *args, check=True):
    """Runs the command line and returns the finished process."""
    done = subprocess.run([pathlib.Path(build) / "cupel", *map(str, args)], capture_output=True, text=True, timeout=60)
    if check and done.returncode != 0:
        raise RuntimeError(f"cupel {' '.join(map(str, args))}: {done.returncode}: {done.stderr}")
    return done


def run_tests(tests):
    """Runs functions in order as TAP; each is a sentence. A test returns None, or "SKIPPED: why"."""
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for n, test in enumerate(tests, 1):
        name = test.__name__.replace("_", " ")
        try:
            said = test()
            if said:
                print(f"# {said}")
                print(f"ok {n} {name} # SKIP {said}", flush=True)
            else:
                print(f"ok {n} {name}", flush=True)
        except Exception as e:  # a failed test is told, and the others run
            failed += 1
            print(f"# {type(e).__name__}: {str(e)[:1500]}")
            print(f"not ok {n} {name}", flush=True)
    return 1 if failed else 0
