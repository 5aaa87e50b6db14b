"""The addresses that the plugin host-local has given to pods, a file each."""

import fcntl
import time
from collections import defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

from machine import Node
from podnet.plan.node_network import NETWORK
from podnet.plan.routing import Routing
from sandboxes import Sandbox, sandboxes

GRACE = 120
"""Seconds in which a lease may precede its result: a runtime gives a plugin no longer."""


class Leases:
    """Keeps the leases those of the pods that run.

    host-local believes its files: one too many blocks an address for ever, one too few gives it
    to a second pod.
    """

    def __init__(self, cni: Path) -> None:
        self.cni = cni
        self.missing: set[IPv4Address] = set()

    def keep(self, _: Node, __: Routing) -> str:
        """Remove the leases of sandboxes that are gone, and write those that running pods lack."""
        folder = self.cni / "networks" / NETWORK
        if not (folder.is_dir() and (self.cni / "results").is_dir()):
            return ""
        found, pods = leases(folder), sandboxes(self.cni)
        owners = {pod.container for pod in pods}
        before, old = self.missing, time.time() - GRACE
        lacking = {
            address: pod for pod in pods for address in pod.addresses if address not in found
        }
        self.missing = {*lacking}
        # A pod that ends has no lease any more just before its result goes.
        written = {address: pod for address, pod in lacking.items() if address in before}
        stale = [
            file
            for file, owner in found.values()
            if owner not in owners and file.stat().st_mtime < old
        ]
        if not (written or stale) or not _replace(folder, stale, written):
            return ""
        again = ", ".join(map(str, written)) or "none"
        return f"removed {len(stale)} of sandboxes that are gone, wrote again: {again}"


def _replace(folder: Path, stale: list[Path], written: dict[IPv4Address, Sandbox]) -> bool:
    """True if it was done, and not left to the next poll."""
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # host-local holds it while it allocates.
            return False
        for file in stale:
            file.unlink(missing_ok=True)
        for address, pod in written.items():
            (folder / str(address)).write_text(f"{pod.container}\r\n{pod.interface}")
    return True


def lease_problems(node: Node, _: Routing, cni: Path) -> Iterator[str]:
    """Addresses that two pods have, and a block without a free one."""
    pods = defaultdict(list)
    for pod in sandboxes(cni):
        for address in pod.addresses:
            pods[address].append(pod.pod)
    for address, names in pods.items():
        if len(names) > 1:
            owners = " and ".join(sorted(names))
            yield f"pods {owners} have the same address {address}; delete one of them"
    if not free_addresses(node, cni):
        yield f"no address of {node.block} is free for another pod"


def free_addresses(node: Node, cni: Path) -> int:
    """How many more pods get an address."""
    # All but the network's, the gateway's and the broadcast address.
    taken = [each for each in leases(cni / "networks" / NETWORK) if each in node.block]
    return node.block.num_addresses - 3 - len(taken)


def leases(folder: Path) -> dict[IPv4Address, tuple[Path, str]]:
    """The file of each lease, and the container that it is for."""
    found = {}
    for file in folder.glob("*.*.*.*"):
        owner = file.read_text().partition("\n")[0].strip()
        found[IPv4Address(file.name)] = file, owner
    return found
