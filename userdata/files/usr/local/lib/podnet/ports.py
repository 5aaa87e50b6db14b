"""The ports of the pods' bridge that lead to pods."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from links import FLAT, INNER
from machine import Node, ip_batch, ip_json
from podnet.plan.node_network import BRIDGE, OVERHEAD
from podnet.plan.routing import Routing
from sandboxes import Sandbox, sandboxes

# As the bridge plugin leaves them.
FLAGS = {"hairpin": True, "learning": True, "flood": True, "isolated": False}
FORWARDING = 3
"""BR_STATE_FORWARDING of linux/if_bridge.h."""

Link = dict[str, Any]


def keep_ports(node: Node, _: Routing, cni: Path) -> str:
    """Put the pods' ports back into the bridge, up and as the plugin made them."""
    pods = sandboxes(cni)
    commands = [*link_commands(_by_name(ip_json("ip", "link", "show")), pods, node)]
    ip_batch("ip", commands)
    flags = [*flag_commands(_by_name(ip_json("bridge", "-d", "link", "show")), pods)]
    ip_batch("bridge", flags)
    return "; ".join([*commands, *flags])


class LostPorts:
    """The pods whose ports are gone for two polls: only the runtime makes a port.

    A DEL removes the port before libcni removes the result.
    """

    def __init__(self, cni: Path) -> None:
        self.cni = cni
        self.lost: set[Sandbox] = set()

    def __call__(self, _: Node, __: Routing) -> Iterator[str]:
        found = _by_name(ip_json("ip", "link", "show"))
        before = self.lost
        self.lost = {pod for pod in sandboxes(self.cni) if pod.port not in found}
        for pod in self.lost & before:
            yield f"pod {pod.pod} has lost its port {pod.port}; delete the pod to get a new one"


def larger_pods(node: Node, routing: Routing) -> Iterator[str]:
    """Pods of this bridge that were started before the node's link got a smaller MTU."""
    if routing.cni:
        return
    most = node.mtu - OVERHEAD
    for link in ip_json("ip", "link", "show", "master", BRIDGE):
        if link["ifname"] not in (FLAT, INNER) and link["mtu"] > most:
            yield (
                f"the pod at {link['ifname']} has MTU {link['mtu']}, {node.link} has room for "
                f"{most}; restart it, or give {node.link} an MTU of {link['mtu'] + OVERHEAD}"
            )


def link_commands(found: dict[str, Link], pods: Iterable[Sandbox], node: Node) -> Iterator[str]:
    """How `ip` puts ports back."""
    wanted = node.mtu - OVERHEAD
    for port in (found[pod.port] for pod in pods if pod.port in found):
        options = []
        if port.get("master") != BRIDGE:
            options.append(f"master {BRIDGE}")
        # A pod keeps the MTU of its creation, which may be greater.
        if port["mtu"] < wanted:
            options.append(f"mtu {wanted}")
        if "UP" not in port["flags"]:
            options.append("up")
        if options:
            yield f"link set {port['ifname']} {' '.join(options)}"


def flag_commands(found: dict[str, Link], pods: Iterable[Sandbox]) -> Iterator[str]:
    """How `bridge` sets the flags and the state of ports."""
    for port in (found[pod.port] for pod in pods if pod.port in found):
        options = [
            f"{key} {'on' if value else 'off'}"
            for key, value in FLAGS.items()
            if port.get(key, value) != value
        ]
        # Without a carrier the kernel disables it.
        if port["state"] in ("disabled", "blocking") and "LOWER_UP" in port["flags"]:
            options.append(f"state {FORWARDING}")
        if options:
            yield f"link set dev {port['ifname']} {' '.join(options)}"


def _by_name(links: list[Link]) -> dict[str, Link]:
    return {link["ifname"]: link for link in links}
