"""The agent's state for Prometheus."""

from collections.abc import Iterable, Mapping
from typing import Any


def metrics(state: Mapping[str, Any]) -> str:
    """A state in Prometheus' text format."""
    return "".join(_lines(state))


def _lines(state: Mapping[str, Any]) -> Iterable[str]:
    values = {
        "ready": int(state["ready"]),
        "problems": len(state["problems"]),
        "warnings": len(state["warnings"]),
        "repairs_total": state["repairs"],
        "last_repair_timestamp_seconds": (state["last_repair"] or {}).get("time", 0),
        "last_poll_timestamp_seconds": state["polled"],
    }
    for name, value in values.items():
        kind = "counter" if name.endswith("_total") else "gauge"
        yield f"# TYPE podnet_agent_{name} {kind}\npodnet_agent_{name} {value}\n"
    routing = (state["routing"] or "").partition(" ")[0]
    labels = {"routing": routing, "files": state["files"]} | (state["node"] or {})
    text = ",".join(f'{name}="{value}"' for name, value in labels.items())
    yield f"# TYPE podnet_agent_info gauge\npodnet_agent_info{{{text}}} 1\n"
