"""A proxy before the lab's API that keeps the reply to one change, until all who wait are dead."""

from __future__ import annotations

import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.unit.lab.engines.adoption.wire import READING

SECONDS = 300
"""How long a call is kept, on a loaded machine."""


class Held:
    """The changes that went through, and the one behind which the line is cut."""

    def __init__(self, endpoint: str) -> None:
        self.upstream = urlsplit(endpoint).netloc
        self.endpoint = ""
        self.changes: list[str] = []
        self.come, self.over = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._moment: tuple[str, int] | None = None

    def count(self) -> None:
        """Let everything through, and count from 0."""
        self._begin(None)

    def at(self, call: str, number: int = 1) -> None:
        """Keep the reply to the so-manieth call of this name; `*` stands for any change."""
        self._begin((call, number))

    def _begin(self, moment: tuple[str, int] | None) -> None:
        with self._lock:
            self.changes, self._moment = [], moment
        self.come.clear()
        self.over.clear()

    def answered(self, call: str) -> None:
        """The API has done what this call asks for."""
        if call.startswith(READING):
            return
        with self._lock:
            self.changes.append(call)
            is_it = self._moment in {
                (call, self.changes.count(call)),
                ("*", len(self.changes)),
            }
        if is_it:
            self.come.set()
            self.over.wait(SECONDS)


def serve(held: Held) -> ThreadingHTTPServer:
    """A server on loopback, in threads of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

        def do_POST(self) -> None:  # as http.server calls it
            self._pass_on()

        do_GET = do_PUT = do_POST  # noqa: N815

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            line = HTTPConnection(held.upstream, timeout=SECONDS)
            line.request(self.command, self.path, body, dict(self.headers))
            reply = line.getresponse()
            content = reply.read()
            line.close()
            if reply.status < 400:
                held.answered(operation(self.headers.get("X-Amz-Target"), body))
            try:
                self.send_response_only(reply.status)
                for name, value in reply.getheaders():
                    if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                self.close_connection = True  # whoever asked was killed

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Say nothing of connections whose other end was killed."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def operation(target: str | None, body: bytes) -> str:
    """The name of the call in a request; empty for what is none of AWS."""
    if target:
        return target.rpartition(".")[2]
    return parse_qs(body.decode(errors="replace")).get("Action", ["Get"])[0]
