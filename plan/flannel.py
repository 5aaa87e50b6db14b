"""What Flannel is told: its images, its network, and the conflist of the pods it carries."""

from __future__ import annotations

import json
from ipaddress import IPv4Network

from plan.kubernetes import FLANNEL_VNI_OFFSET
from plan.routing import FlannelBackend, Routing

# The pair that Flannel's own manifest names at tag v0.28.9. The digests are those of the lists of
# images for all architectures, as `docker buildx imagetools inspect` showed them to others.
IMAGE = (
    "ghcr.io/flannel-io/flannel:v0.28.9"
    "@sha256:708a2c9c1cfbfe529d1dbb249cb7113af117f3ed26b5e3e4c8ee015e10555204"
)
"""The daemon `/opt/bin/flanneld`, and `/opt/bin/install-conf`."""
PLUGIN_IMAGE = (
    "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3"
    "@sha256:9fccdf677e6e26e76a4aa60da2113bab9852e8317287ba51b2c29778d2351345"
)
"""The plugin `/flannel`, and a `cp` to install it by."""
PLUGIN_DIRECTORY = "/opt/cni/bin"
"""Where on a node the plugin goes, and where containerd must look for plugins as well."""

NAMESPACE = "kube-flannel"
CONFIGURATION = "/etc/kube-flannel"
"""Where in its containers Flannel reads the two texts below."""
NET_CONF, CNI_CONF = "net-conf.json", "cni-conf.json"
CONFLIST = "/etc/cni/net.d/10-flannel.conflist"
HEALTH_PORT = 8081
"""On the loopback address of each node."""
LINK_MTU = 9001
"""Of a network interface in a VPC (EC2 User Guide, network MTU)."""
OVERHEAD = 50
"""Bytes that VXLAN adds. In every mode pods keep them free, and so they do with any back end."""


def net_conf(pods: IPv4Network, routing: Routing) -> str:
    """What the daemon is told of its network, the numbers of `routing` among it."""
    backend: dict[str, object] = {"Type": str(routing.flannel_backend)}
    if routing.flannel_backend is FlannelBackend.VXLAN:
        backend |= {
            "VNI": routing.vni + FLANNEL_VNI_OFFSET,
            "Port": routing.port,
            "DirectRouting": routing.flannel_direct,
        }
    return _text({"Network": str(pods), "Backend": backend})


def conflist() -> str:
    """The conflist of the nodes: the agent's own, but that the block and routes are Flannel's.

    The same bridge and the same network name, so that what the agent keeps on the bridge and does
    with leases holds here too.
    """
    delegate = {
        "type": "bridge",
        "bridge": "kube-bridge",
        "isDefaultGateway": True,
        "hairpinMode": True,
        "mtu": LINK_MTU - OVERHEAD,
        # Where the daemon does not masquerade, its plugin would otherwise ask the bridge plugin
        # to, and hide pods from the nodes.
        "ipMasq": False,
    }
    plugin = {"type": "flannel", "delegate": delegate}
    # The version that Flannel's own manifest has; what came before its plugin knows no later one.
    return _text({"cniVersion": "0.3.1", "name": "mynet", "plugins": [plugin]})


def _text(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
