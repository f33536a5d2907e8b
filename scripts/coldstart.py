"""Starts the built function as Lambda does and measures it, with a stand-in for Lambda's Runtime API.

Argument: the executable. Prints the time from its start to its first poll and its peak memory, the medians of several
starts. If the environment names a database (MYSQL_SERVER), also the first invocation, {"run":"status"}, login included.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

STARTS = 15
PATIENCE_S = 60


class Lambda(HTTPServer):
    """Hands out one event when it is asked to, and notes when it was polled and answered."""

    def __init__(self, event: dict):
        super().__init__(("127.0.0.1", 0), RuntimeApi)
        self.event = event
        self.polled, self.invoke, self.answered, self.closing = (threading.Event() for _ in range(4))
        self.polled_at = self.answered_at = 0.0
        self.answer = {}
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class RuntimeApi(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        lambda_ = self.server
        if not lambda_.polled.is_set():
            lambda_.polled_at = time.perf_counter()
            lambda_.polled.set()
            while not (lambda_.invoke.wait(0.05) or lambda_.closing.is_set()):
                pass
            if not lambda_.closing.is_set():
                body = json.dumps(lambda_.event).encode()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + PATIENCE_S) * 1000)))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:0:function:score")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
        self.close_connection = True

    def do_POST(self) -> None:
        lambda_ = self.server
        lambda_.answer = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        lambda_.answered_at = time.perf_counter()
        lambda_.answered.set()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the function was ended
            super().handle()


def start(executable: Path, event: dict | None) -> tuple[float, int, float, dict]:
    """Milliseconds to the first poll, kilobytes at most until then; of the event milliseconds and answer."""
    lambda_ = Lambda(event or {})
    environment = {"MYSQL_DATABASE": "none", "MYSQL_USER": "none", "MYSQL_PASSWORD": "none"} | os.environ
    environment |= {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{lambda_.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "score",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_LEVEL": "OFF",
        "AWS_REGION": "eu-central-1",
    }
    started_at = time.perf_counter()
    process = subprocess.Popen([executable], env=environment)
    try:
        if not lambda_.polled.wait(PATIENCE_S):
            sys.exit(f"coldstart: {executable} did not poll within {PATIENCE_S} s")
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        invoked_at = time.perf_counter()
        if event:
            lambda_.invoke.set()
            if not lambda_.answered.wait(PATIENCE_S):
                sys.exit(f"coldstart: {executable} did not answer {event} within {PATIENCE_S} s")
    finally:
        process.kill()
        process.wait()
        lambda_.closing.set()
        lambda_.shutdown()
        lambda_.server_close()
    took = (lambda_.answered_at - invoked_at) * 1000
    return (lambda_.polled_at - started_at) * 1000, peak_kb, took, lambda_.answer


def main() -> None:
    executable = Path(sys.argv[1]).resolve()
    event = {"run": "status"} if "MYSQL_SERVER" in os.environ else None
    starts = [start(executable, event) for _ in range(STARTS)]
    poll_ms, peak_kb, first_ms = (statistics.median(values) for values in list(zip(*starts))[:3])
    print(f"cold start: {poll_ms:.1f} ms from exec to the first poll, {peak_kb / 1024:.1f} MB at most")
    if event:
        answer = starts[-1][3]
        if "outcome" not in answer:
            sys.exit(f"coldstart: the first invocation failed: {answer}")
        print(f"first invocation: {first_ms:.1f} ms, with TLS and login")
        return
    # Without a database: it answers at all, and refuses what it does not know.
    refusal = start(executable, {"run": "dance"})[3]
    if refusal.get("errorType") != "BadEvent":
        sys.exit(f"coldstart: an unknown event was answered with {refusal}")


if __name__ == "__main__":
    main()
