"""The command that writes a page about a stack."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from podnet.cli.console import out, step
from podnet.cli.output import writable
from podnet.cli.sources import Source, source_options
from podnet.cli.versions import versions
from podnet.errors import UserError
from podnet.plan.tags import short
from podnet.report.headroom import COUNTED, headroom
from podnet.report.packets import Packets
from podnet.report.page import Report, render
from podnet.system.files import write_atomically

commands = click.Group()


@commands.command()
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("podnet-report.html"),
    show_default=True,
    help="The file to write.",
)
@click.option(
    "--matrix",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What `podnet matrix --json` wrote; sends no packets.",
)
@click.option("--no-packets", is_flag=True, help="Send no packets in the lab.")
@source_options
def report(
    *,
    output: Path,
    matrix: Path | None,
    no_packets: bool,
    **where: Any,  # noqa: ANN401  # options
) -> None:
    """Write one HTML file: the topology, the matrix, the proof and what is left of quotas.

    The exit code is 0 where the file is written, whatever it says.
    """
    chosen = Source(**where)
    subject = chosen.subject()
    packets, said = _packets(chosen, matrix, no_packets=no_packets)
    page = Report(
        title=f"stack {short(subject.identity)}",
        world=subject.world,
        vpc=subject.vpc,
        nodes=subject.nodes,
        proof=subject.prove(),
        packets=packets,
        packets_from=said,
        quotas=headroom(subject.world, subject.vpc.id, chosen.limits(COUNTED)),
        origin=chosen.origin,
        made=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        versions=versions(),
    )
    with writable(output):
        write_atomically(output, render(page))
    out.print(f"{output}: {page.verdict}", markup=False, soft_wrap=True)


def _packets(
    source: Source, matrix: Path | None, *, no_packets: bool
) -> tuple[Packets | None, str]:
    """The matrix, and a sentence on where it comes from or why there is none."""
    if matrix:
        return Packets.parse(_text(matrix), str(matrix)), f"Read from {matrix.name}."
    if source.reads_alone:
        return None, "`podnet matrix --json` sends some, and `podnet report --matrix` shows them."
    if no_packets:
        return None, "`podnet report` without --no-packets sends some."
    with step("packets between all pairs") as note:
        sent = source.matrix()
        note(f"{sent.passed} of {sent.pairs} pairs passed")
    return Packets.parse(json.dumps(sent.to_json()), "the matrix"), "Sent in the lab."


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file} is no text; give what `podnet matrix --json` wrote",
            rule="matrix-file-not-text",
        ) from error
