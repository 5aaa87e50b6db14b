"""What a VPC does with a packet that one of its interfaces sends."""

from __future__ import annotations

from collections import defaultdict
from ipaddress import IPv4Address, IPv4Network

from podnet.verify.packet import Cause, DroppedError, Packet, Way, host, single
from podnet.verify.prefixes import Prefixes
from podnet.verify.security_groups import SecurityGroups
from podnet.world.model import Eni, Route, RouteTable, Subnet, Vpc, World

INTERNET_MTU = 1500
"""Of packets that leave through an internet gateway (EC2 User Guide, "Network MTU")."""
RUNNING = ("pending", "running")


class Cloud:
    """One VPC of a world: its tables, interfaces and security groups."""

    def __init__(self, world: World, vpc: Vpc) -> None:
        self.vpc = vpc
        self.groups = SecurityGroups(world)
        self.enis = {eni.id: eni for eni in world.enis if eni.vpc_id == vpc.id}
        self.tables = [table for table in world.route_tables if table.vpc_id == vpc.id]
        self._by_address = {eni.address: eni for eni in self.enis.values()}
        self._subnets = {one.id: one for one in world.subnets if one.vpc_id == vpc.id}
        self._gateways = {one.id for one in world.gateways if one.vpc_id == vpc.id}
        self._states = {one.id: one.state for one in world.instances}
        main = next(table for table in self.tables if table.main)
        explicit = {subnet: table for table in self.tables for subnet in table.subnet_ids}
        self._routes = {
            table.id: Prefixes((route.destination, route) for route in table.routes)
            for table in self.tables
        }
        self._table_of = {one: explicit.get(one, main) for one in self._subnets}
        self.unmodelled = world.unmodelled
        self.doubts = _doubts(world)
        """What is not modelled, in words, by the id of each thing that it touches."""

    def subnet(self, eni: Eni) -> Subnet:
        """The subnet of an interface."""
        return self._subnets[eni.subnet_id]

    def is_running(self, eni: Eni) -> bool:
        """Whether the instance of an interface runs; one without an instance answers nothing."""
        return self._states.get(eni.instance_id or "") in RUNNING

    def carry(
        self, sender: Eni, packet: Packet, way: Way, name: str, *, bare: bool = True
    ) -> Eni | None:
        """The interface that receives a packet, or None for the internet.

        Inside the sender's subnet a frame goes to the interface that has the address; else to the
        router. `bare` packets are what is tracked, and not what encapsulates them.
        """
        self._leave(sender, packet, way, name, bare=bare)
        if packet.destination.subnet_of(self.subnet(sender).cidr):
            receiver = self._holder(packet.destination, name)
            way.note(name, f"sends to {receiver.id} in its own subnet")
        else:
            # Network ACLs see what crosses the border of a subnet, and each turn by its router.
            self._doubt(sender.subnet_id)
            found = self._route(sender, packet, way)
            if found is None:
                return None
            receiver = found
            self._doubt(receiver.subnet_id)
        return self._enter(receiver, packet, way, bare=bare)

    def hand_over(
        self, sender: Eni, receiver: IPv4Address, packet: Packet, way: Way, name: str
    ) -> Eni:
        """The interface with an address of the sender's subnet, sent to by its MAC.

        Such a frame bypasses the route table (VPC User Guide, "Subnet route tables").
        """
        self._leave(sender, packet, way, name, bare=True)
        found = self._by_address.get(receiver)
        if found is None or found.subnet_id != sender.subnet_id:
            raise DroppedError(
                Cause.NO_INTERFACE,
                name,
                f"nobody in its subnet has the address {receiver}",
                "use `vpc-routes` or `overlay`, or deploy the node again",
            )
        way.note(name, f"sends to the MAC of {found.id}")
        return self._enter(found, packet, way, bare=True)

    def lookup(self, table: RouteTable, destination: IPv4Network) -> Route | None:
        """The most specific route of a table for all of these addresses, but for local ones."""
        return self._routes[table.id].longest(destination)

    def _leave(self, sender: Eni, packet: Packet, way: Way, name: str, *, bare: bool) -> None:
        self._doubt(sender.id)
        if not self.is_running(sender):
            raise DroppedError(
                Cause.STOPPED, name, f"the instance of {sender.id} does not run", "start it"
            )
        if sender.source_dest_check and packet.source != single(sender.address):
            raise DroppedError(
                Cause.SOURCE_CHECK,
                f"source/destination check of {sender.id}",
                f"{name} sends from {host(packet.source)}, which is not its own address",
                f"turn the check off on {sender.id} (ModifyNetworkInterfaceAttribute)",
            )
        self._check_groups(sender, packet, way, egress=True, bare=bare)

    def _enter(self, receiver: Eni, packet: Packet, way: Way, *, bare: bool) -> Eni:
        self._doubt(receiver.id)
        self._check_groups(receiver, packet, way, egress=False, bare=bare)
        if receiver.source_dest_check and packet.destination != single(receiver.address):
            raise DroppedError(
                Cause.DESTINATION_CHECK,
                f"source/destination check of {receiver.id}",
                f"{host(packet.destination)} is not its own address",
                f"turn the check off on {receiver.id} (ModifyNetworkInterfaceAttribute)",
            )
        if not self.is_running(receiver):
            raise DroppedError(
                Cause.STOPPED,
                receiver.id,
                f"the instance of {receiver.id} does not run",
                "start it, or remove the route to it",
            )
        return receiver

    def _check_groups(
        self, eni: Eni, packet: Packet, way: Way, *, egress: bool, bare: bool
    ) -> None:
        is_tracked = bare and eni.id in way.tracked
        if not is_tracked and not self.groups.admit(eni, packet, egress=egress):
            self._doubt(*eni.group_ids)
            raise _closed(eni, packet, egress=egress)
        if bare:
            way.passed.add(eni.id)

    def _route(self, sender: Eni, packet: Packet, way: Way) -> Eni | None:
        table, destination = self._table_of[sender.subnet_id], packet.destination
        self._doubt(table.id)
        # The local routes win over all others (VPC User Guide, "Route priority").
        if any(destination.subnet_of(cidr) for cidr in self.vpc.cidrs):
            way.note(table.id, "routes by `local`")
            return self._holder(destination, table.id)
        route = self.lookup(table, destination)
        if route is None:
            raise DroppedError(
                Cause.NO_ROUTE,
                table.id,
                f"it has no route for {host(destination)}",
                f"add a route for {host(destination)} to the interface of its node, or run "
                "`pulumi up --refresh`",
            )
        way.note(table.id, f"routes {route.destination} to {route.target}")
        self._doubt(route.target)
        if route.target in self._gateways:
            self._to_internet(sender, packet, way, route.target)
            return None
        if route.target not in self.enis:
            raise DroppedError(
                Cause.BLACKHOLE,
                table.id,
                f"its route for {route.destination} leads to {route.target}, which is gone",
                "run `pulumi up --refresh`, or delete the route",
            )
        return self.enis[route.target]

    def _to_internet(self, sender: Eni, packet: Packet, way: Way, gateway: str) -> None:
        """A gateway translates the private addresses of interfaces that have a public one."""
        if sender.public_address is None or packet.source != single(sender.address):
            raise DroppedError(
                Cause.NO_PUBLIC_ADDRESS,
                gateway,
                f"{host(packet.source)} has no public address",
                f"where {host(packet.destination)} is of pods, add a route for it to the interface "
                "of its node; else give the sender a public address, or masquerade the packet",
            )
        way.limit(INTERNET_MTU)

    def _doubt(self, *ids: str) -> None:
        """End the walk where something decides that is not modelled."""
        for each in ids:
            if each in self.doubts:
                raise DroppedError(
                    Cause.NOT_MODELLED,
                    each,
                    f"{self.doubts[each]}, which is not modelled",
                    "send packets to find out, or remove it",
                )

    def _holder(self, destination: IPv4Network, place: str) -> Eni:
        found = self._by_address.get(destination[0])
        if found is None or destination.num_addresses > 1:
            raise DroppedError(
                Cause.NO_INTERFACE,
                place,
                f"no interface of the VPC has the address {host(destination)}",
                "deploy the node again, or choose a pod range outside the VPC's ranges",
            )
        return found


def _doubts(world: World) -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for thing in world.unmodelled:
        for each in thing.touches:
            found[each].append(str(thing))
    return {each: "; ".join(texts) for each, texts in found.items()}


def _closed(eni: Eni, packet: Packet, *, egress: bool) -> DroppedError:
    what = "an egress" if egress else "an ingress"
    return DroppedError(
        Cause.EGRESS if egress else Cause.INGRESS,
        f"security groups of {eni.id}",
        f"{', '.join(eni.group_ids)} let no packet {'out' if egress else 'in'} from {packet}"
        + ("" if packet.port is None else f" port {packet.port}"),
        f"add {what} rule for {packet}",
    )
