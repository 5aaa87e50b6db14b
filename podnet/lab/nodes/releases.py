"""Which release of files a node runs, and which it is to run."""

from __future__ import annotations

import time

from podnet.lab.nodes.agent_state import AgentState
from podnet.lab.nodes.node import Node
from podnet.userdata.release import short

PROBLEM = "run/podnet-update/problem"
UNDER_WAY = "does not run yet"
NONE = "no release"
"""How problems end and begin, in userdata/updater/fetch.py."""

TRIED_AGAIN_SECONDS = 25.0
"""Two attempts later: an updater asks again every 10 seconds, and a node that boots may have no DNS
yet when it asks first."""


def text(node: Node) -> str:
    """The last word of the node's updater; empty where the node runs what its tag names."""
    try:
        return (node.root / PROBLEM).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def problem(node: Node) -> str:
    """Why the node will not run the release that its tag names; empty if it does or will."""
    found = text(node)
    is_of_this = found.startswith(NONE) or short(node.files) in found
    return found if is_of_this and not found.endswith(UNDER_WAY) else ""


def why_waiting(node: Node, state: AgentState) -> str:
    """The release that is on its way to a node; empty where none is, or none will come."""
    if not node.files or short(state.files) == short(node.files):
        return ""
    found = problem(node)
    if found and not (found.startswith(NONE) and _age(node) < TRIED_AGAIN_SECONDS):
        return ""
    return f"it runs {state.files}, and release {short(node.files)} is on its way"


def _age(node: Node) -> float:
    """Seconds since the updater wrote its last word, which it writes once."""
    try:
        return time.time() - (node.root / PROBLEM).stat().st_mtime
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
