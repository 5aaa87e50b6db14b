"""What is known of a stack: its resources, what is under way, and the file that keeps both."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from lab.engine.errors import StateError
from lab.engine.values import Values
from lab.engine.vault import Vault, VaultError

VERSION = 1


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
    doubtful: list[str] = field(default_factory=list)
    """URNs of live ones being updated or deleted: the call may or may not have been made."""
    outputs: Values = field(default_factory=dict)
    secret_outputs: list[str] = field(default_factory=list)

    def holder(self, urn: str, id_: str) -> Resource | None:
        """The explicit provider with this URN and id, or with the URN alone; None without one."""
        found = [*(item for item in self.old if item.urn == urn)]
        if urn in self.live:
            found.append(self.live[urn])
        # A state that an older engine wrote tells no id; there the URN has to do.
        return next((item for item in found if item.id == id_), found[-1] if found else None)

    def copy(self) -> State:
        """A state of its own to try things on; the resources in it are immutable."""
        return replace(
            self,
            live=dict(self.live),
            old=list(self.old),
            pending=list(self.pending),
            doubtful=list(self.doubtful),
        )

    def created(self, pending: Resource, made: Resource) -> None:
        """A pending resource came to be; the live one it replaces awaits its deletion."""
        self.pending.remove(pending)
        previous = self.live.pop(made.urn, None)
        if previous is not None:
            self.old.append(previous)
        self.live[made.urn] = made

    def revive(self, urn: str) -> None:
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
            self.settle(resource.urn)
        else:
            self.old.remove(resource)

    def doubt(self, urn: str) -> None:
        """A call that changes this live resource is about to be made."""
        if urn not in self.doubtful:
            self.doubtful.append(urn)

    def settle(self, urn: str) -> None:
        """It is known again what this resource is."""
        if urn in self.doubtful:
            self.doubtful.remove(urn)

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
        self.doubtful = list(map(moved, self.doubtful))


class StateFile:
    """The file of one stack's state, written whole, atomically, and only when it changes."""

    def __init__(self, path: Path, project: str, stack: str) -> None:
        self.path = path
        self._head = {"version": VERSION, "project": project, "stack": stack}
        self._vault = Vault(path.with_name(f"{path.name}.key"))
        self._written = ""
        # User data makes resources large; each is turned into text once, not at every step.
        self._lines: dict[int, tuple[Resource, str]] = {}

    def load(self) -> State:
        """The state; an empty one where there is no file yet. Raises `StateError`."""
        try:
            text = self.path.read_text()
        except FileNotFoundError:
            return State()
        except (OSError, UnicodeDecodeError) as error:
            raise StateError(self.path, f"cannot be read ({error})") from error
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise StateError(self.path, f"is corrupt: not JSON ({error})") from error
        self._check_head(content)
        self._written = text
        try:
            return self._parse(content)
        except (KeyError, TypeError, AttributeError) as error:
            raise StateError(self.path, f"is corrupt: not a stack's state ({error!r})") from error
        except VaultError as error:
            raise StateError(self.path, f"holds secrets that cannot be read: {error}") from error

    def save(self, state: State) -> None:
        """Write the state so that a crash at any moment leaves either the old or the new file."""
        text = self._render(state)
        if text == self._written:
            return
        draft = self.path.with_name(f"{self.path.name}.tmp")
        with draft.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._written = text

    def _check_head(self, content: object) -> None:
        if not isinstance(content, dict) or "version" not in content:
            raise StateError(self.path, "is corrupt: it has no version")
        if content["version"] != VERSION:
            raise StateError(
                self.path, f"has version {content['version']}, this engine reads version {VERSION}"
            )
        found, wanted = ((head.get("project"), head.get("stack")) for head in (content, self._head))
        if found != wanted:
            raise StateError(
                self.path,
                f"belongs to project {found[0]}, stack {found[1]}, not to "
                f"project {wanted[0]}, stack {wanted[1]}",
            )

    def _parse(self, content: dict[str, Any]) -> State:
        live = [self._resource(item) for item in content["resources"]]
        secret = content["secretOutputs"]
        return State(
            live={item.urn: item for item in live},
            old=[self._resource(item) for item in content["replaced"]],
            pending=[self._resource(item) for item in content["pending"]],
            doubtful=list(content["doubtful"]),
            outputs=self._vault.open(content["outputs"], secret),
            secret_outputs=secret,
        )

    def _resource(self, item: dict[str, Any]) -> Resource:
        resource = Resource(**item)
        if not resource.secret:
            return resource
        return replace(
            resource,
            inputs=self._vault.open(resource.inputs, resource.secret),
            outputs=self._vault.open(resource.outputs, resource.secret),
        )

    def _render(self, state: State) -> str:
        outputs = self._vault.seal(state.outputs, state.secret_outputs)
        parts: dict[str, Iterator[str]] = {
            "resources": map(self._line, state.live.values()),
            "replaced": map(self._line, state.old),
            "pending": map(self._line, state.pending),
        }
        head = {
            **self._head,
            "outputs": outputs,
            "secretOutputs": state.secret_outputs,
            "doubtful": state.doubtful,
        }
        lists = ",\n".join(f'"{name}": [\n{_joined(lines)}]' for name, lines in parts.items())
        return f"{json.dumps(head)[:-1]},\n{lists}}}\n"

    def _line(self, resource: Resource) -> str:
        known = self._lines.get(id(resource))
        if known is not None:
            return known[1]
        values = {item.name: getattr(resource, item.name) for item in fields(resource)}
        for name in ("inputs", "outputs"):
            values[name] = self._vault.seal(values[name], resource.secret)
        line = json.dumps({name: value for name, value in values.items() if value not in ("", [])})
        # Keeping the resource beside its line keeps its id from being given to another object.
        self._lines[id(resource)] = (resource, line)
        return line


def _joined(lines: Iterator[str]) -> str:
    return "".join(
        f"{'' if first else ','}{line}\n"
        for first, line in ((not index, line) for index, line in enumerate(lines))
    )
