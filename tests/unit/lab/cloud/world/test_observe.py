from ipaddress import IPv4Network
from types import SimpleNamespace

from podnet.lab.cloud.world.observe import merge
from podnet.world.model import Gateway, Route, World
from tests.unit.lab.cloud.world.conftest import eni_of, only, seen, table_of


def group_rules(world, stack):
    group = only(group for group in world.security_groups if group.id == stack.group)
    return {
        (rule.egress, rule.protocol, rule.from_port, rule.to_port, rule.peer)
        for rule in group.rules
    }


def test_the_worlds_of_regions_are_one_in_the_order_of_ids():
    one, two, three = (Gateway(id=f"igw-{number}", vpc_id=None) for number in range(3))
    worlds = [World(gateways=(two,)), World(gateways=(one, three))]

    assert merge(worlds) == World(gateways=(one, two, three))


def test_a_loose_interface_has_a_check_of_its_own(stack, ec2):
    eni = ec2.create_network_interface(SubnetId=stack.subnet)["NetworkInterface"]
    assert only(seen(ec2).enis).source_dest_check
    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=eni["NetworkInterfaceId"], SourceDestCheck={"Value": False}
    )
    eni = only(seen(ec2).enis)

    assert (eni.source_dest_check, eni.instance_id, eni.public_address) == (False, None, None)


def test_an_elastic_address_is_an_interfaces_public_address(stack, ec2):
    eni = ec2.create_network_interface(SubnetId=stack.subnet)["NetworkInterface"]
    elastic = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(
        AllocationId=elastic["AllocationId"], NetworkInterfaceId=eni["NetworkInterfaceId"]
    )

    assert str(only(seen(ec2).enis).public_address) == elastic["PublicIp"]


def test_routes_are_seen_without_the_local_one(stack, ec2):
    node = stack.node()
    stack.route("0.0.0.0/0", GatewayId=stack.gateway)
    stack.route("10.1.1.0/24", NetworkInterfaceId=eni_of(node))
    stack.route("10.1.2.0/24", InstanceId=node["InstanceId"])
    table = table_of(seen(ec2), stack)

    assert (table.main, table.subnet_ids) == (False, (stack.subnet,))
    assert set(table.routes) == {
        Route(destination=IPv4Network("0.0.0.0/0"), target=stack.gateway),
        Route(destination=IPv4Network("10.1.1.0/24"), target=eni_of(node)),
        Route(destination=IPv4Network("10.1.2.0/24"), target=eni_of(node)),
    }


def test_every_vpc_has_one_main_table(stack, ec2):
    world = seen(ec2)

    assert {table.vpc_id for table in world.route_tables if table.main} == {
        vpc.id for vpc in world.vpcs
    }


def test_a_detached_gateway_is_attached_to_nothing(stack, ec2):
    assert seen(ec2).gateways == (Gateway(id=stack.gateway, vpc_id=stack.vpc),)
    ec2.detach_internet_gateway(InternetGatewayId=stack.gateway, VpcId=stack.vpc)

    assert seen(ec2).gateways == (Gateway(id=stack.gateway, vpc_id=None),)


def test_security_rules_are_seen_as_they_were_given(stack, ec2):
    ec2.authorize_security_group_ingress(
        GroupId=stack.group,
        IpPermissions=[
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": stack.group}]},
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.1.0.0/16"}]},
            {
                "IpProtocol": "icmp",
                "FromPort": 3,
                "ToPort": 4,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            },
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 23,
                "IpRanges": [{"CidrIp": "203.0.113.0/24"}, {"CidrIp": "198.51.100.0/24"}],
            },
        ],
    )

    assert group_rules(seen(ec2), stack) == {
        (True, "-1", -1, -1, IPv4Network("0.0.0.0/0")),
        (False, "-1", -1, -1, stack.group),
        (False, "-1", -1, -1, IPv4Network("10.1.0.0/16")),
        (False, "icmp", 3, 4, IPv4Network("0.0.0.0/0")),
        (False, "tcp", 22, 23, IPv4Network("203.0.113.0/24")),
        (False, "tcp", 22, 23, IPv4Network("198.51.100.0/24")),
    }


def test_a_revoked_rule_is_gone(stack, ec2):
    before = group_rules(seen(ec2), stack)
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "203.0.113.0/24"}],
    }
    ec2.authorize_security_group_ingress(GroupId=stack.group, IpPermissions=[permission])
    assert group_rules(seen(ec2), stack) != before
    ec2.revoke_security_group_ingress(GroupId=stack.group, IpPermissions=[permission])

    assert group_rules(seen(ec2), stack) == before


def test_the_groups_of_a_running_instance_can_change(stack, ec2):
    node = stack.node()
    other = ec2.create_security_group(GroupName="o", Description="o", VpcId=stack.vpc)["GroupId"]
    # Not by the instance's attribute: moto then adds to the groups instead of replacing them.
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni_of(node), Groups=[other])

    assert only(seen(ec2).enis).group_ids == (other,)


class Paged:
    """A client that changes the pages of what it answers."""

    def __init__(self, ec2, change):
        self._ec2, self._change = ec2, change

    def __getattr__(self, name):
        return getattr(self._ec2, name)

    def get_paginator(self, call):
        found = self._ec2.get_paginator(call).paginate()
        pages = [changed for page in found for changed in self._change(call, page)]
        return SimpleNamespace(paginate=lambda: pages)


def test_all_pages_are_read(stack, ec2):
    for number in range(3):
        stack.node(f"192.168.1.{11 + number}")

    def one_row_a_page(_, page):
        [key] = page.keys() - {"ResponseMetadata", "NextToken"}
        return [{key: [row]} for row in page[key]]

    assert seen(Paged(ec2, one_row_a_page)) == seen(ec2)
    assert len(seen(ec2).enis) == 3


def test_equal_worlds_compare_equal(stack, ec2):
    stack.node()

    assert seen(ec2) == seen(ec2)


def test_an_interface_that_left_with_its_subnet_between_two_calls_is_left_out(stack, ec2):
    stack.node()

    def later(call, page):
        return [{"Subnets": []}] if call == "describe_subnets" else [page]

    assert seen(Paged(ec2, later)).enis == ()
