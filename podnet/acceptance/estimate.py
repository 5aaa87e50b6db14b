"""What a run costs at most and as expected: arithmetic on prices, in US dollars and hours."""

from __future__ import annotations

from dataclasses import dataclass

from podnet.errors import UserError

UP, SWITCH, ROLL, DESTROY = 15, 6, 12, 20
"""Minutes expected of the first deployment, a switch, the replacement of one node, and the end,
with their proofs and matrices. They are guesses: no run on AWS has measured them yet."""
MINUTES = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class NodePrice:
    """What one node costs, in US dollars an hour, each part with where its price is from."""

    parts: tuple[tuple[str, float, str], ...]
    """What is paid for, its price, and the source."""

    @property
    def hourly(self) -> float:
        """The sum of the parts."""
        return sum(price for _, price, _ in self.parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """The cost of a run of some nodes."""

    nodes: int
    node: NodePrice
    switches: int
    ceiling: float
    """US dollars that the run may cost."""

    @property
    def hours(self) -> float:
        """How long the resources are expected to exist."""
        return (UP + SWITCH * self.switches + ROLL * self.nodes + DESTROY) / MINUTES

    @property
    def hourly(self) -> float:
        """US dollars an hour, of all nodes."""
        return self.nodes * self.node.hourly

    @property
    def cost(self) -> float:
        """US dollars expected."""
        return self.hourly * self.hours

    @property
    def seconds(self) -> float:
        """After how many the run stops and destroys, so that the ceiling holds with that too."""
        return (self.ceiling / self.hourly * MINUTES - DESTROY) * 60

    def check(self) -> None:
        """Raise `UserError` where the run is expected to cost more than the ceiling."""
        if self.cost > self.ceiling:
            raise UserError(
                f"the run is expected to cost {self.cost:.2f} USD ({self.nodes} nodes for "
                f"{self.hours:.1f} hours), and the ceiling is {self.ceiling:.2f} USD; give a "
                "higher --ceiling, fewer --nodes, or a smaller --instance-type",
                rule="acceptance-over-ceiling",
            )

    def lines(self) -> list[str]:
        """The estimate for people."""
        width = max(len(what) for what, _, _ in self.node.parts)
        return [
            "a node, in USD an hour:",
            *(
                f"  {what:<{width}}  {price:.4f}  {source}"
                for what, price, source in self.node.parts
            ),
            f"{self.nodes} nodes: {self.hourly:.4f} USD an hour",
            f"expected: {self.cost:.2f} USD in {self.hours:.1f} hours, without traffic",
            f"ceiling: {self.ceiling:.2f} USD, for {self.seconds / 3600:.1f} hours and the end",
        ]

    def to_json(self) -> dict[str, object]:
        """The estimate as plain JSON values."""
        return {
            "currency": "USD",
            "ceiling": self.ceiling,
            "expected": round(self.cost, 4),
            "hours": round(self.hours, 4),
            "hourly": round(self.hourly, 6),
            "node": [
                {"what": what, "hourly": price, "source": source}
                for what, price, source in self.node.parts
            ],
        }
