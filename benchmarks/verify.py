"""Measures the proof of a planned VPC on paper: 25, 250 and 2,000 nodes in 3 zones.

Run: `python benchmarks/verify.py [ROUNDS]`. Prints seconds, the ratio to 25 nodes within the same
run, and the largest memory; exits with 1 if a limit is exceeded. The largest VPC is synthetic: a
stack has at most 1,024 node addresses.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from ipaddress import IPv4Network
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from podnet.plan.settings import Settings  # on the path only now
from podnet.verify import planned

LIMITS = {250: 2.0, 2000: 30.0}
"""Seconds, by the number of nodes."""
MEMORY_LIMIT = 1 << 30
NODES, ROUNDS = (25, 250, 2000), 5


def settings(nodes: int) -> Settings:
    """Nodes in 3 zones, as many in each as it takes."""
    return Settings(
        vpc_cidr=IPv4Network("172.16.0.0/20"),
        subnet_prefix=22,
        node_range_prefix=22,
        pod_cidr=IPv4Network("10.0.0.0/8"),
        zones=3,
        node_count=(-(-nodes // 3), -(-(nodes - 1) // 3), nodes // 3),
    )


def measure(nodes: int) -> float:
    """Seconds of one proof, from the settings to the verdicts."""
    began = time.perf_counter()
    proof = planned.proof(settings(nodes))
    taken = time.perf_counter() - began
    if not proof.holds:
        raise SystemExit(f"the proof of {nodes} nodes does not hold")
    return taken


def main(rounds: int) -> int:
    """Measure all sizes in turn and print the results."""
    runs = [{nodes: measure(nodes) for nodes in NODES} for _ in range(rounds)]
    print(f"{rounds} rounds, {os.cpu_count()} cores; median (least to most), ratio to {NODES[0]}")
    passed = True
    for nodes in NODES:
        found = [run[nodes] for run in runs]
        median = statistics.median(found)
        ratio = statistics.median(run[nodes] / run[NODES[0]] for run in runs)
        limit = LIMITS.get(nodes)
        print(
            f"{nodes:6} nodes  {median:.2f} s ({min(found):.2f} to {max(found):.2f})  {ratio:.1f}"
            + (f"  limit {limit:.0f} s" if limit else "")
        )
        passed &= limit is None or median <= limit
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    print(f"memory  {memory >> 20} MiB  limit {MEMORY_LIMIT >> 20} MiB")
    return 0 if passed and memory <= MEMORY_LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS))
