"""Renders a proof: what arrives by kind of ends, and each failure with its way and its fix."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from podnet.cli.render import table
from podnet.verify.packet import Cause, Drop
from podnet.verify.proof import PROTOCOLS, Proof, Verdict


class ProofTable:
    """Renders the verdicts on what must arrive."""

    def __init__(self, proof: Proof) -> None:
        self.proof = proof

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the sums, the failures and the verdict."""
        del console, options
        yield self._sums()
        for verdict in self.proof.failed:
            yield from _failure(verdict)
        for text in self.proof.unmodelled:
            yield Text(f"not modelled: {text}", "red")
        for text in self.proof.left:
            yield Text(f"not proved: {text}; `podnet matrix` sends packets", "yellow")
        for text in self.proof.beside:
            yield Text(f"not proved: {text}; no packet above meets it", "yellow")
        yield self._last_line()

    def _sums(self) -> RenderableType:
        found = table("from", "to", numbers=("flows", "fail"))
        for (source, target), (count, fail) in self.proof.sums().items():
            found.add_row(source, target, str(count), Text(str(fail), "red" if fail else "green"))
        return found

    def _last_line(self) -> Text:
        if self.proof.absent:
            absent = ", ".join(self.proof.absent)
            return Text(f"not proved: {absent} must exist and does not", "red")
        if self.proof.failed:
            return Text(f"not proved: {len(self.proof.failed)} kinds of flows fail", "red")
        if self.proof.unmodelled:
            return Text("not proved: what is not modelled may treat packets otherwise", "red")
        which = "every pair that podnet carries" if self.proof.left else "every pair"
        return Text(f"proved on paper: {which}, over TCP, UDP and ICMP, there and back", "green")


def _failure(verdict: Verdict) -> Iterator[RenderableType]:
    is_every = verdict.protocols == PROTOCOLS
    protocols = "" if is_every else f" ({', '.join(verdict.protocols)})"
    yield Text(f"{verdict.source} to {verdict.target}{protocols}", "bold red")
    path = verdict.path
    reply = path.reply if path.reply and path.reply.drop else None
    for hop in (*path.hops, *(reply.hops if reply else ())):
        yield Padding(Text(f"{hop.place}: {hop.action}"), (0, 0, 0, 2))
    yield from outcome(verdict)


def outcome(verdict: Verdict) -> Iterator[RenderableType]:
    """What drops a packet or what answers it, and the way out."""
    path = verdict.path
    reply = path.reply if path.reply and path.reply.drop else None
    failure = verdict.failure
    if isinstance(failure, Drop):
        what = "the answer is dropped" if reply else "dropped"
        if failure.cause is Cause.NOT_MODELLED:
            what = "nobody knows"
        yield Padding(Text(f"{what}: {failure.place}: {failure.reason}", "red"), (0, 0, 0, 2))
        yield Padding(Text(f"way out: {failure.fix}"), (0, 0, 0, 2))
    else:
        yield Padding(Text(str(failure), "red"), (0, 0, 0, 2))
