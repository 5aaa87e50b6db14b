"""The API's place on the network: HTTP on loopback, a thread a request."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from lab.errors import LabError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    # Without it every call of a client is a connection and, here, a thread of its own.
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Say nothing: the log is for what goes wrong."""


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes any that is free."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError as error:
        sock.close()
        raise LabError(f"the lab's API cannot listen on {HOST}:{port}: {error.strerror}; "
                       "end what uses the port, or let the lab take a free one") from error
    sock.listen(128)
    return sock


def serve(app: WSGIApplication, sock: socket.socket) -> BaseWSGIServer:
    """A server on this socket; its `serve_forever` is for a thread of its own."""
    port = sock.getsockname()[1]
    server = make_server(HOST, port, app, threaded=True, request_handler=_Quiet,
                         fd=sock.fileno())
    server.daemon_threads = True  # type: ignore[attr-defined]  # of its threading subclass
    return server
