"""One call of the API as it comes over HTTP: an action of a service, and its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

# The scope of a signature: key id, day, region, service.
SCOPE = re.compile(r"Credential=[^/]*/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
READING = ("Assume", "Describe", "Get", "List", "Search", "Simulate")


@dataclass(frozen=True, slots=True)
class Call:
    """A call in the query protocol, which EC2, IAM and STS speak."""

    service: str
    region: str
    action: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, authorization: str, body: bytes) -> Call | None:
        """The call; None for what is not signed or speaks another protocol."""
        scope = SCOPE.search(authorization)
        if scope is None:
            return None
        try:
            parameters = dict(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            return None
        action = parameters.get("Action")
        return cls(scope["service"], scope["region"], action, parameters) if action else None

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
        """The body that says this call."""
        return urlencode(self.parameters).encode()
