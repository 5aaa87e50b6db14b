"""Errors of the API in the protocol of the call that they answer."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from podnet.lab.cloud.api.call import ApiError, Call

XML, JSON = "text/xml", "application/x-amz-json-1.1"
REQUEST_ID = "refused-by-the-lab"


def render(error: ApiError, call: Call | None) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body."""
    if call and call.in_json:
        body = json.dumps({"__type": error.code, "message": error.message})
        return error.status, [("Content-Type", JSON)], body.encode()
    named = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    if call is None or call.service == "ec2":
        inner = f"<Errors><Error>{named}</Error></Errors><RequestID>{REQUEST_ID}</RequestID>"
        text = f"<Response>{inner}</Response>"
    else:
        inner = f"<Error><Type>Sender</Type>{named}</Error><RequestId>{REQUEST_ID}</RequestId>"
        text = f"<ErrorResponse>{inner}</ErrorResponse>"
    body = f"<?xml version='1.0' encoding='UTF-8'?>\n{text}"
    return error.status, [("Content-Type", XML)], body.encode()
