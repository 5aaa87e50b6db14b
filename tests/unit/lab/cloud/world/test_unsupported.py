import json
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from podnet.lab.cloud.world import unsupported
from podnet.lab.cloud.world.model import Eni, UnmodelledError
from tests.refusals import refused


@contextmanager
def unmodelled(*names):
    """Expect a refusal that names these things."""
    with refused("not-modelled", UnmodelledError) as caught:
        yield
    assert {name for name in names if name not in str(caught.value)} == set()


ROUTE = {"DestinationCidrBlock": "10.1.0.0/16", "State": "active", "Origin": "CreateRoute"}


@pytest.mark.parametrize(
    "change",
    [
        {"NatGatewayId": "nat-1"},
        {"TransitGatewayId": "tgw-1"},
        {"VpcPeeringConnectionId": "pcx-1"},
        {"CarrierGatewayId": "cagw-1"},
        {"LocalGatewayId": "lgw-1"},
        {"CoreNetworkArn": "arn:1"},
        {"EgressOnlyInternetGatewayId": "eigw-1"},
        {"GatewayId": "vgw-1"},
        {"GatewayId": "vpce-1"},
        {"DestinationPrefixListId": "pl-1"},
    ],
    ids=json.dumps,
)
def test_route_targets_and_destinations_that_are_not_modelled_are_refused(change):
    with unmodelled("rtb-1", *change.values()):
        unsupported.route("rtb-1", ROUTE | change, None)


@pytest.mark.parametrize(
    "row",
    [
        {"Associations": [{"Main": False, "GatewayId": "igw-1"}]},
        {"Associations": [], "PropagatingVgws": [{"GatewayId": "vgw-1"}]},
    ],
    ids=["edge", "propagated"],
)
def test_route_tables_of_gateways_are_refused(row):
    with unmodelled("rtb-1"):
        unsupported.route_table({"RouteTableId": "rtb-1"} | row)


@pytest.mark.parametrize(
    "change",
    [
        {"InterfaceType": "lambda"},
        {"Ipv6Addresses": [{}]},
        {"Ipv6Prefixes": [{}]},
        {"Ipv4Prefixes": [{}]},
        {"PrivateIpAddresses": [{}, {}]},
    ],
    ids=json.dumps,
)
def test_interfaces_that_are_not_modelled_are_refused(change):
    unsupported.eni({"NetworkInterfaceId": "eni-1", "InterfaceType": "interface"})

    with unmodelled("eni-1"):
        unsupported.eni({"NetworkInterfaceId": "eni-1"} | change)


@pytest.mark.parametrize("field", ["address", "mac", "public_address"])
def test_two_interfaces_with_one_address_are_refused(field):
    one = Eni(
        id="eni-1",
        vpc_id="vpc-1",
        subnet_id="subnet-1",
        mac="02:00:00:00:00:01",
        address=IPv4Address("192.168.1.11"),
        public_address=IPv4Address("54.0.0.1"),
        source_dest_check=True,
        group_ids=(),
        instance_id=None,
    )
    other = replace(
        one,
        id="eni-2",
        mac="02:00:00:00:00:02",
        address=IPv4Address("192.168.1.12"),
        public_address=None,
    )
    unsupported.duplicate_addresses([one, other])

    with unmodelled("eni-1", "eni-2", str(getattr(one, field))):
        unsupported.duplicate_addresses([one, replace(other, **{field: getattr(one, field)})])


def test_addresses_may_return_in_another_vpc():
    one = Eni(
        id="eni-1",
        vpc_id="vpc-1",
        subnet_id="subnet-1",
        mac="02:00:00:00:00:01",
        address=IPv4Address("192.168.1.11"),
        public_address=None,
        source_dest_check=True,
        group_ids=(),
        instance_id=None,
    )
    unsupported.duplicate_addresses([one, replace(one, id="eni-2", vpc_id="vpc-2")])


def test_a_subnet_with_ipv6_is_refused():
    unsupported.subnet({"SubnetId": "subnet-1"})

    with unmodelled("subnet-1"):
        unsupported.subnet({"SubnetId": "subnet-1", "Ipv6Native": True})


def test_a_group_in_a_peered_vpc_is_refused():
    row = {
        "SecurityGroupRuleId": "sgr-1",
        "GroupId": "sg-1",
        "IpProtocol": "-1",
        "ReferencedGroupInfo": {"GroupId": "sg-2"},
    }
    unsupported.security_rule(row)
    row["ReferencedGroupInfo"]["VpcPeeringConnectionId"] = "pcx-1"

    with unmodelled("sgr-1 of sg-1"):
        unsupported.security_rule(row)


def test_the_vpcs_own_range_is_the_limit_of_a_route():
    unsupported.route("rtb-1", ROUTE, IPv4Network("192.168.1.0/24"))
    unsupported.route(
        "rtb-1", ROUTE | {"DestinationCidrBlock": "0.0.0.0/0"}, IPv4Network("10.0.0.0/8")
    )

    with unmodelled("rtb-1"):
        unsupported.route("rtb-1", ROUTE, IPv4Network("10.1.0.0/16"))
