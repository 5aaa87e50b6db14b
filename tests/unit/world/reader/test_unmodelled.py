"""What the model does not hold: named, and with what it touches."""

import json
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from types import SimpleNamespace

import pytest

from podnet.world.model import Eni
from podnet.world.reader import rows, unmodelled
from podnet.world.reader.calls import Api

ROUTE = {"DestinationCidrBlock": "10.1.0.0/16", "State": "active", "Origin": "CreateRoute"}


def routed(change, cidrs=(), endpoints=()):
    return list(unmodelled.route("rtb-1", ROUTE | change, cidrs, endpoints))


def only(found):
    (one,) = found
    return one


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
    ],
    ids=json.dumps,
)
def test_targets_of_other_kinds_touch_what_is_routed_to_them(change):
    (target,) = change.values()

    found = only(routed(change))

    assert (found.id, found.touches) == ("rtb-1", (target,))
    assert target in found.what


def test_a_target_of_a_kind_that_nobody_knows_is_named_with_its_key():
    found = only(routed({"WarpGateId": "warp-1"}))

    assert "WarpGateId warp-1" in found.what
    assert found.touches


@pytest.mark.parametrize("target", [{"NatGatewayId": "nat-1"}, {"GatewayId": "vpce-1"}])
def test_a_blackhole_of_whatever_kind_is_no_guess(target):
    assert routed(target | {"State": "blackhole"}) == []


@pytest.mark.parametrize(
    "target", [{"GatewayId": "igw-1"}, {"NetworkInterfaceId": "eni-1", "InstanceId": "i-1"}]
)
def test_what_the_model_holds_is_not_named(target):
    assert routed(target, [IPv4Network("192.168.1.0/24")]) == []


def test_a_prefix_list_touches_all_that_its_table_routes_but_for_a_gateway_endpoints():
    row = {"DestinationCidrBlock": "", "DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1"}

    assert only(routed(row)).touches == ("rtb-1",)
    assert only(routed(row, endpoints=["vpce-1"])).touches == ()


def test_a_route_of_ipv6_touches_no_packet_of_ipv4():
    row = {
        "DestinationCidrBlock": "",
        "DestinationIpv6CidrBlock": "::/0",
        "EgressOnlyInternetGatewayId": "eigw-1",
    }

    assert only(routed(row)).touches == ()


