"""What an interrupted deployment made and did not record: found again, adopted or named."""

from podnet.lab.engines.adoption.account import Account, Recorded
from podnet.lab.engines.adoption.found import Found
from podnet.lab.engines.adoption.leftovers import Leftover

__all__ = ["Account", "Found", "Leftover", "Recorded"]
