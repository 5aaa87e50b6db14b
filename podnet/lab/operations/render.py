"""Tables and lines that several commands print."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape

from podnet.cli.console import err, out
from podnet.cli.matrix_table import MatrixTable
from podnet.cli.render import table
from podnet.lab.engines.report import Summary
from podnet.lab.operations.verification import Verification
from podnet.lab.stack.engine import summary_line


def show_changes(summary: Summary) -> None:
    """The changes of a run, a line each, and how many."""
    for line in describe(summary):
        out.print(line, soft_wrap=True)
    err.print(summary_line(summary))


def describe(summary: Summary) -> Iterator[str]:
    """The changes of a summary, a line each, with the properties that differ."""
    marks = {
        "create": "[green]+[/green]",
        "update": "[yellow]~[/yellow]",
        "replace": "[magenta]±[/magenta]",
        "delete": "[red]-[/red]",
        "refresh": "[cyan]~[/cyan]",
    }
    for item in summary.changes:
        yield f"  {marks[item.op]} {item.op:8} {item.type:45} {item.name}"
        yield from (f"      {escape(line)}" for line in item.detail.splitlines())


def show_verification(verification: Verification) -> None:
    """The matrix and the table of addresses; ends the command with 1 where a pair failed."""
    out.print(MatrixTable(verification.matrix))
    addresses = table("node", "zone", "address", "public address", "pod block", "pods")
    for node in verification.nodes:
        planned = verification.summary.outputs["nodes"][node.name]
        pods = (pod for pod in verification.pods if pod.node.name == node.name)
        addresses.add_row(
            node.name,
            planned["zone"],
            planned["privateIp"],
            planned["publicIp"],
            planned["podBlock"],
            "\n".join(f"{pod.name} {pod.address}" for pod in pods),
        )
    out.print(addresses)
    if verification.matrix.failed:
        raise SystemExit(1)
