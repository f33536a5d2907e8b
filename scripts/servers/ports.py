"""TCP ports of 127.0.0.1."""

from __future__ import annotations

import random
import socket


def taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free() -> int:
    """One below the range that systems give to outgoing connections.

    It is not reserved: whoever starts a server on it must be ready to try another."""
    while True:
        port = random.randrange(20_000, 32_000)
        if not taken(port):
            return port


def said(port: int, request: bytes = b"", size: int = 64) -> bytes:
    """How a server begins its answer; nothing if there is no server, or if it is silent."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request)
            return connection.recv(size)
    except OSError:
        return b""
