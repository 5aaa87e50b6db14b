"""Reconciles one forwarding namespace with its layout; changes only what differs in the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from podnet.lab.cloud.fabric import kernel, names
from podnet.lab.cloud.fabric.layout import (
    MAIN,
    Bridge,
    Neighbour,
    PolicyRule,
    Port,
    Route,
    Router,
    Uplink,
)
from podnet.lab.cloud.fabric.nft import TABLE
from podnet.plan.node_network import VPC_MTU

GATEWAY_MTU = 1500
# A bridge without ports stands in for a dummy, which not every kernel has.
SERVICES = "services"
PERMANENT = ("lo", SERVICES)

# `local` wins over a subnet's route table because its rule comes first.
LOCAL_PRIORITY = 10
TABLE_PRIORITY = 1000
LAST_METRIC = 4096


def intact(router: Router, namespaces: set[str]) -> bool:
    """Whether all links of a router still exist; a machine that is killed takes its own along."""
    if not {router.namespace, *(port.namespace for port in router.ports)} <= namespaces:
        return False
    up = {name for name, is_up in kernel.links(router.namespace).items() if is_up}
    return router.links <= up


def prepare(router: Router) -> None:
    """Create the namespace, with its settings, the `local` rule and the device for services."""
    if router.namespace not in kernel.namespaces():
        kernel.add_namespace(router.namespace)
    present = kernel.links(router.namespace)
    if present.get(SERVICES):
        return
    kernel.configure(router.namespace)
    leftover = [f"link delete {SERVICES}"] if SERVICES in present else []
    rules = kernel.show(router.namespace, f"rule show priority {LOCAL_PRIORITY}")
    if not rules:
        leftover.append(f"rule add priority {LOCAL_PRIORITY} lookup main")
    # Up comes last: it shows the next pass that everything before it is done.
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
    """Reconcile a prepared namespace with its layout; links that stay are not touched."""
    namespaces = kernel.namespaces()
    present = kernel.links(router.namespace)
    gone = _deleted_links(router, present, namespaces)
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
    _load_tables(router, {port.name for port in ports})
    up = {name for name in kept if present[name]}
    kernel.change(
        router.namespace,
        [
            *(f"link set {name} up" for name in sorted(router.links - up)),
            *_neighbours(router),
            *_routes(router),
            *_policy_rules(router),
        ],
    )


def _deleted_links(router: Router, present: dict[str, bool], namespaces: set[str]) -> set[str]:
    """The links to delete: unwanted, incomplete, or orphaned by the machine's namespace."""
    orphaned = {port.name for port in router.ports if port.namespace not in namespaces}
    gone = {
        name
        for name, up in present.items()
        if name not in PERMANENT and (name not in router.links or name in orphaned or not up)
    }
    # The VPCs' side creates the internet's uplinks, but does not set them up.
    return gone if router.bridges else gone - router.links


def remove(namespace: str, role: str) -> None:
    """Delete a namespace of this role and its links."""
    if role == "vpc":
        # A namespace outlives its name while a process or a machine's end of a link is in it,
        # and even then it ends in the background; a link deleted by name is gone at once.
        links = kernel.links(namespace).keys() - {"lo"}
        kernel.delete_links(namespace, sorted(links, key=_bridges_last))
    kernel.delete_namespace(namespace)


def _bridges_last(name: str) -> tuple[bool, str]:
    return name.startswith(names.bridge("")), name


def _add_bridge(bridge: Bridge) -> Iterator[str]:
    # Not the MTU: it follows the ports', and only such a change reaches the bridge's packet
    # filter, which otherwise reassembles fragments for 1500 bytes and drops them.
    yield (
        f"link add {bridge.name} address {bridge.mac} "
        "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
    )
    yield f"address add {bridge.address} dev {bridge.name}"
    yield f"link set {bridge.name} up"


def _add_port(port: Port) -> Iterator[str]:
    # No learning and no flooding: a frame goes where a permanent entry says, or is dropped.
    yield (
        f"link add {port.name} mtu {VPC_MTU} type veth peer name eth0 "
        f"netns {port.namespace} address {port.mac} mtu {VPC_MTU}"
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


def _load_tables(router: Router, fresh: set[str]) -> None:
    if not router.tables:
        return
    present = kernel.chains(router.namespace, TABLE)
    # Rules are hooked to the device itself, so a replaced port needs them loaded again.
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
    rows = kernel.show(router.namespace, "-4 neighbour show nud permanent")
    present = {Neighbour(IPv4Address(row["dst"]), row["lladdr"], row["dev"]) for row in rows}
    kept = {(item.address, item.device) for item in router.neighbours}
    for item in present - router.neighbours:
        if (item.address, item.device) not in kept:
            yield f"neighbour delete {item.address} dev {item.device}"
    for item in router.neighbours - present:
        yield (
            f"neighbour replace {item.address} lladdr {item.mac} dev {item.device} nud permanent"
        )


def _routes(router: Router) -> Iterator[str]:
    rows = kernel.show(router.namespace, "-4 route show table all proto static")
    present = {
        Route(
            table=MAIN if row.get("table", "main") == "main" else int(row["table"]),
            destination=IPv4Network("0.0.0.0/0" if row["dst"] == "default" else row["dst"]),
            via=IPv4Address(row["gateway"]) if "gateway" in row else None,
            device=row.get("dev"),
        )
        for row in rows
    }
    for route in router.routes - present:
        yield f"route replace {_arguments(route)}"
    kept = {(route.table, route.destination) for route in router.routes}
    for route in present - router.routes:
        if (route.table, route.destination) not in kept:
            yield f"route delete {_arguments(route)}"


def _arguments(route: Route) -> str:
    """The arguments of `ip route` that describe this route."""
    if route.via:
        return (
            f"{route.destination} via {route.via} dev {route.device} onlink "
            f"table {route.table} proto static"
        )
    metric = f" metric {LAST_METRIC}" if route.table == MAIN else ""
    return f"blackhole {route.destination} table {route.table}{metric} proto static"


def _policy_rules(router: Router) -> Iterator[str]:
    rows = kernel.show(router.namespace, f"-4 rule show priority {TABLE_PRIORITY}")
    present = {PolicyRule(row["iif"], int(row["table"])) for row in rows}
    # The first of two rules wins, so a subnet changes its table at the deletion, at once.
    for rule in router.policy_rules - present:
        yield f"rule add {_rule_arguments(rule)}"
    for rule in present - router.policy_rules:
        yield f"rule delete {_rule_arguments(rule)}"


def _rule_arguments(rule: PolicyRule) -> str:
    return f"priority {TABLE_PRIORITY} iif {rule.device} lookup {rule.table}"
