"""What bears the tag of a stack and is in no state: removed where it is unused, else named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from podnet.lab.clients import Client, Item, instances
from podnet.lab.engines.adoption.ec2 import attached, is_empty
from podnet.lab.engines.errors import EngineError
from podnet.plan.deployed import LIVE_STATES
from podnet.plan.tags import STACK
from podnet.world.reader.calls import pages

VPC, GATEWAY, TABLE = (
    "aws:ec2/vpc:Vpc",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/routeTable:RouteTable",
)
SUBNET, GROUP, INSTANCE = (
    "aws:ec2/subnet:Subnet",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/instance:Instance",
)
COMMANDS = {
    VPC: "aws ec2 delete-vpc --vpc-id",
    GATEWAY: "aws ec2 delete-internet-gateway --internet-gateway-id",
    TABLE: "aws ec2 delete-route-table --route-table-id",
    SUBNET: "aws ec2 delete-subnet --subnet-id",
    GROUP: "aws ec2 delete-security-group --group-id",
    INSTANCE: "aws ec2 terminate-instances --instance-ids",
}
"""What deletes a resource of each type, but for its id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leftover:
    """Something that bears the stack's tag and that the state does not have."""

    type: str
    id: str
    unused: bool = False
    """Whether it is empty: a repeated call made it, and nothing came to depend on it."""

    @property
    def text(self) -> str:
        """The sentence that names it, with the way to be rid of it."""
        return (
            f"{self.id} bears this stack's tag {STACK}, and the state of this deployment does not "
            f"have it: another state deploys a stack of this name, or a state was lost. It is left "
            f"as it is; if nobody needs it, delete it: `{COMMANDS[self.type]} {self.id}`"
        )


def in_another_state(ids: Sequence[str]) -> EngineError:
    """The error of a deployment that would make the stack a second time."""
    return EngineError(
        f"{', '.join(ids)}: in use, with the tags of this stack, and the state of this deployment "
        f"does not have it: another state deploys a stack of this name into the account, or the "
        f"state was lost. Nothing was changed; put that state back, deploy a stack of another "
        f"name, or destroy the other one first",
        rule="stack-in-another-state",
    )


def outside(client: Client, tagged: list[Item]) -> Iterator[Leftover]:
    """VPCs with this tag, and gateways that are attached to none."""
    for item in pages(client, "describe_vpcs", "Vpcs", Filters=tagged):
        yield Leftover(type=VPC, id=item["VpcId"], unused=is_empty(client, item["VpcId"]))
    gateways = pages(client, "describe_internet_gateways", "InternetGateways", Filters=tagged)
    for item in gateways:
        # One that is attached is named by its VPC.
        if not attached(item):
            yield Leftover(type=GATEWAY, id=item["InternetGatewayId"], unused=True)


def inside(client: Client, filters: list[Item]) -> Iterator[Leftover]:
    """What has this tag in a VPC of the state."""
    for item in pages(client, "describe_route_tables", "RouteTables", Filters=filters):
        unused = not item["Associations"]
        yield Leftover(type=TABLE, id=item["RouteTableId"], unused=unused)
    for item in pages(client, "describe_subnets", "Subnets", Filters=filters):
        yield Leftover(type=SUBNET, id=item["SubnetId"])
    for item in pages(client, "describe_security_groups", "SecurityGroups", Filters=filters):
        # The default group is tagged as well, and goes with its VPC.
        if item["GroupName"] != "default":
            yield Leftover(type=GROUP, id=item["GroupId"])
    live = {"Name": "instance-state-name", "Values": LIVE_STATES}
    for item in instances(client, *filters, live):
        yield Leftover(type=INSTANCE, id=item["InstanceId"])


def delete(client: Client, leftover: Leftover) -> None:
    """Delete what is unused; EC2 refuses where something depends on it meanwhile."""
    if leftover.type == VPC:
        client.delete_vpc(VpcId=leftover.id)
    elif leftover.type == GATEWAY:
        client.delete_internet_gateway(InternetGatewayId=leftover.id)
    else:
        client.delete_route_table(RouteTableId=leftover.id)
