"""Checks with packets that pods and nodes reach each other, and reports a matrix of results.

What sends packets is in `podnet.probe.run`, apart from what all commands import.
"""

from podnet.probe.endpoint import Endpoint
from podnet.probe.matrix import Check, Matrix, Result

__all__ = ["Check", "Endpoint", "Matrix", "Result"]
