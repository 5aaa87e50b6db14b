"""What the agent of a node says of itself."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from podnet.lab.nodes.node import Node

STATE = "run/podnet-agent/state.json"
SILENT_SECONDS = 20.0
"""Longer than a poll takes whose commands all end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentState:
    """The last poll of an agent."""

    files: str
    """The folder of the release that it belongs to; `podnet-base` before there is one."""
    problems: tuple[str, ...]
    """Why the node is not ready for pods."""
    warnings: tuple[str, ...]
    routing: str | None
    """The applied routing; None before there is one."""
    repairs: int


def agent_state(node: Node) -> AgentState | None:
    """None where the agent has written nothing, as before its first poll, or in older versions."""
    try:
        file = node.root / STATE
        found = json.loads(file.read_text())
        silent = time.time() - file.stat().st_mtime
    except (FileNotFoundError, ProcessLookupError):
        return None
    late = f"the agent has not polled for {silent:.0f} s; systemd restarts it after 40"
    return AgentState(
        files=found["files"],
        problems=(*found["problems"], *([late] if silent > SILENT_SECONDS else ())),
        warnings=tuple(found["warnings"]),
        routing=found["routing"],
        repairs=found["repairs"],
    )
