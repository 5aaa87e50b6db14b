"""The ways in which the engine fails; every message is for the person at the keyboard."""

from __future__ import annotations

from pathlib import Path

from lab.errors import LabError


class EngineError(LabError):
    """The engine could not do what it was asked; nothing that was done is forgotten."""


class ProjectError(EngineError):
    """Pulumi.yaml or the configuration of a stack is not as it must be."""


class ProgramError(EngineError):
    """The program itself failed; the message is the program's own."""


class StateError(EngineError):
    """The state file cannot be read; it stays as it is."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"state file {path} {why}; it was kept as it is: put a good copy in its "
            f"place, or move it away to start from nothing"
        )


class StateLocked(EngineError):  # noqa: N818  # the name callers were promised
    """Another engine works on this stack."""


class ResourceError(EngineError):
    """One resource could not be brought to where the program wants it."""

    def __init__(self, urn: str, message: str) -> None:
        self.urn = urn
        type_, _, name = urn.split("::", 2)[2].rpartition("::")
        super().__init__(f"{type_.rpartition('$')[2]} {name}: {message}")
