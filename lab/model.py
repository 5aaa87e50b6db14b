"""What the AWS API says exists, as frozen values; no I/O and no judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType


class Unmodelled(ValueError):  # noqa: N818  # it names a fact about the world, not a failure
    """The API shows something the fabric does not model, so the lab refuses to guess."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vpc:
    """A VPC with its one IPv4 range."""

    id: str
    cidr: IPv4Network

    @property
    def resolver(self) -> IPv4Address:
        """Address of the VPC's DNS resolver: the base of the range plus two."""
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
    hop_limit: int
    tokens_required: bool
    metadata_enabled: bool
    metadata_tags: bool
    profile_arn: str | None
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


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
