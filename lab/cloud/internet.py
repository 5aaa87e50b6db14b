"""Regional endpoints on the lab's internet: their names, their one address, and the server there.

Without an endpoint of the VPC's own, the name of an AWS service leads an instance to a public
address. So it needs a way to the internet, and its security group must let it out, as on AWS.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import boto3  # type: ignore[import-untyped]

from lab.authority import Authority
from lab.cloud import server
from lab.cloud.netns import identity, inside
from lab.fabric import AWS_HOST

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from werkzeug.serving import BaseWSGIServer

PORT = 443
POLL_SECONDS = 0.1


class Internet:
    """Keeps a server in the lab's internet for as long as that namespace stays."""

    def __init__(
        self, namespace: str, authority: Callable[[], Authority], app: WSGIApplication
    ) -> None:
        self._namespace = namespace
        self._authority = authority
        self._app = app
        self._place: tuple[int, BaseWSGIServer] | None = None

    def update(self) -> None:
        """Serve in the namespace that bears the name now."""
        number = identity(self._namespace)
        if self._place and self._place[0] == number:
            return
        self.close()
        if number is None:
            return
        sock = inside(self._namespace, lambda: server.listen(PORT, str(AWS_HOST)))
        made = server.serve(self._app, sock, self._authority().context(names()))
        threading.Thread(target=made.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        self._place = number, made

    def close(self) -> None:
        """Stop the server."""
        if self._place:
            self._place[1].shutdown()
            self._place[1].server_close()
            self._place = None


def address(name: str) -> IPv4Address | None:
    """Where a name leads, if it is one of the endpoints'."""
    return AWS_HOST if name in names() else None


@cache
def names() -> frozenset[str]:
    """The endpoint of SSM in every region."""
    return frozenset(
        f"ssm.{region}.amazonaws.com" for region in boto3.Session().get_available_regions("ssm")
    )
