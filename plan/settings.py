"""What a stack may say: the `podnet:` settings, their defaults and every rule they must keep."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from itertools import chain, combinations

from plan import mode_rules, parse
from plan.address import FIRST_NODE_OFFSET, AddressPlan
from plan.mode_rules import Fabric, Problem, problem
from plan.routing import Encapsulation, Routing, RoutingMode, Uplink

NAMESPACE = "podnet"

# VPC and subnet sizes: Amazon VPC User Guide, "VPC CIDR blocks" and "Subnet CIDR blocks".
LARGEST_VPC = 16
SMALLEST_SUBNET = 28
SMALLEST_BLOCK = 29
MOST_ZONES = 3

VPC = IPv4Network("192.168.1.0/24")
PODS = IPv4Network("10.1.0.0/16")
SERVICES = IPv4Network("10.96.0.0/12")
UNUSABLE = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))


class SettingsError(ValueError):
    """All that is wrong with a stack's settings, one line a problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            f"{count} in the settings of this stack:\n"
            + "\n".join(f"  - {problem}" for problem in problems)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of one stack, checked."""

    vpc_cidr: IPv4Network = VPC
    pod_cidr: IPv4Network = PODS
    pod_block_prefix: int = 24
    service_cidr: IPv4Network = SERVICES
    routing: RoutingMode = RoutingMode.VPC_ROUTES
    encapsulation: Encapsulation = Encapsulation.VXLAN
    vni: int = 1
    vxlan_port: int = 8472
    checksum_offload: bool = True
    cross_zone_only: bool = False
    uplink: Uplink = Uplink.VXLAN
    fabric: Fabric = Fabric.VPC
    zones: int = 1
    node_count: int = 2
    max_nodes: int = 250
    instance_type: str = "t3.small"
    image_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    admin_cidrs: tuple[IPv4Network, ...] = ()
    session_manager: bool = True
    ignore_route_quota: bool = False
    roll: tuple[str, ...] = ()

    @classmethod
    def from_config(cls, config: Mapping[str, str]) -> Settings:
        """Settings from raw configuration values, keyed `podnet:vpcCidr` and so on.

        Keys of other namespaces are left alone. Raises `SettingsError` with every problem.
        """
        problems: list[str] = []
        values: dict[str, object] = {}
        unread: set[str] = set()
        for key, raw in config.items():
            namespace, _, name = key.partition(":")
            if namespace != NAMESPACE:
                continue
            if name not in PARSERS:
                problems.append(_unknown(key))
                continue
            attribute, parser = PARSERS[name]
            try:
                values[attribute] = parser(raw)
            except ValueError as error:
                problems.append(f"{key} {error}")
                unread.add(name)
        # The rules between settings are checked on what could be read, so that one bad value
        # does not hide the others.
        settings = cls(**values)  # type: ignore[arg-type]  # the parsers are typed by field below
        problems += [f"{NAMESPACE}:{problem}" for problem in settings.problems(unread)]
        if problems:
            raise SettingsError(problems)
        return settings

    @property
    def addresses(self) -> AddressPlan:
        """The address rule with this stack's numbers."""
        return AddressPlan(self.vpc_cidr, self.pod_cidr, self.pod_block_prefix, self.zones)

    @property
    def node_routing(self) -> Routing:
        """What every node is told of its routing, in a tag that may change while it runs."""
        return Routing(
            mode=self.routing,
            max_nodes=self.max_nodes,
            vni=self.vni,
            port=self.vxlan_port,
            cross_zone_only=self.cross_zone_only,
            uplink=self.uplink,
            checksum_offload=self.checksum_offload,
        )

    @property
    def routes_in_vpc(self) -> bool:
        """Whether the VPC's own route tables lead to pods."""
        return self.routing is RoutingMode.VPC_ROUTES

    @property
    def network(self) -> str:
        """The numbers of the address rule in a line; a node is made for these and no others."""
        return f"{self.vpc_cidr} {self.pod_cidr} /{self.pod_block_prefix} zones={self.zones}"

    def problems(self, unread: Collection[str] = ()) -> Iterator[str]:
        """Every rule these values break, named as the YAML names them.

        Rules about a setting in `unread` are left out: its value is a default nobody wrote.
        """
        rules = (
            self._range_problems(),
            self._size_problems(),
            self._node_problems(),
            mode_rules.problems(self),
        )
        for text, about in chain.from_iterable(rules):
            if not set(about) & set(unread):
                yield text

    def _range_problems(self) -> Iterator[Problem]:
        ranges = {
            "vpcCidr": self.vpc_cidr,
            "podCidr": self.pod_cidr,
            "serviceCidr": self.service_cidr,
        }
        for (name, one), (other, two) in combinations(ranges.items(), 2):
            if one.overlaps(two):
                yield problem(
                    f"{name} {one} overlaps {other} {two}; choose ranges that share no address",
                    name,
                    other,
                )
        for name, one in ranges.items():
            if bad := [str(other) for other in UNUSABLE if one.overlaps(other)]:
                yield problem(
                    f"{name} {one} overlaps {', '.join(bad)}, which no network of hosts can use; "
                    "choose a private range, as in 10.0.0.0/8",
                    name,
                )

    def _size_problems(self) -> Iterator[Problem]:
        vpc, pods, prefix = self.vpc_cidr, self.pod_cidr, self.pod_block_prefix
        if not self._has_zones:
            yield problem(f"zones must be 1 to {MOST_ZONES}, got {self.zones}", "zones")
        if not LARGEST_VPC <= vpc.prefixlen <= SMALLEST_SUBNET:
            yield problem(
                f"vpcCidr {vpc} is a /{vpc.prefixlen}; AWS takes a VPC from /{LARGEST_VPC} "
                f"to /{SMALLEST_SUBNET}",
                "vpcCidr",
            )
        elif self._has_zones and self._subnet_prefix > SMALLEST_SUBNET:
            yield problem(
                f"vpcCidr {vpc} cut for {self.zones} zones gives /{self._subnet_prefix} subnets; "
                f"AWS takes none smaller than /{SMALLEST_SUBNET}: use a larger VPC or fewer zones",
                "vpcCidr",
                "zones",
            )
        if not pods.prefixlen <= prefix <= SMALLEST_BLOCK:
            yield problem(
                f"podBlockPrefix {prefix} must lie between the /{pods.prefixlen} of podCidr "
                f"{pods} and /{SMALLEST_BLOCK}",
                "podBlockPrefix",
                "podCidr",
            )
        elif (blocks := 1 << (prefix - pods.prefixlen)) < vpc.num_addresses:
            yield problem(
                f"podCidr {pods} holds {blocks} /{prefix} blocks, but the {vpc.num_addresses} "
                f"addresses of vpcCidr {vpc} need one each: use a larger pod range, a longer "
                f"podBlockPrefix or a smaller VPC",
                "podCidr",
                "podBlockPrefix",
                "vpcCidr",
            )

    def _node_problems(self) -> Iterator[Problem]:
        if self.node_count < 1:
            yield problem(f"nodeCount must be at least 1, got {self.node_count}", "nodeCount")
        if not self._has_zones or self._subnet_prefix > SMALLEST_SUBNET:
            return
        capacity = self.addresses.capacity
        if self.node_count <= capacity:
            return
        turn, zone = divmod(capacity, self.zones)
        subnet = self.addresses.subnets[zone]
        reserved = subnet[FIRST_NODE_OFFSET + 1 + turn]
        yield problem(
            f"nodeCount {self.node_count} is more than the {capacity} node addresses of "
            f"vpcCidr {self.vpc_cidr}: node {capacity + 1} would be {reserved}, one of the five "
            f"that AWS reserves in {subnet} (the first four and the last); use at most "
            f"{capacity} nodes or a larger VPC",
            "nodeCount",
            "vpcCidr",
            "zones",
        )

    @property
    def _has_zones(self) -> bool:
        return 1 <= self.zones <= MOST_ZONES

    @property
    def _subnet_prefix(self) -> int:
        # Not by `addresses.subnets`, which cannot cut what is too small for it.
        return self.vpc_cidr.prefixlen + (self.zones - 1).bit_length()


