"""The agent's nftables tables."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from machine import Node, run
from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing, RoutingMode

MULTICAST = IPv4Network("224.0.0.0/4")
# Written as nft lists it, to be compared. An invalid segment of a masqueraded connection is not
# translated back: it comes to the node, whose reset would end the connection of the pod. Frames
# from an uplink have addresses of other nodes' pods; only family bridge sees the port, hence the
# mark.
TABLES = {
    "inet": """\
table inet podnet {{
	chain spoof {{
		type filter hook prerouting priority raw; policy accept;
		meta mark & 0x01000000 == 0x01000000 meta mark set meta mark & 0xfeffffff accept
		iifname "kube-bridge" ip saddr != {block} counter drop
		iifname "kube-bridge" ip6 saddr != {{ ::, fe80::/10 }} counter drop
	}}

	chain metadata {{
		type filter hook forward priority filter; policy accept;
		ip daddr 169.254.169.254 counter drop
		ip6 daddr fd00:ec2::254 counter drop
	}}

	chain invalid {{
		type filter hook input priority filter; policy accept;
{from_inside}
		meta l4proto tcp ct state invalid counter drop
	}}

	chain leaving {{
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr {block} ip daddr {resolver} masquerade fully-random
{inside}
		ip saddr {block} masquerade fully-random
	}}
}}
""",
    "bridge": """\
table bridge podnet {{
	chain uplink {{
		type filter hook prerouting priority dstnat; policy accept;
		iifname {{ "podnet1", "to-phys" }} ip saddr {block} counter drop
		iifname {{ "podnet1", "to-phys" }} arp daddr ip != {block} counter drop
		iifname {{ "podnet1", "to-phys" }} meta mark set meta mark | 0x01000000
	}}
}}
""",
}


def tables(node: Node, routing: Routing) -> dict[str, str]:
    """The text of the tables by their family."""
    plan = node.addresses
    unicast = sorted([(plan.pods[0], str(plan.pods)), *targets(plan, routing)])
    inside = sorted([*unicast, (MULTICAST[0], str(MULTICAST))])
    values = {
        "block": node.block,
        # Not a set, which is empty for a moment when replaced: a connection that a pod opens then
        # would keep the node's address.
        "inside": "\n".join(
            f"\t\tip saddr {node.block} ip daddr {text} return" for _, text in inside
        ),
        "from_inside": "\n".join(f"\t\tip saddr {text} return" for _, text in unicast),
        # The VPC's resolver may ignore pods.
        "resolver": plan.vpc[2],
    }
    return {family: text.format(**values) for family, text in TABLES.items()}


def targets(plan: AddressPlan, routing: Routing) -> Iterator[tuple[IPv4Address, str]]:
    """Ranges of the VPC with a route back to pods, each with its first address."""
    if routing.mode is RoutingMode.VPC_ROUTES:
        yield plan.vpc[0], str(plan.vpc)
        return
    nodes = plan.nodes(routing.max_nodes)
    for subnet in plan.subnets:
        if members := [address for address in nodes if address in subnet]:
            first, last = members[0], members[-1]
            yield first, f"{first}-{last}" if last > first else str(first)


class Ruleset:
    """Keeps the tables in the kernel."""

    def __init__(self) -> None:
        self.loaded: dict[str, tuple[str, str]] = {}

    def keep(self, node: Node, routing: Routing) -> str:
        """Load the tables that differ."""
        changed = [
            family
            for family, wanted in tables(node, routing).items()
            if not self._holds(family, wanted)
        ]
        return f"loaded {' and '.join(changed)}" if changed else ""

    def _holds(self, family: str, wanted: str) -> bool:
        try:
            found = listing(family)
        except OSError:
            found = ""
        # Another nft may list it differently, but always the same way.
        if found == wanted or (wanted, found) == self.loaded.get(family):
            return True
        name = f"table {family} podnet"
        run("nft", "-f", "-", stdin=f"{name}\ndelete {name}\n{wanted}")
        self.loaded[family] = wanted, listing(family)
        return False


def listing(family: str) -> str:
    """A table as nft lists it, without counts."""
    return run("nft", "-s", "list", "table", family, "podnet")
