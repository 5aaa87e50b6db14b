"""The node agent: every two seconds it brings the node to what the address rule says of it."""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from plan.address import AddressPlan

PERIOD = 2
# Room for an overlay, kept free in every mode so that pods outlive a change of mode.
OVERHEAD = 50
SIOCGIFADDR, SIOCGIFMTU = 0x8915, 0x8921
SYSCTLS = ("net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables",
           "net/bridge/bridge-nf-call-ip6tables")
# Written as nft lists it, so that the two can be compared.
TABLE = """\
table inet podnet {{
	chain spoof {{
		type filter hook prerouting priority raw; policy accept;
		iifname "kube-bridge" ip saddr != {block} counter drop
		iifname "kube-bridge" ip6 saddr != {{ ::, fe80::/10 }} counter drop
	}}

	chain metadata {{
		type filter hook forward priority filter; policy accept;
		ip daddr 169.254.169.254 counter drop
		ip6 daddr fd00:ec2::254 counter drop
	}}

	chain leaving {{
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr {block} ip daddr {resolver} masquerade fully-random
		ip saddr {block} ip daddr != {{ {inside} }} masquerade fully-random
	}}
}}
"""


@dataclass(frozen=True)
class Node:
    """The node as found on the machine."""

    plan: AddressPlan
    link: str
    address: IPv4Address
    mtu: int

    @property
    def block(self) -> IPv4Network:
        """The addresses of its pods."""
        return self.plan.block(self.address)


def default_link(routes: str) -> str:
    """The link of the best default route in a text like /proc/net/route."""
    rows = [row.split() for row in routes.splitlines()[1:]]
    links = [(int(row[6]), row[0]) for row in rows if row[1] == row[7] == "00000000"]
    if not links:
        raise LookupError("no default route yet, so the primary link is unknown")
    return min(links)[1]


def find_node(plan: AddressPlan) -> Node:
    """The node by its primary link; raises if its address is not one of the VPC."""
    link = default_link(Path("/proc/net/route").read_text())
    request = struct.pack("16s24x", link.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        address = IPv4Address(fcntl.ioctl(any_socket, SIOCGIFADDR, request)[20:24])
        mtu = struct.unpack_from("i", fcntl.ioctl(any_socket, SIOCGIFMTU, request), 16)[0]
    plan.block(address)
    return Node(plan, link, address, mtu)


def table(node: Node) -> str:
    """The nftables table of our own."""
    inside = sorted((node.plan.pods, node.plan.vpc, IPv4Network("224.0.0.0/4")))
    # The resolver, at the VPC's base plus two, is no node, and may ignore addresses of pods.
    return TABLE.format(block=node.block, resolver=node.plan.vpc[2],
                        inside=", ".join(map(str, inside)))


def conflist(node: Node) -> str:
    """The CNI configuration of the node's pods."""
    return json.dumps({"cniVersion": "1.0.0", "name": "mynet", "plugins": [{
        "type": "bridge", "bridge": "kube-bridge", "isDefaultGateway": True,
        "mtu": node.mtu - OVERHEAD, "ipam": {"type": "host-local", "subnet": str(node.block)},
    }]}, indent=2) + "\n"


def nft(*arguments: str, script: str | None = None) -> str:
    done = subprocess.run(["nft", *arguments], input=script, capture_output=True, text=True,
                          check=False, timeout=10)
    if done.returncode:
        raise OSError(f"`nft {' '.join(arguments)}` ended with {done.returncode}: {done.stderr}")
    return done.stdout


class Agent:
    """Keeps one thing a step; a step returns what it changed, if anything."""

    def __init__(self, plan: AddressPlan, cni: Path) -> None:
        self.plan = plan
        self.cni = cni
        self.node: Node | None = None
        self.loaded = ("", "")
        self.problems: dict[str, str] = {}

    def reconcile(self) -> bool:
        """One poll; true if every step did its work."""
        # Mode vpc-routes asks no more of a node than this. What another mode needs is a step here.
        for step in (self.keep_sysctls, self.keep_node, self.keep_table, self.keep_conflist):
            name = step.__name__.removeprefix("keep_")
            change = problem = ""
            try:
                change = step()
            except (OSError, LookupError, ValueError, subprocess.SubprocessError) as error:
                problem = str(error)
            if problem != self.problems.get(name, ""):
                print(f"{name}: {problem or 'works again'}", flush=True)
            if change:
                print(f"{name}: {change}", flush=True)
            self.problems[name] = problem
        return not any(self.problems.values())

    def keep_sysctls(self) -> str:
        changed = []
        for name in SYSCTLS:
            file = Path("/proc/sys") / name
            if file.read_text() != "1\n":
                file.write_text("1")
                changed.append(name)
        return f"set {', '.join(changed)}" if changed else ""

    def keep_node(self) -> str:
        node = find_node(self.plan)
        if node == self.node:
            return ""
        self.node = node
        return f"{node.address} on {node.link}, MTU {node.mtu}, pods {node.block}"

    def keep_table(self) -> str:
        if not self.node:
            return ""
        wanted, listing = table(self.node), ("-s", "list", "table", "inet", "podnet")
        try:
            found = nft(*listing)
        except OSError:
            found = ""
        # Another nft may list in other words, so what it listed after loading counts as well.
        if found == wanted or (wanted, found) == self.loaded:
            return ""
        nft("-f", "-", script=f"table inet podnet\ndelete table inet podnet\n{wanted}")
        self.loaded = wanted, nft(*listing)
        return "loaded"

    def keep_conflist(self) -> str:
        if not self.node:
            return ""
        wanted, file = conflist(self.node), self.cni / "10-mynet.conflist"
        if file.exists() and file.read_text() == wanted:
            return ""
        draft = file.with_suffix(".new")
        draft.write_text(wanted)
        draft.replace(file)
        return f"wrote {file}"


def notify(state: bytes) -> None:
    """Tell systemd, where it is systemd that started us."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.sendto(state, address.replace("@", "\0", 1))


def main() -> None:
    """Reconcile until told to stop; what is set up stays, and the pods keep their network."""
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    vpc, pods, prefix, zones = (os.environ[f"PODNET_{name}"] for name in (
        "VPC_CIDR", "POD_CIDR", "BLOCK_PREFIX", "ZONES"))
    plan = AddressPlan(IPv4Network(vpc), IPv4Network(pods), int(prefix), int(zones))
    agent = Agent(plan, Path(os.environ["CONFIGURATION_DIRECTORY"]))
    ready = False
    while True:
        if agent.reconcile() and not ready:
            ready = True
            notify(b"READY=1")
        if signal.sigtimedwait(stop, PERIOD):
            return


if __name__ == "__main__":
    main()
