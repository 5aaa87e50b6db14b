"""The command that follows a packet between two ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from podnet.cli.app import json_option
from podnet.cli.console import out
from podnet.cli.sources import Source, source_options
from podnet.cli.trace_table import TraceTable
from podnet.errors import UserError
from podnet.probe import Result
from podnet.verify.proof import PROTOCOLS, Verdict
from podnet.verify.trace import end
from podnet.verify.trace import trace as walk

commands = click.Group()


@commands.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option(
    "--protocol", type=click.Choice(PROTOCOLS), default="tcp", show_default=True, help="Of packets."
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="The destination port; without it, what holds for all ports.",
)
@click.option("--packets", is_flag=True, help="In the lab: send packets too, and show both.")
@source_options
@json_option
def trace(  # noqa: PLR0913  # one for each option
    *,
    source: str,
    target: str,
    protocol: str,
    port: int | None,
    packets: bool,
    as_json: bool,
    **where: Any,  # noqa: ANN401  # options
) -> None:
    """Follow a packet from one end to another on paper, hop by hop, and back.

    FROM and TO are nodes, pods of the lab, addresses, interfaces, or `internet`. The exit code is 0
    where packets arrive both ways, and 1 where they do not.
    """
    if port is not None and protocol == "icmp":
        raise UserError("ICMP has no ports; leave out --port", rule="port-of-icmp")
    chosen = Source(**where)
    chosen.check_packets(packets=packets)
    subject = chosen.subject()
    ends = end(subject, source, chosen.pods), end(subject, target, chosen.pods)
    ways = walk(subject, *ends, protocol, port)
    sent = chosen.send(*ends) if packets else None
    if as_json:
        click.echo(json.dumps(_to_json(ways, sent), indent=2))
    else:
        out.print(TraceTable(ways, sent))
    if any(way.failure for way in ways) or any(result.reason for result in sent or ()):
        raise SystemExit(1)


def _to_json(ways: Sequence[Verdict], sent: Sequence[Result] | None) -> dict[str, object]:
    found: dict[str, object] = {"ways": [way.to_json() for way in ways]}
    if sent is not None:
        found["packets"] = [
            {
                "from": result.source,
                "to": result.target,
                "check": str(result.check),
                "reason": result.reason,
            }
            for result in sent
        ]
    return found
