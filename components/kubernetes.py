"""The cluster of a stack that is one: wired before the nodes are made, and finished after."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

import userdata.kubernetes as files
from components.build import Build
from components.cluster import Cluster, ClusterArgs
from components.flannel_overlay import FlannelOverlay, FlannelOverlayArgs
from components.nodes import Nodes
from components.waiting import Wait
from plan import flannel
from plan.kubernetes import API_SERVER, CONTROL_PLANE, Parameters
from plan.routing import RoutingMode
from plan.settings import Settings
from plan.switch import Deployed

FIRST = f"node-{CONTROL_PLANE}"
CLOUD_CONTROLLER = (
    "A cloud controller, if you add one, must run with --configure-cloud-routes=false: podnet "
    "routes pods, and a second writer of routes would take its routes away"
)


def prepare(
    settings: Settings, build: Build, deployed: Deployed, tags: Mapping[str, str]
) -> list[Cluster]:
    """What the nodes of a cluster need before they boot; nothing where there is none."""
    if not settings.has_cluster:
        return []
    args = ClusterArgs(
        parameters=Parameters(pulumi.get_stack()),
        node_count=settings.node_count,
        made_with=f"files {build.version}, image {build.image_id}",
        control_plane_kept=FIRST in deployed.kept - {*settings.roll},
        pieces=files.pieces(),
        digest=files.digest(),
        tags=tags,
    )
    return [Cluster("cluster", args)]


def finish(settings: Settings, cluster: Cluster, nodes: Nodes) -> None:
    """Wait for the cluster, give Flannel to it if Flannel routes, and export how to reach it."""
    wait = Wait(
        parameters=Parameters(pulumi.get_stack()),
        node_count=settings.node_count,
        seconds=settings.cluster_timeout_seconds,
    )
    # In this order a node that goes is told first, and the engine deletes it last.
    kubeconfig = wait.kubeconfig(pulumi.Output.all(cluster.told, *nodes.instance_ids.values()))
    if settings.routing is RoutingMode.FLANNEL:
        provider = k8s.Provider(
            "cluster",
            kubeconfig=kubeconfig,
            # The same cluster for as long as its control plane is, whatever address it is given.
            cluster_identifier=nodes.instance_ids[FIRST],
            # What was in a cluster is gone with it.
            delete_unreachable=True,
            # Otherwise another configuration would delete the one that the daemons mount.
            enable_config_map_mutable=True,
        )
        overlay = FlannelOverlayArgs(
            net_conf=flannel.net_conf(settings.pod_cidr, settings.node_routing),
            conflist=flannel.conflist(),
            image=settings.flannel_image,
            plugin_image=settings.flannel_plugin_image,
        )
        FlannelOverlay("flannel", overlay, pulumi.ResourceOptions(providers=[provider]))
    address = nodes.public_addresses[FIRST]
    pulumi.export("kubeconfig", kubeconfig)
    pulumi.export("endpoint", pulumi.Output.format("https://{0}:{1}", address, API_SERVER))
    pulumi.export("kubernetesVersion", settings.kubernetes_version)
    pulumi.export("cloudController", CLOUD_CONTROLLER)
