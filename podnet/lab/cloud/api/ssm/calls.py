"""SSM's calls on parameters: the resources of each, and secure values masked in its answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from podnet.lab.clients import partition

TARGET = "AmazonSSM."
RESOURCE_MEMBERS = {
    "GetParameter": "Name",
    "GetParameterHistory": "Name",
    "PutParameter": "Name",
    "DeleteParameter": "Name",
    "LabelParameterVersion": "Name",
    "GetParameters": "Names",
    "DeleteParameters": "Names",
    "GetParametersByPath": "Path",
}
"""By action, the member of the request that names its parameters."""
SECURE = "SecureString"
_MASK_KEY = secrets.token_bytes(32)


def resources(action: str, request: Mapping[str, Any], region: str, account: str) -> list[str]:
    """The ARNs on which a policy must allow this action; raises `KeyError` for an unknown one."""
    everything = f"arn:{partition(region)}:ssm:{region}:{account}:"
    if action == "DescribeParameters":
        return [f"{everything}*"]
    names = request.get(RESOURCE_MEMBERS[action]) or []
    return [
        f"{everything}parameter/{parameter_name(name).removeprefix('/')}"
        for name in ([names] if isinstance(names, str) else names)
    ]


def mask_secure_values(request: bytes, answer: bytes) -> bytes:
    """The answer with its secure values unreadable, unless the request decrypts them.

    moto returns them in clear behind a prefix.
    """
    if b'"SecureString"' not in answer or json.loads(request or b"{}").get("WithDecryption"):
        return answer
    whole = json.loads(answer)
    for shown in (*whole.get("Parameters", ()), whole.get("Parameter", {})):
        if shown.get("Type") == SECURE and "Value" in shown:
            digest = hmac.digest(_MASK_KEY, shown["Value"].encode(), hashlib.sha384)
            shown["Value"] = b64encode(digest).decode()
    return json.dumps(whole).encode()


def parameter_name(name: str) -> str:
    """A parameter's stored name, without the rest of its ARN and without version or label."""
    if name.startswith("arn:"):
        name = name.split(":", 5)[5].removeprefix("parameter")
    return name.partition(":")[0]
