"""What a picture shows: nodes with their layers, what lies between them, and ways of packets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """Something on a node that packets pass, and what it holds."""

    name: str
    says: str = ""
    entries: tuple[str, ...] = ()
    """Lines as the kernel lists them."""
    above: int | None = None
    """The pod above which it stands; across the node if none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Station:
    """A node: its layers from the wire to the pods, and two pods."""

    name: str
    link: str
    layers: tuple[Layer, ...]
    pods: tuple[str, str]
    narrow: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossing:
    """What lies between two nodes, in rows of two columns."""

    title: str
    rows: tuple[tuple[str, str], ...]
    marked: frozenset[int]
    """The rows that the packet meets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """The way of a packet through a crossing, and a sentence for each of its hops."""

    heading: str
    crossing: int
    sender: tuple[int, int]
    """Station and pod."""
    receiver: tuple[int, int]
    """Likewise."""
    hops: tuple[str, ...]
    wrapped: bool = False
    """Whether it crosses inside another packet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """All of it."""

    title: str
    place: str
    stations: tuple[Station, ...]
    crossings: tuple[Crossing, ...]
    ways: tuple[Way, ...]
    subnets: tuple[tuple[str, int, int], ...] = ()
    """Where there are several: label, first and last station."""
