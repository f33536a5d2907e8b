"""The programs beside the servers, those of a cluster among them, unpacked from Debian's packages."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .common import Failure
from .packages import Distribution, Download, NoDownload, machine, unpacked
from .programs import Program


@dataclass(frozen=True)
class Tool:
    package: str
    suite: str  # of Debian
    path: str
    libraries: str = ""  # a folder of its own ones

    def program(self) -> Program:
        try:
            root = unpacked(self.package, self._take, self._is_good)
        except NoDownload as why:
            raise Failure(f"{self.package}: {why}; a cluster takes its programs from Debian's packages") from None
        return self.below(root)

    def below(self, root: Path) -> Program:
        program = Program.below(root, self.path)
        return program.with_libraries(root / self.libraries) if self.libraries else program

    def _take(self, work: Path) -> Path:
        on_debian()
        return Download(self.package, self.suite, work).with_dependencies([self.package])

    def _is_good(self, root: Path) -> bool:
        command = [*self.below(root).command, "-v" if self.package == "haproxy" else "--version"]
        try:
            return subprocess.run(command, capture_output=True).returncode == 0
        except OSError:
            return False


def on_debian() -> None:
    here = Distribution.here().name
    if here != "debian":
        raise NoDownload(f"no download is known for {here}")


ROUTER = Tool("mysql-router", "sid", "usr/bin/mysqlrouter", "usr/lib/mysql-router")
ROUTER_KEYRING = Tool("mysql-router", "sid", "usr/bin/mysqlrouter_keyring", "usr/lib/mysql-router")
HAPROXY = Tool("haproxy", "trixie", "usr/sbin/haproxy")


def galera_library(suite: str) -> Path:
    """What makes a MariaDB server one of a cluster. It needs no library that the server does not have."""

    def take(work: Path) -> Path:
        on_debian()
        return Download("galera", suite, work).alone("galera-4")

    return unpacked(f"galera-{suite}", take) / "usr/lib/libgalera_smm.so"


def clock(offset: str) -> dict[str, str]:
    """Variables that set the clock of a process off by that much, such as +1h, unless it is linked statically."""
    return {
        "LD_PRELOAD": str(clock_library()),
        "FAKETIME": offset,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # With it, waits of a server for its own threads take for ever.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        # Whoever was started with another offset before would pass its own on.
        "FAKETIME_DISABLE_SHM": "1",
    }


def clock_library() -> Path:
    """It needs the C library of no later Debian than this one."""
    suite = Distribution.here().codename

    def take(work: Path) -> Path:
        on_debian()
        return Download("faketime", suite, work).alone("libfaketime")

    return unpacked("faketime", take) / "usr/lib" / machine().triplet / "faketime/libfaketime.so.1"


# It is linked statically, and so runs on later systems, too.
QEMU = Tool("qemu-user-static", "bookworm", "usr/bin/qemu-aarch64-static")


def on_arm(program: Path) -> list[str]:
    """The command that runs a program for 64-bit ARM, whatever this machine is."""

    def take(work: Path) -> Path:
        on_debian()
        return Download("arm-libraries", "bookworm", work).alone("libc6-arm64-cross", "libgcc-s1-arm64-cross")

    libraries = unpacked("arm-libraries", take) / "usr/aarch64-linux-gnu"
    return [*QEMU.program().command, "-L", str(libraries), str(program)]
