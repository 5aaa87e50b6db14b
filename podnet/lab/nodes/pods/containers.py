"""The containers of a pod: services of the node's own systemd in the pod's network namespace."""

from __future__ import annotations

from collections.abc import Iterable

from podnet.lab.nodes.node import Node
from podnet.system.commands import CommandError

NAMES = ("a", "b")
UNIT_NOT_LOADED = 5
SYSTEMD_RUN = ("systemd-run", "--quiet", "--collect", "--service-type=exec")
"""Type=exec makes a process that cannot be started an error of this command."""


def start(node: Node, pod: str) -> None:
    """Start both containers; each runs as a process when this returns."""
    for name in NAMES:
        options = (
            f"--unit={_unit(pod, name)}",
            f"--description=container {name} of pod {pod}",
            f"--property=NetworkNamespacePath=/run/netns/{pod}",
        )
        node.run(*SYSTEMD_RUN, *options, "sleep", "infinity")


def stop(node: Node, pod: str) -> None:
    """Stop those containers that run."""
    for name in NAMES:
        try:
            node.run("systemctl", "stop", _unit(pod, name))
        except CommandError as error:
            if error.code != UNIT_NOT_LOADED:
                raise


def processes(node: Node, pods: Iterable[str]) -> dict[tuple[str, str], int]:
    """Process id inside the node of each container of these pods; 0 where it has ended."""
    units = {_unit(pod, name): (pod, name) for pod in pods for name in NAMES}
    if not units:
        return {}
    shown = node.run("systemctl", "show", "--property=Id,MainPID", *units)
    found = dict.fromkeys(units.values(), 0)
    for block in shown.strip().split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines())
        found[units[values["Id"]]] = int(values["MainPID"])
    return found


def _unit(pod: str, name: str) -> str:
    return f"podnet-pod-{pod}-{name}.service"
