"""The CNI configuration of the node's pods."""

from pathlib import Path

from machine import Node
from podnet.plan import node_network
from podnet.plan.routing import Routing, RoutingMode


def conflist(node: Node, routing: Routing) -> str:
    """The conflist; pods have their block on-link, or in mode l2 the pod range."""
    block = node.block
    ipam = {"type": "host-local", "subnet": str(block)}
    if routing.mode is RoutingMode.L2:
        ipam |= {
            "subnet": str(node.addresses.pods),
            "gateway": str(block[1]),
            "rangeStart": str(block[2]),
            "rangeEnd": str(block[-2]),
        }
    return node_network.conflist("1.0.0", node_network.bridge_plugin(node.mtu) | {"ipam": ipam})


def keep_conflist(node: Node, routing: Routing, folder: Path) -> str:
    """Write the conflist."""
    wanted, file = conflist(node, routing), folder / node_network.CONFLIST
    if file.exists() and file.read_text() == wanted:
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.write_text(wanted)
    draft.replace(file)
    return f"wrote {file}"
