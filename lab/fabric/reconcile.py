"""Bring one forwarding namespace to its plan, by changing only what differs in the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from lab.fabric import kernel, names
from lab.fabric.plan import MAIN, Bridge, Hop, Neighbour, Port, Router, Rule, Uplink
from lab.fabric.text import TABLE

INSIDE_MTU = 9001
GATEWAY_MTU = 1500
# A bridge without ports stands in for a dummy, which not every kernel has.
SERVICES = "services"
KEPT = ("lo", SERVICES)

# `local` wins over a subnet's route table because its rule comes first.
LOCAL_PRIORITY = 10
TABLE_PRIORITY = 1000
LAST_METRIC = 4096


def intact(router: Router, namespaces: set[str]) -> bool:
    """Whether all links of a router still stand; a machine that dies hard takes its own along."""
    if not {router.namespace, *(port.namespace for port in router.ports)} <= namespaces:
        return False
    up = {name for name, is_up in kernel.links(router.namespace).items() if is_up}
    return router.links <= up


def prepare(router: Router) -> None:
    """Make the namespace and what it has from the beginning."""
    if router.namespace not in kernel.namespaces():
        kernel.add_namespace(router.namespace)
    present = kernel.links(router.namespace)
    if present.get(SERVICES):
        return
    kernel.configure(router.namespace)
    leftover = [f"link delete {SERVICES}"] if SERVICES in present else []
    rules = kernel.show(router.namespace, "rule", "show", "priority", str(LOCAL_PRIORITY))
    if not rules:
        leftover.append(f"rule add priority {LOCAL_PRIORITY} lookup main")
    # Up comes last and so tells the next pass that all before it is done.
    kernel.change(
        router.namespace,
        [
            *leftover,
            "link set lo up",
            f"link add {SERVICES} type bridge",
            *(f"address add {address}/32 dev {SERVICES}" for address in router.services),
            f"link set {SERVICES} up",
        ],
    )


def reconcile(router: Router) -> None:
    """Bring a prepared namespace to its plan; links that stay are not touched."""
    namespaces = kernel.namespaces()
    present = kernel.links(router.namespace)
    gone = _gone(router, present, namespaces)
    kept = present.keys() - gone
    bridges = [item for item in router.bridges if item.name not in kept]
    ports = [item for item in router.ports if item.name not in kept]
    uplinks = [item for item in router.uplinks if item.name not in kept]
    for port in ports:
        if port.namespace not in namespaces:
            kernel.add_namespace(port.namespace)
    kernel.delete_links(router.namespace, sorted(gone, key=_bridges_last))
    kernel.change(
        router.namespace,
        [
            *(line for bridge in bridges for line in _add_bridge(bridge)),
            *(line for port in ports for line in _add_port(port)),
            *(_add_uplink(uplink) for uplink in uplinks),
        ],
    )
    kernel.change(
        router.namespace,
        [f"fdb replace {port.mac} dev {port.name} master static" for port in ports],
        tool="bridge",
    )
    _load_rules(router, {port.name for port in ports})
    standing = {name for name in kept if present[name]}
    kernel.change(
        router.namespace,
        [
            *(f"link set {name} up" for name in sorted(router.links - standing)),
            *_neighbours(router),
            *_hops(router),
            *_rules(router),
        ],
    )


def _gone(router: Router, present: dict[str, bool], namespaces: set[str]) -> set[str]:
    """The links that go: unwanted, half made, or with no namespace at the machine's side."""
    lame = {port.name for port in router.ports if port.namespace not in namespaces}
    gone = {
        name
        for name, up in present.items()
        if name not in KEPT and (name not in router.links or name in lame or not up)
    }
    # The internet's uplinks are made, but not brought up, from the VPCs' side.
    return gone if router.bridges else gone - router.links


def remove(namespace: str, role: str) -> None:
    """Delete a namespace of this role and the links made from it."""
    if role == "vpc":
        # A namespace outlives its name while a process or a machine's end of a link is in it,
        # and even then it ends in the background; a link deleted by name is gone at once.
        made = kernel.links(namespace).keys() - {"lo"}
        kernel.delete_links(namespace, sorted(made, key=_bridges_last))
    kernel.delete_namespace(namespace)


