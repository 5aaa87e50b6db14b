"""Progress of work that takes a while, for whoever waits."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]
"""Receives a short line, such as `2 of 3 nodes are ready`; each replaces the one before."""
