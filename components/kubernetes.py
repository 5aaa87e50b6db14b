"""The cluster of a stack that has one: parameters before the nodes, and what follows after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from podnet.components import external, identity
from podnet.components.cluster_parameters import ClusterParameters, ClusterParametersArgs
from podnet.components.cluster_ready import ClusterReady
from podnet.components.flannel_overlay import FlannelOverlay, FlannelOverlayArgs
from podnet.components.kube_network_policies import KubeNetworkPolicies, KubeNetworkPoliciesArgs
from podnet.components.kube_router import KubeRouter, KubeRouterArgs
from podnet.components.node_template import NodeTemplate
from podnet.components.nodes import Nodes
from podnet.plan import flannel
from podnet.plan.deployed import Deployed
from podnet.plan.kubernetes import API_SERVER, CONTROL_PLANE_NODE, Parameters
from podnet.plan.policy_objects import Engine
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings

CLOUD_CONTROLLER = (
    "A cloud controller, if you add one, must run with --configure-cloud-routes=false: podnet "
    "routes pods, and a second writer of routes would take its routes away"
)


def parameters(
    settings: Settings,
    template: NodeTemplate,
    deployed: Deployed,
    after: Sequence[pulumi.Resource],
    tags: Mapping[str, str],
) -> ClusterParameters | None:
    """What the nodes of a cluster need before they boot; None for a stack without a cluster."""
    if not settings.has_cluster:
        return None
    args = ClusterParametersArgs(
        parameters=Parameters(identity.current()),
        node_counts=_counts(settings),
        template=f"user data {template.version}, image {template.image_id}",
        keeps_control_plane=CONTROL_PLANE_NODE in deployed.reusable - {*settings.roll},
        after=after,
        tags=tags,
    )
    return ClusterParameters("cluster", args)


def deploy(settings: Settings, cluster: ClusterParameters, nodes: Nodes) -> None:
    """Wait for the cluster, deploy its daemons, and export how to reach the cluster."""
    ready = ClusterReady(
        parameters=Parameters(identity.current()),
        node_counts=_counts(settings),
        timeout_seconds=settings.cluster_timeout_seconds,
    )
    # In this order a surplus node is announced first, and the engine deletes it last.
    begun = pulumi.Output.all(cluster.written, *nodes.instance_ids.values())
    kubeconfig = ready.kubeconfig(begun)
    if settings.has_daemons:
        inside = pulumi.ResourceOptions(providers=[_provider(kubeconfig, nodes)])
        if settings.routing is RoutingMode.FLANNEL:
            _deploy_flannel(settings, inside)
        if settings.preset:
            external.deploy(settings, settings.preset, inside)
        _deploy_engine(settings, inside)
    address = nodes.public_addresses[CONTROL_PLANE_NODE]
    pulumi.export("kubeconfig", kubeconfig)
    pulumi.export("endpoint", address.apply(_endpoint))
    pulumi.export("kubernetesVersion", settings.kubernetes_version)
    pulumi.export("cloudController", CLOUD_CONTROLLER)


def _counts(settings: Settings) -> str:
    return ",".join(map(str, settings.counts))


def _endpoint(address: str | None) -> str:
    """Where the API server answers; nowhere while its node is stopped."""
    return f"https://{address}:{API_SERVER}" if address else ""


def _provider(kubeconfig: pulumi.Output[str], nodes: Nodes) -> k8s.Provider:
    return k8s.Provider(
        "cluster",
        kubeconfig=kubeconfig,
        # The same cluster for as long as its control plane lives, whatever its address.
        cluster_identifier=nodes.instance_ids[CONTROL_PLANE_NODE],
        # What was in a cluster is gone with it.
        delete_unreachable=True,
        # Otherwise another configuration would delete the one that the daemons mount.
        enable_config_map_mutable=True,
    )


def _deploy_flannel(settings: Settings, inside: pulumi.ResourceOptions) -> None:
    overlay = FlannelOverlayArgs(
        net_conf=flannel.net_conf(settings.pod_cidr, settings.node_routing),
        conflist=flannel.conflist(),
        image=settings.flannel_image,
        plugin_image=settings.flannel_plugin_image,
    )
    FlannelOverlay("flannel", overlay, inside)


def _deploy_engine(settings: Settings, inside: pulumi.ResourceOptions) -> None:
    """What enforces NetworkPolicy."""
    match settings.network_policy:
        case Engine.KUBE_ROUTER:
            router = KubeRouterArgs(
                image=settings.kube_router_image or "", service_cidr=str(settings.service_cidr)
            )
            KubeRouter("kube-router", router, inside)
        case Engine.KUBE_NETWORK_POLICIES:
            policies = KubeNetworkPoliciesArgs(image=settings.kube_network_policies_image)
            KubeNetworkPolicies("kube-network-policies", policies, inside)
        case Engine.NONE:
            pass
