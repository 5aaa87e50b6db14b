"""The API that the lab offers on loopback: moto, with AWS's refusals and consequences before it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from lab.cloud.backend import Application, Backend
from lab.cloud.call import Call
from lab.cloud.effects import amend, follow, show
from lab.cloud.parameters import TARGET, sealed
from lab.cloud.rules import Refused, judge

BAD_REQUEST = 400
SETTLED_PATH = "/lab/settled"


class Api:
    """A WSGI application; `on_change` hears of each call that changed something."""

    def __init__(
        self, app: Application, on_change: Callable[[Call], None], settled: Callable[[], bytes]
    ) -> None:
        self._backend = Backend(app)
        self._on_change = on_change
        self._settled = settled
        # moto is not made for threads, and a rule must hold until its call is done.
        self.lock = threading.Lock()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] == SETTLED_PATH:
            return respond(
                start_response, 200, [("Content-Type", "application/json")], self._settled()
            )
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body: bytes = environ["wsgi.input"].read(size)
        call = Call.parse(environ.get("HTTP_AUTHORIZATION", ""), body)
        with self.lock:
            try:
                status, headers, answer = self._do(environ, call, body)
            except Refused as refused:
                return respond(
                    start_response, BAD_REQUEST, [("Content-Type", "text/xml")], _error(refused)
                )
        if call and not call.reads_only and status < BAD_REQUEST:
            self._on_change(call)
        return respond(start_response, status, headers, answer)

    def warm(self) -> None:
        """Let moto load EC2, which takes seconds, before the first caller waits for it."""
        with self.lock:
            self._backend.client("ec2", "us-east-1").describe_regions()

    def _do(
        self, environ: dict[str, Any], call: Call | None, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        ec2 = self._backend.client("ec2", call.region) if call and call.service == "ec2" else None
        if call and ec2:
            call = amend(call)
            judge(call, ec2)
            body = call.encode()
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        status, headers, answer = self._backend.ask(environ)
        if call and ec2 and status < BAD_REQUEST:
            follow(call, ec2)
            answer = show(call, answer, ec2)
        if environ.get("HTTP_X_AMZ_TARGET", "").startswith(TARGET):
            answer = sealed(body, answer)
        return status, headers, answer


def respond(
    start_response: Callable[..., Any], status: int, headers: list[tuple[str, str]], body: bytes
) -> Iterable[bytes]:
    """Answer with this body, whose length is told in place of any other."""
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    start_response(
        f"{status} {'OK' if status < BAD_REQUEST else 'Refused'}",
        [*kept, ("Content-Length", str(len(body)))],
    )
    return [body]


def _error(refused: Refused) -> bytes:
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n<Response><Errors><Error>"
        f"<Code>{escape(refused.code)}</Code><Message>{escape(refused.message)}</Message>"
        "</Error></Errors><RequestID>refused-by-the-lab</RequestID></Response>"
    ).encode()
