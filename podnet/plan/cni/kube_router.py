"""kube-router's router: BGP between all nodes, and IPIP between those of different subnets."""

from __future__ import annotations

import json

from podnet.plan import kube_router
from podnet.plan.cni.preset import Cni, Opening, Preset
from podnet.plan.node_network import BRIDGE, OVERHEAD, VPC_MTU

CONFLIST = "/etc/cni/net.d/10-kuberouter.conflist"
CONFIGURATION = "/etc/kube-router"
TEXT = "cni-conf.json"
SYNC_SECONDS = 10
"""How often it looks at the blocks of nodes: so long packets to a new node's pods are masqueraded.

A node that joins makes it set routes and no more (OnNodeUpdate, bgp_peers.go@v2.1.0); to which
blocks it does not masquerade, it notes in the loop of this period (Run,
network_routes_controller.go@v2.1.0)."""

PRESET = Preset(
    cni=Cni.KUBE_ROUTER,
    title="kube-router",
    conflist=CONFLIST,
    openings=(
        Opening(what="BGP of kube-router", protocol="tcp", first=179, last=179),
        # Between subnets, by pkg/options/options.go@v2.1.0: overlay-encap is ipip, protocol 4.
        Opening(what="IPIP of kube-router", protocol="4", across_zones=True),
    ),
    masquerades="what leaves the pods and the nodes",
    expects="It needs ipip in the kernel of nodes in several zones, as Debian's has",
    image_holds=f"as kube-router {kube_router.VERSION} of cloudnativelabs, with which it is "
    f"proved; in the lab {kube_router.LAB_IMAGE}",
)


def conflist() -> str:
    """The conflist; kube-router adds the node's block (updateCNIConfig@v2.1.0)."""
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isDefaultGateway": True,
        "hairpinMode": True,
        "mtu": VPC_MTU - OVERHEAD,
        "ipam": {"type": "host-local"},
    }
    portmap = {"type": "portmap", "snat": True, "capabilities": {"portMappings": True}}
    value = {"cniVersion": "1.0.0", "name": "kube-router", "plugins": [bridge, portmap]}
    return json.dumps(value, indent=2) + "\n"


def options(zones: int) -> tuple[str, ...]:
    """The flags of the router (pkg/options/options.go@v2.1.0)."""
    return (
        f"--enable-overlay={'true' if zones > 1 else 'false'}",
        "--overlay-type=subnet",
        "--auto-mtu=false",
        # Nodes have it off, and have no right to change it.
        "--disable-source-dest-check=false",
        "--bgp-graceful-restart=true",
        f"--routes-sync-period={SYNC_SECONDS}s",
    )
