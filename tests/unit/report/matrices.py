"""Matrices as `podnet matrix --json` writes them."""

import json

from podnet.report.packets import Packets


def ends(nodes):
    return [
        *(f"pod-{number}{letter}" for number in range(1, nodes + 1) for letter in "ab"),
        *(f"node-{number}" for number in range(1, nodes + 1)),
    ]


def document(nodes=3, failing=(), **changes):
    """A matrix in which every pair of one of `failing` gets no answer."""
    names = ends(nodes)
    failed = [
        {"from": source, "to": target, "check": check, "reason": "no answer"}
        for source in names
        for target in names
        if source != target and (source in failing or target in failing)
        for check in ("tcp", "udp")
    ]
    pairs = len(names) * (len(names) - 1)
    return {
        "pairs": pairs,
        "passed": pairs - len(failed) // 2,
        "failed": failed,
        "checks": 3 * pairs,
        "endpoints": names,
        "missing": {},
        "seconds": 1.5,
    } | changes


def packets(*arguments, **changes):
    return Packets.parse(json.dumps(document(*arguments, **changes)), "a test")
