"""Configuration of Flannel: its images, its network, and the conflist of the pods it carries."""

from __future__ import annotations

import json
from ipaddress import IPv4Network

from podnet.plan import node_network
from podnet.plan.kubernetes import FLANNEL_VNI_OFFSET
from podnet.plan.routing import FlannelBackend, Routing

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


def net_conf(pods: IPv4Network, routing: Routing) -> str:
    """Network configuration of the daemon, with the numbers of `routing`."""
    backend: dict[str, object] = {"Type": str(routing.flannel_backend)}
    if routing.flannel_backend is FlannelBackend.VXLAN:
        backend |= {
            "VNI": routing.vni + FLANNEL_VNI_OFFSET,
            "Port": routing.port,
            "DirectRouting": routing.flannel_direct,
        }
    return _text({"Network": str(pods), "Backend": backend})


def conflist() -> str:
    """The conflist of the nodes: like the agent's, but block and routes are Flannel's.

    Bridge and network name are the agent's, so that its work on the bridge and on leases applies
    here too.
    """
    # Where the daemon does not masquerade, its plugin would otherwise ask the bridge plugin to,
    # which hides pods from the nodes.
    delegate = node_network.bridge_plugin(node_network.VPC_MTU) | {"ipMasq": False}
    # Flannel's own manifest has this version; plugins before it know no later one.
    return node_network.conflist("0.3.1", {"type": "flannel", "delegate": delegate})


def _text(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
