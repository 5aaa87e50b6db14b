"""The CNI configuration of the node's pods."""

import json
from pathlib import Path

from machine import BRIDGE, OVERHEAD, Node
from plan.routing import Routing, RoutingMode


def conflist(node: Node, routing: Routing) -> str:
    """The text of the conflist: a block of one's own, and in mode l2 all pods on one link."""
    block = node.block
    ipam = {"type": "host-local", "subnet": str(block)}
    if routing.mode is RoutingMode.L2:
        ipam = {
            "type": "host-local",
            "subnet": str(node.plan.pods),
            "gateway": str(block[1]),
            "rangeStart": str(block[2]),
            "rangeEnd": str(block[-2]),
        }
    return (
        json.dumps(
            {
                "cniVersion": "1.0.0",
                "name": "mynet",
                "plugins": [
                    {
                        "type": "bridge",
                        "bridge": BRIDGE,
                        "isDefaultGateway": True,
                        # So that a pod reaches itself by a Service too.
                        "hairpinMode": True,
                        "mtu": node.mtu - OVERHEAD,
                        "ipam": ipam,
                    }
                ],
            },
            indent=2,
        )
        + "\n"
    )


def keep_conflist(node: Node, routing: Routing, folder: Path) -> str:
    """Write it where it differs; says that it did. Flannel has a conflist of its own."""
    wanted, file = conflist(node, routing), folder / "10-mynet.conflist"
    if routing.mode is RoutingMode.FLANNEL:
        if not file.exists():
            return ""
        file.unlink()
        return f"removed {file}"
    if file.exists() and file.read_text() == wanted:
        return ""
    draft = file.with_suffix(".new")
    draft.write_text(wanted)
    draft.replace(file)
    return f"wrote {file}"
