"""A server as RDS has it: TLS by a certificate authority, and logins with IAM's tokens."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .common import SCRIPTS, Failure
from .kinds import Kind
from .packages import Download, unpacked
from .programs import Program

# What MariaDB needs to take a login's proof as RDS does, in clear text over TLS, and to have it checked by a program of
# ours. Of these packages a few files are wanted.
PAM_PACKAGES = ("mariadb-server", "libpam0g", "libpam-modules", "libaudit1", "libcap-ng0")
PAM_FILES = ("auth_pam_v1.so", "pam_exec.so", "libpam*.so*", "libaudit.so*", "libcap-ng.so*")
# MariaDB's own ways of logging in; the second from 11.6 on.
LOGIN_FILES = ("auth_ed25519.so", "auth_parsec.so")
CREDENTIALS = "AKIDROWSCORETEST 5ecretOf/the+Test/only"
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
VALID = ("-days", "3650")


def tls(folder: Path, log: Path) -> list[str]:
    """Options for TLS as "localhost", by an authority whose certificate is tls/ca.pem."""
    made = folder / "tls"
    if not made.is_dir():
        make_certificates(folder / "tls.new", log)
        (folder / "tls.new").rename(made)
    return [f"--ssl-ca={made}/ca.pem", f"--ssl-cert={made}/server.pem", f"--ssl-key={made}/server.key"]


def make_certificates(folder: Path, log: Path) -> None:
    """An authority, and what it says of a server called localhost."""
    if not shutil.which("openssl"):
        raise Failure("--like-rds needs openssl (apt-get install openssl)")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "extensions").write_text("subjectAltName = DNS:localhost\nbasicConstraints = CA:FALSE\n")
    authority = ("-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=rowscore test CA")
    server = ("-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    signed = ("-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
    for command in (
        ("openssl", "req", *NEW_KEY, *authority, *VALID),
        ("openssl", "req", *NEW_KEY, *server),
        ("openssl", "x509", "-req", *signed, "-extfile", "extensions", "-out", "server.pem", *VALID),
    ):
        must(command, log, "openssl could not make certificates", folder)


def tokens(kind: Kind, folder: Path, log: Path, program: Program) -> tuple[Program, list[str]]:
    """Has MariaDB's logins through PAM checked by scripts/rds-login: the program to run, and its options."""
    pam = unpacked(f"{kind.name}-logins", lambda work: take_plugins(kind, work))
    iam, services = folder / "iam", folder / "pam.d"
    iam.mkdir(exist_ok=True)
    services.mkdir(exist_ok=True)
    # In PAM's settings a path ends at a blank: those of this repository may have one.
    link(iam / "pam", pam)
    link(iam / "scripts", SCRIPTS)
    (iam / "credentials").write_text(f"{CREDENTIALS}\n")
    module = iam / "pam/pam_exec.so"
    # PAM starts it without a PATH.
    (services / "rds").write_text(
        f"auth required {module} expose_authtok quiet {sys.executable} {iam}/scripts/rds-login {folder}\n"
        f"account required {module} quiet {sys.executable} -c pass\n"
    )
    preload = iam / "pam-start.so"
    if not shutil.which("cc"):
        raise Failure("--like-rds needs a C compiler")
    compile = ("cc", "-shared", "-fPIC", "-o", str(preload), f"{SCRIPTS}/pam-start.c", f"{pam}/libpam.so.0")
    must(compile, log, "scripts/pam-start.c cannot be compiled")
    options = [f"--plugin-dir={pam}", "--plugin-load-add=auth_pam_v1", "--loose-pam-use-cleartext-plugin=ON"]
    options += [f"--plugin-load-add={Path(file).stem}" for file in LOGIN_FILES if (pam / file).exists()]
    return program.preloading(preload, pam), options


def environment(folder: Path) -> dict[str, str]:
    """For the server: where scripts/pam-start.c looks for the settings of PAM."""
    return {"ROWSCORE_PAM_SERVICES": f"{folder}/pam.d"}


def take_plugins(kind: Kind, work: Path) -> Path:
    taken = work / "logins"
    taken.mkdir()
    root = Download(f"{kind.name}-logins", kind.packages_here().suite, work).alone(*PAM_PACKAGES)
    for pattern in (*PAM_FILES, *LOGIN_FILES):
        for file in root.rglob(pattern):
            shutil.copy2(file, taken / file.name, follow_symlinks=False)
    return taken


def link(place: Path, target: Path) -> None:
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def must(command: Sequence[str], log: Path, failure: str, folder: Path | None = None) -> None:
    with log.open("ab") as output:
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise Failure(f"{failure} (log: {log})")
