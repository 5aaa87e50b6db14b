"""The machine the agent runs on: how it is found, asked and told."""

import fcntl
import json
import re
import socket
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from plan.address import AddressPlan

BRIDGE = "kube-bridge"
# Room for an overlay, kept free in every mode so that pods outlive a change of mode.
OVERHEAD = 50
SIOCGIFADDR, SIOCGIFMTU = 0x8915, 0x8921
SYSCTLS = Path("/proc/sys/net")


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


def run(*argv: str, stdin: str | None = None) -> str:
    """The output of a command; raises `OSError` with the command and what it said."""
    done = subprocess.run(
        argv, input=stdin, capture_output=True, text=True, check=False, timeout=30
    )
    if done.returncode:
        raise OSError(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def ask(*argv: str) -> list[dict[str, Any]]:
    """What `ip` or `bridge` lists, as JSON."""
    listed: list[dict[str, Any]] = json.loads(run(argv[0], "-j", *argv[1:]) or "[]")
    # Some versions list an empty object for what does not fit the question.
    return [item for item in listed if item]


def tell(program: str, commands: Sequence[str]) -> None:
    """Give `ip` or `bridge` many commands at once; a refused one does not hold up the rest."""
    if not commands:
        return
    try:
        run(program, "-force", "-batch", "-", stdin="\n".join(commands) + "\n")
    except OSError as error:
        failed = [commands[int(line) - 1] for line in re.findall(r"failed -:(\d+)", str(error))]
        if not failed:
            raise
        more = f" and {len(failed) - 1} more" if failed[1:] else ""
        reason = str(error).partition(": ")[2].partition("\n")[0]
        raise OSError(f"`{program} {failed[0]}`{more}: {reason}") from error


def set_sysctls(values: dict[str, str]) -> list[str]:
    """Set what differs; the names, below /proc/sys/net, of what was set."""
    changed = []
    for name, value in values.items():
        file = SYSCTLS / name
        if file.read_text() != f"{value}\n":
            file.write_text(value)
            changed.append(f"net/{name}")
    return changed
