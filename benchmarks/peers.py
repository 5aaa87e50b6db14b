"""Measures the time a node needs to configure 1,000 peers, and the cost of an idle poll.

Run as root: `python benchmarks/peers.py [ROUNDS]`. Each case has its own network namespace, which
ends with it. Prints seconds, and the ratio to 4 peers within the same run; exits with 1 if a limit
is exceeded.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from ipaddress import IPv4Network
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "userdata/files/usr/local/lib/podnet")]

from agent import build  # noqa: E402  # on the path only now
from metadata import ROUTING, MetadataService  # noqa: E402

from podnet.plan.address import AddressPlan  # noqa: E402
from podnet.plan.node_network import ROUTE_PROTOCOL, VPC_MTU  # noqa: E402
from podnet.plan.routing import Routing, RoutingMode  # noqa: E402

RANGES = {4: 28, 1012: 22}
"""Prefix lengths of node ranges, by how many peers a node of it has."""
FEW, MANY, ROUNDS, POLLS = *RANGES, 5, 10
IN_PLACE_LIMIT, IDLE_LIMIT = 2.0, 0.2
VPC, PODS = IPv4Network("172.16.0.0/21"), IPv4Network("10.0.0.0/12")
NODE = VPC[11]
LINK = (
    "ip link set lo up",
    f"ip link add eth0 mtu {VPC_MTU} type veth peer wire",
    f"ip address add {NODE}/21 dev eth0",
    "ip link set wire up",
    "ip link set eth0 up",
    f"ip route add default via {VPC[1]}",
)


class Metadata(MetadataService):
    """The service's answers to the node, without the service."""

    routing = Routing()

    def read(self, path: str) -> str:
        """The routing that the benchmark wants, or the node's address."""
        return self.routing.tag() if path == ROUTING else str(NODE)


def main(rounds: int) -> int:
    """Measure both cases in turn and print the results."""
    runs = [{peers: measure(peers) for peers in (FEW, MANY)} for _ in range(rounds)]
    print(f"{rounds} rounds, {os.cpu_count()} cores; median (least to most), ratio to {FEW} peers")
    passed = True
    for name, limit in (
        ("overlay, all in place", IN_PLACE_LIMIT),
        ("to host-gw", IN_PLACE_LIMIT),
        ("idle poll, CPU", IDLE_LIMIT),
        ("idle poll", None),
    ):
        few, many = ([run[peers][name] for run in runs] for peers in (FEW, MANY))
        middle, ratio = (
            statistics.median(many),
            statistics.median(one / other for one, other in zip(many, few, strict=True)),
        )
        verdict = "" if limit is None else f", limit {limit} s"
        passed &= limit is None or middle < limit
        print(
            f"{name:22} {MANY} peers: {middle:.3f} s ({min(many):.3f} to {max(many):.3f}), "
            f"{ratio:.1f} x {FEW} peers{verdict}"
        )
    return 0 if passed else 1


def measure(peers: int) -> dict[str, float]:
    """The figures of one node with this many peers, in seconds."""
    done = subprocess.run(
        ["unshare", "--net", sys.executable, __file__, "--node", str(peers)],
        check=True,
        stdout=subprocess.PIPE,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def inside(peers: int) -> dict[str, float]:
    """Run an agent in this namespace, without the metadata service."""
    for command in LINK:
        subprocess.run(command.split(), check=True)
    with tempfile.TemporaryDirectory() as folder:
        plan = AddressPlan(VPC, PODS, 24, VPC.prefixlen, RANGES[peers])
        state, cni, pods = (Path(folder, name) for name in ("state", "cni", "pods"))
        for each in (state, cni, pods):
            each.mkdir()
        service = Metadata()
        agent = build(plan, service, state, cni, pods)

        def switch(mode: RoutingMode) -> float:
            service.routing = Routing(mode=mode)
            started = time.monotonic()
            if problems := agent.reconcile():
                raise SystemExit(f"the agent failed: {problems}")
            return time.monotonic() - started

        in_place = switch(RoutingMode.OVERLAY)
        check(2 * peers)
        before, started = os.times(), time.monotonic()
        for _ in range(POLLS):
            switch(RoutingMode.OVERLAY)
        waited, after = time.monotonic() - started, os.times()
        to_host_gw = switch(RoutingMode.HOST_GW)
        check(peers)
    return {
        "overlay, all in place": in_place,
        "to host-gw": to_host_gw,
        "idle poll, CPU": (sum(after[:4]) - sum(before[:4])) / POLLS,
        "idle poll": waited / POLLS,
    }


def check(routes: int) -> None:
    """Count the kernel's routes, so that omitted work does not look like speed."""
    listed = subprocess.run(
        ["ip", "route", "show", "table", "all", "proto", str(ROUTE_PROTOCOL)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    if len(listed) != routes:
        raise SystemExit(f"{len(listed)} routes are in place, expected {routes}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--node", peers]:
            print(json.dumps(inside(int(peers))))
        case words:
            sys.exit(main(int(words[0]) if words else ROUNDS))
