"""Look-ups of the rules of security groups."""

from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused

GROUPS = "aws:ec2/getSecurityGroups:getSecurityGroups"
RULE = "aws:vpc/getSecurityGroupRule:getSecurityGroupRule"
RULES = "aws:vpc/getSecurityGroupRules:getSecurityGroupRules"


def test_a_rule_is_looked_up_with_what_it_opens(provider, world, ec2):
    group, other = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=world.vpc.id)["GroupId"]
        for name in ("looked-up", "its-peer")
    )
    permissions = [
        {
            "IpProtocol": "tcp",
            "FromPort": 30000,
            "ToPort": 32767,
            "UserIdGroupPairs": [{"GroupId": other}],
        },
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "203.0.113.0/24", "Description": "mine"}]},
    ]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)

    named = provider.invoke(GROUPS, {"filters": [{"name": "group-id", "values": [group]}]})
    inside = provider.invoke(RULES, {"filters": [{"name": "group-id", "values": [group]}]})["ids"]
    found = [provider.invoke(RULE, {"securityGroupRuleId": id_}) for id_ in inside]
    (of_group,) = (each for each in found if each.get("referencedSecurityGroupId") == other)
    (of_range,) = (each for each in found if each.get("cidrIpv4") == "203.0.113.0/24")
    ec2.delete_security_group(GroupId=group)
    ec2.delete_security_group(GroupId=other)

    assert named["ids"] == [group]
    assert (of_group["ipProtocol"], of_group["fromPort"], of_group["toPort"]) == (
        "tcp",
        30000,
        32767,
    )
    assert (of_group["securityGroupId"], of_group["isEgress"]) == (group, False)
    assert {"cidrIpv4", "cidrIpv6", "prefixListId", "description"} & of_group.keys() == set()
    assert (of_range["ipProtocol"], of_range["description"]) == ("-1", "mine")
    assert "referencedSecurityGroupId" not in of_range


def test_a_rule_that_is_not_there_is_an_error(provider):
    with refused("aws-call-refused", ProviderError):
        provider.invoke(RULE, {"securityGroupRuleId": "sgr-00000000000000000"})
