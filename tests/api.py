"""An API of moto on loopback, for tests that ask it over the network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Thread
from typing import Any

from moto.ec2.utils import filter_dict_attribute_mapping
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from podnet.plan.quotas import quota
from tests.nodes import with_nodes

DEFAULT_QUOTA = "GetAWSDefaultServiceQuota"
ENOUGH = 1024


class Handler(WSGIRequestHandler):
    """Keeps connections open, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def served() -> Iterator[str]:
    """The endpoint of an API; all servers of a process share what there is."""
    # moto lacks the filter; the lab's API corrects it as well.
    filter_dict_attribute_mapping["instance-lifecycle"] = "lifecycle"
    app = with_quotas(with_nodes(DomainDispatcherApplication(create_backend_app)))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def with_quotas(app: Any) -> Any:
    """The application, with the quotas that podnet asks for: moto does not serve their defaults."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not environ.get("HTTP_X_AMZ_TARGET", "").endswith(f".{DEFAULT_QUOTA}"):
            return app(environ, start_response)
        asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        text = json.dumps(quota_of(asked)).encode()
        headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("Content-Length", str(len(text))),
        ]
        start_response("200 OK", headers)
        return BytesIO(text)

    return answer


def quota_of(asked: dict[str, str]) -> dict[str, object]:
    """AWS's default number of routes in a table; of anything else, enough."""
    is_of_routes = asked["QuotaCode"] == quota.ROUTES.code
    return {
        "Quota": {
            **asked,
            "QuotaArn": f"arn:aws:servicequotas:::{asked['ServiceCode']}/{asked['QuotaCode']}",
            "QuotaName": quota.ROUTES.name if is_of_routes else "Anything else",
            "ServiceName": asked["ServiceCode"],
            "Value": float(quota.ROUTES.default if is_of_routes else ENOUGH),
            "Adjustable": True,
            "GlobalQuota": False,
        }
    }
