"""The account as a recovery reads it: one rule for every resource type, and what is left over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from podnet.lab.clients import Client, Clients
from podnet.lab.engines.adoption import ec2, leftovers, logs, others
from podnet.lab.engines.adoption.found import Found, Wanted
from podnet.lab.engines.adoption.leftovers import VPC, Leftover
from podnet.lab.providers.protocol import Values
from podnet.plan.tags import STACK
from podnet.world.reader.calls import pages

Finder = Callable[[Client, Wanted], Found | None]
Recorded = Mapping[str, Collection[str]]
"""The ids that a state has, by type."""

FINDERS: Mapping[str, tuple[str, Finder]] = {
    "aws:ec2/vpc:Vpc": ("ec2", ec2.vpc),
    "aws:ec2/subnet:Subnet": ("ec2", ec2.subnet),
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": (
        "ec2",
        ec2.secondary_range,
    ),
    "aws:ec2/subnetCidrReservation:SubnetCidrReservation": ("ec2", ec2.reservation),
    "aws:ec2/internetGateway:InternetGateway": ("ec2", ec2.gateway),
    "aws:ec2/routeTable:RouteTable": ("ec2", ec2.route_table),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("ec2", ec2.association),
    "aws:ec2/route:Route": ("ec2", ec2.route),
    "aws:ec2/securityGroup:SecurityGroup": ("ec2", ec2.group),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("ec2", ec2.rule),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("ec2", ec2.rule),
    "aws:ec2/instance:Instance": ("ec2", ec2.instance),
    "aws:ec2/tag:Tag": ("ec2", ec2.tag),
    "aws:iam/role:Role": ("iam", others.role),
    "aws:iam/rolePolicy:RolePolicy": ("iam", others.policy),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("iam", others.attachment),
    "aws:iam/instanceProfile:InstanceProfile": ("iam", others.profile),
    "aws:ssm/parameter:Parameter": ("ssm", others.parameter),
    "aws:ec2/flowLog:FlowLog": ("ec2", logs.flow_log),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", logs.group),
}
"""How the resources of each type are found, and by which service."""

NOTHING_OF_ITS_OWN = frozenset(
    {
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive",
    }
)
"""Types whose creation makes nothing: it takes over what is there, as often as it is repeated."""


class Account:
    """What exists behind one endpoint in one region."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._clients = Clients(endpoint)
        self._region = region

    @staticmethod
    def serves(type_: str) -> bool:
        """Whether creations of this type are looked for here."""
        return type_ in FINDERS or type_ in NOTHING_OF_ITS_OWN

    def find(
        self, type_: str, name: str, inputs: Values, recorded: Collection[str]
    ) -> Found | None:
        """The resource that a creation with these inputs made, and that no state has."""
        if type_ in NOTHING_OF_ITS_OWN:
            return None
        service, finder = FINDERS[type_]
        wanted = Wanted(type=type_, name=name, inputs=inputs, recorded=recorded)
        return finder(self._client(service), wanted)

    def finish(self, type_: str, found: Found) -> None:
        """Make the calls of a creation whose lack nothing in the state would show."""
        if type_ == leftovers.GROUP:
            ec2.close(self._client("ec2"), found.id)

    def occupied(self, type_: str, inputs: Values, recorded: Collection[str]) -> list[str]:
        """The VPCs in use that bear the tags of a VPC which is about to be made."""
        if type_ != VPC:
            return []
        client = self._client("ec2")
        wanted = Wanted(type=type_, name="", inputs=inputs, recorded=recorded)
        found = pages(client, "describe_vpcs", "Vpcs", Filters=ec2.of_stack(wanted))
        ids = sorted({item["VpcId"] for item in found} - set(recorded))
        return [id_ for id_ in ids if not ec2.is_empty(client, id_)]

    def leftovers(self, stacks: Collection[str], recorded: Recorded) -> list[Leftover]:
        """What bears the tag of one of these stacks and is in no record."""
        if not stacks:
            return []
        client = self._client("ec2")
        tagged = [{"Name": f"tag:{STACK}", "Values": sorted(stacks)}]
        found = [
            each
            for each in leftovers.outside(client, tagged)
            if each.id not in recorded.get(each.type, ())
        ]
        for vpc in sorted(recorded.get(VPC, ())):
            found += [
                each
                for each in leftovers.inside(client, [*tagged, *ec2.where(vpc_id=vpc)])
                if each.id not in recorded.get(each.type, ())
            ]
        return found

    def delete(self, leftover: Leftover) -> None:
        """Delete what nothing depends on; EC2 refuses where something does meanwhile."""
        leftovers.delete(self._client("ec2"), leftover)

    def _client(self, service: str) -> Client:
        return self._clients.get(service, self._region)
