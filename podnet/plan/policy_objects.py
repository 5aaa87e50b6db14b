"""The NetworkPolicy objects of a cluster and the engine that enforces them, as an SSM parameter.

Standard library only, since every node of a cluster receives this very file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

KINDS = "networkpolicies.networking.k8s.io,daemonsets.apps"
"""What is listed to find them, as kubectl takes it."""
MOST = 3500
"""Characters of the text; a standard parameter holds 4,096 (Systems Manager User Guide, "Managing
parameter tiers")."""


class Engine(StrEnum):
    """The program that enforces NetworkPolicy: the name of its DaemonSet and of its namespace."""

    NONE = "none"
    KUBE_ROUTER = "kube-router"
    KUBE_NETWORK_POLICIES = "kube-network-policies"


ENGINES = (Engine.KUBE_ROUTER, Engine.KUBE_NETWORK_POLICIES)


@dataclass(frozen=True)
class Found:
    """The policies of a cluster and who enforces them."""

    policies: tuple[str, ...] = ()
    """The objects, as namespace/name, sorted."""
    engine: Engine = Engine.NONE
    """The engine of podnet's that is deployed."""

    @classmethod
    def of(cls, items: Iterable[Mapping[str, Any]]) -> Found:
        """Of objects of `KINDS`, as the API lists them."""
        policies, engine = [], Engine.NONE
        for item in items:
            namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
            if item["kind"] == "NetworkPolicy":
                policies.append(f"{namespace}/{name}")
            elif namespace == name and name in ENGINES:
                engine = Engine(name)
        return cls(tuple(sorted(policies)), engine)

    @classmethod
    def parse(cls, text: str) -> Found:
        """From the value of the parameter; nothing where no control plane has written it."""
        try:
            value = json.loads(text)
            return cls(tuple(map(str, value["policies"])), Engine(value["engine"]))
        except (ValueError, KeyError, TypeError):
            return cls()

    def text(self) -> str:
        """The value of the parameter; of policies that do not fit, it holds the number."""
        kept = self.policies
        while True:
            rest = len(self.policies) - len(kept)
            named = [*kept, f"{rest} more"] if rest else [*kept]
            text = json.dumps({"engine": self.engine, "policies": named})
            if len(text) <= MOST:
                return text
            kept = kept[: len(kept) * 2 // 3]
