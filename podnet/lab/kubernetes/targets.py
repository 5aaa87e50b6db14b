"""The Services and names of a cluster that its verification asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from podnet.probe import Endpoint


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """The Services and names of one cluster, and the pods behind them."""

    anywhere: IPv4Address
    own_node: IPv4Address
    behind_anywhere: Mapping[str, Endpoint]
    """By label."""
    behind_own_node: Mapping[str, Endpoint]
    dns: IPv4Address
    names: Mapping[str, IPv4Address | None]
    """The address that each name must resolve to; None for a name that must not exist."""