def _bridges_last(name: str) -> tuple[bool, str]:
    return name.startswith(names.bridge("")), name


def _add_bridge(bridge: Bridge) -> Iterator[str]:
    # Not the MTU: it follows the ports', and only such a change tells the bridge's packet
    # filter, which otherwise puts fragments together for 1500 bytes and loses them.
    yield (
        f"link add {bridge.name} address {bridge.mac} "
        "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
    )
    yield f"address add {bridge.address} dev {bridge.name}"
    yield f"link set {bridge.name} up"


def _add_port(port: Port) -> Iterator[str]:
    # Neither learnt nor flooded: a frame goes where a permanent entry says, or nowhere.
    yield (
        f"link add {port.name} mtu {INSIDE_MTU} type veth peer name eth0 "
        f"netns {port.namespace} address {port.mac} mtu {INSIDE_MTU}"
    )
    yield f"link set {port.name} master {port.bridge}"
    if port.switched:
        return
    yield (
        f"link set {port.name} type bridge_slave learning off flood off "
        "mcast_flood off bcast_flood off"
    )


def _add_uplink(uplink: Uplink) -> str:
    return (
        f"link add {uplink.name} address {uplink.mac} mtu {GATEWAY_MTU} type veth "
        f"peer name {uplink.name} netns {uplink.peer_namespace} "
        f"address {uplink.peer_mac} mtu {GATEWAY_MTU}"
    )


def _load_rules(router: Router, fresh: set[str]) -> None:
    if not router.tables:
        return
    present = kernel.chains(router.namespace, TABLE)
    # Rules hang on the device itself, so a port made anew needs them loaded anew.
    lines = [
        line
        for table in router.tables
        if (table.family, table.mark) not in present or table.devices & fresh
        for line in table.replacing(
            {name for family, name in present if family == table.family}, fresh
        )
    ]
    if lines:
        kernel.load(router.namespace, "\n".join(lines) + "\n")


def _neighbours(router: Router) -> Iterator[str]:
    rows = kernel.show(router.namespace, "-4", "neighbour", "show", "nud", "permanent")
    present = {Neighbour(IPv4Address(row["dst"]), row["lladdr"], row["dev"]) for row in rows}
    kept = {(item.address, item.device) for item in router.neighbours}
    for item in present - router.neighbours:
        if (item.address, item.device) not in kept:
            yield f"neighbour delete {item.address} dev {item.device}"
    for item in router.neighbours - present:
        yield (
            f"neighbour replace {item.address} lladdr {item.mac} dev {item.device} nud permanent"
        )


def _hops(router: Router) -> Iterator[str]:
    rows = kernel.show(router.namespace, "-4", "route", "show", "table", "all", "proto", "static")
    present = {
        Hop(
            _table(row.get("table", "main")),
            IPv4Network("0.0.0.0/0" if row["dst"] == "default" else row["dst"]),
            IPv4Address(row["gateway"]) if "gateway" in row else None,
            row.get("dev"),
        )
        for row in rows
    }
    for hop in router.hops - present:
        yield f"route replace {_route(hop)}"
    kept = {(hop.table, hop.destination) for hop in router.hops}
    for hop in present - router.hops:
        if (hop.table, hop.destination) not in kept:
            yield f"route delete {_route(hop)}"


def _table(name: str) -> int:
    return MAIN if name == "main" else int(name)


def _route(hop: Hop) -> str:
    if hop.via:
        return (
            f"{hop.destination} via {hop.via} dev {hop.device} onlink "
            f"table {hop.table} proto static"
        )
    metric = f" metric {LAST_METRIC}" if hop.table == MAIN else ""
    return f"blackhole {hop.destination} table {hop.table}{metric} proto static"


def _rules(router: Router) -> Iterator[str]:
    rows = kernel.show(router.namespace, "-4", "rule", "show", "priority", str(TABLE_PRIORITY))
    present = {Rule(row["iif"], int(row["table"])) for row in rows}
    # The first of two rules wins, so a subnet changes its table at the deletion, at once.
    for word, rules in (("add", router.rules - present), ("delete", present - router.rules)):
        for rule in rules:
            yield f"rule {word} priority {TABLE_PRIORITY} iif {rule.device} lookup {rule.table}"
