"""How long a node takes to know 1,000 peers, and what a poll costs that finds nothing to do.

Run as root: `python benchmarks/peers.py`. Each case gets a network namespace of its own, which
ends with it. Prints seconds, and the ratio to 10 peers within the same run; ends with 1 where a
limit is broken.
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

from agent import Agent  # noqa: E402  # on the path only now

from plan.address import AddressPlan  # noqa: E402
from plan.routing import Routing, RoutingMode  # noqa: E402

FEW, MANY, ROUNDS, POLLS = 10, 1000, 5, 10
IN_PLACE_LIMIT, IDLE_LIMIT = 2.0, 0.2
PLAN = AddressPlan(IPv4Network("172.16.0.0/21"), IPv4Network("10.0.0.0/12"), 24)
LINK = (
    "ip link set lo up",
    "ip link add eth0 mtu 9001 type veth peer wire",
    f"ip address add {PLAN.node(1)}/21 dev eth0",
    "ip link set wire up",
    "ip link set eth0 up",
    f"ip route add default via {PLAN.vpc[1]}",
)


def main() -> int:
    """Measure both cases in turn and print what came of it."""
    runs = [{peers: measured(peers) for peers in (FEW, MANY)} for _ in range(ROUNDS)]
    print(f"{ROUNDS} rounds, {os.cpu_count()} cores; median (least to most), ratio to {FEW} peers")
    kept = True
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
        kept &= limit is None or middle < limit
        print(
            f"{name:22} {MANY} peers: {middle:.3f} s ({min(many):.3f} to {max(many):.3f}), "
            f"{ratio:.1f} x {FEW} peers{verdict}"
        )
    return 0 if kept else 1


def measured(peers: int) -> dict[str, float]:
    """The figures of one node with this many peers, in seconds."""
    done = subprocess.run(
        ["unshare", "--net", sys.executable, __file__, str(peers)],
        check=True,
        stdout=subprocess.PIPE,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def inside(peers: int) -> dict[str, float]:
    """Let an agent work here, without the metadata service but for what it would tell."""
    for command in LINK:
        subprocess.run(command.split(), check=True)
    with tempfile.TemporaryDirectory() as folder:
        agent = Agent(PLAN, Path(folder), Path(folder))
        agent.metadata.keep = lambda: ""  # type: ignore[method-assign]

        def tell(mode: RoutingMode) -> float:
            agent.metadata.routing = Routing(mode=mode, max_nodes=peers + 1)
            started = time.monotonic()
            if not agent.reconcile():
                raise SystemExit(f"the agent could not do its work: {agent.said}")
            return time.monotonic() - started

        in_place = tell(RoutingMode.OVERLAY)
        check(2 * peers)
        before, started = os.times(), time.monotonic()
        for _ in range(POLLS):
            tell(RoutingMode.OVERLAY)
        waited, after = time.monotonic() - started, os.times()
        to_host_gw = tell(RoutingMode.HOST_GW)
        check(peers)
    return {
        "overlay, all in place": in_place,
        "to host-gw": to_host_gw,
        "idle poll, CPU": (sum(after[:4]) - sum(before[:4])) / POLLS,
        "idle poll": waited / POLLS,
    }


def check(routes: int) -> None:
    """Ask the kernel, so that no work left out looks like speed."""
    listed = subprocess.run(
        ["ip", "route", "show", "table", "all", "proto", "112"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    if len(listed) != routes:
        raise SystemExit(f"{len(listed)} routes are in place, expected {routes}")


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(inside(int(sys.argv[1]))))
    else:
        sys.exit(main())
