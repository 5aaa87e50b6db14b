"""The public endpoints of AWS on the lab's internet: names, their one address, and the server.

Without an endpoint of the VPC's own, the name of an AWS service resolves to a public address. So
an instance needs a route to the internet, and its security group must let it out, as on AWS.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import boto3  # type: ignore[import-untyped]

from podnet.lab.cloud.api import server
from podnet.lab.cloud.fabric import AWS_HOST
from podnet.lab.host.certificates import DOMAIN, Authority
from podnet.system.netns import NAMESPACES, identity, inside

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from werkzeug.serving import BaseWSGIServer

PORT = 443
POLL_SECONDS = 0.1


class PublicEndpoint:
    """A TLS server in the lab's internet, for as long as that namespace exists."""

    def __init__(
        self, namespace: str, authority: Callable[[], Authority], app: WSGIApplication
    ) -> None:
        self._namespace = namespace
        self._authority = authority
        self._app = app
        self._running: tuple[int, BaseWSGIServer] | None = None

    def update(self) -> None:
        """Listen in the namespace that has the name now."""
        number = identity(NAMESPACES / self._namespace)
        if self._running and self._running[0] == number:
            return
        self.close()
        if number is None:
            return
        sock = inside(NAMESPACES / self._namespace, lambda: server.listen(PORT, str(AWS_HOST)))
        listener = server.serve(self._app, sock, self._authority().context(names()))
        threading.Thread(target=listener.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        self._running = number, listener

    def close(self) -> None:
        """Stop the server."""
        if self._running:
            self._running[1].shutdown()
            self._running[1].server_close()
            self._running = None


def address(name: str) -> IPv4Address | None:
    """The address of a name, if it is one of the endpoints'."""
    return AWS_HOST if name in names() else None


@cache
def names() -> frozenset[str]:
    """The endpoint of SSM in every region, but for those of China: images trust no name there."""
    session = boto3.Session()
    return frozenset(
        f"ssm.{region}.{DOMAIN}"
        for partition in ("aws", "aws-us-gov")
        for region in session.get_available_regions("ssm", partition_name=partition)
    )
