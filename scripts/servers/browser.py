"""A headless Chromium: one that exists, or Debian's, unpacked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import signals
from .common import Arguments, Failure, dev
from .packages import Distribution, Download, NoDownload, machine, unpacked

# The second: what a page without fonts of its own is read in.
PACKAGES = ("chromium-headless-shell", "fonts-inter")
# The system's own will do, since the browser is of its release.
OF_THE_SYSTEM = ("libc6", "libc-bin")
INSTALLED = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{target}/usr/share/fonts</dir>
  <cachedir>{target}/fonts.cache</cachedir>
  <alias binding="same"><family>system-ui</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="same"><family>sans-serif</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="same"><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""
LAUNCHER = """\
#!/bin/sh
export LD_LIBRARY_PATH="{usr}:{usr}/nss:{target}/lib/{triplet}:{usr}/pulseaudio"
export FONTCONFIG_FILE="{target}/fonts.conf"
exec "{target}/usr/lib/chromium/chromium-headless-shell" "$@"
"""
ADVICE = """
There is no Chromium on this system, and none can be downloaded. Either install one with the
package manager, or set ROWSCORE_BROWSER to the path of a Chromium or Chrome."""


def find() -> str:
    """The path of a Chromium that works."""
    named = os.environ.get("ROWSCORE_BROWSER")
    if named:
        if not works(named):
            raise Failure(f"browser: ROWSCORE_BROWSER={named} does not run{ADVICE}")
        return named
    for found in filter(None, map(shutil.which, INSTALLED)):
        if works(found):
            return found
    try:
        program = unpacked("browser", take) / "browser"
    except NoDownload as why:
        raise Failure(f"browser: {why}{ADVICE}") from None
    if not works(str(program)):
        raise Failure(f"what is below {program.parent} does not run; delete that folder and try again")
    return str(program)


def works(program: str) -> bool:
    command = [program, "--no-sandbox", "--headless", "--dump-dom", "about:blank"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def take(work: Path) -> Path:
    here = Distribution.here()
    if here.name != "debian":
        raise NoDownload("this is not Debian")
    root = Download("browser", here.codename or "sid", work, OF_THE_SYSTEM).with_dependencies(PACKAGES)
    shutil.rmtree(root / "usr/share/icons", ignore_errors=True)
    target, triplet = dev() / "browser", machine().triplet
    (root / "fonts.conf").write_text(FONTS.format(target=target))
    launcher = root / "browser"
    launcher.write_text(LAUNCHER.format(target=target, usr=target / "usr/lib" / triplet, triplet=triplet))
    launcher.chmod(0o755)
    return root


def main(text: str | None) -> None:
    Arguments(text).read(sys.argv[1:])
    signals.end_in_order()
    print(find())
