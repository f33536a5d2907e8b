"""What Galera calls where a server may need another one's whole data.

It never does here: each has been in the cluster before, and gets only what it has missed, from the others' memory. The
two servers have to agree on where that begins.
"""

from __future__ import annotations

import socket
import sys

CANNOT = 95  # EOPNOTSUPP


def receive() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(f"ready 127.0.0.1:{server.getsockname()[1]}", flush=True)
        connection, _ = server.accept()
        with connection, connection.makefile() as lines:
            print(lines.readline().strip(), flush=True)


def send(address: str, position: str) -> None:
    host, _, port = address.partition("/")[0].partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{position}\n".encode())
    print(f"done {position}", flush=True)


if __name__ == "__main__":
    words = dict(zip(sys.argv[1:], sys.argv[2:]))
    if words["--role"] == "joiner":
        receive()
    elif "--bypass" in sys.argv:
        send(words["--address"], words["--gtid"])
    else:
        print("a server lacks more than the others remember", file=sys.stderr)
        sys.exit(CANNOT)
