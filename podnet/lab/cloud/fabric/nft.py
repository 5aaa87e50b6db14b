"""Tables of nftables as values, and the transactions that replace them in the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256

TABLE = "fabric"
MARK = "layout-"


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain; one with a hook is a base chain, which packets enter without a jump."""

    name: str
    rules: tuple[str, ...] = ()
    hook: str = ""
    device: str = ""
    """The device it is hooked to, if any; a later device of that name is not hooked."""

    @property
    def lines(self) -> tuple[str, ...]:
        return (f"chain {self.name} {{", *([self.hook] if self.hook else []), *self.rules, "}")


@dataclass(frozen=True, slots=True)
class Table:
    """All chains of the fabric in one family.

    Rules compare, and look nothing up in a set or a map. A packet that traverses rules while they
    are replaced continues in the old ones, and finds the elements of their maps deactivated: it
    would miss its verdict and reach the drop at the end.
    """

    family: str
    chains: tuple[Chain, ...]

    @property
    def mark(self) -> str:
        """The name of an empty chain that identifies this table in the kernel by its content."""
        text = "\n".join(line for chain in self.chains for line in chain.lines)
        return MARK + sha256(text.encode()).hexdigest()[:16]

    @property
    def devices(self) -> set[str]:
        return {chain.device for chain in self.chains if chain.device}

    def replacing(self, present: AbstractSet[str], fresh: AbstractSet[str]) -> Iterator[str]:
        """The lines of a transaction that replaces the chains that are present.

        A deleted chain stays hooked a moment longer than it has rules, and its policy drops what
        passes in that moment; so chains stay, and only their rules are replaced. Those of fresh
        devices, which nothing passes yet, are replaced as a whole.
        """
        table = f"{self.family} {TABLE}"
        chains = (*self.chains, Chain(self.mark))
        kept = {chain.name for chain in chains if chain.device not in fresh}
        yield f"table {table}"  # so that the next line is valid the first time too
        yield f"flush table {table}"
        for name in sorted(present - kept):
            # Some kernels delete a chain with its device, which may happen just now.
            yield f"add chain {table} {name}"
            yield f"delete chain {table} {name}"
        yield f"table {table} {{"
        for chain in chains:
            yield from chain.lines
        yield "}"
