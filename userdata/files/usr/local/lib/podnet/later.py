"""Repairs and checks that a node begins without: they come with its first release."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import beside
from filters import FILTERS
from guards import guards_of
from leases import Leases, lease_problems
from machine import Node
from main_table import keep_main_table
from offloads import keep_offloads
from podnet.plan.routing import Routing, Uplink
from ports import LostPorts, keep_ports, larger_pods
from prometheus import metrics
from renamed import keep_names

NOTES = Path("/run/podnet-notes")
"""What else at work on a node writes down that fails: a file each."""
GUARDS, METRICS = guards_of, metrics
"""The rules for pods of their own, and what writes the agent's state for Prometheus."""


def first() -> dict[str, Callable[[Node, Routing], str]]:
    """Repairs before those of the network, which find their links by name.

    Without the main table nothing is reached, not even what the node would report to. Checksums are
    right before a route leads through a device.
    """
    return {
        "main table": keep_main_table,
        "uplink": keep_uplink,
        "names": keep_names,
        "offloads": keep_offloads,
    }


def repairs(pods: Path) -> dict[str, Callable[[Node, Routing], str]]:
    """Repairs, after those of the network; `pods` is where plugins keep what they know of pods."""
    return {
        "ports": partial(keep_ports, cni=pods),
        "leases": Leases(pods).keep,
        "filters": FILTERS.keep,
    }


def chosen(agent: Any) -> beside.Repairs:  # noqa: ANN401  # the agent imports this
    """The repairs of this poll."""
    return beside.chosen(agent.repairs, agent.known[1])


def checks(pods: Path) -> dict[str, Callable[[Node, Routing], Iterable[str]]]:
    """What is not the agent's to change."""
    return {
        "lost ports": LostPorts(pods),
        "pods' addresses": partial(lease_problems, cni=pods),
        "pods' MTU": larger_pods,
        "filters of others": FILTERS.dropped,
    }


def notes(folder: Path = NOTES) -> list[str]:
    """A line of each, with the name of its file."""
    found = []
    for file in sorted(folder.glob("*")):
        # One that ceases to fail removes its own.
        with suppress(FileNotFoundError):
            found += [
                f"{file.name}: {line}" for line in file.read_text("utf-8", "replace").splitlines()
            ]
    return found


def keep_uplink(node: Node, routing: Routing) -> str:
    """Keep the uplink `ethernet`, whose module only nodes on plain switches get."""
    try:
        import uplink  # noqa: PLC0415  # see above
    except ModuleNotFoundError:
        if routing.uplink is Uplink.ETHERNET:
            raise LookupError("made with `fabric: vpc`, this node lacks uplink.py") from None
        return ""
    return uplink.keep_uplink(node, routing)
