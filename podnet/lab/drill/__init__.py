"""Traffic between all pods while something changes, and the losses that it measures."""

from podnet.lab.drill.losses import Losses, PairLosses
from podnet.lab.drill.traffic import Traffic

__all__ = ["Losses", "PairLosses", "Traffic"]
