"""What the agent knows of itself, in files: for `podnet status`, and for Prometheus."""

import json
import time
from collections.abc import Iterable, Mapping
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
    routing: str = ""
    """What was applied last without a problem."""
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
    ) -> None:
        """Write down a poll."""
        now = round(time.time(), 3)
        # What a new routing or link changes is no repair.
        if changes and known and known == self.settled:
            self.repairs += len(changes)
            text = "; ".join(f"{name}: {change}" for name, change in changes.items())
            self.last_repair = {"time": now, "text": text}
        if problems or warnings:
            self.last_error = {"time": now, "text": "; ".join(problems + warnings)}
        if known and not problems:
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
        values = {
            "ready": int(not problems),
            "problems": len(problems),
            "warnings": len(warnings),
            "repairs_total": self.repairs,
            "last_repair_timestamp_seconds": self.last_repair.get("time", 0),
            "last_poll_timestamp_seconds": now,
        }
        self._replace("state.json", json.dumps(state, indent=1) + "\n")
        self._replace("podnet.prom", "".join(prometheus(values, state)))

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


def prometheus(values: Mapping[str, float], state: Mapping[str, Any]) -> Iterable[str]:
    """Prometheus' text format, without help texts: user data is short of space."""
    for name, value in values.items():
        kind = "counter" if name.endswith("_total") else "gauge"
        yield f"# TYPE podnet_agent_{name} {kind}\npodnet_agent_{name} {value}\n"
    labels = {"routing": (state["routing"] or "").partition(" ")[0]} | (state["node"] or {})
    text = ",".join(f'{name}="{value}"' for name, value in labels.items())
    yield f"# TYPE podnet_agent_info gauge\npodnet_agent_info{{{text}}} 1\n"
