"""The agent's nftables tables."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Network

from machine import Node, run
from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing

MULTICAST = IPv4Network("224.0.0.0/4")
# Written as nft lists it, to be compared. An invalid packet of a masqueraded connection is not
# translated: one from a pod would leave with its address, and one for it comes to the node, whose
# reset would end the connection. Frames from an uplink have addresses of other nodes' pods; only
# family bridge sees the port, hence the mark.
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

	chain stray {{
		type filter hook forward priority filter; policy accept;
		ct state != invalid return
		ip saddr {block} ip daddr {resolver} counter drop
{inside}
		ip saddr {block} counter drop
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
	chain ports {{
		type filter hook prerouting priority dstnat; policy accept;
{guards}		iifname "veth*" arp saddr ip {pods} arp saddr ip != {block} counter drop
		iifname {{ "podnet1", "to-phys" }} ip saddr {block} counter drop
		iifname {{ "podnet1", "to-phys" }} arp daddr ip != {block} counter drop
		iifname {{ "podnet1", "to-phys" }} meta mark set meta mark | 0x01000000
	}}
}}
""",
}


def tables(node: Node, routing: Routing, guards: str = "") -> dict[str, str]:
    """The text of the tables by their family; `guards` are rules for pods of their own."""
    plan = node.addresses
    unicast = sorted([plan.pods, *targets(plan, routing)])
    values = {
        "block": node.block,
        "pods": plan.pods,
        "guards": guards,
        # Not a set, which is empty for a moment when replaced: a connection that a pod opens then
        # would keep the node's address.
        "inside": "\n".join(
            f"\t\tip saddr {node.block} ip daddr {text} return"
            for text in sorted([*unicast, MULTICAST, *routing.unmasqueraded])
        ),
        "from_inside": "\n".join(f"\t\tip saddr {text} return" for text in unicast),
        # The VPC's resolver may ignore pods.
        "resolver": plan.vpc[2],
    }
    return {family: text.format(**values) for family, text in TABLES.items()}


def targets(plan: AddressPlan, routing: Routing) -> Iterator[IPv4Network]:
    """Ranges of the VPC whose hosts see a pod's own address: the nodes', in every mode."""
    # A running flow keeps its translation, so one that went by the mode would not fit the next.
    return map(plan.node_range, range(routing.zones))


class Ruleset:
    """Keeps the tables in the kernel."""

    def __init__(self, guards: Callable[[Node], str] = lambda _: "") -> None:
        self.guards = guards
        self.loaded: dict[str, tuple[str, str]] = {}

    def keep(self, node: Node, routing: Routing) -> str:
        """Load the tables that differ; returns those that were not as they were left."""
        changed = [
            family
            for family, wanted in tables(node, routing, self.guards(node)).items()
            if self._changed(family, wanted)
        ]
        return f"loaded {' and '.join(changed)}" if changed else ""

    def _changed(self, family: str, wanted: str) -> bool:
        try:
            found = listing(family)
        except OSError:
            found = ""
        # Another nft may list it differently, but always the same way.
        left = self.loaded.get(family, (wanted, wanted))
        holds = (wanted, found) == left
        if not holds:
            name = f"table {family} podnet"
            run("nft", "-f", "-", stdin=f"{name}\ndelete {name}\n{wanted}")
        self.loaded[family] = wanted, found if holds else listing(family)
        # Rules for a pod that came or went are no repair.
        return found != left[1]


def listing(family: str) -> str:
    """A table as nft lists it, without counts."""
    return run("nft", "-s", "list", "table", family, "podnet")
