"""The login that the environment names, as Python's drivers for MySQL take it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any


def login(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    return {
        "host": environment["MYSQL_SERVER"],
        "port": int(environment["MYSQL_PORT"]),
        "user": environment["MYSQL_USER"],
        "password": environment["MYSQL_PASSWORD"],
    }
