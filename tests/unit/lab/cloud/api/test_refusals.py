"""The API refuses what AWS refuses and moto would accept."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError

from podnet.lab.clients import client


@contextmanager
def refused(code: str, part: str = ""):
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert (error["Code"], part in error["Message"]) == (code, True), error


def interface_of(instance: dict[str, Any]) -> str:
    return instance["NetworkInterfaces"][0]["NetworkInterfaceId"]


def test_an_address_that_is_taken_is_refused_to_an_instance(launch):
    launch("172.20.4.11")

    with refused("InvalidIPAddress.InUse", "172.20.4.11"):
        launch("172.20.4.11")


def test_an_address_given_beside_the_interface_is_checked_too(ec2, image, network, launch):
    launch("172.20.4.11")

    with refused("InvalidIPAddress.InUse", "172.20.4.11"):
        ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            SubnetId=network.subnet,
            PrivateIpAddress="172.20.4.11",
        )


def test_an_address_that_is_taken_is_refused_to_an_interface(ec2, network, launch):
    launch("172.20.4.11")

    with refused("InvalidIPAddress.InUse", "172.20.4.11"):
        ec2.create_network_interface(SubnetId=network.subnet, PrivateIpAddress="172.20.4.11")


@pytest.mark.parametrize(
    ("kind", "zone"), [("t3.small", "us-east-1e"), ("m7i.large", "us-east-1e")]
)
def test_a_type_is_refused_in_a_zone_that_does_not_offer_it(endpoint, kind, zone):
    ec2 = client("ec2", endpoint, "us-east-1")
    vpc = ec2.create_vpc(CidrBlock="172.20.4.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="172.20.4.0/24", AvailabilityZone=zone)
    image = ec2.describe_images()["Images"][0]["ImageId"]

    with refused("Unsupported", "us-east-1a, us-east-1b"):
        ec2.run_instances(
            ImageId=image,
            InstanceType=kind,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet["Subnet"]["SubnetId"],
        )


@pytest.mark.parametrize("address", ["172.20.4.0", "172.20.4.1", "172.20.4.3", "172.20.4.255"])
def test_an_address_that_aws_reserves_is_refused(launch, address):
    with refused("InvalidParameterValue", f"Address {address} is in subnet's reserved"):
        launch(address)


def test_the_first_address_that_is_not_reserved_is_given(launch):
    assert launch("172.20.4.4")["PrivateIpAddress"] == "172.20.4.4"


def test_an_address_outside_the_subnet_is_refused(launch):
    with refused("InvalidParameterValue", "does not fall within"):
        launch("172.20.5.11")


def test_an_address_is_free_at_once_after_termination(ec2, launch):
    first = launch("172.20.4.11")
    ec2.terminate_instances(InstanceIds=[first["InstanceId"]])

    assert launch("172.20.4.11")["PrivateIpAddress"] == "172.20.4.11"


def test_user_data_of_16384_bytes_is_taken_and_one_byte_more_is_not(launch):
    launch("172.20.4.11", UserData="x" * 16_384)

    with refused("InvalidParameterValue", "16384"):
        launch("172.20.4.12", UserData="x" * 16_385)


def test_an_image_that_the_lab_does_not_have_is_refused(launch, image):
    with refused("InvalidAMIID.NotFound", image):
        launch(ImageId="ami-00000000000000001")


def test_the_newest_debian_is_found_for_both_architectures(ec2):
    found = ec2.describe_images(Owners=["136693071363"])["Images"]

    assert {image["Architecture"] for image in found if image["Name"].startswith("debian-12-")} == {
        "x86_64",
        "arm64",
    }


def test_user_data_of_a_running_instance_stays(ec2, launch):
    instance = launch(UserData="old")["InstanceId"]

    with refused("IncorrectInstanceState", "not in the 'stopped' state"):
        ec2.modify_instance_attribute(InstanceId=instance, UserData={"Value": b"new"})
    ec2.stop_instances(InstanceIds=[instance])
    ec2.modify_instance_attribute(InstanceId=instance, UserData={"Value": b"new"})


@pytest.mark.parametrize("action", ["start_instances", "stop_instances", "reboot_instances"])
def test_a_terminated_instance_stays_terminated(ec2, launch, action):
    instance = launch()["InstanceId"]
    ec2.terminate_instances(InstanceIds=[instance])

    with refused("IncorrectInstanceState", "terminated"):
        getattr(ec2, action)(InstanceIds=[instance])


def test_a_stopped_instance_does_not_reboot(ec2, launch):
    instance = launch()["InstanceId"]
    ec2.stop_instances(InstanceIds=[instance])

    with refused("IncorrectInstanceState", "rebooted"):
        ec2.reboot_instances(InstanceIds=[instance])


def test_a_tag_key_that_is_no_path_is_refused_where_metadata_shows_tags(ec2, launch):
    shown = launch("172.20.4.11", MetadataOptions={"InstanceMetadataTags": "enabled"})
    hidden = launch("172.20.4.12")

    with refused("InvalidParameterValue", "'a/b' is not a valid tag key"):
        ec2.create_tags(Resources=[shown["InstanceId"]], Tags=[{"Key": "a/b", "Value": "c"}])
    ec2.create_tags(Resources=[hidden["InstanceId"]], Tags=[{"Key": "a/b", "Value": "c"}])


@pytest.mark.parametrize("destination", ["172.20.4.0/24", "172.20.4.128/25"])
def test_a_route_inside_the_vpc_is_refused(ec2, network, launch, destination):
    eni = interface_of(launch())

    with refused("InvalidParameterValue", "equal to or more specific"):
        ec2.create_route(
            RouteTableId=network.table, DestinationCidrBlock=destination, NetworkInterfaceId=eni
        )


def test_a_second_route_to_a_destination_is_refused(ec2, network, launch):
    eni = interface_of(launch())
    ec2.create_route(
        RouteTableId=network.table, DestinationCidrBlock="10.1.1.0/24", NetworkInterfaceId=eni
    )

    with refused("RouteAlreadyExists", "10.1.1.0/24"):
        ec2.create_route(
            RouteTableId=network.table, DestinationCidrBlock="10.1.1.0/24", NetworkInterfaceId=eni
        )
    ec2.replace_route(
        RouteTableId=network.table, DestinationCidrBlock="10.1.1.0/24", NetworkInterfaceId=eni
    )


def test_a_route_to_another_vpc_is_refused(ec2, network):
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]

    with refused("InvalidParameterValue", "belong to different networks"):
        ec2.create_route(
            RouteTableId=network.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway
        )


def test_a_subnet_has_one_route_table(ec2, network):
    other = ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=network.table, SubnetId=network.subnet)

    with refused("Resource.AlreadyAssociated", network.table):
        ec2.associate_route_table(RouteTableId=other, SubnetId=network.subnet)


def test_a_vpc_has_one_internet_gateway_and_a_gateway_one_vpc(ec2, network):
    one, two = (
        ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"] for _ in range(2)
    )
    ec2.attach_internet_gateway(InternetGatewayId=one, VpcId=network.vpc)
    other = ec2.create_vpc(CidrBlock="172.21.0.0/24")["Vpc"]["VpcId"]

    with refused("InvalidParameterValue", "already has an internet gateway"):
        ec2.attach_internet_gateway(InternetGatewayId=two, VpcId=network.vpc)
    with refused("Resource.AlreadyAssociated", one):
        ec2.attach_internet_gateway(InternetGatewayId=one, VpcId=other)


def test_only_calls_that_changed_something_are_reported(endpoint, ec2):
    def reported() -> list[list[str]]:
        with urlopen(f"{endpoint}/lab/applied") as answer:  # noqa: S310  # http, on loopback
            return json.load(answer)

    before = reported()
    ec2.describe_vpcs()
    with refused("InvalidVpcID.NotFound"):
        ec2.delete_vpc(VpcId="vpc-00000000")
    ec2.create_vpc(CidrBlock="172.23.0.0/24")

    assert reported()[len(before) :] == [["CreateVpc", "eu-central-1"]]
