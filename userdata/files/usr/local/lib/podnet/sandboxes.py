"""The sandboxes of the node's pods, as CNI results list them.

The runtime keeps the result of each ADD until DEL, by libcni below /var/lib/cni/results (libcni,
api.go, CacheDir). What a pod may change in its own network namespace is not asked.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, ip_interface
from pathlib import Path
from typing import Any

from podnet.plan.node_network import NETWORK


@dataclass(frozen=True)
class Sandbox:
    """An interface of a pod that runs."""

    container: str
    interface: str
    """Its name inside the pod."""
    pod: str
    port: str
    """The link of the node that leads to it."""
    mac: str
    addresses: tuple[IPv4Address, ...]


def sandboxes(cni: Path) -> list[Sandbox]:
    """The interfaces that were added and not deleted, and whose network namespace exists."""
    files = ((each.stat().st_mtime_ns, each) for each in (cni / "results").glob(f"{NETWORK}-*"))
    # The last one of a network namespace counts: results outlive a boot, and names come again.
    newest = {netns: sandbox for sandbox, netns in (_read(*each) for each in sorted(files))}
    return [each for netns, each in newest.items() if netns and Path(netns).exists()]


@lru_cache(maxsize=4096)
def _read(_: int, file: Path) -> tuple[Sandbox, str]:
    kept: dict[str, Any] = json.loads(file.read_text())
    result: dict[str, Any] = kept["result"]
    inside = [each for each in result["interfaces"] if each.get("sandbox")]
    # The bridge comes first, then the port.
    ports = [each["name"] for each in result["interfaces"] if not each.get("sandbox")]
    arguments = dict(kept.get("cniArgs") or ())
    sandbox = Sandbox(
        kept["containerId"],
        kept["ifName"],
        arguments.get("K8S_POD_NAME", kept["containerId"]),
        ports[-1],
        inside[0].get("mac", "") if inside else "",
        tuple(
            address
            for item in result.get("ips", ())
            if isinstance(address := ip_interface(item["address"]).ip, IPv4Address)
        ),
    )
    return sandbox, inside[0]["sandbox"] if inside else ""
