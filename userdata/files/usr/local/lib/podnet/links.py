"""The pods' bridge and the devices that encapsulate.

`podnet0` carries routed packets by VXLAN, `podnet2` by GRE (overlay), `podnet1` is a port of the
bridge (l2). All exist in every mode, so that a node can receive from a peer that switches earlier
or later; the device of GRE only where the kernel has it.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

from machine import SYSCTLS, Node, ip_batch, ip_json, set_sysctls
from podnet.plan.address import bridge_mac, overlay_mac
from podnet.plan.node_network import BRIDGE, OVERHEAD
from podnet.plan.routing import Routing, RoutingMode, Uplink

OVERLAY, FLAT, GRE = "podnet0", "podnet1", "podnet2"
INNER = "to-phys"
"""The bridge's port of the uplink `ethernet`."""
FLOODS = ("flood", "mcast_flood", "bcast_flood")

Link = dict[str, Any]


def keep_links(node: Node, routing: Routing) -> str:
    """Create what is missing and change what differs."""
    gre = [GRE] if has_gre() else []
    commands = link_commands(found_links(), node, routing, gre)
    ip_batch("ip", commands)
    more = [
        *(
            command
            for link in (OVERLAY, *gre)
            for command in address_commands(link, addresses(link), f"{node.block[0]}/32")
        ),
        *address_commands(BRIDGE, addresses(BRIDGE), bridge_address(node, routing)),
    ]
    ip_batch("ip", more)
    ports = port_commands(ip_json("bridge", "-d", "link", "show"), routing)
    ip_batch("bridge", ports)
    return "; ".join([*commands, *more, *ports, *set_sysctls(_sysctls(node, routing))])


def exists(link: str) -> bool:
    return (SYSCTLS / "ipv4/conf" / link).exists()


def has_gre() -> bool:
    """Whether the kernel has GRE: only making a device shows it, since that may load a module."""
    try:
        if not exists(GRE):
            ip_batch("ip", ["link add podnet-gre type gre key 1", "link delete podnet-gre"])
    except OSError:
        return False
    return True


def found_links() -> dict[str, Link]:
    return {link["ifname"]: link for link in ip_json("ip", "-d", "link", "show")}


def link_commands(
    found: dict[str, Link], node: Node, routing: Routing, gre: list[str]
) -> list[str]:
    """How `ip` creates and changes the links; `gre` is the device of GRE where there can be one."""
    local, vni, port = str(node.address), routing.vni, routing.port

    def vxlan(name: str, vni: int, mac: str, learning: str) -> Iterator[str]:
        fixed = {"id": vni, "local": local, "port": port, "learning": learning == "learning"}
        options = f" id {vni} local {local} dstport {port} {learning}"
        return _device(found, node, name, "vxlan", mac, fixed, options)

    flat = [*vxlan(FLAT, vni + 1, "", "learning")]
    if flat or found[FLAT].get("master") != BRIDGE:
        flat.append(f"link set {FLAT} master {BRIDGE}")
    return [
        *vxlan(OVERLAY, vni, overlay_mac(node.address), "nolearning"),
        *(
            command
            for name in gre
            for command in _device(
                found,
                node,
                name,
                "gre",
                "",
                {"local": local, "ikey": str(IPv4Address(vni))},
                f" local {local} key {vni} ttl 64",
            )
        ),
        *_device(found, node, BRIDGE, "bridge", bridge_mac(node.address), {}, ""),
        *flat,
    ]


def address_commands(link: str, found: list[str], wanted: str) -> list[str]:
    """How `ip` leaves a link with one address; with others the bridge plugin adds no pod."""
    # The new one comes first, so that the gateway is never away.
    add = [] if wanted in found else [f"address add {wanted} dev {link}"]
    return [*add, *(f"address delete {one} dev {link}" for one in found if one != wanted)]


def port_commands(ports: list[Link], routing: Routing) -> list[str]:
    """How `bridge` sets the bridge's VXLAN port."""
    flood = routing.mode is RoutingMode.L2 and routing.uplink is Uplink.VXLAN
    found: Link = next((port for port in ports if port["ifname"] == FLAT), {})
    wanted = {**dict.fromkeys(FLOODS, flood), "neigh_suppress": True}
    if all(found.get(key) == value for key, value in wanted.items()):
        return []
    options = " ".join(f"{key} {'on' if value else 'off'}" for key, value in wanted.items())
    return [f"link set dev {FLAT} {options}"]


def bridge_address(node: Node, routing: Routing) -> str:
    """The pods' gateway, with the prefix for the bridge plugin."""
    on_link = node.addresses.pods if routing.mode is RoutingMode.L2 else node.block
    return f"{node.addresses.gateway(node.address)}/{on_link.prefixlen}"


def _device(  # noqa: PLR0913, PLR0917  # names at the calls cost bytes of user data
    links: dict[str, Link],
    node: Node,
    name: str,
    kind: str,
    mac: str,
    fixed: Link,
    options: str,
) -> Iterator[str]:
    found = links.get(name, {})
    info = found.get("linkinfo", {})
    if found and (
        info.get("info_kind") != kind
        or any(info["info_data"].get(key) != value for key, value in fixed.items())
    ):
        yield f"link delete {name}"
        found = {}
    changed = f"{name}{mac and f' address {mac}'} mtu {(mtu := node.mtu - OVERHEAD)}"
    if not found:
        yield f"link add {changed} type {kind}{options}"
        yield f"link set {name} addrgenmode none"
    elif found["mtu"] != mtu or (mac and found["address"] != mac):
        yield f"link set {changed}"
    if not found or "UP" not in found["flags"]:
        yield f"link set {name} up"


def addresses(link: str) -> list[str]:
    """The IPv4 addresses of a link, each with its prefix."""
    return [
        f"{item['local']}/{item['prefixlen']}"
        for found in ip_json("ip", "-4", "address", "show", "dev", link)
        for item in found["addr_info"]
    ]


def _sysctls(node: Node, routing: Routing) -> dict[str, str]:
    # Loose, since during a switch packets arrive by a link that replies do not leave by.
    links = [node.link, OVERLAY, BRIDGE, *filter(exists, (GRE, f"flannel.{routing.vni + 2}"))]
    values = {f"ipv4/conf/{name}/rp_filter": "2" for name in links}
    values |= {f"ipv4/conf/{name}/forwarding": "1" for name in links}
    bridge, wire = f"ipv4/conf/{BRIDGE}", f"ipv4/neigh/{node.link}"
    return values | {
        # A VPC does not announce the new MAC of a replaced node, so peers must ask soon (ADR 12).
        f"{wire}/base_reachable_time_ms": "3000",
        f"{wire}/delay_first_probe_time": "1",
        f"{wire}/ucast_solicit": "1",
        f"{wire}/mcast_resolicit": "1",
        # After a switch the node answers for pods that mode l2 had on-link.
        f"{bridge}/proxy_arp": "1",
        f"ipv4/neigh/{BRIDGE}/proxy_delay": "0",
        # Only its own link answers for the node's address.
        f"{bridge}/arp_ignore": "1",
        f"{bridge}/arp_announce": "2",
        # In mode l2 packets enter and leave by the bridge.
        f"{bridge}/send_redirects": "0",
        "ipv4/conf/all/send_redirects": "0",
    }
