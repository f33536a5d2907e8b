"""Python programs in virtual environments below .dev."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import signals
from .common import SCRIPTS, Arguments, Failure, dev, last_lines, locked, say

REQUIREMENTS = SCRIPTS / "requirements"


def names() -> list[str]:
    return sorted(file.stem for file in REQUIREMENTS.glob("*.txt"))


def programs(name: str) -> Path:
    """The folder of programs of an environment with what requirements/NAME.txt lists, made if it is not there yet or if
    the list has changed."""
    requirements = REQUIREMENTS / f"{name}.txt"
    python = checked_python()
    venv = dev() / f"venv-{name}"
    with locked(dev() / f"venv-{name}.lock"):
        wanted, made = fingerprint(requirements, venv, python), venv / "fingerprint"
        if not made.exists() or made.read_text().strip() != wanted:
            install(requirements, venv, python)
            # Last, so that an interrupted installation is done again.
            made.write_text(f"{wanted}\n")
    return venv / "bin"


def checked_python() -> str:
    python = os.environ.get("PYTHON") or "python3"
    if not shutil.which(python):
        raise Failure(f"{python} is missing: install Python 3 (apt-get install python3 python3-venv)")
    # Debian has ensurepip, without which a new environment has no pip, apart.
    if subprocess.run([python, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Failure(f"{python} lacks the module venv (on Debian: apt-get install python3-venv)")
    return python


def fingerprint(requirements: Path, venv: Path, python: str) -> str:
    """What the environment depends on. Its path is in all its programs, so it is no longer usable when the repository
    was moved."""
    with requirements.open("rb") as text:
        content = subprocess.run(["cksum"], stdin=text, capture_output=True, text=True, check=True).stdout
    version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
    return f"{content.strip()} {venv} {version.strip()}"


def install(requirements: Path, venv: Path, python: str) -> None:
    log = venv.with_name(f"{venv.name}.log")
    say(f"python: installing {requirements.stem} ...")
    shutil.rmtree(venv, ignore_errors=True)
    pip = [str(venv / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    with log.open("w") as output:
        for command in ([python, "-m", "venv", str(venv)], [*pip, "--requirement", str(requirements)]):
            if subprocess.run(command, stdout=output, stderr=subprocess.STDOUT).returncode != 0:
                say(last_lines(log.read_text(), 20))
                raise Failure(f"the installation failed (log: {log})")
    log.unlink()


def main(text: str | None) -> None:
    arguments = Arguments(text)
    arguments.add_argument("name", choices=names())
    asked = arguments.read(sys.argv[1:])
    signals.end_in_order()
    print(programs(asked.name))
