"""The embedded engine: runs the Pulumi program in this process and deploys to the lab's cloud."""

from podnet.lab.engines.embedded.engine import Engine
from podnet.lab.engines.errors import (
    EngineError,
    ProgramError,
    ProjectError,
    ResourceError,
    StateError,
    StateLockedError,
)
from podnet.lab.engines.report import Event, Step, Summary
from podnet.lab.providers.protocol import UNKNOWN, Diff, Provider, ProviderError

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
    "StateLockedError",
    "Step",
    "Summary",
]
