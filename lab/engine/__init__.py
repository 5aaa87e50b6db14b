"""The embedded engine: runs the Pulumi program in this process and deploys to the lab's cloud."""

from lab.engine.engine import Engine
from lab.engine.errors import (
    EngineError,
    ProgramError,
    ProjectError,
    ResourceError,
    StateError,
    StateLocked,
)
from lab.engine.report import Event, Step, Summary
from lab.engine.values import UNKNOWN, Diff, Provider, ProviderError

__all__ = [
    "UNKNOWN",
    "Diff",
    "Engine",
    "EngineError",
    "Event",
    "ProgramError",
    "ProjectError",
    "Provider",
    "ProviderError",
    "ResourceError",
    "StateError",
    "StateLocked",
    "Step",
    "Summary",
]
