"""What the agent knows of itself, in a file for `podnet status`, and one for Prometheus."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machine import Node
from podnet.plan.routing import Routing

VERSION = 1


@dataclass
class Report:
    """The agent's state in `state.json` and `podnet.prom`; a file is whole or as it was."""

    folder: Path
    files: str
    """The folder of the files that run: `podnet-` and the first digits of a release's digest."""
    metrics: Callable[[Mapping[str, Any]], str] | None = None
    """Writes a state for Prometheus; comes with a release."""
    routing: str = ""
    """What was applied last."""
    settled: tuple[Node, Routing] | None = None
    repairs: int = 0
    last_repair: dict[str, Any] = field(default_factory=dict)
    last_error: dict[str, Any] = field(default_factory=dict)

    def poll(
        self,
        known: tuple[Node, Routing] | None,
        changes: Mapping[str, str],
        problems: list[str],
        warnings: list[str],
        applied: bool,  # noqa: FBT001  # a name at the call costs bytes of user data
    ) -> None:
        """Write down a poll; `applied` is whether all of the routing is, whatever checks found."""
        now = round(time.time(), 3)
        # What a new routing or link changes is no repair.
        if changes and known and known == self.settled:
            self.repairs += len(changes)
            text = "; ".join(f"{name}: {change}" for name, change in changes.items())
            self.last_repair = {"time": now, "text": text}
        if problems or warnings:
            self.last_error = {"time": now, "text": "; ".join(problems + warnings)}
        if applied and known:
            self.settled, self.routing = known, known[1].tag()
        self._write(known, now, problems, warnings)

    def _write(
        self,
        known: tuple[Node, Routing] | None,
        now: float,
        problems: list[str],
        warnings: list[str],
    ) -> None:
        state = {
            "version": VERSION,
            "files": self.files,
            "ready": not problems,
            "problems": problems,
            "warnings": warnings,
            "routing": self.routing or None,
            "node": identity(known[0]) if known else None,
            "repairs": self.repairs,
            "last_repair": self.last_repair or None,
            "last_error": self.last_error or None,
            "polled": now,
        }
        self._replace("state.json", json.dumps(state, indent=1) + "\n")
        if self.metrics:
            self._replace("podnet.prom", self.metrics(state))

    def _replace(self, name: str, text: str) -> None:
        draft = self.folder / f"{name}.new"
        draft.write_text(text)
        draft.replace(self.folder / name)


def identity(node: Node) -> dict[str, Any]:
    """Who the node is."""
    return {
        "address": str(node.address),
        "block": str(node.block),
        "link": node.link,
        "mtu": node.mtu,
    }
