"""Traffic that goes on between all pods while something changes, and what of it was lost."""

from lab.drill.losses import Losses, PairLosses
from lab.drill.traffic import Traffic

__all__ = ["Losses", "PairLosses", "Traffic"]
