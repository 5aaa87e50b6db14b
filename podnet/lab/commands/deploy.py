"""Commands that deploy: up, preview, refresh, destroy; and down, which removes the lab."""

from __future__ import annotations

import json
from pathlib import Path

import click

from podnet.cli.console import err, step
from podnet.lab.cloud import lifecycle
from podnet.lab.commands.options import (
    Value,
    config_option,
    deployed_stack,
    engine_option,
    in_lab,
    open_home,
    parse_config,
    provider_option,
    show_overrides,
    stack_option,
)
from podnet.lab.machine import lifecycle as machine
from podnet.lab.machine.kernels.kernel import Kind
from podnet.lab.operations import deployment, fault_injection, programs_of_cni
from podnet.lab.operations.deployment import REMOVE_SECONDS, deploying
from podnet.lab.operations.render import show_changes, show_verification
from podnet.lab.operations.verification import verify
from podnet.lab.stack import stacks
from podnet.lab.stack.cloud import declare_fabric
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from podnet.lab.stack.start import require_cloud, start_cloud
from podnet.plan.settings import Fabric

commands = click.Group()


@commands.command()
@stack_option
@engine_option
@config_option
@click.option(
    "--fabric",
    type=Value(Fabric),
    help="What subnets are: as in a VPC (the default), or plain switches.",
)
@click.option(
    "--fault",
    "faults",
    metavar="KIND=WHEN[@ACTIONS]",
    multiple=True,
    help="Inject faults into the lab's API from now on (stale=5, throttle=30%, lost=first), or its "
    "metadata service (metadata-error=2, metadata-slow=3); none ends it.",
)
@click.option(
    "--cni-programs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with the programs of the cni, of which new nodes get a container image.",
)
@click.option(
    "--enforce-iam", is_flag=True, help="Permit what docs/iam permits whoever deploys, and no more."
)
@click.option(
    "--kernel",
    type=Value(Kind),
    help="This machine's own (the default), Debian's for clouds in a virtual machine, or one of "
    "Debian's source in user mode.",
)
@provider_option("aws")
@provider_option("kubernetes")
def up(  # noqa: PLR0913, PLR0917  # an argument for each option
    stack: str | None,
    engine: EngineKind,
    config: tuple[str, ...],
    fabric: Fabric | None,
    faults: tuple[str, ...],
    cni_programs: Path | None,
    *,
    enforce_iam: bool,
    kernel: Kind | None,
    **plugins: str | None,
) -> None:
    """Deploy the stack, wait for its nodes, start pods and verify every pair."""
    del kernel  # `podnet.lab.commands.machine` runs this where that kernel is
    given = parse_config(config)
    home = open_home()
    # A second `up` would otherwise start the same pods.
    with deploying(home):
        name = stacks.to_deploy(home, stack)
        there = LabStack(home, name, "")
        if cni_programs:
            given |= programs_of_cni.use(there, given, cni_programs)
        deployment.require_kernel(there, given)
        declare_fabric(home, fabric)
        chosen = in_lab(home, name, start_cloud(home), engine)
        chosen.choose_plugins(plugins)
        chosen.settings(given)  # refuses what cannot work before it is saved
        asked = fault_injection.settings_of(faults, enforce_iam=enforce_iam)
        chosen.record()
        chosen.save(given)
        show_overrides(chosen)
        if injected := fault_injection.treat(chosen, asked):
            err.print(injected, style="yellow", markup=False)
        verification = verify(chosen, deployment.up(chosen))
    show_verification(verification)


@commands.command()
@stack_option
@engine_option
@click.option(
    "--config",
    "-c",
    metavar="KEY=VALUE",
    multiple=True,
    help="A setting, for this preview only.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="All planned resources, as `pulumi preview --json --show-sames` writes them.",
)
def preview(
    stack: str | None, engine: EngineKind, config: tuple[str, ...], *, as_json: bool
) -> None:
    """Show what `up` would change."""
    once = parse_config(config)
    home = open_home()
    name = stacks.to_deploy(home, stack)
    chosen = in_lab(home, name, require_cloud(home), engine)
    show_overrides(chosen)
    if as_json:
        click.echo(json.dumps(deployment.plan(chosen, once), indent=2))
    else:
        show_changes(deployment.preview(chosen, once))


@commands.command()
@stack_option
@engine_option
def refresh(stack: str | None, engine: EngineKind) -> None:
    """Read what really exists, so that the next `up` repairs what changed behind its back."""
    chosen = deployed_stack(stack, engine)
    with deploying(chosen.home), step(f"refresh of stack {chosen.name}"):
        summary = chosen.engine().refresh()
    show_changes(summary)


@commands.command()
@stack_option
@engine_option
def destroy(stack: str | None, engine: EngineKind) -> None:
    """Delete every resource of the stack; the lab's cloud stays."""
    chosen = deployed_stack(stack, engine)
    with deploying(chosen.home), step(f"destroy stack {chosen.name}") as note:
        summary = deployment.destroy(chosen, note)
    show_changes(summary)


@commands.command()
def down() -> None:
    """Remove everything of the lab: instances, namespaces, mounts, processes and files."""
    home = open_home()
    with deploying(home, REMOVE_SECONDS), step("lab down"):
        machine.end(home)
        lifecycle.down(home)
