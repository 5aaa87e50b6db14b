"""The faults of a drill: what somebody, or another program, does to a running node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

A_PORT = "ip -o link show type veth master kube-bridge | sed 's/^[0-9]*: //; s/@.*//'"
LEASES = "/var/lib/cni/networks/mynet"
CONFLIST = "/etc/cni/net.d/10-mynet.conflist"
RESULTS = "/var/lib/cni/results"
BLOCK = r"ip -4 -o address show kube-bridge | sed 's/.*inet \([0-9.]*\)\..*/\1/'"
"""The first three numbers of the addresses of the node's pods."""
TWIN = f"""
import glob, json
kept = json.load(open(min(glob.glob("{RESULTS}/mynet-*"))))
kept |= {{"containerId": "twin", "cniArgs": [["K8S_POD_NAME", "twin"]]}}
for each in kept["result"]["interfaces"]:
    each |= {{"sandbox": "/run/netns/twin"}} if "sandbox" in each else {{}}
json.dump(kept, open("{RESULTS}/mynet-twin-eth0", "w"))
"""
"""The result of a second pod, with the address of the first."""
DOCKER = (
    "-j DOCKER-USER",
    "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-i docker0 ! -o docker0 -j ACCEPT",
)
"""Docker's rules of the chain FORWARD, without those of a network of its own."""
UNFILTERED = """\
iptables -P FORWARD ACCEPT
rules=$(nft list table ip filter | grep -E 'accept|drop|jump' | grep -v -e hook -e '"podnet"' || :)
[ -n "$rules" ] || nft delete table ip filter
"""
"""Ends a policy; the table stays where another program than the agent has rules in it."""
OTHER = "nft -f - <<END\ntable {family} other {{\nchain walls {{\n{chain}\n}}\n}}\nEND"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault of a node."""

    name: str
    damage: str
    """A shell script for the node, with the variables of its node.env."""
    undo: str = ""
    """The script that takes it away, where it is another program's and the agent only names it."""
    seconds: float = 20.0
    """After which it is neither healed nor named: polls of a busy machine, and the matrix."""


def _other(name: str, chain: str, family: str = "inet") -> Fault:
    return Fault(
        name=name,
        damage=OTHER.format(family=family, chain=chain),
        undo=f"nft delete table {family} other",
    )


def _rules(action: str, rules: Sequence[str]) -> str:
    return "; ".join(f"iptables {action} FORWARD {rule}" for rule in rules)


def _ports(name: str, command: str) -> Fault:
    """A fault of all ports of pods; `$port` is each in turn."""
    return Fault(name=name, damage=f"for port in $({A_PORT}); do {command}; done")


BRIDGE = (
    Fault(name="bridge deleted", damage="ip link delete kube-bridge"),
    Fault(
        name="bridge renamed",
        damage="ip link set kube-bridge down; ip link set kube-bridge name br0; ip link set br0 up",
    ),
    Fault(name="bridge down", damage="ip link set kube-bridge down"),
    Fault(name="gateway address removed", damage="ip -4 address flush dev kube-bridge"),
    Fault(
        name="bridge with another MAC", damage="ip link set kube-bridge address 02:00:00:00:00:01"
    ),
    _ports("ports taken out of the bridge", "ip link set $port nomaster"),
    _ports("ports down", "ip link set $port down"),
    _ports("ports isolated", "bridge link set dev $port isolated on"),
    _ports("ports blocked", "bridge link set dev $port state 0"),
    _ports("ports without flooding", "bridge link set dev $port flood off bcast_flood off"),
    _ports("ports with a small MTU", "ip link set $port mtu 1280"),
    Fault(
        name="ports in another bridge",
        damage=f"ports=$({A_PORT}); ip link add br9 type bridge; ip link set br9 up; "
        "for port in $ports; do ip link set $port master br9; done",
        undo="ip link delete br9",
    ),
)
FORWARDING = (
    Fault(name="net.ipv4.ip_forward off", damage="sysctl -qw net.ipv4.ip_forward=0"),
    Fault(name="forwarding off on the uplink", damage="sysctl -qw net.ipv4.conf.eth0.forwarding=0"),
    Fault(
        name="forwarding off on the bridge",
        damage="sysctl -qw net.ipv4.conf.kube-bridge.forwarding=0",
    ),
    Fault(name="policy rules flushed", damage="ip rule flush"),
    Fault(name="VXLAN device deleted", damage="ip link delete podnet0"),
    Fault(
        name="VXLAN device renamed",
        damage="ip link set podnet0 down; ip link set podnet0 name vx0; ip link set vx0 up",
    ),
    Fault(
        name="VXLAN port of the bridge renamed",
        damage="ip link set podnet1 down; ip link set podnet1 name vx1; ip link set vx1 up",
    ),
    Fault(
        name="neighbours and forwarding entries of peers deleted",
        damage="ip neigh flush dev podnet0 nud permanent; "
        "bridge fdb show dev podnet0 | while read mac rest; do "
        "bridge fdb delete $mac dev podnet0 2>/dev/null; done",
    ),
)
FILTERS = (
    Fault(
        name="iptables -P FORWARD DROP",
        damage="iptables -P FORWARD DROP",
        undo=UNFILTERED,
    ),
    Fault(
        name="Docker's chain FORWARD",
        damage=f"iptables -N DOCKER-USER; {_rules('-A', DOCKER)}; iptables -P FORWARD DROP",
        undo=f"{_rules('-D', DOCKER)}; iptables -X DOCKER-USER; {UNFILTERED}",
    ),
    _other(
        "another table that forwards nothing",
        "type filter hook forward priority 0; policy drop; ct state established,related accept;",
    ),
    _other(
        "another table that drops the pod range",
        "type filter hook forward priority 10; ip saddr $PODNET_POD_CIDR drop;",
    ),
    _other(
        "another table that drops what enters by the bridge",
        'type filter hook prerouting priority 10; iifname "kube-bridge" drop;',
    ),
    _other(
        "a firewall of the node that accepts ssh alone",
        "type filter hook input priority 0; policy drop; "
        'iifname { "lo", "eth0" } accept; tcp dport 22 accept;',
    ),
    _other(
        "a bridge table that drops all frames",
        "type filter hook forward priority 0; policy drop;",
        family="bridge",
    ),
    Fault(name="nft flush ruleset", damage="nft flush ruleset"),
    Fault(
        name="a rule inserted into podnet's table", damage="nft insert rule inet podnet spoof drop"
    ),
)
FILES = (
    Fault(name="conflist edited", damage=f"echo '{{}}' > {CONFLIST}"),
    Fault(name="folder of conflists removed", damage="rm -r /etc/cni/net.d"),
    Fault(
        name="lease folder full",
        damage=f"cd {LEASES}; block=$({BLOCK}); for host in $(seq 2 254); do "
        "[ -e $block.$host ] || touch -d '1 hour ago' $block.$host; done",
    ),
    Fault(name="leases of running pods removed", damage=f"rm {LEASES}/$({BLOCK}).*"),
    Fault(
        name="two pods with one address",
        damage=f"mkdir -p /run/netns/twin; python3 -c '{TWIN}'",
        undo=f"rm -r /run/netns/twin {RESULTS}/mynet-twin-eth0",
    ),
)
AGENT = (
    Fault(name="agent killed", damage="systemctl kill --signal=KILL podnet-agent"),
    Fault(name="agent stopped", damage="systemctl kill --signal=STOP podnet-agent", seconds=60.0),
)
FAULTS = (*BRIDGE, *FORWARDING, *FILTERS, *FILES, *AGENT)
