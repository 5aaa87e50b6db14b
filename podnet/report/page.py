"""The page: one HTML file that asks for nothing else, from what is known of a VPC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from podnet.report import topology
from podnet.report.headroom import Used
from podnet.report.names import listed
from podnet.report.nodes import states
from podnet.report.packets import Packets, table
from podnet.report.paper import causes, samples, way
from podnet.verify.node import Node
from podnet.verify.proof import Proof
from podnet.world.model import Vpc, World

MOST_OPEN = 12
"""Rows of a table that is folded where it has more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a page is about."""

    title: str
    """Names the stack or the file."""
    world: World
    vpc: Vpc
    nodes: Sequence[Node]
    proof: Proof
    packets: Packets | None
    """None where none were sent."""
    packets_from: str
    """Where they were sent or read from, or why there are none: a sentence."""
    quotas: Sequence[Used]
    origin: str
    """Where the world comes from: a sentence."""
    made: str
    """Date and time."""
    versions: Mapping[str, str]

    @property
    def verdict(self) -> str:
        """What the page says, in short."""
        proof = "proved on paper" if self.proof.holds else "not proved"
        if self.proof.holds and self.proof.left:
            proof += ", but for packets of pods"
        packets = self.packets
        sent = f"{packets.passed:,} of {packets.pairs:,} pairs passed" if packets else "no packets"
        return f"{proof}; {sent}"


def render(report: Report) -> str:
    """The whole file."""
    found = states(report.world, report.nodes, report.proof)
    routings = Counter(str(node.routing.mode) for node in report.nodes)
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            modes=", ".join(routings),
            drawing=topology.draw(report.world, report.vpc.id, found, report.proof),
            nodes=found,
            open_nodes=len(found) <= MOST_OPEN,
            sums=report.proof.sums(),
            causes=causes(report.proof),
            problems=problems(report.proof),
            ways=[*map(way, samples(report.proof))],
            table=table(report.packets) if report.packets else None,
            failures=report.packets.failures() if report.packets else [],
        )
    )


def problems(proof: Proof) -> str:
    """Why a proof does not hold, in one sentence; empty where it holds."""
    found = []
    if lost := len(causes(proof)):
        found.append(f"{lost} {'causes lose' if lost > 1 else 'cause loses'} packets")
    if absent := proof.absent:
        found.append(f"{listed(absent)} must exist and {'do' if len(absent) > 1 else 'does'} not")
    if beside := len(proof.unmodelled):
        found.append(
            f"{beside} thing{'s' if beside > 1 else ''} in the VPC may treat them otherwise"
        )
    return f"{'; '.join(found)}." if found else ""


@cache
def _environment() -> Environment:
    found = Environment(
        # A tag, a name or a reason may hold anything, so everything is escaped.
        autoescape=True,
        loader=PackageLoader("podnet.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["listed"] = listed
    found.filters["code"] = code
    return found


def code(text: str) -> Markup:
    """Escaped text in which what stands in backticks is marked as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )
