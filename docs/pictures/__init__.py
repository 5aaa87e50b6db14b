"""The pictures of the routing modes, drawn with the addresses that the plan gives."""

from docs.pictures.modes import pictures
from docs.pictures.svg import draw

__all__ = ["draw", "pictures"]
