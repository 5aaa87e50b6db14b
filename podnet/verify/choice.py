"""Which stack a proof is about, among those whose VPCs a world or an account shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from podnet.errors import UserError
from podnet.plan.nodes import names_of
from podnet.plan.tags import NODES, STACK, short
from podnet.verify.subject import Subject
from podnet.world.model import Vpc, World


def choose(vpcs: Iterable[Vpc], stack: str | None, vpc_id: str | None, place: str) -> Vpc:
    """The VPC of the stack that is meant: by its name or identity, its VPC, or the only one.

    `place` is where the VPCs were found, in words. Raises `UserError` where none or several fit.
    """
    found = [vpc for vpc in vpcs if STACK in vpc.tags]
    if not found:
        raise UserError(
            f"there is no stack in {place}: no VPC has the tag {STACK}; check the region and the "
            "account, or deploy one",
            rule="stacks-missing",
        )
    fitting = [vpc for vpc in found if _fits(vpc, stack, vpc_id)]
    if not fitting:
        asked = " in ".join(filter(None, (stack, vpc_id)))
        raise UserError(
            f"there is no stack {asked} in {place}; there is {_listed(found)}",
            rule="stack-not-found",
        )
    if len({vpc.tags[STACK] for vpc in fitting}) > 1:
        raise UserError(
            f"{place} has several stacks: {_listed(fitting)}; name one with --stack",
            rule="stack-ambiguous",
        )
    if fitting[1:]:
        raise UserError(
            f"{len(fitting)} VPCs have the tags of stack {fitting[0].tags[STACK]}: "
            f"{', '.join(vpc.id for vpc in fitting)}; choose one with --vpc, and delete the one "
            "that a deployment or a copy of its tags has left",
            rule="vpc-ambiguous",
        )
    return fitting[0]


def subject(world: World, vpc: Vpc, nodes: str | None) -> Subject:
    """The stack of a VPC, with the nodes that its tag says are to be there, or `nodes` says.

    Raises `UserError` where nobody says it.
    """
    identity = vpc.tags[STACK]
    said = nodes or vpc.tags.get(NODES)
    if said is None:
        raise UserError(
            f"{vpc.id} of stack {identity} has no tag {NODES}, so nobody says which nodes must be "
            "there; deploy the stack again, or name them: --nodes 1-3",
            rule="nodes-unsaid",
        )
    try:
        expected = names_of(said)
    except ValueError as error:
        where = "--nodes" if nodes else f"the tag {NODES} of {vpc.id}"
        raise UserError(
            f"{where}: {error}; write the numbers of the nodes", rule="nodes-malformed"
        ) from error
    return Subject(world=world, vpc=vpc, identity=identity, expected=expected)


def _fits(vpc: Vpc, stack: str | None, vpc_id: str | None) -> bool:
    identity = vpc.tags[STACK]
    return vpc_id in (None, vpc.id) and stack in (None, identity, short(identity))


def _listed(vpcs: Sequence[Vpc]) -> str:
    return ", ".join(sorted(f"{vpc.tags[STACK]} ({vpc.id})" for vpc in vpcs))
