"""HTTP and TLS listeners for the API, with one thread a connection."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from podnet.errors import UserError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    # Without it every call of a client is a connection and, here, a thread of its own.
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Log nothing: the log is for errors."""

    def connection_dropped(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *_: object
    ) -> None:
        """End the connection: the other end has, or was to get no answer."""
        self.close_connection = True


def listen(port: int, host: str = HOST) -> socket.socket:
    """A listening socket, on loopback by default; port 0 takes any that is free."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise UserError(
            f"the lab's API cannot listen on {host}:{port}: {error.strerror}; "
            "end what uses the port, or let the lab take a free one",
            rule="api-port-free",
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
