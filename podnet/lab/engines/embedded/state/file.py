"""The file that keeps the state of one stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

from podnet.lab.engines.embedded.state import schema
from podnet.lab.engines.embedded.state.resources import Resource, State
from podnet.lab.engines.embedded.state.vault import Vault, VaultError
from podnet.lab.engines.errors import EngineError, StateError, StateGoneError
from podnet.system.files import write_atomically

VERSION = 1


class StateFile:
    """The file of one stack's state, written whole, atomically, and only when it changes."""

    def __init__(self, path: Path, project: str, stack: str) -> None:
        self.path = path
        self.backup = path.with_name(f"{path.name}.backup")
        """A copy as it was last written, for when something else spoils the file."""
        self._head = {"version": VERSION, "project": project, "stack": stack}
        self._vault = Vault(path.with_name(f"{path.name}.key"))
        self._written = ""
        # User data makes resources large; each is turned into text once, not at every step.
        self._lines: dict[int, tuple[Resource, str]] = {}

    def load(self) -> State:
        """The state; an empty one where there is no file yet. Raises `StateError`."""
        try:
            text, state = self._read(self.path)
        except FileNotFoundError as error:
            if self._backup_is_good():
                raise self._error(
                    _Unfit("is not there, and its backup is", rule="state-missing")
                ) from error
            return State()
        except _Unfit as unfit:
            raise self._error(unfit) from unfit
        self._written = text
        return state

    def save(self, state: State) -> None:
        """Write the state so that a crash at any moment leaves either the old or the new file.

        Raises `EngineError` where that is not possible; the file is then as it was.
        """
        try:
            text = self._render(state)
            if text != self._written:
                write_atomically(self.path, text, durably=True)
                self._written = text
                write_atomically(self.backup, text)
            elif not self.backup.exists():
                write_atomically(self.backup, text)
        except (OSError, VaultError) as error:
            if not self.path.parent.exists():
                raise StateGoneError(self.path.parent) from error
            raise EngineError(
                f"state file {self.path} cannot be written ({error}); mend that and run the "
                f"command again: the file records which call was under way",
                rule="state-unwritable",
            ) from error

    def _read(self, path: Path) -> tuple[str, State]:
        try:
            text = path.read_text()
        except FileNotFoundError:
            raise
        except (OSError, UnicodeDecodeError) as error:
            raise _Unfit(f"cannot be read ({error})", rule="state-unreadable") from error
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _Unfit(f"is corrupt: not JSON ({error})", rule="state-not-json") from error
        self._check_head(content)
        try:
            return text, self._parse(schema.parse(text))
        except schema.MalformedError as error:
            raise _Unfit(
                f"is corrupt: not a stack's state: {error}", rule="state-malformed"
            ) from error
        except VaultError as error:
            raise _Unfit(
                f"holds secrets that cannot be read: {error}", rule="state-secrets-unreadable"
            ) from error

    def _check_head(self, content: object) -> None:
        if not isinstance(content, dict) or "version" not in content:
            raise _Unfit("is corrupt: it has no version", rule="state-without-version")
        if content["version"] != VERSION:
            raise _Unfit(
                f"has version {content['version']}, this engine reads version {VERSION}",
                rule="state-version-unsupported",
            )
        found, wanted = ((head.get("project"), head.get("stack")) for head in (content, self._head))
        if found != wanted:
            raise _Unfit(
                f"belongs to project {found[0]}, stack {found[1]}, not to "
                f"project {wanted[0]}, stack {wanted[1]}",
                rule="state-of-another-stack",
            )

    def _error(self, unfit: _Unfit) -> StateError:
        way_out = "put a good copy in its place"
        if self._backup_is_good():
            way_out = f"`cp {self.backup} {self.path}` brings back what was last written"
        return StateError(self.path, unfit.why, way_out, rule=unfit.rule)

    def _backup_is_good(self) -> bool:
        with suppress(_Unfit, FileNotFoundError):
            self._read(self.backup)
            return True
        return False

    def _parse(self, document: schema.Document) -> State:
        live = [self._resource(item) for item in document.resources]
        return State(
            live={item.urn: item for item in live},
            old=[self._resource(item) for item in document.replaced],
            pending=[self._resource(item) for item in document.pending],
            uncertain=document.doubtful,
            outputs=self._vault.open(document.outputs, document.secretOutputs),
            secret_outputs=document.secretOutputs,
        )

    def _resource(self, item: schema.Recorded) -> Resource:
        resource = item.to_resource()
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


class _Unfit(Exception):  # noqa: N818  # becomes an error once the way out of it is known
    """A file that is no state of this stack, and why."""

    def __init__(self, why: str, *, rule: str) -> None:
        super().__init__(why)
        self.why = why
        self.rule = rule


def _joined(lines: Iterator[str]) -> str:
    return "".join(
        f"{'' if first else ','}{line}\n"
        for first, line in ((not index, line) for index, line in enumerate(lines))
    )
