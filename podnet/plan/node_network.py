"""The pods' network on a node. Standard library only, as for `address`."""

import json

BRIDGE = "kube-bridge"
NETWORK = "mynet"
CONFLIST = f"10-{NETWORK}.conflist"
VPC_MTU = 9001
OVERHEAD = 50
"""Bytes that VXLAN adds, kept free in every mode so that pods outlive a switch."""
ROUTE_PROTOCOL = 112


def bridge_plugin(link_mtu: int) -> dict[str, object]:
    """The CNI plugin `bridge` in every mode."""
    return {
        "type": "bridge",
        "bridge": BRIDGE,
        "isDefaultGateway": True,
        # So that a pod reaches itself by a Service.
        "hairpinMode": True,
        "mtu": link_mtu - OVERHEAD,
    }


def conflist(version: str, plugin: dict[str, object]) -> str:
    """The text of a conflist: this plugin, and `portmap` for the pods that have a hostPort."""
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    value = {"cniVersion": version, "name": NETWORK, "plugins": [plugin, portmap]}
    return json.dumps(value, indent=2) + "\n"
