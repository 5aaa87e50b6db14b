"""The command that sends packets between all pods and nodes."""

from __future__ import annotations

import json

import click

from podnet.cli.app import json_option
from podnet.cli.console import out, step
from podnet.cli.matrix_table import MatrixTable
from podnet.lab.commands.options import deployed_stack, stack_option
from podnet.lab.stack.expected import expected_nodes, probe

commands = click.Group()


@commands.command()
@stack_option
@json_option
def matrix(stack: str | None, *, as_json: bool) -> None:
    """Send packets between all pairs of pods and nodes; show the verdict."""
    chosen = deployed_stack(stack)
    wanted, nodes, running = expected_nodes(chosen), chosen.nodes(), chosen.pods()
    pods = running.running(nodes)
    with step("packets between all pairs") as note:
        verdict = probe(chosen, running, wanted, nodes, pods)
        note(f"{verdict.passed} of {verdict.pairs} pairs passed")
    if as_json:
        click.echo(json.dumps(verdict.to_json(), indent=2))
    else:
        out.print(MatrixTable(verdict))
    if verdict.failed:
        raise SystemExit(1)
