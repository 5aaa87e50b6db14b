"""The node agent: every two seconds it brings this node to what the address rule says of it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from plan.address import AddressPlan

PERIOD = 2
BRIDGE = "kube-bridge"
# The room an overlay needs, kept free in every mode so that pods outlive a change of mode.
OVERHEAD = 50
SYSCTLS = ("net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables",
           "net/bridge/bridge-nf-call-ip6tables")
SIOCGIFADDR, SIOCGIFMTU = 0x8915, 0x8921
TABLE = """\
table inet podnet {{
	chain spoof {{
		type filter hook prerouting priority raw; policy accept;
		iifname "{bridge}" ip saddr != {block} counter drop
		iifname "{bridge}" ip6 saddr != {{ ::, fe80::/10 }} counter drop
	}}

	chain metadata {{
		type filter hook forward priority filter; policy accept;
		ip daddr 169.254.169.254 counter drop
		ip6 daddr fd00:ec2::254 counter drop
	}}

	chain masquerade {{
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr {block} ip daddr != {{ {inside} }} masquerade fully-random
	}}
}}
"""


@dataclass(frozen=True)
class Node:
    """This node, as found on the machine."""

    plan: AddressPlan
    link: str
    address: IPv4Address
    mtu: int

    @property
    def block(self) -> IPv4Network:
        """The addresses of this node's pods."""
        return self.plan.block(self.address)


def read_plan(environ: Mapping[str, str]) -> AddressPlan:
    """The address rule with the numbers of node.env."""
    return AddressPlan(
        IPv4Network(environ["PODNET_VPC_CIDR"]), IPv4Network(environ["PODNET_POD_CIDR"]),
        int(environ["PODNET_BLOCK_PREFIX"]), int(environ["PODNET_ZONES"]))


def default_link(routes: str) -> str:
    """The link of the best default route in the text of /proc/net/route."""
    rows = [row.split() for row in routes.splitlines()[1:]]
    found = [(int(row[6]), row[0]) for row in rows if row[1] == row[7] == "00000000"]
    if not found:
        raise LookupError("no default route, so no primary link yet")
    return min(found)[1]


def find_node(plan: AddressPlan) -> Node:
    """The node by its primary link; raises if its address is not one of the VPC."""
    link = default_link(Path("/proc/net/route").read_text())
    request = struct.pack("16s24x", link.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        address = IPv4Address(fcntl.ioctl(any_socket, SIOCGIFADDR, request)[20:24])
        (mtu,) = struct.unpack_from("i", fcntl.ioctl(any_socket, SIOCGIFMTU, request), 16)
    plan.block(address)
    return Node(plan, link, address, mtu)


def table(node: Node) -> str:
    """Our nftables table, written as nft lists it so that the two can be compared."""
    inside = sorted((node.plan.pods, node.plan.vpc, IPv4Network("224.0.0.0/4")))
    return TABLE.format(bridge=BRIDGE, block=node.block, inside=", ".join(map(str, inside)))


def conflist(node: Node) -> str:
    """The CNI configuration of this node's pods."""
    return json.dumps({
        "cniVersion": "1.0.0",
        "name": "mynet",
        "plugins": [{
            "type": "bridge",
            "bridge": BRIDGE,
            "isDefaultGateway": True,
            "mtu": node.mtu - OVERHEAD,
            "ipam": {"type": "host-local", "subnet": str(node.block)},
        }],
    }, indent=2) + "\n"


def nft(*arguments: str, script: str | None = None) -> str:
    done = subprocess.run(["/usr/sbin/nft", *arguments], input=script, capture_output=True,
                          text=True, check=False, timeout=10)
    if done.returncode:
        raise OSError(f"`nft {' '.join(arguments)}` ended with {done.returncode}: {done.stderr}")
    return done.stdout


class Agent:
    """Reconciles step by step; each step says what it changed, if anything."""

    def __init__(self, plan: AddressPlan, cni: Path) -> None:
        self.plan = plan
        self.file = cni / "10-mynet.conflist"
        self.node: Node | None = None
        self.listed = ("", "")
        self.problems: dict[str, str] = {}

    def reconcile(self) -> bool:
        """One poll; true if every step did its work."""
        # Mode `vpc-routes` asks nothing more of a node. Another mode is one more step here.
        for step in (self.keep_sysctls, self.keep_node, self.keep_table, self.keep_conflist):
            name = step.__name__.removeprefix("keep_")
            try:
                said, problem = step(), ""
            except (OSError, LookupError, ValueError, subprocess.SubprocessError) as error:
                said, problem = "", str(error)
            if said:
                print(f"{name}: {said}", flush=True)
            if problem != self.problems.get(name, ""):
                print(f"{name}: {problem or 'works again'}", flush=True)
            self.problems[name] = problem
        return not any(self.problems.values())

    def keep_sysctls(self) -> str:
        changed = [name for name in SYSCTLS if set_to_one(Path("/proc/sys") / name)]
        return f"set {', '.join(changed)}" if changed else ""

    def keep_node(self) -> str:
        found = find_node(self.plan)
        if found == self.node:
            return ""
        self.node = found
        return f"{found.address} on {found.link}, block {found.block}, MTU {found.mtu}"

    def keep_table(self) -> str:
        if not self.node:
            return ""
        wanted, listing = table(self.node), ["-s", "list", "table", "inet", "podnet"]
        try:
            found = nft(*listing)
        except OSError:
            found = ""
        # Another release of nft may list in other words; those seen after loading count too.
        if found == wanted or (wanted, found) == self.listed:
            return ""
        nft("-f", "-", script=f"table inet podnet\ndelete table inet podnet\n{wanted}")
        self.listed = wanted, nft(*listing)
        return "loaded"

    def keep_conflist(self) -> str:
        if not self.node:
            return ""
        wanted = conflist(self.node)
        if self.file.exists() and self.file.read_text() == wanted:
            return ""
        # No runtime takes a name that ends so for a configuration.
        draft = self.file.with_suffix(".new")
        draft.write_text(wanted)
        draft.replace(self.file)
        return f"wrote {self.file}"


def set_to_one(sysctl: Path) -> bool:
    if sysctl.read_text().strip() == "1":
        return False
    sysctl.write_text("1")
    return True


def tell_systemd(state: str) -> None:
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(state.encode(), address.replace("@", "\0", 1))


def main() -> None:
    """Reconcile until told to stop; what is set up stays, so that pods keep their network."""
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    agent = Agent(read_plan(os.environ), Path(os.environ["CONFIGURATION_DIRECTORY"]))
    ready = False
    while True:
        if agent.reconcile() and not ready:
            ready = True
            tell_systemd("READY=1")
        if signal.sigtimedwait(stop, PERIOD):
            return


if __name__ == "__main__":
    main()
