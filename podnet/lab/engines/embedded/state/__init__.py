"""The state of a stack: its resources, the file that keeps them, and the key of its secrets."""

from podnet.lab.engines.embedded.state.file import StateFile
from podnet.lab.engines.embedded.state.resources import Resource, State

__all__ = ["Resource", "State", "StateFile"]
