"""The command that sends packets between all pods and nodes, of the lab or of real ones.

With `--live` nothing of the lab is loaded: it is for machines that hold none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from podnet.cli.app import show as warn
from podnet.cli.console import step
from podnet.cli.matrix_output import format_options, show
from podnet.errors import UserError
from podnet.probe.matrix import Matrix

KUBERNETES, SSM = "kubernetes", "ssm"
FOR = {
    "kubeconfig": KUBERNETES,
    "context": KUBERNETES,
    "image": KUBERNETES,
    "expect": KUBERNETES,
    "region": SSM,
    "vpc": SSM,
    "nodes": SSM,
}
"""The options that are for one kind of `--live` alone."""

commands = click.Group()


@commands.command()
@click.option("--stack", help="A stack of the lab, or of --live=ssm; the current or only one.")
@click.option(
    "--live",
    type=click.Choice((KUBERNETES, SSM)),
    is_flag=False,
    flag_value=KUBERNETES,
    help="Probe real nodes: of a cluster by its kubeconfig, or bare ones by Systems Manager.",
)
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path),
    help="With --live: of the cluster; kubectl's own by default.",
)
@click.option("--context", help="With --live: of the kubeconfig; its current one by default.")
@click.option("--image", help="With --live: an image with Python 3.11 or newer.")
@click.option(
    "--expect",
    type=click.IntRange(min=1),
    help="With --live: how many nodes there must be; those that the API lists by default.",
)
@click.option("--region", help="With --live=ssm: the region; by default the AWS CLI's own.")
@click.option("--vpc", metavar="ID", help="With --live=ssm: the VPC, where several fit.")
@click.option(
    "--nodes",
    metavar="NUMBERS",
    help="With --live=ssm: nodes that must be there, as in 1-3; by default by the VPC's tag.",
)
@click.option(
    "--wait",
    type=click.IntRange(min=1, max=3600),
    default=120,
    show_default=True,
    help="With --live: seconds until the pods must be ready.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1, max=60),
    default=2.0,
    show_default=True,
    help="With --live: seconds that a check may take.",
)
@format_options
def matrix(
    stack: str | None,
    live: str | None,
    form: str,
    *,
    as_json: bool,
    **options: Any,  # noqa: ANN401  # as Click gives them
) -> None:
    """Send packets between all pairs of pods and nodes; show the verdict."""
    _check(stack, live, [name for name in FOR if options[name]])
    if live == SSM:
        verdict = _of_nodes(stack, options)
    else:
        verdict = _of_cluster(options) if live else _of_lab(stack)
    show(verdict, form, as_json=as_json)


def _check(stack: str | None, live: str | None, given: list[str]) -> None:
    if astray := [name for name in given if FOR[name] != live]:
        raise UserError(
            f"--{astray[0]} is for --live={FOR[astray[0]]}; give that as well",
            rule="option-without-live",
        )
    if stack and live == KUBERNETES:
        raise UserError(
            "--stack names a stack of the lab, or of --live=ssm; --kubeconfig and --context name a "
            "cluster",
            rule="stack-with-live",
        )


def _of_cluster(options: dict[str, Any]) -> Matrix:
    try:
        from podnet.cluster.api import connect  # noqa: PLC0415  # may be missing, loads slowly
    except ModuleNotFoundError as error:
        raise UserError(
            f"`podnet matrix --live` needs the Kubernetes client ({error}); install podnet[live]",
            rule="kubernetes-client-missing",
        ) from None
    from podnet.cluster.run import Probe, probe_cluster  # noqa: PLC0415  # as above
    from podnet.cluster.workload import IMAGE  # noqa: PLC0415  # as above

    wanted = Probe(
        image=options["image"] or IMAGE,
        expect=options["expect"],
        wait=options["wait"],
        timeout=options["timeout"],
    )
    with step("packets between all pairs") as note:
        cluster = connect(options["kubeconfig"], options["context"])
        verdict = probe_cluster(cluster, wanted, note, warn)
        note(f"{verdict.passed} of {verdict.pairs} pairs passed")
    return verdict


def _of_nodes(stack: str | None, options: dict[str, Any]) -> Matrix:
    from podnet.account import stacks  # noqa: PLC0415  # loads slowly
    from podnet.account.matrix import Probe, probe_nodes  # noqa: PLC0415  # as above
    from podnet.account.session import client  # noqa: PLC0415  # as above
    from podnet.verify.choice import subject  # noqa: PLC0415  # as above

    with step("packets between all pairs") as note:
        found = stacks.find(stack, options["vpc"], options["region"])
        about = subject(found.world, found.vpc, options["nodes"])
        wanted = Probe(seconds=options["wait"], timeout=options["timeout"], note=note, warn=warn)
        verdict = probe_nodes(about, client("ssm", found.region), wanted)
        note(f"{verdict.passed} of {verdict.pairs} pairs passed")
    return verdict


def _of_lab(stack: str | None) -> Matrix:
    from podnet.lab.commands.options import deployed_stack  # noqa: PLC0415  # see above
    from podnet.lab.stack.expected import expected_nodes, probe  # noqa: PLC0415

    chosen = deployed_stack(stack)
    wanted, nodes, running = expected_nodes(chosen), chosen.nodes(), chosen.pods()
    pods = running.running(nodes)
    with step("packets between all pairs") as note:
        verdict = probe(chosen, running, wanted, nodes, pods)
        note(f"{verdict.passed} of {verdict.pairs} pairs passed")
    return verdict
