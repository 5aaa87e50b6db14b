"""How the modules of the plan lean on each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

PLAN = Path(__file__).resolve().parents[3] / "plan"


def modules() -> dict[str, Path]:
    """The modules of the plan by the names that they are imported by."""
    found = {}
    for file in PLAN.rglob("*.py"):
        parts = ("plan", *file.relative_to(PLAN).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported(file: Path) -> Iterator[str]:
    """What a module imports, wherever in it, what is only for type checkers included."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_two_modules_of_the_plan_need_each_other():
    known = modules()
    # Every module is imported through its packages, and those that do something count as needed.
    graph = {
        name: {other for other in imported(file) if other in known} - {"plan", name}
        for name, file in known.items()
    }
    order = list(TopologicalSorter(graph).static_order())

    assert order.index("plan.values") < order.index("plan.rules") < order.index("plan.settings")
