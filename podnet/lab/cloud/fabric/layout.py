"""Computes what each namespace must hold for a world; pure, so equal worlds give equal layouts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from podnet.lab.cloud.fabric import names, ruleset
from podnet.lab.cloud.fabric.nft import Table
from podnet.lab.cloud.fabric.ports import METADATA
from podnet.lab.home import Home
from podnet.world import model
from podnet.world.model import Eni, Gateway, RouteTable, Subnet, Vpc, World

INTERNET_HOST = IPv4Address("203.0.113.80")
AWS_HOST = IPv4Address("203.0.113.81")
"""Where the public endpoints of AWS are."""
MAIN = 254

# The two ends of every gateway's link. No packet carries these addresses; they only name the
# neighbour a route points at.
INSIDE, OUTSIDE = IPv4Address("169.254.255.1"), IPv4Address("169.254.255.2")
INSIDE_MAC, OUTSIDE_MAC = "02:69:67:77:00:01", "02:69:67:77:00:02"


@dataclass(frozen=True, slots=True)
class Bridge:
    """A subnet's switch, with the router's address on it."""

    name: str
    mac: str
    address: IPv4Interface


@dataclass(frozen=True, slots=True)
class Port:
    """An interface's link: `name` on the bridge, `eth0` in the machine's namespace."""

    name: str
    bridge: str
    namespace: str
    mac: str
    switched: bool = False
    """Whether frames from and to any MAC pass, as on a plain switch, and not as in a VPC."""


@dataclass(frozen=True, slots=True)
class Uplink:
    """One end of an internet gateway's link; the VPC's end is the one that makes both."""

    name: str
    mac: str
    peer_mac: str | None = None
    peer_namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A permanent neighbour, so that the router never sends an ARP request."""

    address: IPv4Address
    mac: str
    device: str


@dataclass(frozen=True, slots=True)
class Route:
    """A route of a kernel table; without a next hop it is a blackhole."""

    table: int
    destination: IPv4Network
    via: IPv4Address | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """Packets that arrive by `device` are routed by `table` (ip-rule(8))."""

    device: str
    table: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Router:
    """All that one forwarding namespace must hold: a VPC's, or the internet's."""

    namespace: str
    services: tuple[IPv4Address, ...]
    """Addresses of the namespace itself, on the device `services`."""
    uplinks: tuple[Uplink, ...] = ()
    bridges: tuple[Bridge, ...] = ()
    ports: tuple[Port, ...] = ()
    neighbours: frozenset[Neighbour] = frozenset()
    routes: frozenset[Route] = frozenset()
    policy_rules: frozenset[PolicyRule] = frozenset()
    tables: tuple[Table, ...] = ()

    @property
    def links(self) -> set[str]:
        """Names of the links that this namespace must hold."""
        return {
            *(bridge.name for bridge in self.bridges),
            *(port.name for port in self.ports),
            *(uplink.name for uplink in self.uplinks),
        }


@dataclass(frozen=True, slots=True)
class Layout:
    """The internet and every VPC that has an interface."""

    internet: Router
    vpcs: tuple[Router, ...]


def layout(home: Home, world: World) -> Layout:
    """The state of the kernel for this world."""
    used = {eni.vpc_id for eni in world.enis}
    vpcs = [vpc for vpc in world.vpcs if vpc.id in used]
    return Layout(_internet(home, world, used), tuple(_vpc(home, world, vpc) for vpc in vpcs))


def _internet(home: Home, world: World, used: set[str]) -> Router:
    gateways = {
        gateway.vpc_id: names.uplink(gateway.id)
        for gateway in world.gateways
        if gateway.vpc_id in used
    }
    return Router(
        namespace=home.internet_namespace,
        services=(INTERNET_HOST, AWS_HOST),
        uplinks=tuple(Uplink(link, OUTSIDE_MAC) for link in sorted(gateways.values())),
        neighbours=frozenset(Neighbour(INSIDE, INSIDE_MAC, link) for link in gateways.values()),
        routes=frozenset(
            Route(MAIN, IPv4Network(eni.public_address), INSIDE, gateways[eni.vpc_id])
            for eni in world.enis
            if eni.public_address and eni.vpc_id in gateways
        ),
    )


def _vpc(home: Home, world: World, vpc: Vpc) -> Router:
    subnets = [subnet for subnet in world.subnets if subnet.vpc_id == vpc.id]
    enis = [eni for eni in world.enis if eni.vpc_id == vpc.id]
    gateway = next((item for item in world.gateways if item.vpc_id == vpc.id), None)
    tables = [table for table in world.route_tables if table.vpc_id == vpc.id]
    uplink = names.uplink(gateway.id) if gateway else None
    neighbours = {Neighbour(eni.address, eni.mac, names.bridge(eni.subnet_id)) for eni in enis}
    uplinks: tuple[Uplink, ...] = ()
    if uplink:
        neighbours.add(Neighbour(OUTSIDE, OUTSIDE_MAC, uplink))
        uplinks = (Uplink(uplink, INSIDE_MAC, OUTSIDE_MAC, home.internet_namespace),)
    return Router(
        namespace=names.vpc_namespace(home, vpc.id),
        services=(METADATA, vpc.resolver),
        uplinks=uplinks,
        bridges=tuple(
            Bridge(
                names.bridge(item.id),
                names.router_mac(item.id),
                IPv4Interface((item.router, item.cidr.prefixlen)),
            )
            for item in subnets
        ),
        ports=tuple(
            Port(
                names.port(eni.id),
                names.bridge(eni.subnet_id),
                names.port_namespace(home, eni.id),
                eni.mac,
            )
            for eni in enis
        ),
        neighbours=frozenset(neighbours),
        # Its metric puts it behind the subnets' own routes: addresses of no subnet are dropped.
        routes=frozenset(
            {*(Route(MAIN, each) for each in vpc.cidrs), *_routes(tables, enis, gateway)}
        ),
        policy_rules=frozenset(_policy_rules(subnets, tables)),
        tables=ruleset.tables(world, vpc, uplink),
    )


def _policy_rules(subnets: list[Subnet], tables: list[RouteTable]) -> Iterator[PolicyRule]:
    main = next(table.id for table in tables if table.main)
    explicit = {subnet: table.id for table in tables for subnet in table.subnet_ids}
    for subnet in subnets:
        yield PolicyRule(names.bridge(subnet.id), names.table(explicit.get(subnet.id, main)))


def _routes(tables: list[RouteTable], enis: list[Eni], gateway: Gateway | None) -> Iterator[Route]:
    interfaces = {eni.id: eni for eni in enis}
    for table in tables:
        for route in table.routes:
            yield _route(
                names.table(table.id),
                route,
                interfaces.get(route.target),
                gateway if gateway and gateway.id == route.target else None,
            )


def _route(table: int, route: model.Route, eni: Eni | None, gateway: Gateway | None) -> Route:
    if eni:
        return Route(table, route.destination, eni.address, names.bridge(eni.subnet_id))
    if gateway:
        return Route(table, route.destination, OUTSIDE, names.uplink(gateway.id))
    return Route(table, route.destination)
