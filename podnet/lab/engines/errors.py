"""Errors of the engines; every message is written for the user."""

from __future__ import annotations

from pathlib import Path

from podnet.errors import UserError
from podnet.lab.providers.urns import name_of, type_of


class EngineError(UserError):
    """The engine could not do what it was asked; nothing that was done is forgotten."""


class ProjectError(EngineError):
    """Pulumi.yaml or the configuration of a stack is not as it must be."""


class ProgramError(EngineError):
    """The program itself failed; the message is the program's own."""


class StateError(EngineError):
    """The state file cannot be read; it stays as it is."""

    def __init__(self, path: Path, why: str, way_out: str, *, rule: str) -> None:
        super().__init__(
            f"state file {path} {why}. Nothing was changed: {way_out}, or start again with "
            f"`podnet down` and `podnet up`",
            rule=rule,
        )


class StateGoneError(EngineError):
    """The directory of the state was removed while an engine worked on the stack."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"{directory} was removed while the stack was being deployed, as `podnet down` does; "
            f"the deployment has stopped, and its lab is gone: `podnet up` makes another",
            rule="state-directory-gone",
        )


class StateLockedError(EngineError):
    """Another engine works on this stack."""


class ResourceError(EngineError):
    """One resource could not be brought to where the program wants it."""

    def __init__(self, urn: str, message: str, *, rule: str) -> None:
        self.urn = urn
        super().__init__(f"{type_of(urn)} {name_of(urn)}: {message}", rule=rule)
