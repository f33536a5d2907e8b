"""Programs from Debian's or Ubuntu's packages, downloaded and unpacked without being installed.

The mirror is the one that apt is set up with; ROWSCORE_APT_MIRROR names another.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .common import Failure, dev, last_lines, locked, say

# Perl, documentation and the like: half of the size, and never used.
SUPERFLUOUS = ("usr/share/doc", "usr/share/man", "usr/share/perl", "usr/share/locale")
SUPERFLUOUS_LIBRARIES = ("perl", "perl-base", "gconv")
# Options of a private apt, with no trace of the system's packages: an empty status makes it fetch libc, too. The hooks
# are cleared since they act on the system's apt, mostly as root.
APT_CONF = """\
Dir::State "{work}";
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/status";
Dir::Cache "{work}/cache";
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
"""


class NoDownload(Failure):
    """Nothing can be downloaded here; what that means for the user, the caller knows."""


@dataclass(frozen=True)
class Machine:
    """A processor's name in paths, and its loader."""

    triplet: str
    loader: str


MACHINES = {
    "x86_64": Machine("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": Machine("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}


def machine() -> Machine:
    try:
        return MACHINES[platform.machine()]
    except KeyError:
        raise NoDownload(f"no download is known for {platform.machine()} processors") from None


@dataclass(frozen=True)
class Distribution:
    name: str  # debian or ubuntu, or what else the system calls itself
    codename: str  # empty on Debian's unstable

    @staticmethod
    def here() -> Distribution:
        try:
            words = shlex.split(Path("/etc/os-release").read_text())
        except FileNotFoundError:
            return Distribution("unknown", "")
        said = dict(word.split("=", 1) for word in words if "=" in word)
        return Distribution(said.get("ID", "unknown"), said.get("VERSION_CODENAME", ""))

    @property
    def components(self) -> str:
        return "main universe" if self.name == "ubuntu" else "main"


class Download:
    """A private apt in an empty folder, for one suite of this system's own distribution."""

    def __init__(self, name: str, suite: str, work: Path, omitted: Sequence[str] = ()):
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            raise NoDownload("apt-get and dpkg are missing")
        self.name, self.suite, self.work, self.log = name, suite, work, work / "log"
        self.omitted = omitted  # packages that are not unpacked
        self.distribution = Distribution.here()
        for folder in ("lists/partial", "cache/archives/partial", "root"):
            (work / folder).mkdir(parents=True)
        (work / "status").touch()
        (work / "apt.conf").write_text(APT_CONF.format(work=work))

    def with_dependencies(self, *alternatives: Sequence[str]) -> Path:
        """The first of the lists of packages that can be had, with all that they need. Returns where it is unpacked."""

        def fetch() -> bool:
            return any(self._fetch_all(packages) for packages in alternatives)

        return self._from_a_mirror(fetch)

    def alone(self, *packages: str) -> Path:
        """These packages without what they need. Returns where they are unpacked."""
        return self._from_a_mirror(lambda: self._apt("download", *packages) is not None)

    def _fetch_all(self, packages: Sequence[str]) -> bool:
        listed = self._apt("--print-uris", "-y", "install", *packages)
        if listed is None:
            return False
        # 'URL' FILE BYTES HASH
        size = sum(int(line.split()[2]) for line in listed.splitlines() if line.startswith("'"))
        say(f"{self.name}: downloading {' and '.join(packages)} with all libraries, {size / 1e6:.0f} MB ...")
        return self._apt("-y", "--download-only", "install", *packages) is not None

    def _from_a_mirror(self, fetch: Callable[[], bool]) -> Path:
        for mirror in self._mirrors():
            keyring = f"/usr/share/keyrings/{self.distribution.name}-archive-keyring.gpg"
            source = (
                f"deb [signed-by={keyring} targets=Packages] {mirror} {self.suite} {self.distribution.components}\n"
            )
            (self.work / "sources.list").write_text(source)
            say(f"{self.name}: reading the package list of {self.distribution.name} {self.suite} ...")
            if self._apt("update") is not None and fetch():
                return self._unpack()
        say(last_lines(self.log.read_text(), 15))
        raise NoDownload(f"the download failed (log: {self.log})")

    def _mirrors(self) -> list[str]:
        """Mirrors of this system's own distribution, from apt's settings (asked in a way that works before the first
        "apt-get update", too). Other repositories can look alike; the signature check sorts them out."""
        if "ROWSCORE_APT_MIRROR" in os.environ:
            return [os.environ["ROWSCORE_APT_MIRROR"]]
        lists = f"Dir::State::lists={self.work}/lists"
        told = self._run(["apt-get", "-o", lists, "update", "--print-uris"]) or ""
        own = {self.distribution.codename or "sid", "stable", "testing", "unstable", "sid"}
        found = re.findall(r"^'(.*)/dists/([^/]*)/InRelease'", told, re.MULTILINE)
        mirrors = list(dict.fromkeys(mirror for mirror, suite in found if suite in own))
        if not mirrors:
            name = self.distribution.name
            raise NoDownload(f"apt's settings have no mirror of {name}; ROWSCORE_APT_MIRROR can name one")
        return mirrors

    def _apt(self, *words: str) -> str | None:
        return self._run(["apt-get", "-c", str(self.work / "apt.conf"), "-q", *words])

    def _run(self, command: list[str]) -> str | None:
        """What the command says, or None if it fails."""
        archives = self.work / "cache/archives"
        with self.log.open("a") as log:
            done = subprocess.run(command, cwd=archives, stdout=subprocess.PIPE, stderr=log, text=True)
            log.write(done.stdout)
        return done.stdout if done.returncode == 0 else None

    def _unpack(self) -> Path:
        say(f"{self.name}: unpacking ...")
        root = self.work / "root"
        for package in sorted((self.work / "cache/archives").glob("*.deb")):
            if package.name.partition("_")[0] not in self.omitted:
                subprocess.run(["dpkg", "-x", package, root], check=True)
        libraries = [root / "usr/lib" / machine().triplet / name for name in SUPERFLUOUS_LIBRARIES]
        for folder in [*(root / name for name in SUPERFLUOUS), *libraries]:
            shutil.rmtree(folder, ignore_errors=True)
        return root


def unpacked(name: str, make: Callable[[Path], Path], is_good: Callable[[Path], bool] = Path.is_dir) -> Path:
    """The folder .dev/NAME, made if it is missing or not good.

    `make` gets an empty folder to work in and answers which folder in it becomes the result: whoever is interrupted
    leaves no result."""
    target, work = dev() / name, dev() / f"{name}.new"
    if is_good(target):
        return target
    with locked(dev() / f"{name}.lock"):
        if is_good(target):  # by who held the lock before
            return target
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        made = make(work)
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
        shutil.rmtree(work)
    return target
