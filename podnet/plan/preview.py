"""Every sentence of a preview: the steps of a deployment, warnings, and what is forbidden."""

from __future__ import annotations

from collections.abc import Iterator

from podnet.plan import firewall
from podnet.plan.deployed import Deployed
from podnet.plan.hypervisor import is_xen
from podnet.plan.image import DEBIAN
from podnet.plan.nodes import planned_nodes
from podnet.plan.problem import Problem, Remark
from podnet.plan.quota import BUILT_IN, CODE, DEFAULT, MOST, RouteBudget
from podnet.plan.routing import FlannelBackend, Routing, RoutingMode, Uplink, Variant
from podnet.plan.settings import Settings
from podnet.plan.validation.modes import MAX_L2_NODES


def remarks(settings: Settings, deployed: Deployed) -> Iterator[Remark]:
    """Everything to know before this deployment, but for the quota of routes."""
    yield from warnings(settings)
    yield from steps(settings, deployed)
    if deployed.unmanaged_routes:
        yield Remark(
            rule="routes-unmanaged",
            text=f"routes in the pod range {settings.pod_cidr} that podnet did not create: "
            f"{', '.join(deployed.unmanaged_routes)}; podnet leaves them alone, delete them if "
            "nobody needs them",
            is_warning=True,
        )


def warnings(settings: Settings) -> Iterator[Remark]:
    """Consequences of valid settings that may surprise."""
    if is_xen(settings.instance_type):
        # The guide of 2022 excepted them (gravitational/teleport, RFD 72); that of
        # 2026 ("View tags for your EC2 instances using instance metadata") excepts none.
        yield Remark(
            rule="instance-type-xen",
            text=f"podnet:instanceType {settings.instance_type} runs on Xen, not on AWS's Nitro "
            "System: a switch reaches a node by a tag in its metadata, and AWS used to change "
            "those of a running instance on Nitro alone. Stop and start a node that does not "
            "follow a switch, or take a type on Nitro, such as t3.small",
            is_warning=True,
        )
    if not settings.has_cluster:
        return
    if settings.node_count == 1:
        yield Remark(
            rule="cluster-of-one-node",
            text="nodeCount is 1 with kubernetes kubeadm: node-1 is the control plane alone, and "
            "pods that do not tolerate its taint (node-role.kubernetes.io/control-plane) wait for "
            "a second node",
        )
    if not settings.admin_cidrs:
        yield Remark(
            rule="api-server-closed",
            text="adminCidrs is empty, so the API server answers nodes and pods only: the "
            "kubeconfig is of no use from elsewhere",
        )


def steps(settings: Settings, deployed: Deployed) -> Iterator[Remark]:
    """What a deployment does to nodes and their routing, and what it leaves for later."""
    if deployed.routing_differs:
        lines = (line.text for line in _switch(settings, deployed))
        yield Remark("switch", "\n".join(lines))
    if rolled := [name for name in settings.roll if name in deployed.reusable]:
        yield Remark(
            rule="nodes-rolled",
            text=f"replaced, with current files, image and instance type: {', '.join(rolled)}",
        )
    outdated = {name: what for name, what in deployed.outdated.items() if name not in settings.roll}
    if outdated:
        which = ", ".join(f"{name} ({' and '.join(what)})" for name, what in outdated.items())
        yield Remark(
            rule="nodes-outdated",
            text=f"outdated compared with a new node: {which}; they stay as they are, "
            "`podnet roll` replaces them one at a time",
        )


def forbidden_transition(settings: Settings, deployed: Deployed) -> Problem | None:
    """Why the routing of live nodes cannot become the one that the settings ask for."""
    previous, variant = deployed.routing, settings.node_routing.variant
    if previous is None or previous == variant or not deployed.reusable:
        return None
    if _is_flannel(previous) != _is_flannel(variant):
        return Problem(
            rule="flannel-live-switch",
            text=f"podnet:routing cannot change from {previous.name} to {variant.name} while nodes "
            "live: podnet and Flannel would both write the routes, the bridge and the conflist, "
            "and pods created under one would hold addresses and routes that the other does not "
            f"know. Deploy a new stack with {variant.name}, move the workload there, and destroy "
            "this one; or set podnet:routing back",
            about=("routing",),
        )
    if _is_flannel(variant) and previous.vxlan != variant.vxlan:
        return Problem(
            rule="flannel-backend-live-switch",
            text=f"podnet:flannelBackend cannot change while nodes live (from {previous.name} to "
            f"{variant.name}): Flannel's daemons accept each other's leases only where all have "
            "one back end, so pods would lose each other until the last daemon is replaced. Deploy "
            "a new stack, or set podnet:flannelBackend back",
            about=("flannelBackend",),
        )
    return None


def route_summary(budget: RouteBudget, *, is_ignored: bool = False) -> Remark:
    """Number of routes, quota and headroom; `is_ignored` where the quota is deliberately."""
    if is_ignored:
        return Remark(
            rule="route-quota-ignored",
            text=f"podnet:ignoreRouteQuota is set, so this is tried: {_count(budget)}",
            is_warning=True,
        )
    return Remark(rule="route-count", text=f"{_count(budget)}")


