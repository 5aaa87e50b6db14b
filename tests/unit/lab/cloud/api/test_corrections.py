"""Defaults, side effects and answers of AWS that moto lacks."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def interface_of(instance: dict[str, Any]) -> str:
    return instance["NetworkInterfaces"][0]["NetworkInterfaceId"]


def test_the_interface_of_a_launch_goes_with_its_instance(ec2, network, launch):
    instance = launch()
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])

    left = ec2.describe_network_interfaces(
        Filters=[{"Name": "subnet-id", "Values": [network.subnet]}]
    )["NetworkInterfaces"]
    assert left == []


def test_groups_given_beside_the_interface_can_be_taken_off_again(ec2, image, network):
    one, two = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=network.vpc)["GroupId"]
        for name in ("one", "two")
    )
    instance = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, SubnetId=network.subnet, SecurityGroupIds=[one]
    )["Instances"][0]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface_of(instance), Groups=[two])

    found = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_of(instance)])
    assert [group["GroupId"] for group in found["NetworkInterfaces"][0]["Groups"]] == [two]


def test_source_dest_check_is_one_attribute_of_instance_and_interface(ec2, launch):
    instance = launch()
    name, eni = instance["InstanceId"], interface_of(instance)

    def both() -> tuple[bool, bool]:
        found = ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]
        interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])
        return found["SourceDestCheck"], interface["NetworkInterfaces"][0]["SourceDestCheck"]

    ec2.modify_instance_attribute(InstanceId=name, SourceDestCheck={"Value": False})
    assert both() == (False, False)
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck={"Value": True})
    assert both() == (True, True)


def test_a_route_to_an_instance_that_is_not_there_is_a_blackhole(ec2, network, launch):
    instance = launch()
    ec2.create_route(
        RouteTableId=network.table,
        DestinationCidrBlock="10.1.1.0/24",
        NetworkInterfaceId=interface_of(instance),
    )

    def state() -> str:
        found = ec2.describe_route_tables(RouteTableIds=[network.table])["RouteTables"]
        return next(
            route["State"]
            for route in found[0]["Routes"]
            if route["DestinationCidrBlock"] == "10.1.1.0/24"
        )

    seen = [state()]
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    seen.append(state())
    ec2.start_instances(InstanceIds=[instance["InstanceId"]])
    seen.append(state())
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    seen.append(state())
    assert seen == ["active", "blackhole", "active", "blackhole"]


@pytest.mark.parametrize("ports", [{}, {"FromPort": 5, "ToPort": 6}])
def test_a_rule_for_a_protocol_without_ports_is_for_all_of_it(ec2, network, ports):
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=network.vpc)["GroupId"]
    peer = {"UserIdGroupPairs": [{"GroupId": group}]}
    permission = {"IpProtocol": "47", **ports, **peer}
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    (rule,) = made["SecurityGroupRules"]

    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("47", -1, -1)
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
    (left,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert left["IpPermissions"] == []


@pytest.mark.parametrize("protocol", ["gre", "all", "256"])
def test_a_protocol_that_nobody_knows_is_refused(ec2, network, protocol):
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=network.vpc)["GroupId"]
    permission = {"IpProtocol": protocol, "FromPort": 1, "ToPort": 1, "IpRanges": []}

    with pytest.raises(ClientError, match="Unknown protocol"):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


@pytest.fixture
def groups(ec2, network):
    """Two groups, of which the first lets in the members of itself and a range."""
    one, two = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=network.vpc)["GroupId"]
        for name in ("one", "two")
    )
    peers = [
        {"UserIdGroupPairs": [{"GroupId": one}]},
        {"IpRanges": [{"CidrIp": "10.1.0.0/16"}]},
    ]
    rules = [
        ec2.authorize_security_group_ingress(
            GroupId=one, IpPermissions=[{"IpProtocol": "-1", **peer}]
        )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        for peer in peers
    ]
    return one, two, rules


def modified(ec2, group, rule, **peer):
    wanted = {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "Description": "changed", **peer}
    ec2.modify_security_group_rules(
        GroupId=group,
        SecurityGroupRules=[{"SecurityGroupRuleId": rule, "SecurityGroupRule": wanted}],
    )
    return ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"][0]


def test_a_rule_for_a_group_can_refer_to_another(ec2, groups):
    one, two, (of_group, _) = groups

    found = modified(ec2, one, of_group, ReferencedGroupId=two)

    assert found["ReferencedGroupInfo"]["GroupId"] == two
    assert found["Description"] == "changed"
    assert "CidrIpv4" not in found


def test_a_rule_for_a_range_can_name_another(ec2, groups):
    one, _, (_, of_range) = groups

    assert modified(ec2, one, of_range, CidrIpv4="10.2.0.0/16")["CidrIpv4"] == "10.2.0.0/16"


@pytest.mark.parametrize("of_group", [True, False])
def test_the_source_of_a_rule_keeps_its_type(ec2, groups, of_group):
    one, two, rules = groups
    peer = {"CidrIpv4": "10.2.0.0/16"} if of_group else {"ReferencedGroupId": two}

    with pytest.raises(ClientError, match="Invalid rule type"):
        modified(ec2, one, rules[0 if of_group else 1], **peer)


def test_a_rule_refers_to_no_group_that_is_not_there(ec2, groups):
    one, _, (of_group, _) = groups

    with pytest.raises(ClientError, match=r"InvalidGroup.NotFound"):
        modified(ec2, one, of_group, ReferencedGroupId="sg-0123456789abcdef0")
