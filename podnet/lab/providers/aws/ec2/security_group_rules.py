"""Single rules of security groups."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from podnet.lab.providers.aws.base import Attempt
from podnet.lab.providers.aws.ec2.resource import Ec2Resource
from podnet.lab.providers.aws.schema import Schema
from podnet.lab.providers.aws.session import tag_list
from podnet.lab.providers.protocol import ProviderError, Values

ALL = "-1"
WITH_PORTS = {"tcp", "6", "udp", "17", "icmp", "1"}
"""Protocols of which a rule must name the ports, or a type and a code (EC2 API Reference,
`IpPermission`)."""
PEERS = frozenset({"cidrIpv4", "referencedSecurityGroupId"})


class SecurityGroupRule(Ec2Resource):
    """Shared by the rules of both directions."""

    kind = "security-group-rule"
    listing = (
        "describe_security_group_rules",
        "SecurityGroupRuleIds",
        "SecurityGroupRules",
        "SecurityGroupRuleId",
    )
    schema = Schema(
        required={"securityGroupId", "ipProtocol"},
        optional=PEERS | {"description", "fromPort", "toPort", "tags"},
        replaced_by={"securityGroupId"},
        networks={"cidrIpv4"},
        exclusive={"peer": PEERS},
    )
    egress: ClassVar[bool]

    def validate(self, inputs: Values) -> None:
        ports = [name for name in ("fromPort", "toPort") if name in inputs]
        protocol = inputs["ipProtocol"]
        if protocol == ALL and ports:
            raise ProviderError(
                f"{self.type_} with ipProtocol -1 is for all ports: "
                f"leave out {' and '.join(ports)}",
                rule="aws-rule-ports-superfluous",
            )
        if protocol in WITH_PORTS and len(ports) != len(("fromPort", "toPort")):
            raise ProviderError(
                f"{self.type_} with ipProtocol {protocol} needs fromPort and "
                f"toPort (for icmp: type and code)",
                rule="aws-rule-ports-missing",
            )

    def replacing(self, old: Values, new: Values, changed: Collection[str]) -> set[str]:
        # A rule may change its peer, not the sort of it (EC2 API, ModifySecurityGroupRules).
        sort_changed = {
            name
            for name in PEERS & set(changed)
            if (old.get(name) is None) != (new.get(name) is None)
        }
        return super().replacing(old, new, changed) | sort_changed

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt  # a group has no two rules that say the same
        peer = _peer(inputs)
        call = (
            self.ec2.authorize_security_group_egress
            if self.egress
            else self.ec2.authorize_security_group_ingress
        )
        made = call(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[{**_protocol(inputs), **peer}],
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def created(self, id_: str, inputs: Values) -> Values:
        """Tag the rule, by a second call: an interruption before it leaves a rule without tags."""
        if tags := inputs.get("tags"):
            self.ec2.create_tags(Resources=[id_], Tags=tag_list(tags))
        return super().created(id_, inputs)

    def describe(self, id_: str, known: Values) -> Values | None:
        del known
        rule = self.fetch(id_)
        return rule and self._properties(rule)

    def _properties(self, rule: Values) -> Values:
        # The API says -1 for what was left out, and the provider null (terraform-provider-aws,
        # internal/service/ec2/vpc_security_group_ingress_rule.go, Read).
        portless = rule["IpProtocol"] not in WITH_PORTS
        id_ = rule["SecurityGroupRuleId"]
        return {
            "arn": self.arn(id_, rule.get("GroupOwnerId", "")),
            "securityGroupId": rule["GroupId"],
            "securityGroupRuleId": id_,
            "ipProtocol": rule["IpProtocol"],
            "cidrIpv4": rule.get("CidrIpv4"),
            "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
            "description": rule.get("Description") or None,
            "fromPort": None if portless else rule["FromPort"],
            "toPort": None if portless else rule["ToPort"],
            "tags": self.session.read_tags(rule.get("Tags", [])),
        }

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        # moto drops the description of a rule for a group, so there this follows every creation.
        content = self.schema.served - {"tags"}
        if any(live[name] != inputs.get(name) for name in content):
            peer = (
                {"CidrIpv4": inputs["cidrIpv4"]}
                if "cidrIpv4" in inputs
                else {"ReferencedGroupId": inputs["referencedSecurityGroupId"]}
            )
            self.ec2.modify_security_group_rules(
                GroupId=inputs["securityGroupId"],
                SecurityGroupRules=[
                    {
                        "SecurityGroupRuleId": id_,
                        "SecurityGroupRule": {
                            "FromPort": -1,
                            "ToPort": -1,
                            **_protocol(inputs),
                            **peer,
                            "Description": inputs.get("description", ""),
                        },
                    }
                ],
            )
        self.retag(id_, inputs.get("tags"), live["tags"])

    def delete_call(self, id_: str, known: Values) -> None:
        call = (
            self.ec2.revoke_security_group_egress
            if self.egress
            else self.ec2.revoke_security_group_ingress
        )
        call(GroupId=known["securityGroupId"], SecurityGroupRuleIds=[id_])


class SecurityGroupIngressRule(SecurityGroupRule):
    """Traffic that may come in."""

    type_ = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    egress = False


class SecurityGroupEgressRule(SecurityGroupRule):
    """Traffic that may go out."""

    type_ = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    egress = True


def _protocol(inputs: Values) -> Values:
    ports = {"FromPort": inputs.get("fromPort"), "ToPort": inputs.get("toPort")}
    return {
        "IpProtocol": inputs["ipProtocol"],
        **{key: port for key, port in ports.items() if port is not None},
    }


def _peer(inputs: Values) -> Values:
    words = {"Description": inputs["description"]} if inputs.get("description") else {}
    if "cidrIpv4" in inputs:
        return {"IpRanges": [{"CidrIp": inputs["cidrIpv4"], **words}]}
    return {"UserIdGroupPairs": [{"GroupId": inputs["referencedSecurityGroupId"], **words}]}
