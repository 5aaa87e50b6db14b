"""EC2's resources as the API describes them: frozen values, no I/O and no checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType

GONE = ("shutting-down", "terminated")
"""States of an instance that never runs again (EC2 User Guide, "Instance state changes")."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vpc:
    """A VPC with its IPv4 ranges."""

    id: str
    cidr: IPv4Network
    """The range that it was made with."""
    secondary: tuple[IPv4Network, ...] = ()
    """The ranges that were added."""
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def cidrs(self) -> tuple[IPv4Network, ...]:
        """All ranges of the VPC, within each of which every table routes."""
        return (self.cidr, *self.secondary)

    @property
    def resolver(self) -> IPv4Address:
        """Address of the VPC's DNS resolver: the base of the first range plus two."""
        return self.cidr[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Subnet:
    """A subnet; its router holds the first address."""

    id: str
    vpc_id: str
    cidr: IPv4Network
    zone: str

    @property
    def router(self) -> IPv4Address:
        """Address of the VPC router in this subnet: the base of the range plus one."""
        return self.cidr[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A route other than the table's `local` one, which every table has and nothing overrides."""

    destination: IPv4Network
    target: str
    """Id of a network interface or internet gateway, or of an instance that is gone.

    The target need not exist: then the route is a blackhole.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteTable:
    """A route table and the subnets explicitly associated with it."""

    id: str
    vpc_id: str
    main: bool
    subnet_ids: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """An internet gateway."""

    id: str
    vpc_id: str | None
    """The VPC it is attached to, if any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecurityRule:
    """One rule of a security group."""

    id: str
    egress: bool
    protocol: str
    """`-1` for all, `tcp`, `udp`, `icmp`, or an IP protocol number."""
    from_port: int | None
    """First port, or the ICMP type; None or -1 for any."""
    to_port: int | None
    """Last port, or the ICMP code; None or -1 for any."""
    peer: IPv4Network | str
    """A range, or the id of a group, which stands for its interfaces' private addresses."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecurityGroup:
    """A security group; what no rule allows is dropped."""

    id: str
    vpc_id: str
    name: str
    rules: tuple[SecurityRule, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Eni:
    """A network interface."""

    id: str
    vpc_id: str
    subnet_id: str
    mac: str
    address: IPv4Address
    public_address: IPv4Address | None
    source_dest_check: bool
    group_ids: tuple[str, ...]
    instance_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """An instance, also for a while after its termination."""

    id: str
    state: str
    """pending, running, shutting-down, terminated, stopping or stopped."""
    eni_ids: tuple[str, ...]
    image_id: str
    instance_type: str
    zone: str
    region: str
    account: str
    reservation_id: str
    launched: str
    """Time of the launch, ISO 8601 in UTC."""
    private_name: str
    """Private DNS name, which the VPC's resolver knows."""
    hop_limit: int
    """Hops that an answer of the metadata service may travel."""
    tokens_required: bool
    metadata_enabled: bool
    metadata_tags: bool
    profile_arn: str | None
    profile_id: str | None
    role: str | None
    """Name of the role in the instance's profile."""
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def gone(self) -> bool:
        """Whether the instance is terminated, or about to be."""
        return self.state in GONE


@dataclass(frozen=True, kw_only=True, slots=True)
class Unmodelled:
    """Something that EC2 describes and the other classes here cannot hold."""

    id: str
    what: str
    """What goes on after the id in a sentence, as in `is a NAT gateway`."""
    touches: tuple[str, ...] = ()
    """Ids of what may treat packets in another way for it, sorted.

    A subnet: what crosses its border. A route table: what it routes, but to ranges of the VPC. A
    target of routes: what is routed to it. An interface: what it sends and receives. A security
    group: what it does not let pass. None: no IPv4 packet to or from a primary address.
    """

    def __str__(self) -> str:
        return f"{self.id} {self.what}"


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """All of it; each tuple is sorted by id, so equal worlds compare equal."""

    vpcs: tuple[Vpc, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    enis: tuple[Eni, ...] = ()
    instances: tuple[Instance, ...] = ()
    unmodelled: tuple[Unmodelled, ...] = ()

    def vpc(self, vpc_id: str) -> Vpc:
        """The VPC with this id; raises `KeyError` without one."""
        return {vpc.id: vpc for vpc in self.vpcs}[vpc_id]

    def subnet(self, subnet_id: str) -> Subnet:
        """The subnet with this id; raises `KeyError` without one."""
        return {subnet.id: subnet for subnet in self.subnets}[subnet_id]

    def instance(self, instance_id: str) -> Instance:
        """The instance with this id; raises `KeyError` without one."""
        return {instance.id: instance for instance in self.instances}[instance_id]

    def attached(self, vpc_id: str) -> Iterator[tuple[Instance, Eni]]:
        """The instances of a VPC that are not gone, each with its interface."""
        instances = {instance.id: instance for instance in self.instances if not instance.gone}
        for eni in self.enis:
            if eni.vpc_id == vpc_id and eni.instance_id in instances:
                yield instances[eni.instance_id], eni
