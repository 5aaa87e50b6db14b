"""The worlds of several regions as one: ids are unique, and nothing leads from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter

from lab.model import World


def merge(worlds: Sequence[World]) -> World:
    """One world with all that is in these."""
    return World(
        **{
            field.name: tuple(
                sorted(
                    (item for world in worlds for item in getattr(world, field.name)),
                    key=attrgetter("id"),
                )
            )
            for field in fields(World)
        }
    )
