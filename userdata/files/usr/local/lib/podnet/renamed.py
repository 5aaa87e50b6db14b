"""Links that another program renamed."""

from ipaddress import IPv4Address

from links import FLAT, GRE, OVERLAY, Link, found_links
from machine import Node, ip_batch
from podnet.plan.address import bridge_mac, overlay_mac
from podnet.plan.node_network import BRIDGE
from podnet.plan.routing import Routing


def keep_names(node: Node, routing: Routing) -> str:
    """Give the links their names again, before others are created in their place."""
    commands = rename_commands(found_links(), node, routing)
    ip_batch("ip", commands)
    return "; ".join(commands)


def rename_commands(found: dict[str, Link], node: Node, routing: Routing) -> list[str]:
    """How `ip` gives the links that another program renamed their names again.

    With a new bridge in place of a renamed one, the pods would stay on the old one.
    """
    commands = []
    for other, link in found.items():
        name = _own_name(link, node, routing)
        if name not in ("", *found):
            commands += [f"link set {other} down", f"link set {other} name {name}"]
    return commands


def _own_name(link: Link, node: Node, routing: Routing) -> str:
    """The name of a link that is the agent's by its MAC, or by its place in the bridge."""
    info = link.get("linkinfo", {})
    if info.get("info_kind") == "bridge":
        return BRIDGE if link["address"] == bridge_mac(node.address) else ""
    if info.get("info_kind") == "gre":
        has_key = info["info_data"].get("ikey") == str(IPv4Address(routing.vni))
        return GRE if link["address"] == str(node.address) and has_key else ""
    if info.get("info_kind") != "vxlan":
        return ""
    if link["address"] == overlay_mac(node.address):
        return OVERLAY
    # Another program's device, as Flannel's, may have the same identifier, but is no port.
    in_bridge = link.get("master") == BRIDGE and info["info_data"].get("id") == routing.vni + 1
    return FLAT if in_bridge else ""
