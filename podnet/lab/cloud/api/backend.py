"""Calls moto as a WSGI application, without a socket and for one caller at a time."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from werkzeug.test import EnvironBuilder, run_wsgi_app

from podnet.lab.clients import Client

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Backend:
    """The application, and clients of it that need no socket; the caller holds the lock."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self._clients: dict[tuple[str, str], Client] = {}

    def request(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body of the answer to one request."""
        body, status, headers = run_wsgi_app(self.app, environ, buffered=True)
        return int(status.split()[0]), list(headers), b"".join(body)

    def client(self, service: str, region: str) -> Client:
        """A boto3 client whose calls go straight into the application."""
        if (service, region) not in self._clients:
            client = boto3.client(
                service,
                region_name=region,
                endpoint_url="http://backend.invalid",
                aws_access_key_id="lab",
                aws_secret_access_key="lab",  # noqa: S106  # opens nothing
                config=Config(retries={"total_max_attempts": 1}),
            )
            client.meta.events.register(f"before-send.{service}", self._send)
            self._clients[service, region] = client
        return self._clients[service, region]

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        headers = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        body = request.body or b""
        environ = EnvironBuilder(
            path="/",
            method=request.method,
            headers=headers,
            data=body.encode() if isinstance(body, str) else body,
        ).get_environ()
        status, answered, content = self.request(environ)
        return AWSResponse(request.url, status, dict(answered), _Raw(content))


class _Raw(io.BytesIO):
    def stream(self, **_: object) -> Iterable[bytes]:
        """The content as botocore reads it from a connection."""
        yield self.read()
