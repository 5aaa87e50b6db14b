from ipaddress import IPv4Address, IPv4Network
from types import SimpleNamespace

from lab.model import Gateway, Route
from lab.observe import observe


def only(items):
    [item] = items
    return item


def eni_of(instance):
    return only(instance["NetworkInterfaces"])["NetworkInterfaceId"]


def table_of(world, stack):
    return only(table for table in world.route_tables if table.id == stack.table)


def group_rules(world, stack):
    group = only(group for group in world.security_groups if group.id == stack.group)
    return {
        (rule.egress, rule.protocol, rule.from_port, rule.to_port, rule.peer)
        for rule in group.rules
    }


def test_an_instance_is_seen_with_its_interface(stack, ec2):
    node = stack.node(
        MetadataOptions={
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 2,
            "InstanceMetadataTags": "enabled",
            "HttpEndpoint": "enabled",
        },
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "podnet:node", "Value": "node-1"}]}
        ],
    )
    world = observe(ec2)
    instance, eni = only(world.instances), only(world.enis)

    assert (instance.id, instance.state, instance.eni_ids) == (
        node["InstanceId"],
        "running",
        (eni.id,),
    )
    assert (
        instance.hop_limit,
        instance.tokens_required,
        instance.metadata_enabled,
        instance.metadata_tags,
    ) == (2, True, True, True)
    assert (instance.tags, instance.image_id, instance.instance_type) == (
        {"podnet:node": "node-1"},
        "ami-12345678",
        "t3.small",
    )
    assert (eni.address, eni.group_ids, eni.subnet_id, eni.vpc_id, eni.instance_id) == (
        IPv4Address("192.168.1.11"),
        (stack.group,),
        stack.subnet,
        stack.vpc,
        instance.id,
    )
    shown = only(ec2.describe_network_interfaces()["NetworkInterfaces"])
    assert (eni.mac, str(eni.public_address)) == (
        shown["MacAddress"],
        shown["Association"]["PublicIp"],
    )


def test_metadata_defaults_are_those_of_the_api(stack, ec2):
    stack.node(MetadataOptions={"HttpEndpoint": "disabled"})
    instance = only(observe(ec2).instances)

    assert (
        instance.tokens_required,
        instance.hop_limit,
        instance.metadata_enabled,
        instance.metadata_tags,
    ) == (False, 1, False, False)


def test_an_instances_check_counts_although_its_interface_does_not_follow(stack, ec2):
    node = stack.node()
    assert only(observe(ec2).enis).source_dest_check
    ec2.modify_instance_attribute(InstanceId=node["InstanceId"], SourceDestCheck={"Value": False})
    shown = only(ec2.describe_network_interfaces()["NetworkInterfaces"])

    assert shown["SourceDestCheck"], "moto follows the instance now: drop the work-around"
    assert not only(observe(ec2).enis).source_dest_check


def test_a_loose_interface_has_a_check_of_its_own(stack, ec2):
    eni = ec2.create_network_interface(SubnetId=stack.subnet)["NetworkInterface"]
    assert only(observe(ec2).enis).source_dest_check
    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=eni["NetworkInterfaceId"], SourceDestCheck={"Value": False}
    )
    seen = only(observe(ec2).enis)

    assert (seen.source_dest_check, seen.instance_id, seen.public_address) == (False, None, None)


def test_an_elastic_address_is_an_interfaces_public_address(stack, ec2):
    eni = ec2.create_network_interface(SubnetId=stack.subnet)["NetworkInterface"]
    elastic = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(
        AllocationId=elastic["AllocationId"], NetworkInterfaceId=eni["NetworkInterfaceId"]
    )

    assert str(only(observe(ec2).enis).public_address) == elastic["PublicIp"]


