"""SSM's public endpoint: requests are authenticated and authorised by IAM.

The API on loopback checks no credentials: it is for the owner of the lab. This endpoint is on
the lab's internet, where AWS's is for a VPC without an endpoint of its own, and serves SSM alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from podnet.lab.cloud.api.api import BAD_REQUEST, Api, respond
from podnet.lab.cloud.api.call import SCOPE, ApiError
from podnet.lab.cloud.api.iam import ACCOUNT, require
from podnet.lab.cloud.api.ssm.calls import RESOURCE_MEMBERS, TARGET, resources

SERVICE = "ssm"
HEADERS = [("Content-Type", "application/x-amz-json-1.1")]


class SsmEndpoint:
    """A WSGI application: SSM's parameters, for callers whose policies allow it."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            with self._api.lock:
                _authorise(environ, body)
        except ApiError as error:
            answer = json.dumps({"__type": error.code, "message": error.message}).encode()
            return respond(start_response, BAD_REQUEST, HEADERS, answer)
        return self._api(environ | {"wsgi.input": BytesIO(body)}, start_response)


def _authorise(environ: dict[str, Any], body: bytes) -> None:
    prefix, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope and scope["service"] != SERVICE:
        raise ApiError(
            "InvalidSignatureException",
            f"Credential should be scoped to correct service: '{SERVICE}'.",
        )
    try:
        arns = (
            resources(action, json.loads(body or b"{}"), scope["region"], ACCOUNT) if scope else []
        )
    except (KeyError, ValueError):
        arns = []
    if f"{prefix}." != TARGET or (scope and not arns):
        raise ApiError(
            "UnknownOperationException",
            f"the lab's {SERVICE} knows {', '.join(RESOURCE_MEMBERS)} and DescribeParameters, on a "
            f"named parameter; the request is for {action or 'nothing'}",
        )
    require(environ, body, action, arns)
