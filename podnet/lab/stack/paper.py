"""A stack in the lab as a proof sees it, from what the lab's API says of it."""

from __future__ import annotations

from podnet.errors import UserError
from podnet.lab.clients import client
from podnet.lab.cloud.world.observe import observe
from podnet.lab.stack.expected import expected_nodes
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.tags import STACK
from podnet.verify.proof import Proof
from podnet.verify.subject import Subject


def prove_stack(stack: LabStack) -> Proof:
    """The proof of the VPC that the nodes of a stack are in."""
    return subject(stack).prove()


def subject(stack: LabStack) -> Subject:
    """The VPC that the nodes of a stack are in, and the nodes that the last deployment made."""
    world = observe(stack.ec2, client("iam", stack.endpoint, stack.region))
    vpcs = {
        eni.vpc_id
        for vpc in world.vpcs
        for instance, eni in world.attached(vpc.id)
        if instance.tags.get(STACK) == stack.identity
    }
    if not vpcs:
        raise UserError(
            f"stack {stack.name} has no node; `podnet up` makes some", rule="nothing-to-verify"
        )
    return Subject(
        world=world,
        vpc=world.vpc(min(vpcs)),
        identity=stack.identity,
        expected=tuple(expected_nodes(stack)),
    )