def _unknown(key: str) -> str:
    name = key.partition(":")[2]
    close = difflib.get_close_matches(name, PARSERS, n=1)
    hint = f"did you mean {NAMESPACE}:{close[0]}?" if close else f"known: {', '.join(PARSERS)}"
    return f"{key} is not a setting of podnet; {hint}"


def _camel(attribute: str) -> str:
    head, *rest = attribute.split("_")
    return head + "".join(word.capitalize() for word in rest)


_PARSER_OF = {
    "vpc_cidr": parse.cidr,
    "pod_cidr": parse.cidr,
    "service_cidr": parse.cidr,
    "pod_block_prefix": parse.integer,
    "zones": parse.integer,
    "node_count": parse.integer,
    "max_nodes": parse.integer,
    "routing": parse.word(RoutingMode),
    "encapsulation": parse.word(Encapsulation),
    "vni": parse.integer,
    "vxlan_port": parse.integer,
    "checksum_offload": parse.boolean,
    "cross_zone_only": parse.boolean,
    "uplink": parse.word(Uplink),
    "fabric": parse.word(Fabric),
    "instance_type": parse.instance_type,
    "image_id": parse.image_id,
    "tags": parse.tags,
    "admin_cidrs": parse.admin_cidrs,
    "session_manager": parse.boolean,
    "ignore_route_quota": parse.boolean,
    "roll": parse.node_names,
}
PARSERS = {
    _camel(item.name): (item.name, _PARSER_OF[item.name]) for item in dataclasses.fields(Settings)
}
"""The settings as the YAML names them: (attribute, parser of the raw text)."""
