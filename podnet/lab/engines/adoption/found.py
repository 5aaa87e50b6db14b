"""What the finders of an account take and answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from podnet.lab.clients import Item
from podnet.lab.providers.protocol import Values


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A creation of which nobody knows whether it took place."""

    type: str
    name: str
    """The resource's name in the program."""
    inputs: Values
    recorded: Collection[str]
    """Ids of the same type that the state has; these are something else."""

    @property
    def tags(self) -> dict[str, str]:
        """The tags that it was to bear from its first call on."""
        tags: dict[str, str] = self.inputs.get("tags") or {}
        return tags


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A resource that exists and that no state has."""

    id: str
    """As the provider names it."""
    outputs: Values = field(default_factory=dict)
    """Properties by which the API knows it, where the id does not say them."""


def bears(item: Item, wanted: dict[str, str], keys: Collection[str]) -> bool:
    """Whether an item of the API has these of the wanted tags."""
    have = {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
    return bool(wanted) and all(have.get(key) == wanted.get(key) for key in keys)
