"""A change behind the provider's back is reported by a reading, and repaired."""

from __future__ import annotations

import pytest

from podnet.lab.providers.aws import AwsProvider
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.conftest import REGION, Stack


def drift(made):
    """Names of the recorded inputs that differ in a reading."""
    found, _ = made.read()
    return {
        name
        for name in found.keys() | made.inputs.keys()
        if found.get(name) != made.inputs.get(name)
    }


def repair(made):
    """Bring it back to what was recorded, from what was found."""
    found, outputs = made.read()
    made.provider.update(made.type, made.id, found, outputs, made.inputs)


def open_port(ec2, group, *, egress=False):
    call = ec2.authorize_security_group_egress if egress else ec2.authorize_security_group_ingress
    call(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 80,
                "ToPort": 80,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            }
        ],
    )


def test_a_tag_added_changed_and_taken_away(stack, ec2):
    vpc = stack.make(samples.VPC, cidrBlock="10.3.0.0/16", tags={"a": "1", "b": "2"})
    ec2.create_tags(
        Resources=[vpc.id], Tags=[{"Key": "a", "Value": "9"}, {"Key": "c", "Value": "3"}]
    )
    ec2.delete_tags(Resources=[vpc.id], Tags=[{"Key": "b"}])

    assert vpc.read()[0]["tags"] == {"a": "9", "c": "3"}
    repair(vpc)
    assert drift(vpc) == set()


def test_a_route_that_leads_elsewhere(world, stack, ec2):
    route = stack.make(
        samples.ROUTE,
        routeTableId=world.table.id,
        destinationCidrBlock="10.1.9.0/24",
        networkInterfaceId=world.instance["primaryNetworkInterfaceId"],
    )
    gateway = stack.make(samples.GATEWAY, vpcId=world.vpc.id)
    ec2.replace_route(
        RouteTableId=world.table.id, DestinationCidrBlock="10.1.9.0/24", GatewayId=gateway.id
    )

    assert drift(route) == {"gatewayId", "networkInterfaceId"}
    repair(route)
    assert drift(route) == set()


def test_a_route_that_was_deleted_is_gone(world, stack, ec2):
    route = stack.make(
        samples.ROUTE,
        routeTableId=world.table.id,
        destinationCidrBlock="10.1.9.0/24",
        networkInterfaceId=world.instance["primaryNetworkInterfaceId"],
    )
    ec2.delete_route(RouteTableId=world.table.id, DestinationCidrBlock="10.1.9.0/24")

    assert route.read() is None


@pytest.mark.parametrize("egress", [False, True], ids=["in", "out"])
def test_a_rule_added_by_hand_is_reported_and_revoked(world, stack, ec2, egress):
    group = stack.make(samples.GROUP, vpcId=world.vpc.id)
    rule = stack.make(
        samples.EGRESS,
        securityGroupId=group.id,
        ipProtocol="-1",
        cidrIpv4="0.0.0.0/0",
        description="All traffic out",
    )
    exclusive = stack.make(
        samples.EXCLUSIVE, securityGroupId=group.id, ingressRuleIds=[], egressRuleIds=[rule.id]
    )
    open_port(ec2, group.id, egress=egress)

    assert drift(exclusive) == {"egressRuleIds" if egress else "ingressRuleIds"}
    repair(exclusive)
    assert drift(exclusive) == set()
    assert rule.read() is not None


def test_a_rule_revoked_by_hand_is_gone(world, stack, ec2):
    rule = stack.make(
        samples.INGRESS,
        securityGroupId=world.group.id,
        ipProtocol="icmp",
        fromPort=3,
        toPort=4,
        cidrIpv4="0.0.0.0/0",
    )
    ec2.revoke_security_group_ingress(GroupId=world.group.id, SecurityGroupRuleIds=[rule.id])

    assert rule.read() is None


def test_the_default_group_is_stripped_and_stays_so(stack, ec2):
    vpc = stack.make(samples.VPC, cidrBlock="10.3.0.0/16")
    default = stack.make(samples.DEFAULT_GROUP, vpcId=vpc.id, ingress=[], egress=[])

    assert default.id == vpc["defaultSecurityGroupId"]
    assert (default["ingress"], default["egress"]) == ([], [])
    open_port(ec2, default.id)
    assert drift(default) == {"ingress"}
    repair(default)
    assert drift(default) == set()


def test_a_source_dest_check_switched_on(world, stack, ec2):
    node = stack.make(samples.INSTANCE, **samples.instance(world, "192.168.1.30"))
    ec2.modify_instance_attribute(InstanceId=node.id, SourceDestCheck={"Value": True})

    assert drift(node) == {"sourceDestCheck"}
    repair(node)
    assert drift(node) == set()


def test_an_instance_terminated_by_hand_is_gone(world, stack, ec2):
    node = stack.make(samples.INSTANCE, **samples.instance(world, "192.168.1.30"))
    ec2.terminate_instances(InstanceIds=[node.id])

    assert node.read() is None


def test_a_policy_detached_by_hand_is_gone(world, stack, iam):
    attached = stack.make(samples.ATTACHMENT, role=world.role["name"], policyArn=world.policy)
    iam.detach_role_policy(RoleName=world.role["name"], PolicyArn=world.policy)

    assert attached.read() is None


def test_a_subnet_moved_to_another_table_is_lost_and_not_taken_from_it(world, stack, ec2):
    association = stack.make(
        samples.ASSOCIATION, subnetId=world.other_subnet.id, routeTableId=world.table.id
    )
    moved = ec2.replace_route_table_association(
        AssociationId=association.id, RouteTableId=world.other_table.id
    )["NewAssociationId"]

    assert association.read() is None
    association.delete()
    assert (
        ec2.describe_route_tables(RouteTableIds=[world.other_table.id])["RouteTables"][0][
            "Associations"
        ][0]["RouteTableAssociationId"]
        == moved
    )
    ec2.disassociate_route_table(AssociationId=moved)


def test_an_ignored_tag_is_neither_reported_nor_touched(endpoint, ec2):
    stack = Stack(AwsProvider(endpoint, REGION, ignored_tags=["podnet:mode"]))
    vpc = stack.make(samples.VPC, cidrBlock="10.3.0.0/16", tags={"a": "1"})
    tag = stack.make(samples.TAG, resourceId=vpc.id, key="podnet:mode", value="overlay")

    assert drift(vpc) == set()
    vpc.update(tags={"a": "2"})
    assert tag.read() == (tag.inputs, tag.outputs)
    stack.clear()
