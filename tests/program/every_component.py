"""One of every component, as small as it gets."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network

import pulumi

from podnet.components.acknowledgements import Acknowledgements, AcknowledgementsArgs
from podnet.components.calico import Calico, CalicoArgs
from podnet.components.cluster_parameters import ClusterParameters, ClusterParametersArgs
from podnet.components.firewall import Firewall, FirewallArgs
from podnet.components.flannel_overlay import FlannelOverlay, FlannelOverlayArgs
from podnet.components.flow_logs import FlowLogs, FlowLogsArgs
from podnet.components.kube_network_policies import KubeNetworkPolicies, KubeNetworkPoliciesArgs
from podnet.components.kube_router import KubeRouter, KubeRouterArgs
from podnet.components.network import Network, NetworkArgs
from podnet.components.node_template import NodeTemplate
from podnet.components.nodes import Nodes, NodesArgs
from podnet.components.pod_routes import PodRoutes, PodRoutesArgs
from podnet.components.release import (
    AssignedRelease,
    AssignedReleaseArgs,
    Release,
    ReleaseArgs,
)
from podnet.components.routing_mode import RoutingMode, RoutingModeArgs
from podnet.components.routing_wait import RoutingWait
from podnet.components.tags import common
from podnet.plan import firewall
from podnet.plan.cni import calico
from podnet.plan.kubernetes import Parameters
from podnet.plan.nodes import planned_nodes, planned_zones
from podnet.plan.settings import Settings

SETTINGS = Settings(node_count=3, zones=2, ssh_cidrs=(IPv4Network("203.0.113.0/24"),))
TAGS = common("test", {"team": "network"})
ZONES = [zone.name for zone in planned_zones(SETTINGS)]
NODES = planned_nodes(SETTINGS)


def network(opts: pulumi.ResourceOptions | None = None) -> Network:
    args = NetworkArgs(
        vpcs=(),
        vpc_cidr=SETTINGS.vpc_cidr,
        zones=planned_zones(SETTINGS),
        instance_type="t3.small",
        tags=TAGS,
        nodes=NODES,
    )
    return Network("x", args, opts)


def release() -> Release:
    return Release("x", ReleaseArgs(stack="test", settings=SETTINGS, tags=TAGS))


def nodes(of: Release) -> Nodes:
    return Nodes(
        "x",
        NodesArgs(
            nodes=NODES,
            subnet_ids={zone: f"subnet-{zone}" for zone in ZONES},
            security_group_id="sg",
            template=NodeTemplate(
                user_data="",
                version="v",
                files="0123456789abcdef",
                network_fingerprint="n",
                image_id="ami-1",
                instance_type="t3.small",
                volume=SETTINGS.root_volume,
            ),
            reused=["node-1"],
            session_manager=True,
            release=of,
            acknowledgements=acknowledgements(),
            depends_on=[],
            tags=TAGS,
        ),
    )


def acknowledgements() -> Acknowledgements:
    return Acknowledgements("x", AcknowledgementsArgs(stack="test", nodes=NODES, tags=TAGS))


def assigned(of: Release) -> AssignedRelease:
    args = AssignedReleaseArgs(nodes=NODES, instances=nodes(of).instances, release=of)
    return AssignedRelease("x", args)


COMPONENTS: dict[str, Callable[[], pulumi.ComponentResource]] = {
    "Network": network,
    "Firewall": lambda: Firewall(
        "x",
        FirewallArgs(
            vpc_id="vpc", ingress=firewall.ingress(SETTINGS), egress=firewall.egress(), tags=TAGS
        ),
    ),
    "Nodes": lambda: nodes(release()),
    "Release": release,
    "Acknowledgements": acknowledgements,
    "AssignedRelease": lambda: assigned(release()),
    "ClusterParameters": lambda: ClusterParameters(
        "x",
        ClusterParametersArgs(
            parameters=Parameters("test"),
            node_counts="3",
            template="user data v, image ami-1",
            keeps_control_plane=False,
            tags=TAGS,
        ),
    ),
    "Calico": lambda: Calico(
        "x",
        CalicoArgs(
            image="a",
            pool=calico.pool(
                SETTINGS.pod_cidr, SETTINGS.pod_block_prefix, SETTINGS.calico_encapsulation
            ),
            conflist=calico.conflist(),
            environment=calico.environment(SETTINGS.calico_encapsulation),
        ),
    ),
    "KubeNetworkPolicies": lambda: KubeNetworkPolicies("x", KubeNetworkPoliciesArgs(image="a")),
    "KubeRouter": lambda: KubeRouter("x", KubeRouterArgs(image="a", service_cidr="b")),
    "FlannelOverlay": lambda: FlannelOverlay(
        "x",
        FlannelOverlayArgs(
            net_conf="{}", conflist="{}", image="a@sha256:0", plugin_image="b@sha256:1"
        ),
    ),
    "FlowLogs": lambda: FlowLogs(
        "x",
        FlowLogsArgs(
            stack="test", vpc=network().vpc, traffic_type="ALL", retention_days=1, tags=TAGS
        ),
    ),
    "PodRoutes": lambda: PodRoutes(
        "x",
        PodRoutesArgs(
            nodes=NODES,
            interface_ids={node.name: f"eni-{node.name}" for node in NODES},
            route_table_ids={zone: f"rtb-{zone}" for zone in ZONES},
            vpc=COMPONENTS["Network"]().vpc,
            tables={},
        ),
    ),
    "RoutingMode": lambda: RoutingMode(
        "x",
        RoutingModeArgs(
            nodes=NODES,
            instances=COMPONENTS["Nodes"]().instances,
            routing="overlay",
            after=[],
            wait=RoutingWait(
                stack="test", nodes=NODES, routing="overlay", timeout_seconds=60, doubted={}
            ),
            vpc=COMPONENTS["Network"]().vpc,
            firewall=COMPONENTS["Firewall"](),
            is_exclusive=True,
        ),
    ),
}
