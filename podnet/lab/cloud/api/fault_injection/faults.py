"""A fault of the API as text, `throttle=30%@ec2:*`, and the settings that hold until others do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from podnet.errors import UserError


class Kind(StrEnum):
    """What goes wrong."""

    STALE = "stale"
    """Reads answer what was there some seconds ago (EC2 API guide, "Eventual consistency")."""
    THROTTLE = "throttle"
    """Calls are refused for their number (EC2 API guide, "Request throttling")."""
    LOST = "lost"
    """Calls that change something are done, and the connection ends without an answer."""
    DENY = "deny"
    """Calls are refused as if no policy allowed them."""
    NO_CAPACITY = "no-capacity"
    """Launches and starts are refused, since the zone has no room for the type (EC2 API reference,
    "Error codes": InsufficientInstanceCapacity)."""
    ADDRESS_TAKEN = "address-taken"
    """Another owner's interface takes the address of a launch just before it."""
    METADATA_ERROR = "metadata-error"
    """Requests to the instance metadata service end with 500."""
    METADATA_SLOW = "metadata-slow"
    """Answers of the instance metadata service take some seconds."""


OF_METADATA = frozenset({Kind.METADATA_ERROR, Kind.METADATA_SLOW})
"""What strikes nodes, where the others strike whoever deploys."""
OF_LAUNCHES = frozenset({Kind.NO_CAPACITY, Kind.ADDRESS_TAKEN})
"""What strikes launches, of all the calls of whoever deploys."""
IN_SECONDS = frozenset({Kind.STALE, Kind.METADATA_SLOW})

GRAMMAR = (
    "stale=SECONDS, throttle=WHEN, lost=WHEN or deny=always, each with @ACTION,… behind it or "
    "without, as in throttle=30%@ec2:Create*; WHEN is always, first (the first call of each "
    "action), a share such as 30%, or N, each Nth call; or of launches no-capacity=WHEN and "
    "address-taken=WHEN; or of the instance metadata service metadata-slow=SECONDS, and "
    "metadata-error=WHEN without first and actions"
)
FIRST, ALWAYS = "first", "always"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault: its kind, when it strikes, and whom."""

    kind: Kind
    when: str
    actions: tuple[str, ...] = ("*",)
    """Patterns of actions, `ec2:Describe*`."""

    @classmethod
    def parse(cls, text: str) -> Fault:
        """The fault of a text; raises `UserError` for one that is none."""
        match = re.fullmatch(r"([a-z-]+)=([^@]+)(?:@(.+))?", text)
        kind = match[1] if match else ""
        has_strays = bool(match and match[3] and kind in OF_METADATA)
        if (
            match is None
            or kind not in set(Kind)
            or not re.fullmatch(_whens(Kind(kind)), match[2])
            or has_strays
        ):
            raise UserError(
                f"fault {text!r} of the API: write {GRAMMAR}", rule="api-fault-malformed"
            )
        actions = tuple(match[3].split(",")) if match[3] else ("*",)
        return cls(kind=Kind(kind), when=match[2], actions=actions)

    def concerns(self, action: str) -> bool:
        """Whether an action, `ec2:CreateVpc`, is among those it strikes."""
        return any(fnmatchcase(action, pattern) for pattern in self.actions)

    def __str__(self) -> str:
        about = "" if self.actions == ("*",) else f"@{','.join(self.actions)}"
        return f"{self.kind}={self.when}{about}"


def _whens(kind: Kind) -> str:
    """The pattern of what may stand behind this kind."""
    if kind in IN_SECONDS:
        return r"\d+(\.\d+)?"
    if kind is Kind.DENY:
        return ALWAYS
    common = rf"{ALWAYS}|[1-9]\d?%|[1-9]\d*"
    return common if kind in OF_METADATA else rf"{FIRST}|{common}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How the API treats whoever deploys."""

    faults: tuple[Fault, ...] = ()
    seed: int = 0
    """Of the draw by which a share of calls is struck."""
    policies: tuple[Mapping[str, Any], ...] | None = None
    """Policies of IAM, of which one must allow each call; None where nobody asks for any."""

    @classmethod
    def of(
        cls,
        faults: Iterable[str] = (),
        seed: int = 0,
        policies: Iterable[Mapping[str, Any]] | None = None,
    ) -> Settings:
        """The settings with faults as texts."""
        return cls(
            faults=tuple(Fault.parse(text) for text in faults),
            seed=seed,
            policies=None if policies is None else tuple(policies),
        )

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Settings:
        """The settings from the values of `to_json`."""
        return cls.of(values["faults"], values["seed"], values["policies"])

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "faults": [str(fault) for fault in self.faults],
            "seed": self.seed,
            "policies": None if self.policies is None else list(self.policies),
        }

    @property
    def horizon(self) -> float:
        """Seconds for which former states must be kept."""
        return max((float(each.when) for each in self.faults if each.kind is Kind.STALE), default=0)
