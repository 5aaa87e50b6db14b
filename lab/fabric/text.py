"""Tables of nftables as values, and the text that brings the kernel to them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256

TABLE = "fabric"
MARK = "plan-"


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain; one with a hook sees packets by itself."""

    name: str
    rules: tuple[str, ...] = ()
    hook: str = ""
    device: str = ""
    """The device it hangs on, if it hangs on one; another device of that name is not hooked."""

    @property
    def lines(self) -> tuple[str, ...]:
        return (f"chain {self.name} {{", *([self.hook] if self.hook else []), *self.rules, "}")


@dataclass(frozen=True, slots=True)
class Table:
    """All chains of the fabric in one family.

    Rules compare, and look nothing up in a set or a map. A packet that is among rules as they are
    replaced goes on among the old ones, and finds the elements of their maps switched off: it
    would pass by the verdict meant for it, to the drop at the end.
    """

    family: str
    chains: tuple[Chain, ...]

    @property
    def mark(self) -> str:
        """The name of an empty chain by which this table is known again in the kernel."""
        text = "\n".join(line for chain in self.chains for line in chain.lines)
        return MARK + sha256(text.encode()).hexdigest()[:16]

    @property
    def devices(self) -> set[str]:
        return {chain.device for chain in self.chains if chain.device}

    def replacing(self, present: AbstractSet[str], fresh: AbstractSet[str]) -> Iterator[str]:
        """The lines of a transaction that replaces the chains that are present.

        A chain that is deleted judges a moment longer than it has rules, and by its policy drops
        what passes in that moment; so chains stay, and only their rules are replaced. Those of
        fresh devices, which nothing passes yet, are made anew.
        """
        table = f"{self.family} {TABLE}"
        chains = (*self.chains, Chain(self.mark))
        kept = {chain.name for chain in chains if chain.device not in fresh}
        yield f"table {table}"  # so that the next line is valid the first time too
        yield f"flush table {table}"
        for name in sorted(present - kept):
            # Older kernels take a chain along when its device goes, which may be just now.
            yield f"add chain {table} {name}"
            yield f"delete chain {table} {name}"
        yield f"table {table} {{"
        for chain in chains:
            yield from chain.lines
        yield "}"
