"""The words of `podnet:routing`, and the one line in which a node is told its routing.

Standard library only, since every node receives this very file in its user data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    FLANNEL = "flannel"
    """Flannel, which a cluster runs on every node; the node leaves routes and conflist to it."""


class Encapsulation(StrEnum):
    """What mode overlay wraps pod packets in."""

    VXLAN = "vxlan"


class Uplink(StrEnum):
    """What joins the nodes' bridges in mode l2."""

    VXLAN = "vxlan"
    ETHERNET = "ethernet"


class FlannelBackend(StrEnum):
    """What Flannel sends pod packets by."""

    VXLAN = "vxlan"
    HOST_GW = "host-gw"


@dataclass(frozen=True, kw_only=True)
class Routing:
    """The routing of a node; all that may change in its life without it being replaced."""

    mode: RoutingMode = RoutingMode.VPC_ROUTES
    max_nodes: int = 250
    vni: int = 1
    """Network identifier of the overlay; mode l2 uses the next one, Flannel the one after that."""
    port: int = 8472
    cross_zone_only: bool = False
    """In mode overlay: encapsulate between subnets, forward as in host-gw inside one."""
    uplink: Uplink = Uplink.VXLAN
    """In mode l2 only."""
    flannel_backend: FlannelBackend = FlannelBackend.VXLAN
    """In mode flannel only, as is the next."""
    flannel_direct: bool = False
    """Whether Flannel forwards as by host-gw inside a subnet; with back end vxlan only."""
    checksum_offload: bool = True
    """Whether the VXLAN devices leave transmit checksums to the network card, which some
    kernels and cards do wrongly (flannel #1279, calico #3145)."""

    def tag(self) -> str:
        """The value of the instance tag `podnet:routing`; the same value, the same text."""
        text = f"{self.word} max={self.max_nodes} vni={self.vni} port={self.port}"
        return text if self.checksum_offload else f"{text} checksum=off"

    @property
    def word(self) -> str:
        """The first word of the tag: the mode, and which variant of it."""
        return next(word for word, other in WORDS.items() if _variant(other) == _variant(self))

    @classmethod
    def parse(cls, text: str) -> Routing:
        """The routing that a tag tells; raises `ValueError` with the reason."""
        word, *fields = text.split(" ")
        if word not in WORDS:
            raise ValueError(f"routing {word!r} is unknown; known: {', '.join(WORDS)}")
        values = {name: value for name, _, value in (field.partition("=") for field in fields)}
        checksum = values.pop("checksum", "on")
        if values.keys() - {"max", "vni", "port"} or checksum not in ("on", "off"):
            raise ValueError(f"{text!r} is not written like {cls().tag()!r}")
        return replace(
            WORDS[word],
            max_nodes=_number(values, "max", cls.max_nodes, MOST_NODES),
            vni=_number(values, "vni", cls.vni, LARGEST_VNI),
            port=_number(values, "port", cls.port, LARGEST_PORT),
            checksum_offload=checksum == "on",
        )


WORDS = {
    "vpc-routes": Routing(),
    "host-gw": Routing(mode=RoutingMode.HOST_GW),
    "overlay": Routing(mode=RoutingMode.OVERLAY),
    "hybrid": Routing(mode=RoutingMode.OVERLAY, cross_zone_only=True),
    "l2": Routing(mode=RoutingMode.L2),
    "l2-ethernet": Routing(mode=RoutingMode.L2, uplink=Uplink.ETHERNET),
    "flannel": Routing(mode=RoutingMode.FLANNEL),
    "flannel-direct": Routing(mode=RoutingMode.FLANNEL, flannel_direct=True),
    "flannel-host-gw": Routing(mode=RoutingMode.FLANNEL, flannel_backend=FlannelBackend.HOST_GW),
}
"""Every routing by the first word of its tag; the numbers are defaults."""


def _variant(routing: Routing) -> tuple[object, ...]:
    """The mode, and of all else what matters to it."""
    match routing.mode:
        case RoutingMode.OVERLAY:
            return routing.mode, routing.cross_zone_only
        case RoutingMode.L2:
            return routing.mode, routing.uplink
        case RoutingMode.FLANNEL if routing.flannel_backend is FlannelBackend.VXLAN:
            return routing.mode, routing.flannel_direct
        case RoutingMode.FLANNEL:
            return routing.mode, routing.flannel_backend
    return (routing.mode,)


def _number(values: dict[str, str], name: str, default: int, largest: int) -> int:
    raw = values.get(name, str(default))
    if not (raw.isascii() and raw.isdigit() and 1 <= int(raw) <= largest):
        raise ValueError(f"{name}={raw} in the tag must be a number from 1 to {largest}")
    return int(raw)
