"""The stacks of an account in one region, found by the tags of their VPCs."""

from __future__ import annotations

from dataclasses import dataclass

from podnet.account.session import client, explained
from podnet.plan.tags import STACK
from podnet.verify.choice import choose
from podnet.world.model import Vpc, World
from podnet.world.reader import rows
from podnet.world.reader.calls import pages
from podnet.world.reader.read import read


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A stack of an account, and how many there are beside it."""

    world: World
    """Its VPC alone."""
    vpc: Vpc
    region: str
    count: int
    """Stacks in the region, this one included."""


def find(stack: str | None, vpc_id: str | None, region: str | None) -> Found:
    """Read the VPC of a stack: the one that is meant, or the only one.

    Raises `UserError` for whatever keeps the account from being read.
    """
    ec2 = client("ec2", region)
    where = f"region {ec2.meta.region_name}"
    filters = [{"Name": "tag-key", "Values": [STACK]}]
    with explained():
        tagged = [rows.vpc(row) for row in pages(ec2, "describe_vpcs", "Vpcs", Filters=filters)]
        vpc = choose(tagged, stack, vpc_id, where)
        return Found(
            world=read(ec2, vpc.id),
            vpc=vpc,
            region=ec2.meta.region_name,
            count=len({each.tags[STACK] for each in tagged}),
        )
