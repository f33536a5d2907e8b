"""A server program: where it is, and how it is run."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from glob import glob
from pathlib import Path

from .packages import machine

# Folders outside a normal user's PATH into which the packages of Debian, Fedora, Oracle and Homebrew put servers.
ELSEWHERE = ("/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/mysql/bin")
HOMEBREW = ("/opt/homebrew/opt/*/bin", "/usr/local/opt/*/bin")


@dataclass(frozen=True)
class Program:
    path: Path
    # Of an unpacked one: it runs with the loader and the libraries beside it, whatever this system's are.
    loader: Path | None = None
    libraries: tuple[Path, ...] = ()
    base: Path | None = None
    # A library that is loaded before all others.
    preload: Path | None = None

    @staticmethod
    def below(root: Path, path: str) -> Program:
        """One that was unpacked into `root`."""
        here = machine()
        # Older releases have libc and the loader in /lib, newer ones in /usr/lib.
        folders = tuple(root / folder / here.triplet for folder in ("usr/lib", "lib"))
        loaders = [folder / here.loader for folder in folders if (folder / here.loader).exists()]
        return Program(root / path, loaders[-1] if loaders else None, folders, root / "usr")

    def with_libraries(self, folder: Path) -> Program:
        return replace(self, libraries=(*self.libraries, folder))

    def preloading(self, library: Path, libraries: Path) -> Program:
        """With a library of ours first, which finds what it needs in a folder."""
        return replace(self.with_libraries(libraries), preload=library)

    @property
    def command(self) -> list[str]:
        if self.loader is None:
            return [*(["env", f"LD_PRELOAD={self.preload}"] if self.preload else []), str(self.path)]
        preload = ["--preload", str(self.preload)] if self.preload else []
        libraries = ":".join(map(str, self.libraries))
        return [str(self.loader), *preload, "--library-path", libraries, str(self.path)]

    @property
    def options(self) -> list[str]:
        """What a server needs to find its own files."""
        if self.base is None:
            return []
        share = self.base / "share/mysql"
        return [
            f"--basedir={self.base}",
            f"--lc-messages-dir={share}",
            f"--character-sets-dir={share}/charsets",
            f"--plugin-dir={self.base}/lib/mysql/plugin",
        ]

    def identity(self) -> tuple[str, str] | None:
        """The family and the version that it says it is of. Both projects call their program mysqld: only its answer
        tells."""
        try:
            told = subprocess.run([*self.command, "--version"], capture_output=True, text=True).stdout
        except OSError:
            return None
        version = re.search(r" Ver ([0-9][0-9.]*[0-9])", told)
        return ("mariadb" if "MariaDB" in told else "mysql", version[1]) if version else None


def installed() -> Iterator[Program]:
    """Whatever this system has that may be a server."""
    folders = [*os.environ.get("PATH", "").split(":"), *ELSEWHERE]
    folders += [folder for pattern in HOMEBREW for folder in sorted(glob(pattern))]
    for folder in folders:
        for name in ("mariadbd", "mysqld"):
            if os.access(f"{folder}/{name}", os.X_OK):
                yield Program(Path(folder, name))
