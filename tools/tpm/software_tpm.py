"""A software TPM: made with certificates of its maker, started, fed with the events of a log, asked by tpm2-tools."""
import os, shutil, struct, subprocess, sys, time

SKIPPED = 77
NEEDED = ("swtpm", "swtpm_setup", "tpm2", "openssl")
NO_ACTION = 3


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit("%s failed (%d): %s" % (" ".join(map(str, command)), done.returncode, done.stderr.strip() or done.stdout))
    return done.stdout


def events_of(log):
    """(offset of the digest, PCR, type, size of data) of each event behind the header of a log with one SHA-256 digest."""
    at = 32 + struct.unpack_from("<I", log, 28)[0]
    while at < len(log):
        pcr, kind, count, alg = struct.unpack_from("<IIIH", log, at)
        size = struct.unpack_from("<I", log, at + 46)[0]
        if (count, alg) != (1, 0x000B):
            sys.exit("the log has more than one SHA-256 digest at byte %d" % at)
        yield at + 14, pcr, kind, size
        at += 50 + size


def manufacture(folder, name):
    """The TPM's state, and beside it its maker's authorities: ek/anchors, ek/intermediates."""
    state, maker = os.path.join(folder, "state"), os.path.join(folder, "maker")
    anchors, pool = (os.path.join(folder, "ek", part) for part in ("anchors", "intermediates"))
    for part in (state, maker, anchors, pool):
        os.makedirs(part)
    files = {"localca.options": ["--platform-manufacturer Lab", "--platform-version 1.0", "--platform-model software"],
             "localca.conf": ["statedir = " + maker, "signingkey = %s/signkey.pem" % maker, "issuercert = %s/issuercert.pem" % maker,
                              "certserial = %s/certserial" % maker],
             "setup.conf": ["create_certs_tool = " + (shutil.which("swtpm_localca") or "/usr/bin/swtpm_localca"),
                            "create_certs_tool_config = %s/localca.conf" % maker,
                            "create_certs_tool_options = %s/localca.options" % maker, "active_pcr_banks = sha256"]}
    for file, lines in files.items():
        with open(os.path.join(maker, file), "w") as f:
            f.write("\n".join(lines) + "\n")
    run("swtpm_setup", "--tpm2", "--tpm-state", state, "--config", os.path.join(maker, "setup.conf"), "--create-ek-cert",
        "--pcr-banks", "sha256", "--vmid", name, "--overwrite")
    shutil.copy(os.path.join(maker, "swtpm-localca-rootca-cert.pem"), anchors)
    shutil.copy(os.path.join(maker, "issuercert.pem"), pool)
    return state


class Tpm:
    """A software TPM of its own: state, socket and process go with it."""

    def __init__(self, folder, name="machine"):
        self.folder = folder
        self.socket = os.path.join(folder, "sock")
        state = manufacture(folder, name)
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + state, "--server", "type=unixio,path=" + self.socket,
             "--ctrl", "type=unixio,path=" + self.socket + ".ctrl", "--flags", "not-need-init,startup-clear"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.tcti = "swtpm:path=" + self.socket
        self.environ = dict(os.environ, TPM2TOOLS_TCTI="swtpm:path=" + self.socket)
        for _ in range(200):
            if os.path.exists(self.socket):
                return
            if self.process.poll() is not None:
                sys.exit("swtpm did not start: " + self.process.stderr.read().decode())
            time.sleep(0.05)
        sys.exit("swtpm did not open its socket")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def do(self, *command):
        return run("tpm2", *command, cwd=self.folder, env=self.environ)

    def extend(self, log):
        wanted = ["%d:sha256=%s" % (pcr, log[at:at + 32].hex()) for at, pcr, kind, _ in events_of(log) if kind != NO_ACTION]
        for i in range(0, len(wanted), 8):
            self.do("pcrextend", *wanted[i:i + 8])
        return len(wanted)

    def make_key(self, kind, scheme):
        self.do("createek", "-c", "ek.ctx", "-G", "rsa", "-u", "ek.pub")
        self.do("createak", "-C", "ek.ctx", "-c", kind + ".ctx", "-G", kind, "-g", "sha256", "-s", scheme, "-u", kind + ".pub")
        self.do("flushcontext", "-t")
        self.do("readpublic", "-c", kind + ".ctx", "-f", "pem", "-o", kind + ".pem")
        self.do("flushcontext", "-t")

    def quote(self, kind, qualifying):
        self.do("quote", "-c", kind + ".ctx", "-l", "sha256:all", "-q", qualifying, "-m", kind + ".attest", "-s", kind + ".sig",
                "-g", "sha256")
        self.do("pcrread", "-o", kind + ".pcrs", "sha256:all")
        self.do("flushcontext", "-t")

    def file(self, name):
        return os.path.join(self.folder, name)


def missing():
    """What is not installed, as words; empty when a software TPM can run here."""
    absent = [p for p in NEEDED if not shutil.which(p)]
    return ", ".join(absent) + " not installed (tools/setup)" if absent else ""
