"""The proof as a page shows it: each cause once, with every pair that it concerns."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from podnet.report.pairs import Product, products
from podnet.verify.packet import Drop, Hop
from podnet.verify.proof import Proof, Verdict
from podnet.verify.walk import Kind

MOST_WAYS = 40
"""Failing packets whose hops are printed; all others are those of causes that are named too."""


@dataclass(frozen=True, slots=True)
class Way:
    """The hops of one packet, and of what answers it."""

    source: str
    target: str
    protocols: str
    hops: tuple[Hop, ...]
    reply: tuple[Hop, ...]
    mtu: int


@dataclass(frozen=True, slots=True)
class Lost:
    """Pairs of ends that lose packets of some protocols, or what answers them."""

    product: Product
    protocols: str
    is_reply: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """What loses packets."""

    place: str
    reason: str
    fix: str
    flows: int
    """Pairs of ends and protocols."""
    where: tuple[Lost, ...]
    """Every pair of ends that it concerns."""
    ways: tuple[Way, ...]
    """Of packets that it loses, one for each kind; the first where there is no space for all."""


def causes(proof: Proof) -> list[Cause]:
    """Everything that loses packets which must arrive, what loses most of them first."""
    grouped: dict[Drop | str, list[Verdict]] = defaultdict(list)
    for verdict in proof.failed:
        if failure := verdict.failure:
            grouped[failure].append(verdict)
    left = MOST_WAYS
    found = []
    for failure, verdicts in sorted(grouped.items(), key=lambda item: -sum(map(_flows, item[1]))):
        ways = tuple(map(way, verdicts[: max(1, left)]))
        left -= len(ways)
        found.append(_cause(failure, verdicts, ways))
    return found


def samples(proof: Proof) -> list[Verdict]:
    """How packets of pods cross between nodes: inside a subnet, then between subnets."""
    found: dict[bool, Verdict] = {}
    for verdict in proof.verdicts:
        one, other = verdict.pair
        if one.kind is other.kind is Kind.PODS and one.eni and other.eni and not verdict.failure:
            found.setdefault(one.eni.subnet_id != other.eni.subnet_id, verdict)
    return [found[is_far] for is_far in sorted(found)]


def way(verdict: Verdict) -> Way:
    """The hops of the packet that was walked for a verdict."""
    source, target = verdict.pair
    path = verdict.path
    reply = path.reply.hops if path.reply else ()
    return Way(str(source), str(target), ", ".join(verdict.protocols), path.hops, reply, path.mtu)


def _cause(failure: Drop | str, verdicts: list[Verdict], ways: tuple[Way, ...]) -> Cause:
    alike: dict[tuple[str, bool], list[tuple[frozenset[str], frozenset[str]]]] = defaultdict(list)
    for each in verdicts:
        pair = (
            frozenset(map(str, each.source.members)),
            frozenset(map(str, each.target.members)),
        )
        is_reply = isinstance(failure, Drop) and each.path.drop is None
        alike[", ".join(each.protocols), is_reply].append(pair)
    where = tuple(
        Lost(product, protocols, is_reply)
        for (protocols, is_reply), pairs in alike.items()
        for product in products(pairs)
    )
    flows = sum(map(_flows, verdicts))
    if isinstance(failure, str):
        return Cause(str(verdicts[0].target), failure, "", flows, where, ways)
    return Cause(failure.place, failure.reason, failure.fix, flows, where, ways)


def _flows(verdict: Verdict) -> int:
    return verdict.pairs * len(verdict.protocols)
