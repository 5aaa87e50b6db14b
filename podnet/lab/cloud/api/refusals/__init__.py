"""Refuses calls that AWS refuses and moto accepts: a module per subject, a function per rule."""

from __future__ import annotations

from podnet.lab.clients import Client
from podnet.lab.cloud.api.call import Call
from podnet.lab.cloud.api.refusals import (
    addresses,
    dependencies,
    flow_logs,
    instances,
    limits,
    protocols,
    ranges,
    registry,
    routes,
)

__all__ = [
    "addresses",
    "check",
    "dependencies",
    "flow_logs",
    "instances",
    "limits",
    "protocols",
    "ranges",
    "routes",
]


def check(call: Call, client: Client) -> None:
    """Raise `ApiError` where a rule refuses the call."""
    for rule in registry.RULES.get(call.action, ()):
        rule(call, client)
