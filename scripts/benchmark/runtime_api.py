"""Lambda's side of the Runtime API: hands events to `score` processes, and takes their answers."""

import json
import os
import queue
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tools import RELEASE

# As Lambda has it: a function may work for so long.
TIMEOUT_S = 300
# What HOP_MARGIN_MS is by default: with no more than this left, a hop does one page.
MARGIN_S = 5


def variables(port: int) -> dict[str, str]:
    """Those that Lambda sets."""
    return {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": "rowscore",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/rowscore",
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "AWS_LAMBDA_LOG_LEVEL": "WARN",
        "AWS_REGION": "eu-central-1",
    }


class RuntimeApi:
    """The service, with so many execution environments that take turns at the events."""

    def __init__(self, environments: int, settings: dict[str, str]):
        self.events, self.answers = queue.Queue(), queue.Queue()
        self.polls = threading.Semaphore(0)
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                service.polls.release()
                event, left_s = service.events.get()
                self.answer(200, event, {"Lambda-Runtime-Deadline-Ms": int((time.time() + left_s) * 1000)})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                service.answers.put((self.path, body))
                self.answer(202, b"{}", {})

            def answer(self, status: int, body: bytes, headers: dict):
                self.send_response(status)
                fixed = {"Lambda-Runtime-Aws-Request-Id": "bench", "Content-Length": len(body)}
                arn = {"Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:bench"}
                for name, value in (fixed | arn | headers).items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # A function that is ended breaks off its poll.
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        environment = os.environ | settings | variables(self.server.server_port)
        self.programs = [
            subprocess.Popen([RELEASE / "score"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(environments)
        ]
        for _ in self.programs:
            self.polls.acquire()

    def work_off(self, event: dict) -> dict:
        """The event, then every continuation as soon as it is named, each by whoever is free.

        The answer names the continuations, other than the queue only when its hop is over: hence
        the first hop gets the time for one page, as if its function were about to end."""
        begun = time.perf_counter()
        self.events.put((json.dumps(event).encode(), MARGIN_S))
        under_way = 1
        while under_way:
            path, body = self.answers.get(timeout=TIMEOUT_S)
            answer = json.loads(body)
            if not path.endswith("/response"):
                raise RuntimeError(f"the function failed: {answer}")
            under_way += len(answer["continuations"]) - 1
            for continuation in answer["continuations"]:
                self.events.put((json.dumps(continuation).encode(), TIMEOUT_S))
        return {"wall_s": time.perf_counter() - begun}

    def close(self) -> float:
        """Ends everything; answers the CPU seconds of all."""
        cpu = 0.0
        for program in self.programs:
            program.kill()
            _, status, used = os.wait4(program.pid, 0)
            program.returncode = os.waitstatus_to_exitcode(status)
            cpu += used.ru_utime + used.ru_stime
        self.server.shutdown()
        self.server.server_close()
        return cpu
