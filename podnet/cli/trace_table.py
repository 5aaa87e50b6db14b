"""Renders the way of packets between two ends: each hop, what answers, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from podnet.cli.proof_table import outcome
from podnet.probe import Result
from podnet.verify.packet import Hop
from podnet.verify.proof import Verdict


class TraceTable:
    """Renders verdicts on single pairs, each beside what the probe saw, if packets were sent."""

    def __init__(self, ways: Sequence[Verdict], packets: Sequence[Result] | None) -> None:
        self.ways = ways
        self.packets = packets

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield each way, and then the packets."""
        del console, options
        for verdict in self.ways:
            yield from _way(verdict)
        for result in self.packets or ():
            said = Text(result.reason or "arrived", "red" if result.reason else "green")
            yield Text(f"packets, {result.check}: {result.source} to {result.target}: ") + said


def _way(verdict: Verdict) -> Iterator[RenderableType]:
    path = verdict.path
    yield Text(f"{verdict.source} to {verdict.target} ({', '.join(verdict.protocols)})", "bold")
    yield from _hops(path.hops)
    if path.reply:
        yield Padding(Text("the answer:"), (0, 0, 0, 2))
        yield from _hops(path.reply.hops)
    if verdict.failure:
        yield from outcome(verdict)
        return
    seen = f"; {path.seen[0]} is seen as the source" if path.seen else ""
    if path.seen and path.seen.num_addresses > 1:
        seen = f"; {path.seen} is seen as the source"
    yield Padding(Text(f"arrives{seen}; path MTU {path.mtu}", "green"), (0, 0, 0, 2))


def _hops(hops: Sequence[Hop]) -> Iterator[RenderableType]:
    for hop in hops:
        yield Padding(Text(f"{hop.place}: {hop.action}"), (0, 0, 0, 4))
