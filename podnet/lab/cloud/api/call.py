"""One call of the API as HTTP carries it: a service's action with its parameters, or an error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

# The scope of a signature: key id, day, region, service.
SCOPE = re.compile(
    r"Credential=(?P<key_id>[^/]*)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
)
READING = ("Assume", "Describe", "Get", "List", "Search", "Simulate")


class ApiError(Exception):
    """The API refuses a call, with AWS's code and message."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code = code
        self.message = message
        self.status = status
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True, slots=True)
class Call:
    """A call in the query protocol, which EC2, IAM and STS speak, or in JSON, as SSM does."""

    service: str
    region: str
    action: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of the query protocol."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """Of the JSON protocol."""
    in_json: bool = False
    key_id: str = ""
    """The access key that signed it."""

    @classmethod
    def parse(cls, authorization: str, body: bytes, target: str = "") -> Call | None:
        """The call; None for what is not signed or speaks another protocol.

        `target` is the header `X-Amz-Target`, which names the action of the JSON protocol.
        """
        scope = SCOPE.search(authorization)
        if scope is None:
            return None
        place = (scope["service"], scope["region"])
        try:
            if target:
                document, name = json.loads(body or b"{}"), target.rpartition(".")[2]
                return cls(*place, name, document=document, in_json=True, key_id=scope["key_id"])
            parameters = dict(parse_qsl(body.decode(), keep_blank_values=True))
        except ValueError:
            return None
        if not parameters.get("Action"):
            return None
        return cls(*place, parameters["Action"], parameters, key_id=scope["key_id"])

    @property
    def name(self) -> str:
        """The action as policies of IAM write it, `ec2:CreateVpc`."""
        return f"{self.service}:{self.action}"

    @property
    def reads_only(self) -> bool:
        """Whether the call changes nothing."""
        return self.action.startswith(READING)

    def get(self, name: str) -> str | None:
        """The value of one parameter; None where it is missing or empty."""
        return self.parameters.get(name) or None

    def values_of(self, name: str) -> list[str]:
        """The values of `name.1`, `name.2` and so on."""
        return [item[""] for item in self.items(name) if "" in item]

    def items(self, name: str) -> list[dict[str, str]]:
        """The structures `name.1.…`, `name.2.…`, each by what follows its number."""
        found: dict[int, dict[str, str]] = {}
        pattern = re.compile(rf"{re.escape(name)}\.(\d+)(?:\.(.+))?")
        for key, value in self.parameters.items():
            if match := pattern.fullmatch(key):
                found.setdefault(int(match[1]), {})[match[2] or ""] = value
        return [found[number] for number in sorted(found)]

    def encode(self) -> bytes:
        """The body of a request with this call."""
        return urlencode(self.parameters).encode()
