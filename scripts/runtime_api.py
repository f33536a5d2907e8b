"""Lambda's side of the Runtime API: starts a function as so many execution environments, hands them events, and takes
their answers."""

import json
import os
import queue
import subprocess
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# As Lambda has it: a function may work for so long.
TIMEOUT_S = 300
# Whoever has not polled by then never will.
START_S = 60


def variables(port: int) -> dict[str, str]:
    """Those that Lambda sets."""
    return {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": "rowscore",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/rowscore",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_LAMBDA_LOG_LEVEL": "WARN",
        "AWS_REGION": "eu-central-1",
    }


@dataclass(frozen=True)
class Answer:
    failed: bool
    body: dict
    at: float  # when it came, as time.perf_counter() has it


class RuntimeApi:
    """The service, and its environments, which take turns at the events. All of them have polled when it is made."""

    def __init__(self, function: Path, settings: dict[str, str], environments: int = 1):
        self.events, self.answers, self.polls = queue.Queue(), queue.Queue(), queue.Queue()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        # A function that is ended breaks off its poll.
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        environment = os.environ | settings | variables(self.server.server_port)
        begun = time.perf_counter()
        # What it logs is not asked for.
        self.programs = [
            subprocess.Popen([function], env=environment, stdout=subprocess.DEVNULL) for _ in range(environments)
        ]
        try:
            polled = [self.polls.get(timeout=START_S) for _ in self.programs]
        except queue.Empty:
            self.close()
            raise RuntimeError(f"{function} did not poll within {START_S} s") from None
        # From exec to the first poll of the last one.
        self.start_s = max(polled) - begun

    def send(self, event: dict, left_s: float = TIMEOUT_S) -> None:
        """Hands the event to whoever polls next, with so many seconds to its deadline."""
        self.events.put((json.dumps(event).encode(), left_s))

    def answer(self) -> Answer:
        """The next answer to any of the events."""
        return self.answers.get(timeout=TIMEOUT_S)

    def close(self) -> float:
        """Ends everything; answers the CPU seconds of all."""
        cpu = 0.0
        # All of them first: one whose poll is broken off would end by itself.
        for program in self.programs:
            program.kill()
        for program in self.programs:
            _, status, used = os.wait4(program.pid, 0)
            program.returncode = os.waitstatus_to_exitcode(status)
            cpu += used.ru_utime + used.ru_stime
            self.events.put(None)
        self.server.shutdown()
        self.server.server_close()
        return cpu


def handler_of(service: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            service.polls.put(time.perf_counter())
            handed = service.events.get()
            if handed is None:
                self.close_connection = True
                return
            event, left_s = handed
            self.reply(200, event, {"Lambda-Runtime-Deadline-Ms": int((time.time() + left_s) * 1000)})

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            at = time.perf_counter()
            service.answers.put(Answer(not self.path.endswith("/response"), json.loads(body), at))
            self.reply(202, b"{}", {})

        def reply(self, status: int, body: bytes, headers: dict):
            self.send_response(status)
            fixed = {"Lambda-Runtime-Aws-Request-Id": "local", "Content-Length": len(body)}
            arn = {"Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:rowscore"}
            for name, value in (fixed | arn | headers).items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
