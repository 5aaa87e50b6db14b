"""The wire between a deployment and its API, on which a reply can be lost or all can end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session

READING = ("Describe", "List", "Get")


class KilledError(KeyboardInterrupt):  # which asyncio lets out
    """The end of the process: nothing that handles errors may handle it."""


class Wire:
    """Counts the calls that change something, and cuts the line behind one of them."""

    def __init__(self) -> None:
        self.changes: list[str] = []
        self.after: Callable[[int, str], None] = lambda _number, _call: None

    @contextlib.contextmanager
    def cut(self, after: Callable[[int, str], None]) -> Iterator[None]:
        """Count from 0, and do this after each change, whose reply has not been read yet."""
        self.changes, self.after = [], after
        try:
            yield
        finally:
            self.after = lambda _number, _call: None

    def answered(self, request: Any) -> None:
        """The API has done what a request asks for."""
        call = operation(request)
        if not call.startswith(READING):
            self.changes.append(call)
            self.after(len(self.changes) - 1, call)


def operation(request: Any) -> str:
    """The name of the call in a request."""
    target = request.headers.get("X-Amz-Target")
    if target:
        return str(target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
    body = request.body or b""
    text = body.decode() if isinstance(body, bytes) else str(body)
    return parse_qs(text)["Action"][0]


def install(monkeypatch) -> Wire:
    """A wire under every client of this process."""
    wire, send = Wire(), URLLib3Session.send

    def watched(self: URLLib3Session, request: Any) -> Any:
        response = send(self, request)
        wire.answered(request)
        return response

    monkeypatch.setattr(URLLib3Session, "send", watched)
    return wire


def killed_at(moment: int) -> Callable[[int, str], None]:
    """Ends all after this many changes more than one."""

    def after(number: int, _call: str) -> None:
        if number == moment:
            raise KilledError

    return after


def first_replies_lost() -> Callable[[int, str], None]:
    """Loses the reply of every first attempt; the client repeats the call by itself."""
    repeated = False

    def after(_number: int, _call: str) -> None:
        nonlocal repeated
        repeated = not repeated
        if repeated:
            raise ConnectionClosedError(endpoint_url="the lab")

    return after


def reply_lost(moment: int) -> Callable[[int, str], None]:
    """Loses the reply of one change."""

    def after(number: int, _call: str) -> None:
        if number == moment:
            raise ConnectionClosedError(endpoint_url="the lab")

    return after
