"""Asks, with packets, whether pods and nodes reach each other as they must."""

from lab.probe.endpoint import Endpoint
from lab.probe.matrix import Check, Matrix, Result
from lab.probe.run import probe

__all__ = ["Check", "Endpoint", "Matrix", "Result", "probe"]
