"""What security groups let pass.

Groups are closed but for their rules, and stateful: a reply passes where the packet that it answers
did. A reference to a group stands for the private addresses of the interfaces in it (VPC User
Guide, "Security group rules", "Security group connection tracking").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from podnet.plan.firewall import EVERY_PROTOCOL
from podnet.verify.packet import Packet
from podnet.world.model import Eni, SecurityRule, World

ANY = (None, -1)
NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "47": "gre"}
"""Names of IP protocols; a rule has the number of each but TCP, UDP and ICMP."""
WITHOUT_PORTS = ("gre",)
"""A rule for these is for all packets, whatever ports it names (EC2 API Reference,
`IpPermission`)."""
LAST_PORT = (1 << 16) - 1


class SecurityGroups:
    """The security groups of a world."""

    def __init__(self, world: World) -> None:
        self._rules = {group.id: group.rules for group in world.security_groups}
        self._members: dict[str, set[IPv4Address]] = defaultdict(set)
        for eni in world.enis:
            for group in eni.group_ids:
                self._members[group].add(eni.address)

    def admit(self, eni: Eni, packet: Packet, *, egress: bool) -> bool:
        """Whether the groups of an interface let all of these packets out, or in."""
        return covers(self.of_peer(eni, packet, egress=egress), packet)

    def of_peer(self, eni: Eni, packet: Packet, *, egress: bool) -> list[SecurityRule]:
        """The rules of an interface's groups for the other end of a packet, of any protocol."""
        other = packet.destination if egress else packet.source
        return [
            rule
            for group in eni.group_ids
            for rule in self._rules.get(group, ())
            if rule.egress == egress and self._is_peer(rule, other)
        ]

    def ranges(self) -> Iterator[IPv4Network]:
        """The ranges that any rule names."""
        for rules in self._rules.values():
            for rule in rules:
                if isinstance(rule.peer, IPv4Network):
                    yield rule.peer

    def _is_peer(self, rule: SecurityRule, other: IPv4Network) -> bool:
        if isinstance(rule.peer, IPv4Network):
            return other.subnet_of(rule.peer)
        # No pod's address: only those of interfaces.
        return other.num_addresses == 1 and other[0] in self._members[rule.peer]


def covers(rules: Sequence[SecurityRule], packet: Packet) -> bool:
    """Whether the protocols and ports of rules are all that a packet may have."""
    if any(rule.protocol == EVERY_PROTOCOL for rule in rules):
        return True
    spans = sorted(
        _span(rule)
        for rule in rules
        if NUMBERS.get(rule.protocol, rule.protocol) == packet.protocol
    )
    first, last = (0, LAST_PORT) if packet.port is None else (packet.port, packet.port)
    for start, end in spans:
        if start <= first:
            first = max(first, end + 1)
    return first > last


def _span(rule: SecurityRule) -> tuple[int, int]:
    """The first and last port of a rule, or ICMP type: a code stands where the last one would."""
    name = NUMBERS.get(rule.protocol, rule.protocol)
    if rule.from_port in ANY or rule.from_port is None or name in WITHOUT_PORTS:
        return 0, LAST_PORT
    if name == "icmp":
        return rule.from_port, rule.from_port
    last = rule.to_port
    return rule.from_port, rule.from_port if last is None or last in ANY else last
