"""What the cloud holds of a stack before a deployment, and what that will do, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from plan import firewall
from plan.routing import WORDS, FlannelBackend, Routing, RoutingMode, Uplink
from plan.settings import Settings

NODES_DO = {
    "vpc-routes": "takes away its routes to other nodes and leaves forwarding to the VPC router",
    "host-gw": "routes every peer's pods through that peer",
    "overlay": "routes every peer's pods through its VXLAN device",
    "hybrid": "routes pods of its own subnet through their node, all others through VXLAN",
    "l2": "joins the bridge of its pods to every peer's by VXLAN",
    "l2-ethernet": "joins the bridge of its pods to its network interface",
    "flannel": "leaves its routes to other nodes' pods to Flannel, which sends them by VXLAN",
    "flannel-direct": "leaves its routes to other nodes' pods to Flannel, VXLAN between subnets",
    "flannel-host-gw": "leaves its routes to other nodes' pods to Flannel, through their nodes",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """A stack as it was found; by default nothing of it is there."""

    routing: str | None = None
    """The first word of the routing that the nodes last settled in, where one is known."""
    switches: bool = False
    """Whether nodes may have another routing than is wanted now."""
    leftover: tuple[str, ...] = ()
    """What is there in the cloud for another routing than is wanted."""
    renumbered: bool = False
    """Whether nodes may have another `vni` or `vxlanPort` than is wanted now."""
    kept: frozenset[str] = frozenset()
    """Nodes that are there and were made for this network."""
    older: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Nodes with files, an image or a type that new ones would not have, and which of these."""
    foreign: tuple[str, ...] = ()
    """Routes in the pod range that lead elsewhere than to the node whose block it is."""


def tell(settings: Settings, deployed: Deployed) -> Iterator[str]:
    """What a deployment will do to nodes and their routing, and what it leaves for later."""
    if deployed.switches:
        yield "\n".join(_steps(settings, deployed))
    if rolled := [name for name in settings.roll if name in deployed.kept]:
        yield f"made anew with the files, image and instance type of now: {', '.join(rolled)}"
    older = {name: what for name, what in deployed.older.items() if name not in settings.roll}
    if older:
        which = ", ".join(f"{name} ({' and '.join(what)})" for name, what in older.items())
        yield (
            f"older than a node made now would be: {which}; they stay as they are, "
            "`podnet roll` makes them anew one at a time"
        )


def wraps(routing: Routing) -> bool:
    """Whether nodes send packets of pods to each other in VXLAN."""
    match routing.mode:
        case RoutingMode.OVERLAY:
            return True
        case RoutingMode.L2:
            return routing.uplink is Uplink.VXLAN
        case RoutingMode.FLANNEL:
            return routing.flannel_backend is FlannelBackend.VXLAN
    return False


def same_vxlan(routing: Routing) -> tuple[str, ...]:
    """What tags look like that tell the same VXLAN; a star stands for anything."""
    numbers = f"* vni={routing.vni} port={routing.port}"
    return numbers, f"{numbers} checksum=off"


def _steps(settings: Settings, deployed: Deployed) -> Iterator[str]:
    former, word = deployed.routing, settings.node_routing.tag().partition(" ")[0]
    wrapped = wraps(settings.node_routing) or not former or wraps(WORDS[former])
    lossy = deployed.renumbered and wrapped
    new = _needs(settings)
    # After an interruption, or another number, the former routing may be of the same word.
    old = _needs(_with(settings, WORDS[former])) if former else {}
    removed = _listed([old[key] for key in old if key not in new])
    if not former:
        removed = ", ".join(deployed.leftover) or "nothing that is known of"
    yield (
        f"routing: {former or 'what the nodes have'} -> {word}, "
        f"{'with losses' if lossy else 'while packets flow'}; no node is replaced or rebooted"
    )
    yield f"  1. added first: {_listed([new[key] for key in new if key not in old])}"
    yield (
        f"  2. every node reads its tag podnet:routing ({settings.node_routing.tag()}) "
        f"and {NODES_DO[word]}"
    )
    yield "  3. a wait of two polls, until every node that runs has done so"
    yield f"  4. removed last: {removed}"
    if lossy:
        yield (
            "  packets between nodes are lost until all nodes have done so, a few seconds: vni or "
            "vxlanPort differ from what they have, and each makes its VXLAN devices anew by "
            "itself; to lose none, change them while the stack is in vpc-routes or host-gw"
        )
    if (settings.routing is RoutingMode.L2) != (former is not None and _is_flat(former)):
        yield (
            "  pods must be recreated, since their on-link range changes: those that are there "
            "keep the old one and reach no pod of the new one (`podnet switch` does it)"
        )


def _is_flat(word: str) -> bool:
    return WORDS[word].mode is RoutingMode.L2


def _needs(settings: Settings) -> dict[str, str]:
    """What the routing of these settings needs in the cloud, by a key that tells it apart."""
    rules = {
        key: f"firewall rule {key} ({rule.description})"
        for key, rule in firewall.carrying(settings).items()
    }
    if settings.routes_in_vpc:
        rules["routes"] = f"{settings.node_count * settings.zones} routes of the VPC to pods"
    return rules


def _with(settings: Settings, routing: Routing) -> Settings:
    return replace(
        settings,
        routing=routing.mode,
        cross_zone_only=routing.cross_zone_only,
        uplink=routing.uplink,
    )


def _listed(things: list[str]) -> str:
    return ", ".join(things) or "nothing"