def created(settings: Settings, deployed: Deployed) -> tuple[str, ...]:
    """Names of the nodes that a deployment creates, as new ones or as replacements."""
    kept = deployed.reusable - {*settings.roll}
    return tuple(node.name for node in planned_nodes(settings) if node.name not in kept)


def image_unknown(settings: Settings, created: tuple[str, ...], problem: str) -> Problem:
    """For nodes that cannot be created."""
    return Problem(
        rule="image-unknown",
        text=f"no image of Debian's account {DEBIAN} is known for podnet:instanceType "
        f"{settings.instance_type} ({problem}), and {', '.join(created)} must be created; set "
        "podnet:imageId",
        about=("instanceType", "imageId"),
    )


def image_not_needed(problem: str) -> Remark:
    """For a deployment that creates no node."""
    return Remark(
        rule="image-not-needed",
        text=f"no machine image for new nodes is known ({problem}); this deployment creates none",
        is_warning=True,
    )


def unknown_quota() -> Remark:
    """For an account whose quota cannot be read."""
    return Remark(
        rule="route-quota-unknown",
        text="Service Quotas does not report how many routes a route table may hold; assuming "
        f"AWS's default of {DEFAULT}",
        is_warning=True,
    )


def too_many_routes(budget: RouteBudget) -> Problem:
    """For more routes than the quota allows, with what would fit."""
    fitting = [
        *(["host-gw"] if budget.tables == 1 else []),
        "overlay",
        *(["l2"] if budget.nodes <= MAX_L2_NODES else []),
    ]
    return Problem(
        rule="route-quota",
        text=f"podnet:nodeCount {budget.nodes} is more than the route quota takes: "
        f"{_count(budget)}. Use at most {max(0, budget.quota - BUILT_IN)} nodes, or podnet:routing "
        f"{' or '.join(fitting)}, which {'needs' if len(fitting) == 1 else 'need'} no routes "
        f"of the VPC, or ask AWS for more (at most {MOST}) and, while Service Quotas does not "
        "show it yet, set podnet:ignoreRouteQuota to true",
        about=("nodeCount", "routing", "ignoreRouteQuota"),
    )


def _count(budget: RouteBudget) -> str:
    tables = "1 route table" if budget.tables == 1 else f"{budget.tables} route tables"
    free = budget.headroom
    return (
        f"vpc-routes puts {budget.nodes * budget.tables} pod routes into {tables}; with "
        f"{BUILT_IN} of its own a table holds {budget.nodes + BUILT_IN} of at most {budget.quota} "
        f"(quota {CODE}), {f'room for {free} nodes more' if free >= 0 else f'{-free} too many'}"
    )


def _switch(settings: Settings, deployed: Deployed) -> Iterator[Remark]:
    previous, routing = deployed.routing, settings.node_routing
    # After an interruption, or with other VXLAN numbers, the previous variant may be the same.
    lossy = deployed.vxlan_differs and (routing.variant.vxlan or previous is None or previous.vxlan)
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
        text=f"  3. a wait of {settings.switch_wait_seconds} s, until every running node has done "
        "so",
    )
    removed = _listed(old[key] for key in old if key not in new)
    if not previous:
        removed = ", ".join(deployed.stale_resources) or "nothing that is known of"
    yield Remark(rule="switch-removed", text=f"  4. removed last: {removed}")
    if lossy:
        yield Remark(
            rule="switch-lossy",
            text="  packets between nodes are lost for a few seconds, until all nodes have done "
            "so: vni or vxlanPort differ from what they have, and each node replaces its VXLAN "
            "devices by itself; to lose none, change them while the stack is in vpc-routes or "
            "host-gw",
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
        resources["routes"] = f"{settings.node_count * settings.zones} routes of the VPC to pods"
    return resources


def _action(routing: Routing) -> str:
    """What a node does to apply a routing."""
    match routing.mode, routing.variant:
        case RoutingMode.VPC_ROUTES, _:
            action = "deletes its routes to other nodes and leaves forwarding to the VPC router"
        case RoutingMode.HOST_GW, _:
            action = "routes every peer's pods through that peer"
        case RoutingMode.OVERLAY, Variant(native=True):
            action = "routes pods of its own subnet through their node, all others through VXLAN"
        case RoutingMode.OVERLAY, _:
            action = "routes every peer's pods through its VXLAN device"
        case RoutingMode.L2, Variant(routing=Routing(uplink=Uplink.ETHERNET)):
            action = "joins the bridge of its pods to its network interface"
        case RoutingMode.L2, _:
            action = "joins the bridge of its pods to every peer's by VXLAN"
        case _, Variant(routing=Routing(flannel_backend=FlannelBackend.HOST_GW)):
            action = "leaves its routes to other nodes' pods to Flannel, through their nodes"
        case _, Variant(native=True):
            action = "leaves its routes to other nodes' pods to Flannel, VXLAN between subnets"
        case _:
            action = "leaves its routes to other nodes' pods to Flannel, which sends them by VXLAN"
    return action


def _is_l2(variant: Variant) -> bool:
    return variant.routing.mode is RoutingMode.L2


def _is_flannel(variant: Variant) -> bool:
    return variant.routing.mode is RoutingMode.FLANNEL


def _listed(things: Iterator[str]) -> str:
    return ", ".join(things) or "nothing"
