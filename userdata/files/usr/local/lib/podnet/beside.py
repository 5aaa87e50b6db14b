"""What a node keeps where another program carries pods.

Flannel has a conflist and routes of its own. To other CNIs the node leaves bridge and masquerading
as well: of its own it keeps the drop of packets to the metadata service, and that it forwards.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from filters import FILTERS
from ip_rules import RULE_PRIORITY, TABLE, policy_rules
from links import FLAT, GRE, OVERLAY, found_links
from machine import Node, ip_batch, run, set_sysctls
from main_table import keep_main_table
from nft_ruleset import listing
from peers import found_routes
from podnet.plan import node_network, other_cnis
from podnet.plan.routing import Routing, RoutingMode

METADATA = """\
table inet podnet {
	chain metadata {
		type filter hook forward priority filter; policy accept;
		ip daddr 169.254.169.254 counter drop
		ip6 daddr fd00:ec2::254 counter drop
	}
}
"""
REPLACE = "table inet podnet\ndelete table inet podnet\n"
OTHERS = "table bridge podnet\ndelete table bridge podnet\n"


Repairs = Mapping[str, Any]
"""Functions of node and routing; that of the conflist is a partial one, with its folder."""


def chosen(repairs: Repairs, routing: Routing) -> Repairs:
    """All of these repairs, or those beside another program."""
    own = _beside() if routing.cni in other_cnis.CNIS else repairs
    if own is repairs and routing.mode is not RoutingMode.FLANNEL:
        return repairs
    return {**own, "conflist": partial(leave_conflist, **repairs["conflist"].keywords)}


def _beside() -> Repairs:
    return {
        "main table": keep_main_table,
        "table": keep_table,
        "links": keep_wire,
        "peers": leave_routes,
        # It knows no flow of pods here, and keeps what a cluster closes on its nodes.
        "filters": FILTERS.keep,
    }


def keep_table(_: Node, __: Routing) -> str:
    """Drop what pods send to the metadata service, and nothing else."""
    try:
        found = listing("inet")
    except OSError:
        found = ""
    if found == METADATA:
        return ""
    run("nft", "-f", "-", stdin=f"{REPLACE}{OTHERS}{METADATA}")
    return "loaded inet"


def keep_wire(node: Node, _: Routing) -> str:
    """Set how the node forwards by its link, and remove the devices of other modes.

    Another CNI's VXLAN device may need the port that they hold.
    """
    found = found_links()
    commands = [f"link delete {name}" for name in (OVERLAY, FLAT, GRE) if name in found]
    ip_batch("ip", commands)
    wire = f"ipv4/neigh/{node.link}"
    return "; ".join(
        [
            *commands,
            *set_sysctls(
                {
                    # As in every mode: a VPC does not announce the new MAC of a replaced node.
                    f"{wire}/base_reachable_time_ms": "3000",
                    f"{wire}/delay_first_probe_time": "1",
                    f"{wire}/ucast_solicit": "1",
                    f"{wire}/mcast_resolicit": "1",
                    f"ipv4/conf/{node.link}/rp_filter": "2",
                    f"ipv4/conf/{node.link}/forwarding": "1",
                }
            ),
        ]
    )


def leave_routes(node: Node, _: Routing) -> str:
    """Remove the agent's own routes and rule."""
    routes, _others = found_routes(node)
    rules, own = policy_rules(), f"from {node.addresses.pods} lookup {TABLE}"
    commands = [f"route delete {key}" for key in routes]
    if any((each["priority"], each.get("table")) == (RULE_PRIORITY, str(TABLE)) for each in rules):
        commands.append(f"rule delete priority {RULE_PRIORITY} {own}")
    ip_batch("ip", commands)
    return "; ".join(commands)


def leave_conflist(_: Node, __: Routing, folder: Path) -> str:
    """Remove the agent's conflist; the other's is its own."""
    file = folder / node_network.CONFLIST
    if not file.exists():
        return ""
    file.unlink()
    return f"removed {file}"
