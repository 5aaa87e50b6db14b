"""The command that proves a deployed stack on paper, from what an API or a file says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from podnet.cli.app import json_option
from podnet.cli.console import out
from podnet.cli.proof_table import ProofTable
from podnet.cli.rules_table import RulesTable
from podnet.cli.sources import Source, source_options
from podnet.errors import UserError
from podnet.verify.rules import uses
from podnet.world import saved

commands = click.Group()


@commands.command()
@source_options
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what was read to a file, for --file.",
)
@click.option(
    "--rules", is_flag=True, help="Show also how many pairs each rule of the nodes' groups serves."
)
@json_option
def verify(
    *,
    save: Path | None,
    rules: bool,
    as_json: bool,
    **where: Any,  # noqa: ANN401  # options
) -> None:
    """Prove on paper, without a packet, that all packets of pods and nodes arrive.

    It reads the current stack of the lab, with --live that of an AWS account, with --plan what
    a preview plans, and with --file what --save wrote. The exit code is 0 where the proof holds,
    and 1 where it does not.
    """
    source = Source(**where)
    if save and source.plan:
        raise UserError(
            "--save writes what an API says, and a plan is a file already: keep that one, or leave "
            "out --save",
            rule="save-of-plan",
        )
    subject = source.subject()
    if save:
        saved.save(subject.world, save)
    proof = subject.prove()
    found = uses(subject) if rules else None
    if as_json:
        listed = {} if found is None else {"rules": [use.to_json() for use in found]}
        click.echo(json.dumps(proof.to_json() | listed, indent=2))
    else:
        if found is not None:
            out.print(RulesTable(found))
        out.print(ProofTable(proof))
    if not proof.holds:
        raise SystemExit(1)