def test_a_terminated_instance_has_no_interface_and_its_routes_lead_nowhere(stack, ec2):
    gone, stays = stack.node(), stack.node("192.168.1.12")
    stack.route("10.1.1.0/24", NetworkInterfaceId=eni_of(gone))
    stack.route("10.1.2.0/24", InstanceId=gone["InstanceId"])
    stack.route("10.1.3.0/24", NetworkInterfaceId=eni_of(stays))
    ec2.terminate_instances(InstanceIds=[gone["InstanceId"]])
    world = observe(ec2)
    ids = {eni.id for eni in world.enis}

    assert ids == {eni_of(stays)}
    assert {instance.id: instance.state for instance in world.instances} == {
        gone["InstanceId"]: "terminated",
        stays["InstanceId"]: "running",
    }
    assert [route.target in ids for route in table_of(world, stack).routes] == [False, False, True]


def test_a_stopped_instance_keeps_its_interface_and_routes(stack, ec2):
    node = stack.node()
    stack.route("10.1.1.0/24", NetworkInterfaceId=eni_of(node))
    ec2.stop_instances(InstanceIds=[node["InstanceId"]])
    world = observe(ec2)

    assert only(world.instances).state == "stopped"
    assert only(table_of(world, stack).routes).target == only(world.enis).id


def test_routes_are_seen_without_the_local_one(stack, ec2):
    node = stack.node()
    stack.route("0.0.0.0/0", GatewayId=stack.gateway)
    stack.route("10.1.1.0/24", NetworkInterfaceId=eni_of(node))
    stack.route("10.1.2.0/24", InstanceId=node["InstanceId"])
    table = table_of(observe(ec2), stack)

    assert (table.main, table.subnet_ids) == (False, (stack.subnet,))
    assert set(table.routes) == {
        Route(destination=IPv4Network("0.0.0.0/0"), target=stack.gateway),
        Route(destination=IPv4Network("10.1.1.0/24"), target=eni_of(node)),
        Route(destination=IPv4Network("10.1.2.0/24"), target=eni_of(node)),
    }


def test_every_vpc_has_one_main_table(stack, ec2):
    world = observe(ec2)

    assert {table.vpc_id for table in world.route_tables if table.main} == {
        vpc.id for vpc in world.vpcs
    }


def test_a_detached_gateway_is_attached_to_nothing(stack, ec2):
    assert observe(ec2).gateways == (Gateway(id=stack.gateway, vpc_id=stack.vpc),)
    ec2.detach_internet_gateway(InternetGatewayId=stack.gateway, VpcId=stack.vpc)

    assert observe(ec2).gateways == (Gateway(id=stack.gateway, vpc_id=None),)


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

    assert group_rules(observe(ec2), stack) == {
        (True, "-1", -1, -1, IPv4Network("0.0.0.0/0")),
        (False, "-1", -1, -1, stack.group),
        (False, "-1", -1, -1, IPv4Network("10.1.0.0/16")),
        (False, "icmp", 3, 4, IPv4Network("0.0.0.0/0")),
        (False, "tcp", 22, 23, IPv4Network("203.0.113.0/24")),
        (False, "tcp", 22, 23, IPv4Network("198.51.100.0/24")),
    }


def test_a_revoked_rule_is_gone(stack, ec2):
    before = group_rules(observe(ec2), stack)
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "203.0.113.0/24"}],
    }
    ec2.authorize_security_group_ingress(GroupId=stack.group, IpPermissions=[permission])
    assert group_rules(observe(ec2), stack) != before
    ec2.revoke_security_group_ingress(GroupId=stack.group, IpPermissions=[permission])

    assert group_rules(observe(ec2), stack) == before


def test_the_groups_of_a_running_instance_can_change(stack, ec2):
    node = stack.node()
    other = ec2.create_security_group(GroupName="o", Description="o", VpcId=stack.vpc)["GroupId"]
    # Not by the instance's attribute: moto then adds to the groups instead of replacing them.
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni_of(node), Groups=[other])

    assert only(observe(ec2).enis).group_ids == (other,)


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

    assert observe(Paged(ec2, one_row_a_page)) == observe(ec2)
    assert len(observe(ec2).enis) == 3


def test_equal_worlds_compare_equal(stack, ec2):
    stack.node()

    assert observe(ec2) == observe(ec2)


def test_an_interface_that_left_with_its_subnet_between_two_calls_is_left_out(stack, ec2):
    stack.node()

    def later(call, page):
        return [{"Subnets": []}] if call == "describe_subnets" else [page]

    assert observe(Paged(ec2, later)).enis == ()
