"""A private local stand-in for AWS (ministack)."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from . import ports, signals, venvs
from .common import Arguments
from .service import Service, exports

HEALTH = b"GET /_ministack/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


class LocalAws(Service):
    patience_s = 30

    def __init__(self, folder: Path):
        super().__init__(folder, "local AWS")
        self.program = ""

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def prepare(self) -> None:
        self.program = str(venvs.programs("aws") / "ministack")
        for name in ("state", "s3", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)

    def command(self, port: int) -> list[str]:
        return [self.program]

    def environment(self, port: int) -> dict[str, str]:
        """Everything that it writes is below its folder. DOCKER_HOST names nothing, since it would otherwise remove
        containers of this system that look like its own."""
        return {
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "USE_SSL": "0",
            "LOG_LEVEL": "INFO",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "MINISTACK_REGION": "eu-central-1",
            "PERSIST_STATE": "1",
            "STATE_DIR": f"{self.folder}/state",
            "S3_DATA_DIR": f"{self.folder}/s3",
            "TMPDIR": f"{self.folder}/tmp",
            "DOCKER_HOST": f"unix://{self.folder}/no-docker.sock",
        }

    def is_ready(self, port: int, said: str) -> bool:
        return f"Running on http://127.0.0.1:{port}" in said and ports.said(port, HEALTH).startswith(b"HTTP/1.1 200")

    def has_no_port(self, said: str) -> bool:
        return "already in use" in said.lower()

    def variables(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.running_port()}",
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }


def main(text: str | None) -> None:
    arguments = Arguments(text)
    arguments.add_argument("command", choices=("start", "stop", "env"))
    arguments.add_argument("folder", type=Path)
    asked = arguments.read(sys.argv[1:])
    signals.end_in_order()
    service = LocalAws(asked.folder)
    if asked.command == "start":
        service.start()
    elif asked.command == "stop":
        service.end(signal.SIGTERM)
    else:
        print(exports(service.variables()), end="")
