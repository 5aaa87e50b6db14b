"""Look-ups of what is there of a stack."""

from __future__ import annotations

from tests.unit.lab.providers.aws import samples

VPCS = "aws:ec2/getVpcs:getVpcs"
INSTANCES = "aws:ec2/getInstances:getInstances"
TABLES = "aws:ec2/getRouteTables:getRouteTables"
TABLE = "aws:ec2/getRouteTable:getRouteTable"
INTERFACES = "aws:ec2/getNetworkInterfaces:getNetworkInterfaces"
RULES = "aws:vpc/getSecurityGroupRules:getSecurityGroupRules"


def test_vpcs_are_found_by_tags_in_which_a_star_stands_for_anything(provider, stack):
    vpc = stack.make(
        samples.VPC,
        cidrBlock="10.9.0.0/16",
        tags={"podnet:stack": "found", "podnet:routing": "overlay zones=1"},
    )

    def found(**tags):
        return provider.invoke(VPCS, {"tags": {f"podnet:{key}": tags[key] for key in tags}})["ids"]

    assert found(stack="found") == [vpc.id]
    assert found(stack="found", routing="overlay *") == [vpc.id]
    assert found(stack="found", routing="overlay") == []
    assert found(stack="other") == []


def test_instances_are_found_by_tags_image_and_state(provider, stack, world, ec2):
    tags = {"podnet:stack": "found"}
    one = stack.make(samples.INSTANCE, **{**samples.instance(world, "192.168.1.41"), "tags": tags})
    two = stack.make(
        samples.INSTANCE,
        **{**samples.instance(world, "192.168.1.42"), "tags": {**tags, "podnet:version": "2"}},
    )
    ec2.stop_instances(InstanceIds=[two.id])

    def found(states=None, filters=None, **more):
        result = provider.invoke(
            INSTANCES,
            {"instanceTags": {**tags, **more}, "instanceStateNames": states, "filters": filters},
        )
        return dict(zip(result["ids"], result["privateIps"], strict=True))

    both = ["running", "stopped"]
    assert found() == {one.id: "192.168.1.41"}
    assert found(both) == {one.id: "192.168.1.41", two.id: "192.168.1.42"}
    assert found(both, **{"podnet:version": "2"}) == {two.id: "192.168.1.42"}
    assert found(both, [{"name": "image-id", "values": [world.image]}]) == found(both)
    assert found(both, [{"name": "image-id", "values": ["ami-0"]}]) == {}
    assert found(both, [{"name": "instance-type", "values": ["t3.small"]}]) == found(both)
    assert found(both, [{"name": "instance-type", "values": ["t3.nano"]}]) == {}


def test_a_route_table_reports_its_routes_but_not_the_one_within_the_vpc(provider, stack, world):
    table = stack.make(samples.TABLE, vpcId=world.vpc.id, tags={"podnet:stack": "found"})
    interface = world.instance["primaryNetworkInterfaceId"]
    stack.make(
        samples.ROUTE,
        routeTableId=table.id,
        destinationCidrBlock="10.1.7.0/24",
        networkInterfaceId=interface,
    )
    found = provider.invoke(TABLES, {"tags": {"podnet:stack": "found"}})["ids"]
    routes = provider.invoke(TABLE, {"routeTableId": table.id})["routes"]

    assert found == [table.id]
    assert [(route["cidrBlock"], route["networkInterfaceId"]) for route in routes] == [
        ("10.1.7.0/24", interface)
    ]


def test_rules_of_security_groups_are_found_by_tags_and_titles(provider, stack, world):
    rules = {
        key: stack.make(
            samples.INGRESS,
            securityGroupId=world.group.id,
            ipProtocol="udp",
            fromPort=port,
            toPort=port,
            cidrIpv4="10.9.0.0/16",
            tags={"podnet:stack": "found", "Name": f"found-in-{key}"},
        )
        for port, key in ((1, "pods"), (2, "vxlan-2"), (3, "vxlan-3"))
    }

    def found(*titles, stack="found"):
        result = provider.invoke(
            RULES,
            {
                "tags": {"podnet:stack": stack},
                "filters": [{"name": "tag:Name", "values": [*titles]}],
            },
        )
        return {key for key, rule in rules.items() if rule.id in result.get("ids", ())}

    assert found("found-in-pods", "found-in-vxlan-*") == {"pods", "vxlan-2", "vxlan-3"}
    assert found("found-in-vxlan-2") == {"vxlan-2"}
    assert found("found-in-*", stack="other") == set()


def test_interfaces_are_found_by_id_and_one_that_is_gone_is_left_out(provider, world):
    there = world.instance["primaryNetworkInterfaceId"]

    def found(*ids):
        asked = [{"name": "network-interface-id", "values": [*ids]}]
        return provider.invoke(INTERFACES, {"filters": asked})["ids"]

    assert found(there, "eni-0123456789abcdef0") == [there]
    assert found("eni-0123456789abcdef0") == []


def test_a_route_keeps_the_interface_that_went_with_its_instance(provider, stack, world, ec2):
    table = stack.make(samples.TABLE, vpcId=world.vpc.id, tags={"Name": "found-a"})
    instance = stack.make(samples.INSTANCE, **samples.instance(world, "192.168.1.50"))
    interface = instance["primaryNetworkInterfaceId"]
    stack.make(
        samples.ROUTE,
        routeTableId=table.id,
        destinationCidrBlock="10.1.7.0/24",
        networkInterfaceId=interface,
    )
    ec2.terminate_instances(InstanceIds=[instance.id])
    asked = [{"name": "network-interface-id", "values": [interface]}]
    routes = provider.invoke(TABLE, {"routeTableId": table.id})["routes"]

    assert [route["networkInterfaceId"] for route in routes] == [interface]
    assert provider.invoke(INTERFACES, {"filters": asked})["ids"] == []


def test_tables_are_found_by_their_vpc_and_by_their_names(provider, stack, world):
    tags = {"podnet:stack": "found", "Name": "found-a"}
    table = stack.make(samples.TABLE, vpcId=world.vpc.id, tags=tags)
    other = stack.make(samples.TABLE, vpcId=world.vpc.id, tags={"Name": "found-b"})

    def found(name, value, **more):
        return {
            *provider.invoke(TABLES, {"filters": [{"name": name, "values": [value]}], **more})[
                "ids"
            ]
        }

    assert {table.id, other.id} <= found("vpc-id", world.vpc.id)
    assert found("vpc-id", "vpc-0") == set()
    assert found("tag:Name", "found-a", tags={"podnet:stack": "found"}) == {table.id}
    assert found("tag:Name", "found-b", tags={"podnet:stack": "found"}) == set()
