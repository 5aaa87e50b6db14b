"""A broken rule."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """A rule that settings break, the sentence that says so, and the settings it is about."""

    rule: str
    text: str
    about: tuple[str, ...] = ()
    """Names as in YAML."""


class Remark(NamedTuple):
    """A sentence of a preview about settings that are accepted."""

    rule: str
    text: str
    is_warning: bool = False


class BadValueError(ValueError):
    """A value that cannot be read; the message says value, rule and way out."""

    def __init__(self, message: str, *, rule: str) -> None:
        super().__init__(message)
        self.rule = rule
