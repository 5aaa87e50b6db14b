"""The node agent: reconciles the node with the address rule every two seconds."""

import os
import signal
import socket
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from conflist import keep_conflist
from links import keep_links
from machine import Node, find_node, set_sysctls
from metadata import AssignedRouting, MetadataService
from peers import keep_peers
from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing
from ruleset import Ruleset
from steps import Steps
from uplink import keep_uplink

PERIOD = 2
SYSCTLS = {
    "ipv4/ip_forward": "1",
    "bridge/bridge-nf-call-iptables": "1",
    "bridge/bridge-nf-call-ip6tables": "1",
}

Keep = Callable[[Node, Routing], str]


class Agent:
    """Runs steps at every poll: the first always, the others once the node is known."""

    def __init__(
        self,
        steps: Steps,
        assigned: AssignedRouting,
        find: Callable[[], Node],
        first: Mapping[str, Callable[[], str]],
        others: Mapping[str, Keep],
    ) -> None:
        self.steps = steps
        self.assigned = assigned
        self.find = find
        self.first = {**first, "node": self.keep_node}
        self.others = others
        self.node: Node | None = None

    def reconcile(self) -> bool:
        """One poll; true if every step worked and the node has a routing."""
        run = self.steps.run
        known = run("routing", self.assigned.refresh) or bool(self.assigned.routing)
        done = [run(name, step) for name, step in self.first.items()]
        if self.node:
            done += [run(name, partial(self.keep, step)) for name, step in self.others.items()]
        return known and all(done)

    def keep_node(self) -> str:
        node = self.find()
        if node == self.node:
            return ""
        self.node = node
        return f"{node.address} on {node.link}, MTU {node.mtu}, pods {node.block}"

    def keep(self, step: Keep) -> str:
        """Run a step for the node."""
        changes = step(self.node, self.assigned.routing or Routing()) if self.node else ""
        if changes:
            # The uplink moves the node's address to another link.
            self.node = self.find()
        return changes


def build(plan: AddressPlan, assigned: AssignedRouting, cni: Path) -> Agent:
    """The agent of a node."""
    steps = Steps()
    return Agent(
        steps,
        assigned,
        partial(find_node, plan),
        {"sysctls": keep_sysctls},
        {
            "uplink": keep_uplink,
            "table": Ruleset().keep,
            "links": keep_links,
            "peers": partial(keep_peers, report=steps.report),
            "conflist": partial(keep_conflist, folder=cni),
        },
    )


def keep_sysctls() -> str:
    changed = set_sysctls(SYSCTLS)
    return f"set {', '.join(changed)}" if changed else ""


def notify(state: bytes) -> None:
    """Send a state to systemd, if it started this process."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.sendto(state, address.replace("@", "\0", 1))


def main() -> None:
    """Reconcile until stopped; the configuration stays, and pods keep their network."""
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    cni, state = (Path(os.environ[f"{name}_DIRECTORY"]) for name in ("CONFIGURATION", "STATE"))
    assigned = AssignedRouting(MetadataService(), state / "routing")
    agent = build(AddressPlan.from_environ(os.environ), assigned, cni)
    ready = False
    while True:
        if agent.reconcile() and not ready:
            ready = True
            notify(b"READY=1")
        if signal.sigtimedwait(stop, PERIOD):
            return


if __name__ == "__main__":
    main()
