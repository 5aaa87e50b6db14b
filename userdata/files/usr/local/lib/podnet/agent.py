"""The node agent: every two seconds it brings the node to what the address rule says of it."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

from links import keep_links
from machine import Node, find_node, set_sysctls
from metadata import Metadata
from peers import keep_peers
from plan.address import AddressPlan
from plan.routing import Routing
from pods import keep_conflist
from ruleset import Ruleset
from uplink import keep_uplink

PERIOD = 2
SYSCTLS = {
    "ipv4/ip_forward": "1",
    "bridge/bridge-nf-call-iptables": "1",
    "bridge/bridge-nf-call-ip6tables": "1",
}


class Agent:
    """Keeps one thing a step; a step returns what it changed, if anything."""

    def __init__(self, plan: AddressPlan, cni: Path, state: Path) -> None:
        self.plan = plan
        self.cni = cni
        self.metadata = Metadata(state / "routing")
        self.ruleset = Ruleset()
        self.node: Node | None = None
        self.said: dict[str, str] = {}

    @property
    def routing(self) -> Routing:
        """What the node was told last; before that, what asks nothing of it."""
        return self.metadata.routing or Routing()

    def reconcile(self) -> bool:
        """One poll; true if every step did its work and the node knows its routing."""
        told = self.step("routing", self.metadata.keep) or self.metadata.routing is not None
        steps = [self.step("sysctls", self.keep_sysctls), self.step("node", self.keep_node)]
        routing = self.routing
        if self.node:
            steps.append(self.step("uplink", self.keep_uplink))
        if node := self.node:
            steps += [
                self.step("table", lambda: self.ruleset.keep(node, routing)),
                self.step("links", lambda: keep_links(node, routing)),
                self.step("peers", lambda: self.keep_peers(node, routing)),
                self.step("conflist", lambda: keep_conflist(node, routing, self.cni)),
            ]
        return told and all(steps)

    def step(self, name: str, keep: Callable[[], str]) -> bool:
        """Do one step; says once what is wrong, and when it no longer is."""
        change = problem = ""
        try:
            change = keep()
        except (OSError, LookupError, ValueError, subprocess.SubprocessError) as error:
            problem = str(error)
        self.say(name, problem)
        if change:
            print(f"{name}: {change}", flush=True)
        return not problem

    def say(self, name: str, problem: str) -> None:
        """Log a problem when it comes, changes or goes."""
        if problem != self.said.get(name, ""):
            print(f"{name}: {problem or 'works again'}", flush=True)
        self.said[name] = problem

    def keep_sysctls(self) -> str:
        changed = set_sysctls(SYSCTLS)
        return f"set {', '.join(changed)}" if changed else ""

    def keep_node(self) -> str:
        node = find_node(self.plan)
        if node == self.node:
            return ""
        self.node = node
        return f"{node.address} on {node.link}, MTU {node.mtu}, pods {node.block}"

    def keep_uplink(self) -> str:
        changes = keep_uplink(self.node, self.routing) if self.node else ""
        if changes:
            self.node = find_node(self.plan)
        return changes

    def keep_peers(self, node: Node, routing: Routing) -> str:
        changes, foreign = keep_peers(node, routing)
        self.say("foreign routes in the pod range, left alone", foreign)
        return changes


def notify(state: bytes) -> None:
    """Tell systemd, where it is systemd that started us."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.sendto(state, address.replace("@", "\0", 1))


def main() -> None:
    """Reconcile until told to stop; what is set up stays, and the pods keep their network."""
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    vpc, pods, prefix, zones = (
        os.environ[f"PODNET_{name}"] for name in ("VPC_CIDR", "POD_CIDR", "BLOCK_PREFIX", "ZONES")
    )
    plan = AddressPlan(IPv4Network(vpc), IPv4Network(pods), int(prefix), int(zones))
    agent = Agent(
        plan, *(Path(os.environ[f"{name}_DIRECTORY"]) for name in ("CONFIGURATION", "STATE"))
    )
    ready = False
    while True:
        if agent.reconcile() and not ready:
            ready = True
            notify(b"READY=1")
        if signal.sigtimedwait(stop, PERIOD):
            return


if __name__ == "__main__":
    main()
