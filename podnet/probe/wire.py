"""Requests to a probe's agents and their answers, a line of text each: pure."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Literal

from podnet.probe.endpoint import Container, Endpoint
from podnet.probe.questions import NetnsAddress, Question, questions
from podnet.probe.receiver import ReceiverAddress

DESCRIBE, ASK, ARRIVED = "describe", "ask", "arrived"
"""Requests: what an agent listens at; its part of the questions; which packets reached it."""
Kind = Literal["pod", "node", "host"]


class WireError(ValueError):
    """A line that is no message of a probe."""


def pack(message: object) -> str:
    """A message as text in base64: short, since the output of a remote command is limited."""
    data = json.dumps(message, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(data, 9)).decode()


def unpack(text: str) -> Any:  # noqa: ANN401  # JSON
    """The message of a text; raises `WireError` for a text that is cut short, or another's."""
    try:
        return json.loads(zlib.decompress(base64.b64decode(text.strip(), validate=True)))
    except (binascii.Error, zlib.error, ValueError) as error:
        raise WireError(f"{text.strip()[:80]!r} is no message of a probe: {error}") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Listening:
    """What an agent listens at, or the reason for which it cannot."""

    label: str
    address: IPv4Address
    tcp: int = 0
    udp: int = 0
    mtu: int = 0
    """In bytes, of the interface with the address; 0 where there is none."""
    broken: str | None = None

    @property
    def receiver(self) -> ReceiverAddress:
        """Where senders find it."""
        address = str(self.address)
        return ReceiverAddress(self.label, (address, self.tcp), (address, self.udp))

    def to_json(self) -> list[object]:
        """As it is sent."""
        return [self.label, str(self.address), self.tcp, self.udp, self.mtu, self.broken]

    @classmethod
    def from_json(cls, values: Sequence[Any]) -> Listening:
        """Of what was sent."""
        label, address, tcp, udp, mtu, broken = values
        return cls(
            label=label, address=IPv4Address(address), tcp=tcp, udp=udp, mtu=mtu, broken=broken
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One probe by several agents: all of them get the same, and each asks its own part."""

    endpoints: Mapping[str, Endpoint]
    """By label."""
    listening: Mapping[str, Listening]
    """By label, those of containers among them."""
    timeout: float

    def questions_of(self, sources: frozenset[str]) -> list[Question]:
        """The questions of these sources, in an order that agents and their caller agree on."""
        return [each for each in questions(self.endpoints, None) if each.source.label in sources]

    def receivers(self, asked: Sequence[Question]) -> dict[NetnsAddress, ReceiverAddress]:
        """Where the targets of these questions listen."""
        return {
            each.target: self.listening[each.target.label].receiver
            for each in asked
            if each.target and each.target.label in self.listening
        }

    def broken(self, asked: Sequence[Question]) -> dict[NetnsAddress, str]:
        """The reasons for which ends of these questions can neither send nor listen."""
        ends = {end for each in asked for end in (each.source, each.target) if end}
        return {end: reason for end in ends if (reason := self._why_broken(end.label)) is not None}

    def _why_broken(self, label: str) -> str | None:
        found = self.listening.get(label)
        return found.broken if found else f"{label} has no agent"

    def to_json(self) -> dict[str, object]:
        """As it is sent."""
        return {
            "timeout": self.timeout,
            "endpoints": [
                [
                    label,
                    each.kind,
                    each.node,
                    str(each.address),
                    str(each.netns),
                    each.mtu,
                    [[one.name, str(one.netns)] for one in each.containers],
                ]
                for label, each in self.endpoints.items()
            ],
            "listening": [each.to_json() for each in self.listening.values()],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Plan:
        """Of what was sent."""
        listening = map(Listening.from_json, values["listening"])
        return cls(
            timeout=values["timeout"],
            endpoints={each[0]: _endpoint(*each) for each in values["endpoints"]},
            listening={each.label: each for each in listening},
        )


def _endpoint(  # noqa: PLR0913, PLR0917  # as many as an endpoint has
    label: str,
    kind: Kind,
    node: str,
    address: str,
    netns: str,
    mtu: int,
    containers: Sequence[Sequence[str]],
) -> Endpoint:
    return Endpoint(
        kind=kind,
        name=label,
        node=node,
        address=IPv4Address(address),
        netns=Path(netns),
        mtu=mtu,
        containers=tuple(Container(name, Path(place)) for name, place in containers),
    )
