"""The node agent: reconciles the node with the address rule every two seconds."""

import os
import signal
import socket
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from conflist import keep_conflist
from links import keep_links
from machine import Node, find_node, set_sysctls
from metadata import IDENTITY, ROUTING, Answers, MetadataService
from metadata_cache import Cached, parse_address, parse_routing
from nft_ruleset import Ruleset
from peers import keep_peers
from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing
from report import Report
from steps import Steps

try:
    import later
except ModuleNotFoundError as missing:
    if missing.name != "later":
        raise
    later = None  # type: ignore[assignment]  # user data lacks it

PERIOD = 2
PATIENT_PERIOD = 5
"""While the agent knows nothing, since a service that fails is not helped by being asked often."""
IDENTITY_POLLS = 30
"""How often the address is asked for, which never changes while the instance lives."""
PROBLEM = Path("/run/podnet-update/problem")
SYSCTLS = {
    "ipv4/ip_forward": "1",
    "bridge/bridge-nf-call-iptables": "1",
    "bridge/bridge-nf-call-ip6tables": "1",
}

Repair = Callable[[Node, Routing], str]
"""Mends what differs and returns what it changed; raises what it cannot mend."""
Check = Callable[[Node, Routing], Iterable[str]]
"""Finds what is wrong and is not the agent's to change."""


class Agent:
    """Runs steps at every poll: the first always, repairs and checks once all is known."""

    def __init__(  # noqa: PLR0913  # what a poll does, in its order
        self,
        steps: Steps,
        address: Cached[IPv4Address],
        assigned: Cached[Routing],
        find: Callable[[IPv4Address], Node],
        *,
        first: Mapping[str, Callable[[], str]],
        repairs: Mapping[str, Repair],
        checks: Mapping[str, Check],
        lacks: Callable[[], list[str]] = list,
    ) -> None:
        self.steps = steps
        self.address = address
        self.assigned = assigned
        self.find = find
        self.first = {**first, "node": self.keep_node}
        self.repairs = repairs
        self.checks = checks
        self.lacks = lacks
        self.node: Node | None = None
        self.warnings: list[str] = []
        """Problems of the last poll that the node's pods do not notice."""
        self.applied = False
        """Whether the last poll applied all of the routing, whatever its checks found."""

    @property
    def known(self) -> tuple[Node, Routing] | None:
        """Who the node is and what it must do, once the agent knows both."""
        return (self.node, self.assigned.value) if self.node and self.assigned.value else None

    def reconcile(self) -> list[str]:
        """One poll; returns the problems that keep the node from being ready."""
        run = self.run
        problems: list[str] = []
        self.warnings = self.lacks()
        for name, kept in (("identity", self.address), ("routing", self.assigned)):
            # One wait for a dead service is enough, since repairs wait too.
            if kept is self.address and kept.value and self.steps.logged.get("routing"):
                continue
            found = run(name, kept.refresh)
            # A service that fails costs the pods nothing once its answer is known.
            (self.warnings if kept.value else problems).extend(found)
        for name, step in self.first.items():
            problems += run(name, step)
        if self.known:
            repairs = later.chosen(self) if later else self.repairs
            for name, repair in repairs.items():
                problems += run(name, partial(self.repair, repair))
        self.applied = bool(self.known and not problems)
        if self.known:
            for name, check in self.checks.items():
                problems += run(name, partial(self.check, check))
        return problems

    def run(self, name: str, step: Callable[[], str]) -> list[str]:
        # For each step, since a poll may take long where commands do not end.
        if os.environ.get("WATCHDOG_USEC"):
            notify(b"WATCHDOG=1")
        return [] if self.steps.run(name, step) else [f"{name}: {self.steps.logged[name]}"]

    def keep_node(self) -> str:
        if not self.address.value:
            return ""
        node = self.find(self.address.value)
        if node == self.node:
            return ""
        self.node = node
        return f"{node.address} on {node.link}, MTU {node.mtu}, pods {node.block}"

    def repair(self, step: Repair) -> str:
        """Run a repair for the node."""
        if not self.known:
            return ""
        changes = step(*self.known)
        if changes:
            # The uplink moves the node's address to another link.
            self.node = self.find(self.known[0].address)
        return changes

    def check(self, step: Check) -> str:
        """Run a check for the node; raises what it finds."""
        if self.known and (problem := "; ".join(step(*self.known))):
            raise LookupError(problem)
        return ""

    def write(self, report: Report, problems: list[str]) -> str:
        """Write down a poll."""
        report.poll(self.known, self.steps.changes, problems, self.warnings, self.applied)
        return ""


def build(plan: AddressPlan, service: MetadataService, state: Path, cni: Path, pods: Path) -> Agent:
    """The agent of a node; `pods` is where CNI plugins and libcni keep what they know of pods."""
    steps = Steps()
    ask_address, ask_routing = (
        Answers(partial(service.read, path)) for path in (IDENTITY, ROUTING)
    )
    address = Cached(state / "address", ask_address, parse_address(plan), IDENTITY_POLLS)
    assigned = Cached(
        state / "routing",
        ask_routing,
        parse_routing(plan, lambda: address.value),
    )

    def find(own: IPv4Address) -> Node:
        try:
            node = find_node(plan, own)
        except LookupError:
            service.source = ""
            raise
        service.source = str(own)
        return node

    return Agent(
        steps,
        address,
        assigned,
        find,
        first={"sysctls": keep_sysctls},
        repairs={
            **(later.first() if later else {}),
            "table": (Ruleset(later.GUARDS(pods)) if later else Ruleset()).keep,
            "links": keep_links,
            "peers": partial(keep_peers, report=steps.report),
            "conflist": partial(keep_conflist, folder=cni),
            **(later.repairs(pods) if later else {}),
        },
        checks=later.checks(pods) if later else {},
        lacks=partial(lacks, PROBLEM),
    )


def lacks(updater: Path) -> list[str]:
    """What the node runs without, by the updater's last word."""
    problem = updater.read_text() if updater.exists() else ""
    if not later:
        base = "runs its user data alone, without a release's repairs, checks and metrics"
        problem = f"{base}; {problem or 'the release is on its way'}"
    return ([f"files: {problem}"] if problem else []) + (later.notes() if later else [])


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
    cni, runtime = (Path(os.environ[f"{name}_DIRECTORY"]) for name in ("CONFIGURATION", "RUNTIME"))
    # systemd sorts them.
    pods, state = sorted(map(Path, os.environ["STATE_DIRECTORY"].split(":")))
    agent = build(AddressPlan.from_environ(os.environ), MetadataService(), state, cni, pods)
    files = Path(__file__).resolve().parent.name
    report, ready = Report(runtime, files, later.METRICS if later else None), False
    while True:
        problems = agent.reconcile()
        agent.steps.run("report", partial(agent.write, report, problems))
        if agent.applied and not ready:
            ready = True
            notify(b"READY=1")
        if signal.sigtimedwait(stop, PERIOD if agent.known else PATIENT_PERIOD):
            return


if __name__ == "__main__":
    main()
