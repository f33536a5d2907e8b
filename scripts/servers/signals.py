"""SIGHUP, SIGINT and SIGTERM: as an orderly end, a little later, or not at all."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Callable, NoReturn, Optional

Handler = Callable[[int, Optional[FrameType]], None]
NUMBERS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def handle(number: signal.Signals, handler: Handler) -> None:
    # What was ignored when this program was started, by nohup for one, stays ignored.
    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, handler)


def handle_all(handler: Handler) -> None:
    for number in NUMBERS:
        handle(number, handler)


def end_in_order() -> None:
    """From now on a signal is an exception: what has to be cleaned up is, and the exit code is a shell's."""
    handle_all(_end)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def ignore() -> None:
    """From now on nothing happens: a second Ctrl-C must not leave a cleanup half done."""
    handle_all(lambda _number, _frame: None)


@contextmanager
def postponed() -> Iterator[None]:
    """A signal that comes during the block arrives at its end."""
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in NUMBERS}
    handle_all(lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for arrived in came:
        os.kill(os.getpid(), arrived)
