"""The keeper of the API's state: moto as a WSGI application, for one caller at a time."""

from __future__ import annotations

import importlib
import io
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from werkzeug.test import EnvironBuilder, run_wsgi_app

IMAGES = Path(__file__).parent / "images.json"
"""The machine images on offer: Debian 12, of the account from which Debian publishes its own."""

MANAGED_POLICIES = ("AmazonSSMManagedInstanceCore",)
"""The policies of AWS's own that exist in the lab; moto takes seconds to read all 1,500."""

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application() -> Application:
    """Moto with the lab's images; to be called before anything else imports moto."""
    os.environ["MOTO_AMIS_PATH"] = str(IMAGES)
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    # moto reads the first as it is imported, and what follows as it is first called.
    models = importlib.import_module("moto.iam.models")
    policies = json.loads(models.aws_managed_policies_data)
    models.aws_managed_policies_data = json.dumps(  # type: ignore[attr-defined]
        {name: policies[name] for name in MANAGED_POLICIES}
    )
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
        DomainDispatcherApplication,
        create_backend_app,
    )

    return DomainDispatcherApplication(create_backend_app)


class Backend:
    """The application, and clients of it that need no socket; the caller holds the lock."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self._clients: dict[tuple[str, str], Any] = {}

    def ask(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body of the answer to one request."""
        body, status, headers = run_wsgi_app(self.app, environ, buffered=True)
        return int(status.split()[0]), list(headers), b"".join(body)

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401  # boto3 has no static type
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
        status, answered, content = self.ask(environ)
        return AWSResponse(request.url, status, dict(answered), _Raw(content))


class _Raw(io.BytesIO):
    def stream(self, **_: object) -> Iterable[bytes]:
        """The content as botocore reads it from a connection."""
        yield self.read()
