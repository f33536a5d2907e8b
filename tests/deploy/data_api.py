"""Aurora's Data API in front of a real MySQL: the local AWS has it for containers only."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pymysql

# Aurora's plugin, by which IAM's tokens are checked, is in no MySQL.
PLUGIN = "WITH AWSAuthenticationPlugin AS 'RDS'"


def execute(sql: str, database: str | None) -> list[tuple]:
    server = urlsplit(os.environ["ROWSCORE_TEST_MYSQL"])
    login = {"host": server.hostname, "port": server.port, "user": server.username, "password": server.password}
    connection = pymysql.connect(database=database, autocommit=True, ssl={"ca": None}, **login)
    with connection, connection.cursor() as cursor:
        cursor.execute(sql.replace(PLUGIN, "BY 'secret'"))
        return list(cursor.fetchall())


class DataApi:
    """On a port of its own, for as long as a test runs."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            rows = execute(asked["sql"], asked["database"])
            self.answer(200, {"records": [[field(value) for value in row] for row in rows]})
        except pymysql.Error as error:
            self.answer(400, {"message": str(error)})

    def answer(self, status: int, body: dict) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if status != 200:
            self.send_header("x-amzn-errortype", "BadRequestException")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


def field(value: object) -> dict:
    if value is None:
        return {"isNull": True}
    return {"longValue": value} if isinstance(value, int) else {"stringValue": str(value)}
