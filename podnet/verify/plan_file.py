"""What a proof is about where a preview says it: the stack as its plan leaves it."""

from __future__ import annotations

from podnet.errors import UserError
from podnet.plan.config import SettingsError, load
from podnet.plan.nodes import planned_nodes
from podnet.plan.settings import Fabric, Settings
from podnet.plan.tags import NODE, STACK
from podnet.verify.subject import Subject
from podnet.world.model import World
from podnet.world.plan.file import PlanFile, read
from podnet.world.plan.reading import read as read_world


def subject(text: str, origin: str) -> Subject:
    """The stack in the plan of a preview, with the nodes that the plan's settings ask for.

    `origin` names the file in errors. Raises `UserError` for a file that is no plan of podnet's.
    """
    plan = read(text, origin)
    found = read_world(plan.resources)
    settings = _settings(plan, origin)
    unmodelled = list(found.unmodelled)
    if settings.fabric is Fabric.SWITCH:
        unmodelled.append("podnet:fabric is switch, and plain switches are no VPC")
    vpc, identity = _place(found.world, origin)
    return Subject(
        world=found.world,
        vpc=found.world.vpc(vpc),
        identity=identity,
        expected=tuple(node.name for node in planned_nodes(settings)),
        unmodelled=tuple(unmodelled),
    )


def _settings(plan: PlanFile, origin: str) -> Settings:
    try:
        return load(plan.config)
    except SettingsError as error:
        raise UserError(f"{origin}: {error}", rule="plan-settings-invalid") from error


def _place(world: World, origin: str) -> tuple[str, str]:
    """The VPC and the stack of the first node."""
    for vpc in world.vpcs:
        for instance, _ in world.attached(vpc.id):
            if {STACK, NODE} <= instance.tags.keys():
                return vpc.id, instance.tags[STACK]
    raise UserError(
        f"{origin} has no instance with the tags {STACK} and {NODE}, and so no node of podnet; "
        "preview a stack of podnet that has nodes",
        rule="plan-without-nodes",
    )
