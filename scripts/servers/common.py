"""Where things are, how to speak to the user, and how to fail."""

from __future__ import annotations

import argparse
import fcntl
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, NoReturn

REPO = Path(__file__).resolve().parents[2]
SCRIPTS = REPO / "scripts"


class Failure(Exception):
    """What went wrong, in a sentence for the user."""


def say(text: str) -> None:
    # In one piece: several processes may speak at the same time.
    sys.stderr.write(f"{text}\n")


def dev() -> Path:
    """The folder of everything that is downloaded or built by the scripts, wherever a symbolic link has it."""
    folder = REPO / ".dev"
    folder.mkdir(exist_ok=True)
    return folder.resolve()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Waits for the lock, and holds it for the block. It ends with this process; no child inherits it."""
    with file.open("a") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def last_lines(text: str, count: int) -> str:
    return "\n".join(text.splitlines()[-count:])


class Arguments(argparse.ArgumentParser):
    """A command line whose help is the calling script's documentation, and whose errors are short."""

    def __init__(self, text: str | None = None, **options: object):
        super().__init__(add_help=False, allow_abbrev=False)
        self.text = text or ""

    def error(self, message: str) -> NoReturn:
        say(f"error: {message}")
        say(f"Try: {sys.argv[0]} --help")
        sys.exit(2)

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        if words and words[0] in ("-h", "--help", "help"):
            # Whoever shows the help may need only its beginning.
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            print(self.text.strip())
            sys.exit()
        return self.parse_args(words)


def run(main: Callable[[], int | None]) -> NoReturn:
    """Runs a script's main function: its exit code is the script's, and a failure is told in a line."""
    try:
        sys.exit(main())
    except Failure as failure:
        say(f"error: {failure}")
        sys.exit(1)
