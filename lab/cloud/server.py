"""The API's places on the network: HTTP on loopback, TLS elsewhere, a thread a request."""

from __future__ import annotations

import socket
import ssl
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


def listen(port: int, host: str = HOST) -> socket.socket:
    """A listening socket, on loopback unless told otherwise; port 0 takes any that is free."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise LabError(
            f"the lab's API cannot listen on {host}:{port}: {error.strerror}; "
            "end what uses the port, or let the lab take a free one"
        ) from error
    sock.listen(128)
    return sock


def serve(
    app: WSGIApplication, sock: socket.socket, context: ssl.SSLContext | None = None
) -> BaseWSGIServer:
    """A server on this socket; its `serve_forever` is for a thread of its own."""
    host, port = sock.getsockname()
    server = make_server(host, port, app, threaded=True, request_handler=_Quiet, fd=sock.fileno())
    server.daemon_threads = True  # type: ignore[attr-defined]  # of its threading subclass
    if context is not None:
        # Later, by the request's own thread: else one silent client would hold up all others.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        server.ssl_context = context
    return server
