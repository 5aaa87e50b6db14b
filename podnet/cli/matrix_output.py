"""The options by which a command shows a matrix, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

from podnet.cli import prometheus
from podnet.cli.app import json_option
from podnet.cli.console import out
from podnet.cli.matrix_table import MatrixTable
from podnet.probe.matrix import Matrix

Command = TypeVar("Command", bound=Callable[..., Any])
TABLE, JSON, PROMETHEUS = "table", "json", "prometheus"


def format_options(command: Command) -> Command:
    """`--format`, and `--json` for one of its values."""
    option = click.option(
        "--format",
        "form",
        type=click.Choice((TABLE, JSON, PROMETHEUS)),
        default=TABLE,
        show_default=True,
        help="How to print the verdict; prometheus: for a textfile collector.",
    )
    return option(json_option(command))


def show(matrix: Matrix, form: str, *, as_json: bool) -> None:
    """Print the matrix; a failed or missing row ends the program with 1."""
    match JSON if as_json else form:
        case "json":
            click.echo(json.dumps(matrix.to_json(), indent=2))
        case "prometheus":
            click.echo(prometheus.text(matrix), nl=False)
        case _:
            out.print(MatrixTable(matrix))
    if matrix.failed or matrix.missing:
        raise SystemExit(1)
