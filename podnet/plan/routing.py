"""The routing of nodes, its variants and its tag.

Standard library only, since every node receives this module in its user data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv4Network

MOST_ZONES = 3
LARGEST_VNI = (1 << 24) - 2
LARGEST_PORT = (1 << 16) - 1


class RoutingMode(StrEnum):
    """Who forwards pod packets between nodes."""

    VPC_ROUTES = "vpc-routes"
    HOST_GW = "host-gw"
    OVERLAY = "overlay"
    L2 = "l2"
    FLANNEL = "flannel"
    """Flannel, which a cluster runs; nodes leave routes and conflist to it."""
    EXTERNAL = "external"
    """Another CNI; its variants are in `other_cnis`."""


class Uplink(StrEnum):
    """What joins the nodes' bridges in l2."""

    VXLAN = "vxlan"
    ETHERNET = "ethernet"


class Encapsulation(StrEnum):
    """What mode overlay wraps pod packets in."""

    VXLAN = "vxlan"
    GRE = "gre"


class FlannelBackend(StrEnum):
    """How Flannel sends pod packets."""

    VXLAN = "vxlan"
    HOST_GW = "host-gw"


@dataclass(frozen=True, kw_only=True)
class Routing:
    """The routing of a node, which may change while it runs."""

    mode: RoutingMode = RoutingMode.VPC_ROUTES
    zones: int = 1
    """How many zones may have nodes; each of them knows all their possible addresses."""
    vni: int = 1
    """Network identifier of the overlay, which is the key of GRE too; mode l2 uses the next one,
    Flannel the one after that."""
    port: int = 8472
    cross_zone_only: bool = False
    """In mode overlay: encapsulate between subnets, forward as in host-gw inside one."""
    encapsulation: Encapsulation = Encapsulation.VXLAN
    """In mode overlay only."""
    uplink: Uplink = Uplink.VXLAN
    """In mode l2 only."""
    flannel_backend: FlannelBackend = FlannelBackend.VXLAN
    """In mode flannel only, as is the next."""
    flannel_direct: bool = False
    """Whether Flannel forwards as by host-gw inside a subnet; with back end vxlan only."""
    cni: str = ""
    """In mode external only: whose CNI it is."""
    checksum_offload: bool = True
    """Whether the overlays' devices leave transmit checksums to the network card, which some
    kernels and cards do wrongly (flannel #1279, calico #3145)."""
    unmasqueraded: tuple[IPv4Network, ...] = ()
    """Ranges outside the VPC in which pods are seen under their own addresses."""

    def tag(self) -> str:
        """The value of the instance tag `podnet:routing`."""
        # With + between ranges, since AWS does not promise a comma in tags of every service (AWS
        # Tagging User Guide, "Tag naming limits and requirements").
        fields = {
            "zones": self.zones,
            "unmasqueraded": "+".join(map(str, self.unmasqueraded)),
            "vni": self.vni,
            "port": self.port,
            "checksum": None if self.checksum_offload else "off",
        }
        return " ".join(
            [self.variant.name, *(f"{name}={value}" for name, value in fields.items() if value)]
        )

    @property
    def variant(self) -> Variant:
        """The mode and what of it is chosen."""
        return next(each for each in VARIANTS.values() if _key(each.routing) == _key(self))

    @classmethod
    def parse(cls, text: str) -> Routing:
        """The routing in a tag; raises `ValueError` with the reason."""
        name, *fields = text.split(" ")
        if name not in VARIANTS:
            raise ValueError(f"routing {name!r} is unknown; known: {', '.join(VARIANTS)}")
        values = {name: value for name, _, value in (field.partition("=") for field in fields)}
        unknown = values.keys() - {"zones", "unmasqueraded", "vni", "port", "checksum"}
        if unknown or len(values) < len(fields) or values.get("checksum", "off") != "off":
            raise ValueError(f"{text!r} is not written like {cls().tag()!r}")
        return replace(
            VARIANTS[name].routing,
            zones=_number(values, "zones", cls.zones, MOST_ZONES),
            vni=_number(values, "vni", cls.vni, LARGEST_VNI),
            port=_number(values, "port", cls.port, LARGEST_PORT),
            checksum_offload="checksum" not in values,
            unmasqueraded=tuple(
                IPv4Network(each) for each in values.get("unmasqueraded", "").split("+") if each
            ),
        )


@dataclass(frozen=True)
class Variant:
    """A routing by the first word of its tag."""

    name: str
    routing: Routing
    native: bool
    """Whether packets of pods, or some of them, are sent as they are."""
    vxlan: bool
    gre: bool = False


VARIANTS = {
    row[0]: Variant(*row)
    for row in (
        ("vpc-routes", Routing(), True, False, False),
        ("host-gw", Routing(mode=RoutingMode.HOST_GW), True, False, False),
        ("overlay", Routing(mode=RoutingMode.OVERLAY), False, True, False),
        ("hybrid", Routing(mode=RoutingMode.OVERLAY, cross_zone_only=True), True, True, False),
        (
            "overlay-gre",
            Routing(mode=RoutingMode.OVERLAY, encapsulation=Encapsulation.GRE),
            False,
            False,
            True,
        ),
        (
            "hybrid-gre",
            Routing(
                mode=RoutingMode.OVERLAY, cross_zone_only=True, encapsulation=Encapsulation.GRE
            ),
            True,
            False,
            True,
        ),
        ("l2", Routing(mode=RoutingMode.L2), False, True, False),
        ("l2-ethernet", Routing(mode=RoutingMode.L2, uplink=Uplink.ETHERNET), True, False, False),
        ("flannel", Routing(mode=RoutingMode.FLANNEL), False, True, False),
        (
            "flannel-direct",
            Routing(mode=RoutingMode.FLANNEL, flannel_direct=True),
            True,
            True,
            False,
        ),
        (
            "flannel-host-gw",
            Routing(mode=RoutingMode.FLANNEL, flannel_backend=FlannelBackend.HOST_GW),
            True,
            False,
            False,
        ),
    )
}
"""Variants by name; their numbers are defaults."""


def _key(routing: Routing) -> tuple[object, ...]:
    match routing.mode:
        case RoutingMode.OVERLAY:
            return routing.mode, routing.cross_zone_only, routing.encapsulation
        case RoutingMode.L2:
            return routing.mode, routing.uplink
        case RoutingMode.FLANNEL if routing.flannel_backend is FlannelBackend.VXLAN:
            return routing.mode, routing.flannel_direct
        case RoutingMode.FLANNEL:
            return routing.mode, routing.flannel_backend
    return routing.mode, routing.cni


def _number(values: dict[str, str], name: str, default: int, largest: int) -> int:
    raw = values.get(name, str(default))
    if not (raw.isascii() and raw.isdigit() and 1 <= int(raw) <= largest):
        raise ValueError(f"{name}={raw} in the tag must be a number from 1 to {largest}")
    return int(raw)
