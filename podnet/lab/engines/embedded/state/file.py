"""The file that keeps the state of one stack."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from podnet.lab.engines.embedded.state.resources import Resource, State
from podnet.lab.engines.embedded.state.vault import Vault, VaultError
from podnet.lab.engines.errors import EngineError, StateError, StateGoneError

VERSION = 1


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
            raise StateError(
                self.path, f"cannot be read ({error})", rule="state-unreadable"
            ) from error
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise StateError(
                self.path, f"is corrupt: not JSON ({error})", rule="state-not-json"
            ) from error
        self._check_head(content)
        self._written = text
        try:
            return self._parse(content)
        except (KeyError, TypeError, AttributeError) as error:
            raise StateError(
                self.path, f"is corrupt: not a stack's state ({error!r})", rule="state-malformed"
            ) from error
        except VaultError as error:
            raise StateError(
                self.path,
                f"holds secrets that cannot be read: {error}",
                rule="state-secrets-unreadable",
            ) from error

    def save(self, state: State) -> None:
        """Write the state so that a crash at any moment leaves either the old or the new file.

        Raises `EngineError` where that is not possible; the file is then as it was.
        """
        try:
            text = self._render(state)
            if text != self._written:
                self._write(text)
                self._written = text
        except OSError as error:
            if not self.path.parent.exists():
                raise StateGoneError(self.path.parent) from error
            raise EngineError(
                f"state file {self.path} cannot be written ({error}); mend that and run the "
                f"command again: the file records which call was under way",
                rule="state-unwritable",
            ) from error

    def _write(self, text: str) -> None:
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

    def _check_head(self, content: object) -> None:
        if not isinstance(content, dict) or "version" not in content:
            raise StateError(
                self.path, "is corrupt: it has no version", rule="state-without-version"
            )
        if content["version"] != VERSION:
            raise StateError(
                self.path,
                f"has version {content['version']}, this engine reads version {VERSION}",
                rule="state-version-unsupported",
            )
        found, wanted = ((head.get("project"), head.get("stack")) for head in (content, self._head))
        if found != wanted:
            raise StateError(
                self.path,
                f"belongs to project {found[0]}, stack {found[1]}, not to "
                f"project {wanted[0]}, stack {wanted[1]}",
                rule="state-of-another-stack",
            )

    def _parse(self, content: dict[str, Any]) -> State:
        live = [self._resource(item) for item in content["resources"]]
        secret = content["secretOutputs"]
        return State(
            live={item.urn: item for item in live},
            old=[self._resource(item) for item in content["replaced"]],
            pending=[self._resource(item) for item in content["pending"]],
            uncertain=list(content["doubtful"]),
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
            "doubtful": state.uncertain,
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
