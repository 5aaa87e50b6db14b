"""The steps of a switch, in words."""

from __future__ import annotations

from collections.abc import Iterator

from podnet.plan import firewall
from podnet.plan.deployed import Deployed
from podnet.plan.problem import Remark
from podnet.plan.routing import FlannelBackend, Routing, RoutingMode, Uplink, Variant
from podnet.plan.settings import Settings


def steps(settings: Settings, deployed: Deployed) -> Iterator[Remark]:
    """What it does, in its order."""
    previous, routing = deployed.routing, settings.node_routing
    # After an interruption, or with other VXLAN numbers, the previous variant may be the same.
    sends = [previous or Variant("", routing, native=True, vxlan=True, gre=True), routing.variant]
    lossy = (deployed.vxlan_differs and any(each.vxlan for each in sends)) or (
        deployed.vni_differs and any(each.gre for each in sends)
    )
    yield Remark(
        rule="switch-from-to",
        text=f"routing: {previous.name if previous else 'what the nodes have'} -> "
        f"{routing.variant.name}, {'with losses' if lossy else 'while packets flow'}; no node is "
        "replaced or rebooted",
    )
    new = needs(settings, routing.variant)
    old = needs(settings, previous) if previous else {}
    yield Remark(
        rule="switch-added",
        text=f"  1. added first: {_listed(new[key] for key in new if key not in old)}",
    )
    yield Remark(
        rule="switch-assigned",
        text=f"  2. every node reads its tag podnet:routing ({routing.tag()}) "
        f"and {_action(routing)}",
    )
    yield Remark(
        rule="switch-wait",
        text="  3. a wait until every running node says that it has done so; the deployment fails "
        f"where none says so for {settings.settle_timeout} s, before anything is removed",
    )
    removed = _listed(old[key] for key in old if key not in new)
    if not previous:
        removed = ", ".join(deployed.stale_resources) or "nothing that is known of"
    yield Remark(rule="switch-removed", text=f"  4. removed last: {removed}")
    if lossy:
        yield Remark(
            rule="switch-lossy",
            text="  packets between nodes are lost for a few seconds, until all nodes have done "
            "so: vni or vxlanPort differ from what they have, and each node replaces its "
            "devices by itself; to lose none, change them while the stack is in vpc-routes or "
            "host-gw",
        )
    if "routes" in old and "routes" not in new:
        yield Remark(
            rule="switch-ends-routes",
            text="  connections that hosts of the VPC other than nodes have opened to pods end, "
            "since the VPC's routes to pods go; those that pods have opened go on",
        )
    if _is_l2(routing.variant) != (previous is not None and _is_l2(previous)):
        yield Remark(
            rule="switch-recreates-pods",
            text="  pods must be recreated, since their on-link range changes: existing pods keep "
            "the old one and reach no pod of the new one (`podnet switch` recreates them)",
        )


def needs(settings: Settings, variant: Variant) -> dict[str, str]:
    """Firewall rules and routes that a variant needs in the cloud, in words, by a key."""
    resources = {
        key: f"firewall rule {key} ({rule.description})"
        for key, rule in firewall.pod_traffic_rules(settings, variant).items()
    }
    if variant.routing.mode is RoutingMode.VPC_ROUTES:
        resources["routes"] = f"{sum(settings.counts) * settings.zones} routes of the VPC to pods"
    return resources


def _action(routing: Routing) -> str:
    """What a node does to apply a routing."""
    match routing.mode, routing.variant:
        case RoutingMode.VPC_ROUTES, _:
            action = "deletes its routes to other nodes and leaves forwarding to the VPC router"
        case RoutingMode.HOST_GW, _:
            action = "routes every peer's pods through that peer"
        case RoutingMode.OVERLAY, Variant(native=True, gre=gre):
            action = (
                "routes pods of its own subnet through their node, all others through "
                f"{_sent_by(gre=gre)}"
            )
        case RoutingMode.OVERLAY, Variant(gre=gre):
            action = f"routes every peer's pods through its {_sent_by(gre=gre)} device"
        case RoutingMode.L2, Variant(routing=Routing(uplink=Uplink.ETHERNET)):
            action = "joins the bridge of its pods to its network interface"
        case RoutingMode.L2, _:
            action = "joins the bridge of its pods to every peer's by VXLAN"
        case RoutingMode.EXTERNAL, _:
            action = f"leaves conflist, routes and masquerading to {routing.cni}"
        case _, Variant(routing=Routing(flannel_backend=FlannelBackend.HOST_GW)):
            action = "leaves its routes to other nodes' pods to Flannel, through their nodes"
        case _, Variant(native=True):
            action = "leaves its routes to other nodes' pods to Flannel, VXLAN between subnets"
        case _:
            action = "leaves its routes to other nodes' pods to Flannel, which sends them by VXLAN"
    return action


def _sent_by(*, gre: bool) -> str:
    return "GRE" if gre else "VXLAN"


def _is_l2(variant: Variant) -> bool:
    return variant.routing.mode is RoutingMode.L2


def _listed(things: Iterator[str]) -> str:
    return ", ".join(things) or "nothing"
