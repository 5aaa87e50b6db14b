"""Finds the link with the node's address, and runs `ip` and `bridge`."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from podnet.plan.address import AddressPlan

SYSCTLS = Path("/proc/sys/net")


@dataclass(frozen=True)
class Node:
    """The node, by its address and the link that has it."""

    addresses: AddressPlan
    link: str
    address: IPv4Address
    mtu: int

    @property
    def block(self) -> IPv4Network:
        """The addresses of the node's pods."""
        return self.addresses.block(self.address)


def find_node(plan: AddressPlan, address: IPv4Address) -> Node:
    """The node at an address, whatever other addresses, links and default routes there are."""
    links = [
        link
        for link in ip_json("ip", "-4", "address", "show")
        if any(item["local"] == str(address) for item in link["addr_info"])
    ]
    if not links:
        raise LookupError(f"no link has the node's address {address}")
    # With the uplink `ethernet` a DHCP client may give a port its address again.
    link = min(links, key=lambda link: ("master" in link, "LOOPBACK" in link["flags"]))
    return Node(plan, link["ifname"], address, link["mtu"])


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
