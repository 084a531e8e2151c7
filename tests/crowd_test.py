#!/usr/bin/env python3
"""Those who hold on and say nothing, who speak slowly, too much, or in names that lead elsewhere: the others are served."""
import os
import resource
import socket
import ssl
import sys
import threading
import time

from daemon import Daemon, run_tests
from policy_client import BUILD, MODERN, PERMIT, READER, WRITER, equal, unsecured

CROWD = int(os.environ.get("CUPEL_CROWD", "10000"))
SPARE = 500  # descriptors for everything else


def address(d):
    host, port = d.url.removeprefix("https://").rsplit(":", 1)
    return host, int(port)


def gather(d, count, out):
    """Connections whose TLS handshake is done, and nothing more."""
    context = ssl.create_default_context(cafile=d.ca)
    for _ in range(count):
        out.append(context.wrap_socket(socket.create_connection(address(d)), server_hostname=address(d)[0]))


def ten_thousand_idle_connections_leave_room_for_others():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < CROWD + SPARE:
        return f"SKIPPED: this user may have {most} open files, {CROWD + SPARE} are needed"
    resource.setrlimit(resource.RLIMIT_NOFILE, (CROWD + SPARE, most))
    with Daemon(BUILD, "--workers", "2", "--idle-seconds", "900") as d:
        parts = [[], []]
        began = time.monotonic()
        threads = [threading.Thread(target=gather, args=(d, CROWD // 2, part)) for part in parts]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        idle = [c for part in parts for c in part]
        equal(len(idle), CROWD, "connections")
        print(f"# {CROWD} connections in {time.monotonic() - began:.0f} s")
        slowest = 0
        for n in range(50):
            before = time.monotonic()
            equal(d.request("GET", "/certs")[0], 200, "a stranger is served")
            slowest = max(slowest, time.monotonic() - before)
        equal(d.request("PUT", f"/policies/Tpm?{MODERN}", unsecured(PERMIT).encode(), WRITER)[0], 200, "a change is made")
        for c in idle[::max(1, CROWD // 50)]:  # nobody was sent away to make room
            c.sendall(b"GET /certs HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert c.recv(64).startswith(b"HTTP/1.1 200"), "an idle connection is not served any more"
        print(f"# the slowest of 50 requests meanwhile: {1000 * slowest:.0f} ms")
        assert slowest < 5, f"{slowest} s"
        for c in idle:
            c.close()
        equal(d.request("GET", "/certs")[0], 200, "afterwards")
        equal(d.stop(), 0, "stop")


def who_sends_a_header_slowly_is_cut_off_and_delays_nobody():
    with Daemon(BUILD, "--workers", "1", "--header-seconds", "2", "--body-seconds", "2") as d:
        context = ssl.create_default_context(cafile=d.ca)
        begun = [b"GET /certs HTTP/1.1\r\nHost: localhost\r\nX: ", b"POST /attest/Tpm?api-version=2022-08-01 HTTP/1.1\r\n"
                 b"Host: localhost\r\nContent-Length: 1000\r\n\r\n{"]
        slow = [context.wrap_socket(socket.create_connection(address(d)), server_hostname=address(d)[0])
                for _ in range(100)]
        for n, c in enumerate(slow):
            c.sendall(begun[n % 2])
        began = time.monotonic()
        while time.monotonic() < began + 4:  # a byte now and then does not help
            before = time.monotonic()
            equal(d.request("GET", "/certs")[0], 200, "the others")
            assert time.monotonic() < before + 1.5, "a slow sender delays the others"
            for c in slow:
                try:
                    c.sendall(b"a")
                except OSError:
                    pass
            time.sleep(0.2)
        for c in slow:
            c.settimeout(5)
            try:
                said = c.recv(4096)
            except (ConnectionError, ssl.SSLError):
                said = b""
            assert not said or said.startswith(b"HTTP/1.1 408"), said


def bodies_over_the_limit_are_refused_before_they_are_sent():
    with Daemon(BUILD, "--workers", "1") as d:
        context = ssl.create_default_context(cafile=d.ca)
        for path, auth in (("/attest/SgxEnclave", READER), ("/policies/SgxEnclave", WRITER), ("/certificates:add", WRITER)):
            for size in (64 << 20, 1 << 40, (1 << 63) - 1):
                with context.wrap_socket(socket.create_connection(address(d)), server_hostname=address(d)[0]) as c:
                    method = "PUT" if path.startswith("/policies") else "POST"
                    c.sendall(f"{method} {path}?{MODERN} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {auth['Authorization']}\r\n"
                              f"Content-Length: {size}\r\n\r\n".encode())
                    c.settimeout(5)
                    said = c.recv(64)
                    assert said.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")), (path, size, said)
        equal(d.request("GET", "/certs")[0], 200, "afterwards")


def km_82_names_lead_to_no_file_and_to_nobody_elses():
    look_alike = "SgxEncl\u0430ve"  # a Cyrillic letter
    names = ["..", ".", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%2e%2e%2fstore%2fcupel.db", "SgxEnclave%00", "SgxEnclave%2fx",
             "SgxEnclave/../Tpm", "%5c..%5c", "a" * 4096, "".join(f"%{b:02x}" for b in look_alike.encode()), "%", "%zz", "", " SgxEnclave"]
    with Daemon(BUILD, "--workers", "1") as d:
        def said(method, path, body=None):
            c = d.connection()
            try:
                c.putrequest(method, path.replace(" ", "%20"), skip_accept_encoding=True)
                c.putheader("Authorization", WRITER["Authorization"])
                c.putheader("Content-Length", str(len(body or b"")))
                c.endheaders(body)
                r = c.getresponse()
                return r.status, r.read()
            finally:
                c.close()

        was = sorted(p.relative_to(d.data) for p in d.data.rglob("*") if "cupel.db-" not in p.name)
        for name in names:
            for method, path, body in (("GET", f"/policies/{name}", None), ("PUT", f"/policies/{name}", unsecured(PERMIT).encode()),
                                       ("POST", f"/attest/{name}", b"{}")):
                status, text = said(method, f"{path}?{MODERN}", body)
                if "/../" in name and status == 200:
                    raise AssertionError(f"{path}: dots were followed")
                assert status in (400, 404, 405, 414, 431), f"{method} {path[:60]}: {status} {text[:200]}"
                assert b"root:" not in text and b"SQLite" not in text, text[:200]
        equal(sorted(p.relative_to(d.data) for p in d.data.rglob("*") if "cupel.db-" not in p.name), was, "files of the service")


if __name__ == "__main__":
    tests = [ten_thousand_idle_connections_leave_room_for_others, who_sends_a_header_slowly_is_cut_off_and_delays_nobody,
             bodies_over_the_limit_are_refused_before_they_are_sent, km_82_names_lead_to_no_file_and_to_nobody_elses]
    sys.exit(run_tests([t for t in tests if not sys.argv[2:] or t.__name__ in sys.argv[2:]]))
