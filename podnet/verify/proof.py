"""The proof of one VPC: what becomes of the packets between all of its ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from podnet.verify.classes import EndClass, classes
from podnet.verify.node import Node
from podnet.verify.packet import Cause, Drop, host
from podnet.verify.vpc import Cloud
from podnet.verify.walk import End, Kind, Path, Walk

PROTOCOLS = ("tcp", "udp", "icmp")
"""Each with all of its ports, or types."""
SOURCES = (Kind.PODS, Kind.NODE)
PROMISED = frozenset({Kind.PODS, Kind.NODE, Kind.INTERNET})
"""What packets of pods and nodes must reach; a host of the VPC has rules of its own."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of packets of some protocols between the ends of two classes."""

    source: EndClass
    target: EndClass
    protocols: tuple[str, ...]
    pair: tuple[End, End]
    """Two ends of the classes, whose packets were walked."""
    path: Path
    pairs: int
    """How many ordered pairs of ends are treated alike."""

    @property
    def is_promised(self) -> bool:
        """Whether these packets must arrive."""
        return self.target.kind in PROMISED

    @property
    def failure(self) -> Drop | str | None:
        """What is wrong with it: a drop, or the source that the receiver sees instead."""
        if drop := self.path.failure:
            return drop
        sent = self.pair[0].network
        if self.target.kind in (Kind.PODS, Kind.NODE) and self.path.seen != sent:
            seen = host(self.path.seen) if self.path.seen else "nothing"
            return f"the receiver sees {seen} instead of {host(sent)}"
        return None

    def to_json(self) -> dict[str, object]:
        """The verdict as plain JSON values."""
        failure = self.failure
        return {
            "from": [str(end) for end in self.source.members],
            "to": [str(end) for end in self.target.members],
            "protocols": list(self.protocols),
            "pairs": self.pairs,
            "promised": self.is_promised,
            "hops": [[hop.place, hop.action] for hop in self.path.hops],
            "seen": str(self.path.seen) if self.path.seen else None,
            "mtu": self.path.mtu,
            "failure": asdict(failure) if isinstance(failure, Drop) else failure,
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdicts on all pairs."""

    verdicts: tuple[Verdict, ...]
    absent: tuple[str, ...] = ()
    """Nodes that must exist and do not."""
    unmodelled: tuple[str, ...] = ()
    """What stands in the world and may treat packets otherwise than was proved, each in words."""
    left: tuple[str, ...] = ()
    """Packets that another program than podnet carries, of which nothing is proved, in words."""
    beside: tuple[str, ...] = ()
    """What is not modelled either, and decides about no packet that must arrive, each in words."""

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The verdicts on what must arrive and does not."""
        return tuple(each for each in self.verdicts if each.is_promised and each.failure)

    @property
    def holds(self) -> bool:
        """Whether all that must exist does, all that must arrive does, and all is modelled."""
        return not (self.failed or self.absent or self.unmodelled)

    def sums(self) -> dict[tuple[str, str], tuple[int, int]]:
        """By kinds of ends: the flows that must arrive, and how many of them do not.

        A flow is a pair of ends and a protocol.
        """
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for verdict in self.verdicts:
            if verdict.is_promised:
                kinds = verdict.source.kind.value, verdict.target.kind.value
                flows = verdict.pairs * len(verdict.protocols)
                total, failed = found.get(kinds, (0, 0))
                found[kinds] = total + flows, failed + (flows if verdict.failure else 0)
        return found

    def to_json(self) -> dict[str, object]:
        """The proof as plain JSON values."""
        return {
            "holds": self.holds,
            "absent": list(self.absent),
            "unmodelled": list(self.unmodelled),
            "left": list(self.left),
            "beside": list(self.beside),
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
        }


def prove(
    cloud: Cloud,
    nodes: Sequence[Node],
    expected: Sequence[str] = (),
    unmodelled: Sequence[str] = (),
) -> Proof:
    """The proof of all pairs from pods and nodes; nodes that are `expected` must be there.

    With anything `unmodelled` beside them, nothing is proved. What the world itself has that is not
    modelled fails the packets that it touches, and is named for the others.
    """
    left = {node.eni.id: node.routing.cni for node in nodes if node.routing.cni}
    walk, found = Walk(cloud, nodes), _followed(classes(cloud, nodes), left)
    verdicts = tuple(
        verdict
        for source in found
        if source.kind in SOURCES
        for target in found
        for verdict in _verdicts(walk, source, target)
    )
    names = {node.name for node in nodes}
    absent = tuple(name for name in expected if name not in names)
    return Proof(
        verdicts,
        absent,
        tuple(unmodelled),
        tuple(f"packets from and to pods, which {cni} carries" for cni in sorted({*left.values()})),
        tuple(_beside(cloud, verdicts)),
    )


def _followed(found: Sequence[EndClass], left: Mapping[str, str]) -> list[EndClass]:
    """The classes without the pods that another CNI carries: nobody here knows how."""
    return [
        each
        for each in found
        if each.kind is not Kind.PODS or (eni := each.members[0].eni) is None or eni.id not in left
    ]


def _beside(cloud: Cloud, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """What is not modelled, but for what fails a verdict on what must arrive."""
    failures = (verdict.failure for verdict in verdicts if verdict.is_promised)
    places = {
        failure.place
        for failure in failures
        if isinstance(failure, Drop) and failure.cause is Cause.NOT_MODELLED
    }
    return (str(thing) for thing in cloud.unmodelled if not places & set(thing.touches))


def _verdicts(walk: Walk, source: EndClass, target: EndClass) -> Iterator[Verdict]:
    """The verdicts on a pair of classes, those of protocols that are treated alike as one."""
    pair = pair_of(source, target)
    if pair is None:
        return
    by_path: dict[Path, list[str]] = {}
    for protocol in PROTOCOLS:
        by_path.setdefault(walk.path(*pair, protocol), []).append(protocol)
    count = count_pairs(source, target)
    for path, protocols in by_path.items():
        yield Verdict(source, target, tuple(protocols), pair, path, count)


def pair_of(source: EndClass, target: EndClass) -> tuple[End, End] | None:
    """Two ends of the classes that are not on one node; None where there are none."""
    return next(
        (
            (one, other)
            for one in source.members
            for other in target.members
            if one.eni != other.eni
        ),
        None,
    )


def count_pairs(source: EndClass, target: EndClass) -> int:
    """Pairs of ends that are not on one node."""
    here = Counter(end.eni for end in target.members)
    return sum(len(target.members) - here[end.eni] for end in source.members)
