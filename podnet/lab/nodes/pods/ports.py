"""Ports of a node that lead to a pod: as text, `8080:80/udp`, and as the plugin takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from podnet.errors import UserError

CAPABILITY = "portMappings"
"""CNI's name of what a runtime asks for (containernetworking/cni, CONVENTIONS.md)."""
LAST_PORT = 65_535


@dataclass(frozen=True, slots=True, order=True)
class HostPort:
    """One port of the node, and the port of the pod that answers there."""

    host: int
    container: int
    protocol: str = "tcp"

    @classmethod
    def parse(cls, text: str) -> HostPort:
        """The port of a text; raises `UserError` for one that is none."""
        match = re.fullmatch(r"(\d{1,5}):(\d{1,5})(?:/(tcp|udp))?", text)
        host, container = (int(match[1]), int(match[2])) if match else (0, 0)
        if match is None or not all(0 < number <= LAST_PORT for number in (host, container)):
            raise UserError(
                f"host port {text!r} is not NODE_PORT:POD_PORT, with /tcp or /udp behind it or "
                f"without and each from 1 to {LAST_PORT}; write 8080:80 or 8053:53/udp",
                rule="host-port-malformed",
            )
        return cls(host, container, match[3] or "tcp")

    def mapping(self) -> dict[str, object]:
        """As the plugin takes it."""
        return {
            "hostPort": self.host,
            "containerPort": self.container,
            "protocol": self.protocol,
        }

    def __str__(self) -> str:
        return f"{self.host}:{self.container}/{self.protocol}"


def check_free(pod: str, wanted: Iterable[HostPort], taken: Iterable[tuple[str, HostPort]]) -> None:
    """Raise `UserError` where a port wanted for this pod leads to a pod already."""
    owners = {(port.host, port.protocol): owner for owner, port in taken}
    for port in wanted:
        key = port.host, port.protocol
        if key in owners:
            raise UserError(
                f"port {port.host}/{port.protocol} of the node leads to pod {owners[key]} already; "
                "take another, or remove that pod",
                rule="host-port-taken",
            )
        owners[key] = pod
