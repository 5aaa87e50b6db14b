"""The command that changes how a live cluster routes."""

from __future__ import annotations

from collections.abc import Mapping

import click

from podnet.cli.app import show
from podnet.errors import UserError
from podnet.lab.commands.options import (
    Value,
    config_option,
    deployed_stack,
    engine_option,
    parse_config,
    show_overrides,
    stack_option,
)
from podnet.lab.engines.report import Summary
from podnet.lab.operations import deployment, switching
from podnet.lab.operations.deployment import deploying
from podnet.lab.operations.render import show_changes, show_verification
from podnet.lab.operations.verification import verify
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.inventory import node_records
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.routing import Routing, RoutingMode

commands = click.Group()


@commands.command()
@click.argument("mode", type=Value(RoutingMode), help="How pods reach each other from now on.")
@stack_option
@engine_option
@config_option
@click.option("--yes", "-y", is_flag=True, help="Ask nothing.")
def switch(
    mode: RoutingMode,
    stack: str | None,
    engine: EngineKind,
    config: tuple[str, ...],
    *,
    yes: bool,
) -> None:
    """Switch the routing of a live cluster, and save it for the next `up`."""
    overrides = switching.overrides_for(mode, parse_config(config))
    chosen = deployed_stack(stack, engine)
    with deploying(chosen.home):
        deployment.require_kernel(chosen, overrides)
        show_overrides(chosen)
        wanted = chosen.settings(overrides).node_routing
        show_changes(deployment.preview(chosen, overrides))
        assigned = _assigned(chosen)
        new_pods = switching.needs_new_pods(assigned, wanted)
        if new_pods and not yes:
            _ask(f"to or from {RoutingMode.L2}, all pods of {chosen.name} are replaced; go on?")
        if switching.replaces_devices(assigned, wanted) and not yes:
            _ask("another vni or vxlanPort loses packets between nodes for seconds; go on?")
        chosen.record()
        summary = _deploy(chosen, overrides)
        verification = verify(chosen, summary, replace_pods=new_pods)
    show_verification(verification)


def _deploy(stack: LabStack, overrides: Mapping[str, str]) -> Summary:
    """Deploy the switch, and save it once it is done; a failed one leaves the saved settings."""
    try:
        summary = deployment.up(stack, overrides, log=False)
    except UserError:
        kept = stack.settings().node_routing.variant.name
        show(f"this lab still keeps {kept}: `podnet up` goes back to it, the same command goes on")
        raise
    stack.save(overrides)
    return summary


def _assigned(stack: LabStack) -> list[Routing]:
    """The routings that nodes have been assigned, each once."""
    tags = {record.routing for record in node_records(stack).values()}
    return [switching.parse_or_default(tag) for tag in sorted(tags)]


def _ask(question: str) -> None:
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        agreed = False  # the end of the input
    if not agreed:
        raise UserError(
            "nothing was changed; `--yes` answers this question", rule="switch-not-confirmed"
        )
