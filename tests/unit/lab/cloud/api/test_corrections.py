"""Defaults, side effects and answers of AWS that moto lacks."""

from __future__ import annotations

from typing import Any


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
