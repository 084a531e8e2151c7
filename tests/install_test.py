#!/usr/bin/env python3
"""What `make install` lays down, used from there: the program, the pages, and the library through pkg-config."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from daemon import ROOT, run_tests

BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
DEST = pathlib.Path(tempfile.mkdtemp(prefix="cupel-install-"))


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.returncode}: {done.stdout[-500:]}{done.stderr[-1000:]}")
    return done.stdout


def one(pattern):
    found = sorted(p for p in DEST.rglob(pattern) if not p.is_dir())
    if not found:
        raise RuntimeError(f"{pattern} was not installed")
    return found[0]


def pkg_config(*args):
    """The installed cupel.pc, with the folder that it was installed under in front."""
    pc = one("cupel.pc")
    prefix = run("pkg-config", "--variable=prefix", pc).strip()
    return run("pkg-config", f"--define-variable=prefix={DEST}{prefix}", *args, pc).split()


def install_lays_down_programs_header_library_and_pages():
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", DEST)
    for name in ["bin/cupel", "sbin/cupeld", "include/cupel/cupel.h"]:
        one(name)
    for name in ["libcupel.so", "libcupel.so.0", "libcupel.a"]:
        one(name)
    if shutil.which("scdoc"):
        for page in (ROOT / "docs" / "man").glob("*.scd"):
            one(page.stem + "*")


def the_installed_program_runs():
    if not run(one("bin/cupel"), "--version").startswith("cupel "):
        raise RuntimeError("no version")
    run(one("bin/cupel"), "lab", "make", "sgx", "--out", DEST / "lab")


def the_shared_library_exports_the_header_and_nothing_more():
    names = {line.split()[-1].split("@")[0] for line in run("nm", "-D", "--defined-only", one("libcupel.so.0")).splitlines()}
    header = one("cupel.h").read_text()
    strange = {n for n in names if not n.startswith("cupel_") or n + "(" not in header}
    if strange or not names:
        raise RuntimeError(f"exported, and not in the header: {strange}")


def attest(program, **env):
    said = run(program, DEST / "lab", env={**os.environ, **env})
    if "not ok" in said or "1.." not in said:
        raise RuntimeError(said[-1000:])


def a_program_built_through_pkg_config_attests():
    run(os.environ.get("CC", "cc"), ROOT / "tests" / "library_test.c", "-o", DEST / "shared", *pkg_config("--cflags", "--libs"))
    attest(DEST / "shared", LD_LIBRARY_PATH=str(one("libcupel.so.0").parent))


def a_program_linked_statically_attests():
    flags = [f for f in pkg_config("--cflags", "--libs", "--static") if f != "-lcupel"]
    run(os.environ.get("CC", "cc"), ROOT / "tests" / "library_test.c", "-o", DEST / "static", one("libcupel.a"), *flags)
    attest(DEST / "static")


def the_header_compiles_as_c99_and_as_cplusplus():
    for name, language in [("cc", "c"), ("c++", "c++")]:
        if shutil.which(name):
            run(name, "-x", language, "-std=c99" if language == "c" else "-std=c++11", "-Wall", "-Wextra", "-Werror", "-pedantic",
                "-fsyntax-only", one("cupel.h"))


try:
    status = run_tests([
        install_lays_down_programs_header_library_and_pages, the_installed_program_runs,
        the_shared_library_exports_the_header_and_nothing_more, a_program_built_through_pkg_config_attests,
        a_program_linked_statically_attests, the_header_compiles_as_c99_and_as_cplusplus,
    ])
finally:
    shutil.rmtree(DEST, ignore_errors=True)
sys.exit(status)
