"""The words of `podnet:routing`, and the one line in which a node is told its routing.

Standard library only, since every node receives this very file in its user data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MOST_NODES = 1000
LARGEST_VNI = (1 << 24) - 2
LARGEST_PORT = (1 << 16) - 1


class RoutingMode(StrEnum):
    """Who forwards pod packets between nodes."""

    VPC_ROUTES = "vpc-routes"
    HOST_GW = "host-gw"
    OVERLAY = "overlay"
    L2 = "l2"


class Encapsulation(StrEnum):
    """What mode overlay wraps pod packets in."""

    VXLAN = "vxlan"


class Uplink(StrEnum):
    """What joins the nodes' bridges in mode l2."""

    VXLAN = "vxlan"
    ETHERNET = "ethernet"


AVAILABLE = tuple(RoutingMode)
"""Modes this version can deploy."""


@dataclass(frozen=True, kw_only=True)
class Routing:
    """The routing of a node; all that may change in its life without it being replaced."""

    mode: RoutingMode = RoutingMode.VPC_ROUTES
    max_nodes: int = 250
    vni: int = 1
    """Network identifier of the overlay; mode l2 uses the next one."""
    port: int = 8472
    cross_zone_only: bool = False
    """In mode overlay: encapsulate between subnets, forward as in host-gw inside one."""
    uplink: Uplink = Uplink.VXLAN
    """In mode l2 only."""
    checksum_offload: bool = True
    """Whether the VXLAN devices leave transmit checksums to the network card, which some
    kernels and cards do wrongly (flannel #1279, calico #3145)."""

    def tag(self) -> str:
        """The value of the instance tag `podnet:routing`; the same value, the same text."""
        text = f"{_WORD_OF[self._path]} max={self.max_nodes} vni={self.vni} port={self.port}"
        return text if self.checksum_offload else f"{text} checksum=off"

    def same_vxlan(self) -> tuple[str, ...]:
        """What tags look like that tell the same VXLAN; a star stands for anything."""
        numbers = f"* vni={self.vni} port={self.port}"
        return numbers, f"{numbers} checksum=off"

    @property
    def wraps(self) -> bool:
        """Whether nodes send packets of pods to each other in VXLAN."""
        return self.mode is RoutingMode.OVERLAY or (
            self.mode is RoutingMode.L2 and self.uplink is Uplink.VXLAN
        )

    @classmethod
    def parse(cls, text: str) -> Routing:
        """The routing that a tag tells; raises `ValueError` with the reason."""
        word, *fields = text.split(" ")
        if word not in _PATH_OF:
            raise ValueError(f"routing {word!r} is unknown; known: {', '.join(_PATH_OF)}")
        mode, cross_zone_only, uplink = _PATH_OF[word]
        values = {name: value for name, _, value in (field.partition("=") for field in fields)}
        checksum = values.pop("checksum", "on")
        if values.keys() - {"max", "vni", "port"} or checksum not in ("on", "off"):
            raise ValueError(f"{text!r} is not written like {cls().tag()!r}")
        return cls(
            mode=mode,
            max_nodes=_number(values, "max", cls.max_nodes, MOST_NODES),
            vni=_number(values, "vni", cls.vni, LARGEST_VNI),
            port=_number(values, "port", cls.port, LARGEST_PORT),
            cross_zone_only=cross_zone_only,
            uplink=uplink,
            checksum_offload=checksum == "on",
        )

    @property
    def _path(self) -> tuple[RoutingMode, bool, Uplink]:
        overlay, flat = self.mode is RoutingMode.OVERLAY, self.mode is RoutingMode.L2
        return self.mode, overlay and self.cross_zone_only, self.uplink if flat else Uplink.VXLAN


_PATH_OF = {
    "vpc-routes": (RoutingMode.VPC_ROUTES, False, Uplink.VXLAN),
    "host-gw": (RoutingMode.HOST_GW, False, Uplink.VXLAN),
    "overlay": (RoutingMode.OVERLAY, False, Uplink.VXLAN),
    "hybrid": (RoutingMode.OVERLAY, True, Uplink.VXLAN),
    "l2": (RoutingMode.L2, False, Uplink.VXLAN),
    "l2-ethernet": (RoutingMode.L2, False, Uplink.ETHERNET),
}
_WORD_OF = {path: word for word, path in _PATH_OF.items()}


def _number(values: dict[str, str], name: str, default: int, largest: int) -> int:
    raw = values.get(name, str(default))
    if not (raw.isascii() and raw.isdigit() and 1 <= int(raw) <= largest):
        raise ValueError(f"{name}={raw} in the tag must be a number from 1 to {largest}")
    return int(raw)
