"""One server of a cluster."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .database import Database, Habits
from .kinds import Kind


class Role(Enum):
    FIRST = "first"  # makes the cluster
    MEMBER = "member"  # joins those that run


@dataclass(frozen=True)
class Place:
    """Which of the servers it is, from 0, and the ports by which they speak to one another."""

    number: int
    ports: Sequence[int]

    @property
    def port(self) -> int:
        return self.ports[self.number]

    @property
    def addresses(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)


class Node(Database):
    # One that comes back first catches up with what the others have written.
    ready_s = 600

    def __init__(self, folder: Path, kind: Kind, habits: Habits, place: Place):
        super().__init__(folder, kind, habits)
        self.place = place
        self.role = Role.MEMBER

    @abstractmethod
    def own_options(self) -> list[str]:
        """What makes it one of a cluster."""

    def command(self, port: int) -> list[str]:
        common = [f"--server-id={self.place.number + 1}", "--innodb-buffer-pool-size=256M"]
        return [*super().command(port), *common, *self.own_options()]
