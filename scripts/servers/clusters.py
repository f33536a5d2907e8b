"""Three servers that are one database to its users, behind a proxy that follows the server in use."""

from __future__ import annotations

import shutil
import signal
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from . import fresh, ports
from .common import Failure, locked, say
from .database import USUAL, Habits, login, url
from .kinds import Kind, label
from .nodes import Node, Place, Role
from .search import find
from .service import Service

SIZE = 3


class Cluster(ABC):
    """Its folder has one for each server (node1, node2, node3) and one for the proxy.

    A cluster of which no server runs any more is not started again: who has the latest data is a question for people.
    """

    name: ClassVar[str]

    def __init__(self, folder: Path, kind: Kind, habits: Habits = USUAL):
        self.folder, self.kind, self.habits = folder.absolute(), kind, habits

    @abstractmethod
    def node(self, folder: Path, place: Place) -> Node:
        """One of its servers."""

    @abstractmethod
    def proxy(self, folder: Path) -> Service:
        """What clients connect to."""

    def prepare(self, nodes: Sequence[Node]) -> None:
        """What is done before the servers of a new cluster are started."""

    @property
    def label(self) -> str:
        return label(self.name)

    @property
    def nodes(self) -> list[Node]:
        drawn = [int(port) for port in (self.folder / "ports").read_text().split()]
        return [self.node(self.folder / f"node{number + 1}", Place(number, drawn)) for number in range(SIZE)]

    def start(self) -> bool:
        """Starts what does not run of it; False if everything does."""
        if self.habits.like_rds:
            raise Failure(f"{self.name}: --like-rds is for single servers")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder = self.folder.resolve()
        with locked(self.folder / "lock"):
            if not (self.folder / "version").exists():
                self._make()
                return True
            down = [node for node in self.nodes if not node.process()]
            if len(down) == SIZE:
                raise Failure(f"no server of the cluster in {self.folder} runs; make a new one in another folder")
            for node in down:
                node.start()
            return self.proxy(self.folder / "proxy").start() or bool(down)

    def _make(self) -> None:
        if any(file.name != "lock" for file in self.folder.iterdir()):
            raise Failure(f"{self.folder} is neither empty nor a folder of this script")
        version = find(self.kind)[1]
        drawn: set[int] = set()
        while len(drawn) < SIZE:
            drawn.add(ports.free())
        (self.folder / "ports").write_text(" ".join(map(str, drawn)))
        (self.folder / "version").write_text(f"{self.name} {version}\n")
        nodes = self.nodes
        try:
            self.prepare(nodes)
            nodes[0].role = Role.FIRST
            for node in nodes:
                node.start()
            proxy = self.proxy(self.folder / "proxy")
            proxy.start()
        except BaseException:
            self._end(signal.SIGKILL)
            raise
        say(f"{self.name} of {SIZE} servers ready on 127.0.0.1:{proxy.port()}")

    def end(self, number: int) -> None:
        if (self.folder / "lock").exists():
            with locked(self.folder / "lock"):
                self._end(number)

    def _end(self, number: int) -> None:
        self.proxy(self.folder / "proxy").end(number)
        if (self.folder / "ports").exists():
            # The first was the cluster's maker: last to go.
            for node in reversed(self.nodes):
                node.end(number)

    def variables(self) -> dict[str, str]:
        return login(self.proxy(self.folder / "proxy").running_port())

    def url(self) -> str:
        return url(self.proxy(self.folder / "proxy").running_port())


def copied(first: Node, others: Sequence[Node], *without: str) -> None:
    """Gives servers that were never started what another one has."""
    for node in others:
        node.folder.mkdir()
        for file in ("version", "users-made"):
            shutil.copy2(first.folder / file, node.folder / file)
        fresh.copy(first.data, node.data, *without)
