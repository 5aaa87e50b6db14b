"""The command that is kubectl, and what `status` tells of a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from subprocess import TimeoutExpired
from typing import Annotated

import typer
from rich.table import Table

from lab.cli import runtimes
from lab.cli.app import app, existing_home
from lab.cli.cloud import running_cloud
from lab.errors import LabError
from lab.home import Home
from lab.kubernetes.cluster import Cluster
from lab.kubernetes.nodes import Member
from lab.kubernetes.pods import Object
from plan.settings import Settings

AnyStack = Annotated[
    str | None,
    typer.Option("--stack", help="A stack of stacks/; the one with a cluster if there is but one."),
]


@app.command(
    context_settings={
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    }
)
def kubectl(
    words: Annotated[list[str] | None, typer.Argument(metavar="[WORDS]...")] = None,
    stack: AnyStack = None,
) -> None:
    """Run kubectl for a stack's cluster, as its administrator and from the lab's internet."""
    home = existing_home()
    endpoint = running_cloud(home)
    runtimes.kubectl(home, stack or _only_one(home, endpoint), endpoint).become(words or [])


def _only_one(home: Home, endpoint: str) -> str:
    folder = home.directory / "engines"
    deployed = sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []
    found = [stack for stack in deployed if runtimes.cluster(home, stack, endpoint)]
    if not found:
        raise LabError(
            "no stack of this lab has Kubernetes; `podnet up --stack kubernetes` makes a cluster"
        )
    if len(found) > 1:
        raise LabError(f"{', '.join(found)} have a cluster each; name one by --stack")
    return found[0]


def members_table(cluster: Cluster, settings: Settings, table: Table) -> None:
    """Put a row for each Node object into a table, and for each node that has none."""
    found = cluster.members()
    wanted = [f"node-{number}" for number in range(1, settings.node_count + 1)]
    for name in [*wanted, *(each for each in found if each not in wanted)]:
        member = found.get(name)
        if member is None:
            table.add_row(name, "[yellow]has not joined[/]", "", "")
            continue
        ready = member.why_not_ready or ("Ready" if member.schedulable else "Ready, drained")
        table.add_row(name, ready, member.version, _block(member, settings))


def _block(member: Member, settings: Settings) -> str:
    number = member.name.removeprefix("node-")
    plan = settings.addresses
    if not number.isdigit() or int(number) > plan.capacity:
        return f"{member.block} [yellow]no node of this stack[/]"
    by_rule = str(plan.block(plan.node(int(number))))
    if member.block == by_rule:
        return f"{member.block} (by the rule)"
    return f"{member.block or 'none yet'} [yellow]the rule says {by_rule}[/]"


def pods_by_node(cluster: Cluster) -> Mapping[str, list[str]]:
    """The pods with addresses of their own on each node, a line each."""
    lines: dict[str, list[str]] = {}
    for item in cluster.pods():
        if not item["spec"].get("hostNetwork"):
            lines.setdefault(item["spec"].get("nodeName", ""), []).append(_line(item))
    return {node: sorted(each) for node, each in lines.items()}


def _line(item: Object) -> str:
    meta, status = item["metadata"], item["status"]
    return f"{meta['namespace']}/{meta['name']} {status.get('podIP') or status['phase']}"


SILENT = (LabError, TimeoutExpired)
"""What asking a cluster raises that does not answer."""
