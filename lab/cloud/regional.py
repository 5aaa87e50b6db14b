"""The regional endpoints of AWS as instances meet them: a caller is who signed, and may do little.

The API on loopback asks nobody who he is: it is for the one who has the lab. This one is on the
lab's internet, where without an endpoint of the VPC's own AWS's is too, and it offers SSM alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from lab.cloud.access import ACCOUNT, Denied, require
from lab.cloud.api import BAD_REQUEST, Api, respond
from lab.cloud.call import SCOPE
from lab.cloud.parameters import ABOUT, TARGET, resources

SERVICE = "ssm"
KIND = [("Content-Type", "application/x-amz-json-1.1")]


class Regional:
    """A WSGI application: SSM's parameters for those whose policies allow it."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            with self._api.lock:
                _judge(environ, body)
        except Denied as denied:
            said = json.dumps({"__type": denied.code, "message": denied.message}).encode()
            return respond(start_response, BAD_REQUEST, KIND, said)
        return self._api(environ | {"wsgi.input": BytesIO(body)}, start_response)


def _judge(environ: dict[str, Any], body: bytes) -> None:
    prefix, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope and scope["service"] != SERVICE:
        raise Denied(
            "InvalidSignatureException",
            f"Credential should be scoped to correct service: '{SERVICE}'.",
        )
    try:
        about = (
            resources(action, json.loads(body or b"{}"), scope["region"], ACCOUNT) if scope else []
        )
    except (KeyError, ValueError):
        about = []
    if f"{prefix}." != TARGET or (scope and not about):
        raise Denied(
            "UnknownOperationException",
            f"the lab's {SERVICE} knows {', '.join(ABOUT)} and DescribeParameters, on a "
            f"parameter that is named; it was asked for {action or 'nothing'}",
        )
    require(environ, body, action, about)
