"""Every sentence of a preview: the steps of a deployment, warnings, and what is forbidden."""

from __future__ import annotations

from collections.abc import Iterator

from podnet.plan import blackholes, external, launches, network_policy, switch
from podnet.plan.deployed import Deployed
from podnet.plan.kubernetes import CONTROL_PLANE_NODE
from podnet.plan.nodes import planned_nodes
from podnet.plan.problem import Problem, Remark
from podnet.plan.routing import RoutingMode, Variant
from podnet.plan.settings import Settings


def remarks(settings: Settings, deployed: Deployed) -> Iterator[Remark]:
    """Everything to know before this deployment."""
    yield from warnings(settings)
    yield from steps(settings, deployed)
    if deployed.occupied:
        named = ", ".join(f"{address} ({who})" for address, who in deployed.occupied.items())
        yield Remark(
            rule="node-range-occupied",
            text=f"addresses of the node ranges that are no node's: {named}. Pods reach these "
            "hosts in vpc-routes alone; give them addresses outside the ranges",
            is_warning=True,
        )
    if deployed.unmanaged_routes:
        yield Remark(
            rule="routes-unmanaged",
            text=f"routes in the pod range {settings.pod_cidr} that podnet did not create: "
            f"{', '.join(deployed.unmanaged_routes)}; podnet leaves them alone. A cloud "
            "controller writes such routes unless it runs with --configure-cloud-routes=false, and "
            "packets to pods go by them in vpc-routes; delete what nobody needs",
            is_warning=True,
        )
    found, engine = deployed.network_policies, settings.network_policy
    # Another CNI brings an engine of its own, or none, which is not podnet's to say.
    if settings.preset is None and (unenforced := network_policy.unenforced(found, engine)):
        yield unenforced
    yield from blackholes.remarks(deployed.blackholes)


def engine_removed(settings: Settings, deployed: Deployed) -> Problem | None:
    """Why the cluster's engine of NetworkPolicy cannot be another; None where it can."""
    if settings.preset is not None:
        return None
    return network_policy.forbidden(deployed.network_policies, settings.network_policy)


def warnings(settings: Settings) -> Iterator[Remark]:
    """Consequences of valid settings that may surprise."""
    if settings.preset:
        yield external.left(settings, settings.preset)
    if not settings.has_cluster:
        return
    if sum(settings.counts) == 1:
        yield Remark(
            rule="cluster-of-one-node",
            text="nodeCount is 1 with kubernetes kubeadm: node-1 is the control plane alone, and "
            "pods that do not tolerate its taint (node-role.kubernetes.io/control-plane) wait for "
            "a second node",
        )
    if not settings.api_cidrs:
        yield Remark(
            rule="api-server-closed",
            text="apiCidrs is empty, so the API server answers nodes and pods only: the "
            "kubeconfig is of no use from elsewhere",
        )


def steps(settings: Settings, deployed: Deployed) -> Iterator[Remark]:
    """What a deployment does to nodes and their routing, and what it leaves for later."""
    if deployed.routing_differs:
        lines = (line.text for line in switch.steps(settings, deployed))
        yield Remark("switch", "\n".join(lines))
    if rolled := [name for name in settings.roll if name in deployed.reusable]:
        yield Remark(
            rule="nodes-rolled",
            text="replaced, with current user data, image and instance type: "
            f"{', '.join(rolled)}. Each is deleted first, since its address is fixed, and AWS does "
            f"not promise a launch beforehand. {launches.WAY_BACK}",
        )
    if updated := [name for name in deployed.updated if name not in settings.roll]:
        yield Remark(
            rule="nodes-updated",
            text=f"updated in place, with the files of this version: {', '.join(updated)}; each "
            "fetches them, restarts its agent and goes back by itself where that does not get "
            "ready; no packet of a pod waits for it",
        )
    if deployed.stopped:
        yield launches.stopped(deployed.stopped)
    if deployed.absent:
        yield launches.absent(deployed.absent, settings.instance_type)
    outdated = {name: what for name, what in deployed.outdated.items() if name not in settings.roll}
    if outdated:
        which = ", ".join(f"{name} ({' and '.join(what)})" for name, what in outdated.items())
        yield Remark(
            rule="nodes-outdated",
            text=f"outdated compared with a new node: {which}; they stay as they are, "
            "`podnet roll` replaces them one at a time",
        )


def forbidden_transition(settings: Settings, deployed: Deployed) -> Problem | None:
    """Why live nodes cannot become what the settings ask for."""
    if (
        settings.protects_control_plane
        and CONTROL_PLANE_NODE in deployed.present
        and CONTROL_PLANE_NODE not in deployed.reusable - {*settings.roll}
    ):
        return launches.protected()
    previous, variant = deployed.routing, settings.node_routing.variant
    if previous is None or previous == variant or not deployed.reusable:
        return None
    if previous.routing.cni or variant.routing.cni:
        return external.live_switch(previous, variant)
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


def created(settings: Settings, deployed: Deployed) -> tuple[str, ...]:
    """Names of the nodes that a deployment creates, as new ones or as replacements."""
    kept = deployed.reusable - {*settings.roll}
    return tuple(node.name for node in planned_nodes(settings) if node.name not in kept)


def address_occupied(settings: Settings, deployed: Deployed) -> Problem | None:
    """For a node that cannot be created, since somebody else has its address."""
    names = created(settings, deployed)
    for node in planned_nodes(settings):
        if node.name in names and (who := deployed.occupied.get(str(node.address))):
            return Problem(
                rule="node-address-occupied",
                text=f"{node.name} must be created at {node.address}, which somebody else has: "
                f"{who}. Give that host another address, outside the node range "
                f"{node.zone.nodes}, or use fewer nodes (podnet:nodeCount); where it is "
                f"{node.name} itself, EC2 has answered late: repeat the command",
                about=("nodeCount",),
            )
    return None


def image_unknown(settings: Settings, created: tuple[str, ...], problem: str) -> Problem:
    """For nodes that cannot be created."""
    return Problem(
        rule="image-unknown",
        text=f"no image of Debian is known for podnet:instanceType "
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


def _is_flannel(variant: Variant) -> bool:
    return variant.routing.mode is RoutingMode.FLANNEL
