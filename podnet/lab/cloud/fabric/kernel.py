"""Runs `ip`, `bridge` and `nft` in namespaces, one batch a call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from podnet.system.commands import CommandError, run
from podnet.system.netns import NAMESPACES

NEIGHBOURS = Path("/proc/sys/net/ipv4/neigh/default")

SETTINGS = (
    "net.ipv6.conf.all.disable_ipv6=1",
    "net.ipv6.conf.default.disable_ipv6=1",
    "net.ipv4.ip_forward=1",
    # The larger of `all` and the device's own counts, so both must be off.
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.bridge.bridge-nf-call-iptables=1",
    "net.bridge.bridge-nf-call-ip6tables=0",
    "net.bridge.bridge-nf-call-arptables=0",
    # Segments pass before their checksum is computed, and a router checks no TCP windows.
    "net.netfilter.nf_conntrack_checksum=0",
    "net.netfilter.nf_conntrack_tcp_be_liberal=1",
)


def namespaces() -> set[str]:
    """Names of all network namespaces."""
    return {path.name for path in NAMESPACES.iterdir()} if NAMESPACES.exists() else set()


def add_namespace(name: str) -> None:
    run("ip", "netns", "add", name)


def delete_namespace(name: str) -> None:
    run("ip", "netns", "delete", name)


def configure(namespace: str) -> None:
    """Set the kernel settings of a namespace that forwards."""
    run("ip", "netns", "exec", namespace, "sysctl", "-q", "-w", *SETTINGS)


def show(namespace: str, command: str) -> list[dict[str, Any]]:
    """The rows that `ip -json` prints for this command in this namespace."""
    output = run("ip", "-n", namespace, "-json", *command.split())
    rows: list[dict[str, Any]] = json.loads(output or "[]")
    return [row for row in rows if row]


def links(namespace: str) -> dict[str, bool]:
    """The links of a namespace by name, and whether each is up."""
    return {row["ifname"]: "UP" in row["flags"] for row in show(namespace, "link show")}


def change(namespace: str, commands: Sequence[str], tool: str = "ip") -> None:
    """Run commands of `ip` or `bridge` in this namespace, in order, as one batch."""
    if not commands:
        return
    try:
        run(tool, "-n", namespace, "-batch", "-", stdin="\n".join(commands) + "\n")
    except CommandError as error:
        number = error.output.rpartition("-:")[2]
        line = commands[int(number) - 1] if number.isdigit() else "; ".join(commands)
        raise CommandError(
            (tool, "-n", namespace, *line.split()), error.code, error.output
        ) from None


def delete_links(namespace: str, names: Sequence[str]) -> None:
    """Delete these links, in order.

    A link that vanishes meanwhile is no error: the kernel deletes it in the background when the
    namespace of its other end goes.
    """
    for name in names:
        try:
            change(namespace, [f"link delete {name}"])
        except CommandError:
            if name in links(namespace):
                raise


def load(namespace: str, ruleset: str) -> None:
    """Run one nftables transaction in this namespace."""
    run("ip", "netns", "exec", namespace, "nft", "-f", "-", stdin=ruleset)


def chains(namespace: str, table: str) -> set[tuple[str, str]]:
    """The chains of the nftables tables of this name: (family, name)."""
    listed = run("ip", "netns", "exec", namespace, "nft", "-j", "list", "chains")
    found = [item["chain"] for item in json.loads(listed)["nftables"] if "chain" in item]
    return {(chain["family"], chain["name"]) for chain in found if chain["table"] == table}


def raise_neighbour_limits(count: int) -> None:
    """Raise the kernel's limits on neighbours where this many would not fit; never lower them.

    The limits are the whole machine's, and only its first namespace shows them.
    """
    for level, factor in (("gc_thresh3", 4), ("gc_thresh2", 2), ("gc_thresh1", 1)):
        file = NEIGHBOURS / level
        if file.exists() and int(file.read_text()) < count * factor:
            file.write_text(str(count * factor))
