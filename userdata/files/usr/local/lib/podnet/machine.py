"""Finds the node's primary link and address, and runs `ip` and `bridge`."""

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

from podnet.plan.address import AddressPlan

SIOCGIFADDR, SIOCGIFMTU = 0x8915, 0x8921
SYSCTLS = Path("/proc/sys/net")


@dataclass(frozen=True)
class Node:
    """The node, by its primary link."""

    addresses: AddressPlan
    link: str
    address: IPv4Address
    mtu: int

    @property
    def block(self) -> IPv4Network:
        """The addresses of the node's pods."""
        return self.addresses.block(self.address)


def default_link(routes: str) -> str:
    """The link of the best default route in a text like /proc/net/route."""
    rows = [row.split() for row in routes.splitlines()[1:]]
    links = [(int(row[6]), row[0]) for row in rows if row[1] == row[7] == "00000000"]
    if not links:
        raise LookupError("no default route yet, so the primary link is unknown")
    return min(links)[1]


def find_node(plan: AddressPlan) -> Node:
    """The node by its primary link; raises if its address is not in the VPC."""
    link = default_link(Path("/proc/net/route").read_text())
    request = struct.pack("16s24x", link.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        address = IPv4Address(fcntl.ioctl(any_socket, SIOCGIFADDR, request)[20:24])
        mtu = struct.unpack_from("i", fcntl.ioctl(any_socket, SIOCGIFMTU, request), 16)[0]
    plan.block(address)
    return Node(plan, link, address, mtu)


def run(*argv: str, stdin: str | None = None) -> str:
    """The output of a command; raises `OSError` with the command and its errors."""
    done = subprocess.run(
        argv, input=stdin, capture_output=True, text=True, check=False, timeout=30
    )
    if done.returncode:
        raise OSError(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def ip_json(*argv: str) -> list[dict[str, Any]]:
    """What `ip` or `bridge` lists, from JSON."""
    listed: list[dict[str, Any]] = json.loads(run(argv[0], "-j", *argv[1:]) or "[]")
    # Some versions list {} for what does not match.
    return [item for item in listed if item]


def ip_batch(program: str, commands: Sequence[str]) -> None:
    """Run commands of `ip` or `bridge`, also after one that fails."""
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
    """Set values below /proc/sys/net; returns what was set."""
    changed = []
    for name, value in values.items():
        file = SYSCTLS / name
        if file.read_text() != f"{value}\n":
            file.write_text(value)
            changed.append(f"net/{name}")
    return changed
