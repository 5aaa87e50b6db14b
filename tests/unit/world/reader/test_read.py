"""A region, or one VPC in it, as EC2's answers describe it."""

from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from podnet.world.model import Unmodelled
from podnet.world.reader.read import read
from tests.network_acls import deny_http
from tests.unit.lab.cloud.world.conftest import Stack, eni_of, table_of
from tests.unit.lab.cloud.world.test_unsupported_observed import MAKERS


class Counted:
    """A client that counts its calls, and keeps the filters of each."""

    def __init__(self, ec2):
        self._ec2, self.calls = ec2, []

    def __getattr__(self, name):
        found = getattr(self._ec2, name)
        if not name.startswith("describe_"):
            return found
        return lambda **arguments: self.calls.append((name, arguments)) or found(**arguments)

    def get_paginator(self, call):
        paginator = self._ec2.get_paginator(call)
        counted = self

        class Paginator:
            def paginate(self, **arguments):
                counted.calls.append((call, arguments))
                return paginator.paginate(**arguments)

        return Paginator()


def test_one_vpc_is_read_without_the_others(stack, ec2):
    stack.node()
    alone = read(ec2, stack.vpc)
    other = Stack(ec2).build()
    other.node()
    connection = ec2.create_vpc_peering_connection(VpcId=other.vpc, PeerVpcId=other.vpc)
    ec2.create_egress_only_internet_gateway(VpcId=other.vpc)
    ec2.create_vpc_endpoint(VpcId=other.vpc, ServiceName="com.amazonaws.eu-central-1.s3")
    ec2.create_nat_gateway(SubnetId=other.subnet, ConnectivityType="private")
    ec2.create_vpn_gateway(Type="ipsec.1")

    found = read(ec2, stack.vpc)

    assert connection
    assert found == alone
    assert [vpc.id for vpc in found.vpcs] == [stack.vpc]
    assert found.unmodelled == ()


def test_every_call_of_one_vpc_names_it_where_the_api_has_a_filter(stack, ec2):
    counted = Counted(ec2)
    read(counted, stack.vpc)

    unfiltered = {call for call, arguments in counted.calls if not arguments}
    assert unfiltered == {
        "describe_egress_only_internet_gateways",
        "describe_vpc_peering_connections",
    }
    assert len(counted.calls) == len({call for call, _ in counted.calls})


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__.replace("_", " "))
def test_what_the_model_does_not_hold_is_kept_with_the_rest(stack, ec2, make):
    thing = make(stack)

    world = read(ec2)

    assert any(thing in str(each) for each in world.unmodelled)
    assert stack.vpc in {vpc.id for vpc in world.vpcs}


def test_a_route_to_a_gateway_of_another_kind_is_kept_and_touches_what_takes_it(stack, ec2):
    nat = ec2.create_nat_gateway(SubnetId=stack.subnet, ConnectivityType="private")
    target = nat["NatGateway"]["NatGatewayId"]
    stack.route("0.0.0.0/0", NatGatewayId=target)

    world = read(ec2, stack.vpc)

    assert [route.target for route in table_of(world, stack).routes] == [target]
    assert Unmodelled(id=target, what="is a NAT gateway") in world.unmodelled
    assert {thing.touches for thing in world.unmodelled if thing.id == stack.table} == {(target,)}


def test_a_changed_acl_touches_its_subnets(stack, ec2):
    acl = deny_http(ec2, stack.vpc)

    (found,) = read(ec2, stack.vpc).unmodelled

    assert (found.id, found.touches) == (acl, (stack.subnet,))


def test_rules_of_many_groups_are_asked_for_in_turns(stack, ec2, monkeypatch):
    monkeypatch.setattr("podnet.world.reader.calls.GROUPS_IN_FILTER", 2)
    for number in range(4):
        ec2.create_security_group(GroupName=f"g{number}", Description="d", VpcId=stack.vpc)

    world = read(ec2, stack.vpc)

    # Each group has the rule that lets everything out.
    assert [len(group.rules) for group in world.security_groups if "g" in group.name] == [1] * 4


def test_a_table_with_a_thousand_routes_is_read_whole(stack, ec2):
    eni = eni_of(stack.node())
    for number in range(1000):
        stack.route(f"10.{number // 250}.{number % 250}.0/24", NetworkInterfaceId=eni)

    table = table_of(read(ec2, stack.vpc), stack)

    assert len(table.routes) == 1000
    assert table.routes[999].destination == IPv4Network("10.3.249.0/24")


def test_a_terminated_instance_has_no_interface(stack, ec2):
    node = stack.node()
    ec2.terminate_instances(InstanceIds=[node["InstanceId"]])

    assert read(ec2).enis == ()


def test_tags_of_a_vpc_are_read(stack, ec2):
    ec2.create_tags(Resources=[stack.vpc], Tags=[{"Key": "podnet:stack", "Value": "o/p/s"}])
    world = read(ec2, stack.vpc)

    assert dict(world.vpcs[0].tags) == {"podnet:stack": "o/p/s"}
    assert replace(world, vpcs=()) == replace(read(ec2, stack.vpc), vpcs=())
