"""What the lab knows of SSM's calls on parameters: what each is about, and what it may show."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

TARGET = "AmazonSSM."
ABOUT = {
    "GetParameter": "Name",
    "GetParameterHistory": "Name",
    "PutParameter": "Name",
    "DeleteParameter": "Name",
    "LabelParameterVersion": "Name",
    "GetParameters": "Names",
    "DeleteParameters": "Names",
    "GetParametersByPath": "Path",
}
"""By action, which of its members names what it is about."""
SECURE = "SecureString"
_SEAL = secrets.token_bytes(32)


def resources(action: str, said: Mapping[str, Any], region: str, account: str) -> list[str]:
    """The ARNs on which a policy must allow this action; raises KeyError for one unknown here."""
    everything = f"arn:aws:ssm:{region}:{account}:"
    if action == "DescribeParameters":
        return [f"{everything}*"]
    names = said.get(ABOUT[action]) or []
    return [
        f"{everything}parameter/{_bare(name).removeprefix('/')}"
        for name in ([names] if isinstance(names, str) else names)
    ]


def sealed(asked: bytes, answer: bytes) -> bytes:
    """The answer with its secure values unreadable, unless it was asked to decrypt them.

    moto shows them in clear behind a prefix.
    """
    if b'"SecureString"' not in answer or json.loads(asked or b"{}").get("WithDecryption"):
        return answer
    whole = json.loads(answer)
    for shown in (*whole.get("Parameters", ()), whole.get("Parameter", {})):
        if shown.get("Type") == SECURE and "Value" in shown:
            digest = hmac.digest(_SEAL, shown["Value"].encode(), hashlib.sha384)
            shown["Value"] = b64encode(digest).decode()
    return json.dumps(whole).encode()


def _bare(name: str) -> str:
    """A parameter's name as it is stored: without its ARN, and without version or label."""
    if name.startswith("arn:"):
        name = name.split(":", 5)[5].removeprefix("parameter")
    return name.partition(":")[0]
