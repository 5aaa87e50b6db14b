"""What a rule says of settings that break it."""

from __future__ import annotations

Problem = tuple[str, tuple[str, ...]]
"""How a rule is broken, and the settings it is about."""


def problem(text: str, *about: str) -> Problem:
    """How a rule about these settings is broken."""
    return text, about
