"""What a resource type takes: its inputs, and how a change of each is met."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """The inputs of a resource type."""

    required: AbstractSet[str] = frozenset()
    optional: AbstractSet[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Optional inputs that have a value even if the program gives none."""
    computed: AbstractSet[str] = frozenset()
    """Optional inputs that the API chooses if the program gives none, or none any more."""
    replaced_by: AbstractSet[str] = frozenset()
    """Inputs that no update can reach."""
    unordered: AbstractSet[str] = frozenset()
    documents: AbstractSet[str] = frozenset()
    """Inputs that are JSON texts, compared by what they say."""
    networks: AbstractSet[str] = frozenset()
    """Inputs that are IPv4 ranges."""
    key: AbstractSet[str] = frozenset()
    """Inputs by which the API knows the resource, where the id does not say it."""
    read_back: AbstractSet[str] = frozenset()
    """Inputs whose change shows by what was last read, where that differs from what was given."""
    secret: AbstractSet[str] = frozenset()
    """Inputs that are secret by themselves, and so as outputs."""
    exclusive: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    """Groups of inputs of which exactly one must be given, by what the group is."""

    @property
    def served(self) -> AbstractSet[str]:
        """All inputs."""
        return self.required | self.optional
