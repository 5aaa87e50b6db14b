"""The parts of a URN: `urn:pulumi:STACK::PROJECT::TYPES::NAME`, in which a name may hold `::`."""

from __future__ import annotations


def type_of(urn: str) -> str:
    """The type of a resource, without those of its parents."""
    return urn.split("::", 3)[2].rpartition("$")[2]


def name_of(urn: str) -> str:
    """The name of a resource in the program."""
    return urn.split("::", 3)[3]
