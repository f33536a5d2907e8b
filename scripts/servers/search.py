"""Finds a server program of a kind, or downloads it."""

from __future__ import annotations

import os
from pathlib import Path

from .common import Failure
from .kinds import Kind
from .packages import Download, NoDownload, unpacked
from .programs import Program, installed


def find(kind: Kind) -> tuple[Program, str]:
    """A program, and its version: what the kind's variable names, or what is installed, or what is downloaded."""
    named = os.environ.get(kind.variable)
    if named:
        program = Program(Path(named))
        version = suitable(kind, program)
        if not version:
            raise Failure(f"{kind.variable}={named} is not {kind.title}")
        return program, version
    for program in installed():
        version = suitable(kind, program)
        if version:
            return program, version
    return download(kind)


def suitable(kind: Kind, program: Program) -> str | None:
    """The program's version, if it is of the kind."""
    identity = program.identity()
    if not identity or identity[0] != kind.family.name or not kind.takes(identity[1]):
        return None
    return identity[1]


def download(kind: Kind) -> tuple[Program, str]:
    version: str | None = None

    def program_in(root: Path) -> Program:
        return Program.below(root, f"usr/sbin/{kind.family.program}")

    def is_good(root: Path) -> bool:
        nonlocal version
        version = suitable(kind, program_in(root)) if root.is_dir() else None
        return version is not None

    def make(work: Path) -> Path:
        packages = kind.packages_here()
        root = Download(kind.name, packages.suite, work).with_dependencies(*([name] for name in packages.names))
        if not is_good(root):
            command = " ".join([*program_in(root).command, "--version"])
            raise Failure(f"the {kind.name} server just downloaded does not run: {command}")
        return root

    try:
        root = unpacked(f"{kind.name}-server", make, is_good)
    except NoDownload as why:
        raise Failure(without_server(kind, str(why))) from None
    assert version, "what was made is good"
    return program_in(root), version


def without_server(kind: Kind, why: str) -> str:
    package = kind.family.name
    return f"""{kind.name}: {why}
There is no {kind.title} on this system, and none can be downloaded. Either
  - install one with the package manager (apt-get install {package}-server,
    dnf install {package}-server, brew install {package}),
  - or set {kind.variable} to the path of the server program,
  - or use a server that exists: set MYSQL_SERVER, MYSQL_PORT, MYSQL_USER and
    MYSQL_PASSWORD instead of starting one with this script."""
