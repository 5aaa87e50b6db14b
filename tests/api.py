"""An API of moto on loopback, for tests that ask it over the network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Thread
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from podnet.plan import quota

DEFAULT_QUOTA = "GetAWSDefaultServiceQuota"


class Handler(WSGIRequestHandler):
    """Keeps connections open, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def served() -> Iterator[str]:
    """The endpoint of an API; all servers of a process share what there is."""
    app = with_quotas(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def with_quotas(app: Any) -> Any:
    """The application, with the quota that podnet asks for: moto does not serve its default."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not environ.get("HTTP_X_AMZ_TARGET", "").endswith(f".{DEFAULT_QUOTA}"):
            return app(environ, start_response)
        asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        known = asked["QuotaCode"] == quota.CODE
        body = quota_of(asked) if known else {"__type": "NoSuchResourceException", "message": "no"}
        text = json.dumps(body).encode()
        headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("Content-Length", str(len(text))),
        ]
        start_response("200 OK" if known else "400 Bad Request", headers)
        return BytesIO(text)

    return answer


def quota_of(asked: dict[str, str]) -> dict[str, object]:
    """AWS's default number of routes in a table."""
    return {
        "Quota": {
            **asked,
            "QuotaArn": f"arn:aws:servicequotas:::{asked['ServiceCode']}/{asked['QuotaCode']}",
            "QuotaName": "Routes per route table",
            "ServiceName": "Amazon Virtual Private Cloud (Amazon VPC)",
            "Value": float(quota.DEFAULT),
            "Adjustable": True,
            "GlobalQuota": False,
        }
    }