def test_a_route_inside_the_vpcs_own_range_touches_its_table():
    ranges = [IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16")]

    assert only(routed({"NetworkInterfaceId": "eni-1"}, ranges)).touches == ("rtb-1",)
    assert routed({"GatewayId": "igw-1", "DestinationCidrBlock": "0.0.0.0/0"}, ranges) == []


def test_a_table_of_a_gateway_touches_what_goes_by_it():
    row = {"RouteTableId": "rtb-1", "Associations": [{"Main": False, "GatewayId": "igw-1"}]}

    assert only(unmodelled.route_table(row)).touches == ("igw-1",)


def test_propagated_routes_are_named():
    row = {"RouteTableId": "rtb-1", "Associations": [], "PropagatingVgws": [{"GatewayId": "v"}]}

    assert only(unmodelled.route_table(row)).touches == ()


@pytest.mark.parametrize(
    ("change", "touches"),
    [
        ({"InterfaceType": "lambda"}, ("eni-1",)),
        ({"Ipv6Addresses": [{}]}, ()),
        ({"Ipv6Prefixes": [{}]}, ()),
        ({"Ipv4Prefixes": [{}]}, ()),
        ({"PrivateIpAddresses": [{}, {}]}, ()),
    ],
    ids=json.dumps,
)
def test_interfaces_that_are_more_than_the_model_holds(change, touches):
    plain = {"NetworkInterfaceId": "eni-1", "InterfaceType": "interface"}

    assert list(unmodelled.eni(plain)) == []
    assert only(unmodelled.eni(plain | change)).touches == touches


ENI = Eni(
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


@pytest.mark.parametrize("field", ["address", "mac", "public_address"])
def test_two_interfaces_with_one_address_touch_both(field):
    other = replace(
        ENI,
        id="eni-2",
        mac="02:00:00:00:00:02",
        address=IPv4Address("192.168.1.12"),
        public_address=None,
    )
    assert list(unmodelled.duplicate_addresses([ENI, other])) == []

    same = replace(other, **{field: getattr(ENI, field)})
    found = only(unmodelled.duplicate_addresses([ENI, same]))

    assert found.touches == ("eni-1", "eni-2")
    assert str(getattr(ENI, field)) in found.what


def test_addresses_may_return_in_another_vpc():
    other = replace(ENI, id="eni-2", vpc_id="vpc-2", public_address=None)

    assert list(unmodelled.duplicate_addresses([ENI, other])) == []


def test_a_subnet_with_ipv6_is_named():
    assert list(unmodelled.subnet({"SubnetId": "subnet-1"})) == []
    assert only(unmodelled.subnet({"SubnetId": "subnet-1", "Ipv6Native": True})).touches == ()


def test_a_group_in_a_peered_vpc_may_let_pass_what_is_dropped():
    row = {
        "SecurityGroupRuleId": "sgr-1",
        "GroupId": "sg-1",
        "IpProtocol": "-1",
        "ReferencedGroupInfo": {"GroupId": "sg-2"},
    }
    assert list(unmodelled.security_rule(row)) == []
    row["ReferencedGroupInfo"]["VpcPeeringConnectionId"] = "pcx-1"

    assert only(unmodelled.security_rule(row)).touches == ("sg-1",)


def test_several_interfaces_touch_each_of_them():
    row = {
        "InstanceId": "i-1",
        "State": {"Name": "running"},
        "NetworkInterfaces": [{"NetworkInterfaceId": "eni-2"}, {"NetworkInterfaceId": "eni-1"}],
    }

    assert only(unmodelled.instance(row)).touches == ("eni-1", "eni-2")
    assert list(unmodelled.instance(row | {"State": {"Name": "terminated"}})) == []


class Options:
    """EC2 that describes these DHCP options."""

    def __init__(self, region, **given):
        self.meta = SimpleNamespace(region_name=region)
        self._given = given

    def describe_dhcp_options(self, DhcpOptionsIds):  # noqa: N803  # the API's name
        assert DhcpOptionsIds == ["dopt-1"]
        configurations = [
            {"Key": key.replace("_", "-"), "Values": [{"Value": value} for value in values]}
            for key, values in self._given.items()
        ]
        return {"DhcpOptions": [{"DhcpConfigurations": configurations}]}


DNS = ["AmazonProvidedDNS"]


@pytest.mark.parametrize(
    ("region", "given", "named"),
    [
        ("eu-central-1", {"domain_name": ["eu-central-1.compute.internal"]}, False),
        ("us-east-1", {"domain_name": ["ec2.internal"]}, False),
        ("eu-central-1", {"domain_name": ["corp.example"]}, True),
        ("eu-central-1", {"domain_name_servers": ["192.0.2.1"]}, True),
        ("eu-central-1", {"ntp_servers": ["192.0.2.1"]}, True),
    ],
    ids=lambda value: str(value)[:40],
)
def test_dhcp_options_that_aws_did_not_give_are_named(region, given, named):
    api = Api(Options(region, **{"domain_name_servers": DNS, **given}))

    found = list(unmodelled.vpc({"VpcId": "vpc-1", "DhcpOptionsId": "dopt-1"}, api))

    assert bool(found) is named
    assert list(unmodelled.vpc({"VpcId": "vpc-1", "DhcpOptionsId": "default"}, api)) == []


def test_a_route_table_that_was_taken_from_its_subnet_is_not_its_own():
    row = {
        "RouteTableId": "rtb-1",
        "VpcId": "vpc-1",
        "Routes": [],
        "Associations": [
            {"Main": False, "SubnetId": "subnet-1", "AssociationState": {"State": "associated"}},
            {"Main": False, "SubnetId": "subnet-2", "AssociationState": {"State": "disassociated"}},
        ],
    }

    assert rows.table(row, {}).subnet_ids == ("subnet-1",)
