"""Renders the status of a stack in an account: a row a node, and what is not as it should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from podnet.account.status import NodeStatus, Status
from podnet.cli.render import table
from podnet.verify.pod_routes import Surplus

MOST_ROUTES = 20
"""Routes of a kind that are listed; the others are counted."""
WARN, BAD, GOOD = "yellow", "red", "green"


class StatusTable:
    """Renders the nodes, what they named, and the routes that nobody needs."""

    def __init__(self, status: Status) -> None:
        self.status = status

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table and the lines below it."""
        del console, options
        rows = table("node", "instance", "address", "assigned", "applied", "files")
        for node in self.status.nodes:
            rows.add_row(
                node.name,
                _instance(node),
                str(node.address or ""),
                _routing(node.assigned) if node.instance_id else "",
                _applied(node),
                _files(node),
            )
        yield rows
        for text in self._lines():
            yield Text(text, WARN)
        yield Text(self.status.verdict, GOOD if self.status.is_settled else WARN)

    def _lines(self) -> Iterator[str]:
        for node in self.status.nodes:
            if node.said:
                yield from (f"{node.name} is not ready: {each}" for each in node.said.problems)
            if node.remark:
                yield f"{node.name}: {node.remark}"
        yield from self.status.remarks
        unmanaged = [each for each in self.status.routes if each.unmanaged]
        yield from _listed("unmanaged route in the pod range, left alone", unmanaged)
        yield from _listed("stale route", [each for each in self.status.routes if each.why])


def _instance(node: NodeStatus) -> Text:
    if node.instance_id is None:
        return Text(node.state, BAD)
    style = "" if node.state == "running" else WARN
    return Text.assemble(f"{node.instance_id}\n", (node.state, style))


def _applied(node: NodeStatus) -> Text:
    if node.instance_id is None:
        return Text()
    text = Text(_routing(node.applied), "" if node.applied == node.assigned else WARN)
    if node.said:
        text.append(f"\nsaid {node.said.time.replace('+00:00', 'Z')}", "dim")
    return text


def _routing(routing: str | None) -> str:
    """The mode, and its numbers below it."""
    return routing.replace(" ", "\n", 1) if routing else "none"


def _files(node: NodeStatus) -> Text:
    """The release that a node runs, and the one that it is to run where that is another."""
    if node.instance_id is None:
        return Text()
    running, assigned = node.applied_files or "none", node.files or "none"
    if running == assigned:
        return Text(running)
    return Text.assemble(f"{running}\n", (f"assigned:\n{assigned}", WARN))


def _listed(what: str, routes: Sequence[Surplus]) -> Iterator[str]:
    for each in routes[:MOST_ROUTES]:
        yield f"{what}: {each}" + (f": {each.why}" if each.why else "")
    if more := routes[MOST_ROUTES:]:
        yield f"{what}: and {len(more)} more, which --json lists"
