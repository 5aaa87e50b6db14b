"""The resources of a stack as last recorded, and the calls that are under way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from podnet.lab.providers.protocol import Values


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource as the engine last left or found it."""

    urn: str
    type: str
    custom: bool
    """False for a component, which exists in the program only."""
    id: str = ""
    token: str = ""
    """Drawn before its creation; what `Provider.find` knows it by."""
    inputs: Values = field(default_factory=dict)
    outputs: Values = field(default_factory=dict)
    secret: list[str] = field(default_factory=list)
    """Properties, in and out, that are secret: sealed in the file, masked in all that is shown."""
    parent: str = ""
    provider: str = ""
    """URN of its explicit provider; empty for the default one."""
    provider_id: str = ""
    """Which one, where a provider was replaced by another with its URN."""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False
    retain: bool = False
    deleted_with: str = ""
    error_hooks: list[str] = field(default_factory=list)
    """Names of the program's functions that are asked where an operation on it fails."""

    @property
    def needs(self) -> set[str]:
        """URNs of everything that must exist before it and outlive it."""
        by_property = (urn for urns in self.property_dependencies.values() for urn in urns)
        return {self.parent, self.provider, *self.dependencies, *by_property} - {""}


@dataclass
class State:
    """All that is known of one stack."""

    live: dict[str, Resource] = field(default_factory=dict)
    """By URN, the oldest first."""
    old: list[Resource] = field(default_factory=list)
    """Replaced by a live one, and still to be deleted."""
    pending: list[Resource] = field(default_factory=list)
    """Being created: the call may or may not have been made."""
    uncertain: list[str] = field(default_factory=list)
    """URNs of live ones being updated or deleted: the call may or may not have been made."""
    outputs: Values = field(default_factory=dict)
    secret_outputs: list[str] = field(default_factory=list)

    def explicit_provider(self, urn: str, id_: str) -> Resource | None:
        """The explicit provider with this URN and id, or with the URN alone; None without one."""
        found = [*(item for item in self.old if item.urn == urn)]
        if urn in self.live:
            found.append(self.live[urn])
        # A state of a previous version has no id; there the URN has to do.
        return next((item for item in found if item.id == id_), found[-1] if found else None)

    def copy(self) -> State:
        """A state of its own to try things on; the resources in it are immutable."""
        return replace(
            self,
            live=dict(self.live),
            old=list(self.old),
            pending=list(self.pending),
            uncertain=list(self.uncertain),
        )

    def created(self, pending: Resource, made: Resource) -> None:
        """A pending resource came to be; the live one it replaces awaits its deletion."""
        self.pending.remove(pending)
        previous = self.live.pop(made.urn, None)
        if previous is not None:
            self.old.append(previous)
        self.live[made.urn] = made

    def restore(self, urn: str) -> None:
        """Let the newest replaced resource with this URN be the live one again, if there is one.

        Its successor is gone; it is still there, and as good a start as nothing.
        """
        found = [item for item in self.old if item.urn == urn]
        if found:
            self.old.remove(found[-1])
            self.live[urn] = found[-1]

    def forget(self, resource: Resource) -> None:
        """A resource is gone."""
        if self.live.get(resource.urn) is resource:
            del self.live[resource.urn]
            self.clear_uncertain(resource.urn)
        else:
            self.old.remove(resource)

    def mark_uncertain(self, urn: str) -> None:
        """A call that changes this live resource is about to be made."""
        if urn not in self.uncertain:
            self.uncertain.append(urn)

    def clear_uncertain(self, urn: str) -> None:
        """It is known again what this resource is."""
        if urn in self.uncertain:
            self.uncertain.remove(urn)

    def rename(self, old: str, new: str) -> None:
        """Give a live resource another URN, here and wherever it is referred to."""

        def moved(urn: str) -> str:
            return new if urn == old else urn

        def rewritten(item: Resource) -> Resource:
            if item.urn != old and old not in item.needs and item.deleted_with != old:
                return item
            return replace(
                item,
                urn=moved(item.urn),
                parent=moved(item.parent),
                provider=moved(item.provider),
                deleted_with=moved(item.deleted_with),
                dependencies=[moved(urn) for urn in item.dependencies],
                property_dependencies={
                    name: [moved(urn) for urn in urns]
                    for name, urns in item.property_dependencies.items()
                },
            )

        self.live = {item.urn: item for item in map(rewritten, self.live.values())}
        self.old = list(map(rewritten, self.old))
        self.pending = list(map(rewritten, self.pending))
        self.uncertain = list(map(moved, self.uncertain))
