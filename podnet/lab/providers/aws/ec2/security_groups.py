"""Security groups, and the resource that lets nothing into them but what is listed."""

from __future__ import annotations

from typing import Any

from podnet.lab.providers.aws.base import Attempt
from podnet.lab.providers.aws.ec2.resource import Ec2Resource
from podnet.lab.providers.aws.schema import Schema
from podnet.lab.providers.aws.session import gone_is_fine
from podnet.lab.providers.protocol import UNKNOWN, ProviderError, Values

IN_USE = frozenset({"DependencyViolation", "InvalidGroup.InUse"})
DEFAULT_EGRESS: Values = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
DIRECTIONS = {"ingressRuleIds": False, "egressRuleIds": True}
MISSING_ID = "missing ID"
"""The id of what Terraform gives none (pulumi-terraform-bridge, pkg/tfbridge/tokens/fixups.go)."""


class Group(Ec2Resource):
    """Shared by all types that are about a security group."""

    kind = "security-group"
    listing = ("describe_security_groups", "GroupIds", "SecurityGroups", "GroupId")

    def describe(self, id_: str, known: Values) -> Values | None:
        del known
        group = self.fetch(id_)
        return group and {
            "arn": self.arn(id_, group["OwnerId"]),
            "ownerId": group["OwnerId"],
            "name": group["GroupName"],
            "description": group["Description"],
            "vpcId": group["VpcId"],
            "ingress": [block for one in group["IpPermissions"] for block in _blocks(one)],
            "egress": [block for one in group["IpPermissionsEgress"] for block in _blocks(one)],
            "tags": self.session.read_tags(group.get("Tags", [])),
        }

    def rules(self, id_: str) -> list[Values]:
        """The rules of a group, both directions."""
        return self.session.all(
            self.ec2,
            "describe_security_group_rules",
            "SecurityGroupRules",
            Filters=[{"Name": "group-id", "Values": [id_]}],
        )

    def revoke(self, id_: str, rules: list[Values]) -> None:
        """Take rules out of a group."""
        for egress in (False, True):
            ids = [rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"] is egress]
            if ids:
                call = (
                    self.ec2.revoke_security_group_egress
                    if egress
                    else self.ec2.revoke_security_group_ingress
                )
                with gone_is_fine():
                    call(GroupId=id_, SecurityGroupRuleIds=ids)


class SecurityGroup(Group):
    """A security group without inline rules, and without the rule that AWS gives it."""

    type_ = "aws:ec2/securityGroup:SecurityGroup"
    schema = Schema(
        required={"vpcId"},
        optional={"name", "description", "tags"},
        defaults={"description": "Managed by Pulumi"},
        computed={"name"},
        replaced_by={"name", "description", "vpcId"},
    )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        made = self.ec2.create_security_group(
            GroupName=inputs.get("name") or attempt.made_up_name,
            VpcId=inputs["vpcId"],
            Description=inputs["description"],
            **self.tagging(inputs),
        )
        return str(made["GroupId"])

    def created(self, id_: str, inputs: Values) -> Values:
        """Take away the rule with which EC2 lets everything out of a new group."""
        with gone_is_fine():
            self.ec2.revoke_security_group_egress(GroupId=id_, IpPermissions=[DEFAULT_EGRESS])
        return super().created(id_, inputs)

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        self.retag(id_, inputs.get("tags"), live["tags"])

    def delete_call(self, id_: str, known: Values) -> None:
        del known
        self.session.patiently(IN_USE, lambda: self.ec2.delete_security_group(GroupId=id_))


class DefaultSecurityGroup(Group):
    """The group that comes with a VPC: taken over, and stripped of its rules."""

    type_ = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    schema = Schema(
        required={"vpcId"}, optional={"ingress", "egress", "tags"}, replaced_by={"vpcId"}
    )

    def validate(self, inputs: Values) -> None:
        for name in ("ingress", "egress"):
            if inputs.get(name) not in (None, [], UNKNOWN):
                raise ProviderError(
                    f"{name} of {self.type_} must be empty in the lab, which closes the default "
                    f"group; put rules into a group of their own",
                    rule="aws-default-group-must-be-empty",
                )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt  # AWS made it; what follows is the same each time
        own = {"Name": "vpc-id", "Values": [inputs["vpcId"]]}
        groups = self.ec2.describe_security_groups(
            Filters=[own, {"Name": "group-name", "Values": ["default"]}]
        )["SecurityGroups"]
        if not groups:
            raise ProviderError(
                f"VPC {inputs['vpcId']} has no default security group",
                rule="aws-default-group-missing",
            )
        return str(groups[0]["GroupId"])

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        self.revoke(id_, self.rules(id_))
        self.retag(id_, inputs.get("tags"), live["tags"])

    def delete_call(self, id_: str, known: Values) -> None:
        """Nothing: it goes with its VPC."""


class VpcSecurityGroupRulesExclusive(Group):
    """The rules that a group may have; all others are revoked."""

    type_ = "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive"
    schema = Schema(
        required={"securityGroupId", "ingressRuleIds", "egressRuleIds"},
        key={"securityGroupId"},
        replaced_by={"securityGroupId"},
        unordered={"ingressRuleIds", "egressRuleIds"},
    )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del inputs, attempt  # nothing of its own is made
        return MISSING_ID

    def imported(self, id_: str) -> Values:
        return {"securityGroupId": id_}

    def describe(self, id_: str, known: Values) -> Values | None:
        del id_
        group = str(known["securityGroupId"])
        if self.fetch(group) is None:
            return None
        rules = self.rules(group)
        return {
            "securityGroupId": group,
            **{
                name: sorted(
                    rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"] is egress
                )
                for name, egress in DIRECTIONS.items()
            },
        }

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        del id_, live
        group = str(inputs["securityGroupId"])
        self.revoke(
            group,
            [
                rule
                for rule in self.rules(group)
                for name, egress in DIRECTIONS.items()
                if rule["IsEgress"] is egress and rule["SecurityGroupRuleId"] not in inputs[name]
            ],
        )

    def delete_call(self, id_: str, known: Values) -> None:
        """Nothing: the rules belong to the resources that made them."""


def _blocks(permission: Values) -> list[Values]:
    """A permission of the API as inline rules, one a peer."""
    common: dict[str, Any] = {
        "protocol": permission["IpProtocol"],
        "fromPort": permission.get("FromPort", 0),
        "toPort": permission.get("ToPort", 0),
    }
    return [
        *(
            {**common, "cidrBlocks": [one["CidrIp"]], "description": one.get("Description", "")}
            for one in permission.get("IpRanges", [])
        ),
        *(
            {
                **common,
                "ipv6CidrBlocks": [one["CidrIpv6"]],
                "description": one.get("Description", ""),
            }
            for one in permission.get("Ipv6Ranges", [])
        ),
        *(
            {
                **common,
                "prefixListIds": [one["PrefixListId"]],
                "description": one.get("Description", ""),
            }
            for one in permission.get("PrefixListIds", [])
        ),
        *(
            {
                **common,
                "securityGroups": [one["GroupId"]],
                "description": one.get("Description", ""),
            }
            for one in permission.get("UserIdGroupPairs", [])
        ),
    ]
