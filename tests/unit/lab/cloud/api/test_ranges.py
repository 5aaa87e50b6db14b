"""Further ranges of a VPC, and addresses that a subnet keeps."""

from __future__ import annotations

import pytest

from tests.unit.lab.cloud.api.test_refusals import refused


@pytest.fixture
def associate(ec2, network):
    """Add a range to the VPC; the id of its association."""

    def add(cidr):
        made = ec2.associate_vpc_cidr_block(VpcId=network.vpc, CidrBlock=cidr)
        return made["CidrBlockAssociation"]["AssociationId"]

    return add


def reserve(ec2, network, cidr, kind="explicit"):
    made = ec2.create_subnet_cidr_reservation(
        SubnetId=network.subnet, Cidr=cidr, ReservationType=kind
    )
    return made["SubnetCidrReservation"]["SubnetCidrReservationId"]


def chosen(ec2, network):
    """The address of an interface that asks for none."""
    made = ec2.create_network_interface(SubnetId=network.subnet)["NetworkInterface"]
    return made["PrivateIpAddress"], made["NetworkInterfaceId"]


def test_an_address_out_of_a_reservation_is_given_to_who_asks_for_it_alone(
    ec2, network, launch, image
):
    reserve(ec2, network, "172.20.4.0/26")

    assert chosen(ec2, network)[0] == "172.20.4.64"
    any_two = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, SubnetId=network.subnet)
    assert [each["PrivateIpAddress"] for each in any_two["Instances"]] == [
        "172.20.4.65",
        "172.20.4.66",
    ]
    assert launch("172.20.4.11")["PrivateIpAddress"] == "172.20.4.11"


def test_an_address_that_was_in_use_before_it_was_reserved_is_not_given_again(ec2, network):
    address, interface = chosen(ec2, network)
    reserve(ec2, network, "172.20.4.0/26")
    ec2.delete_network_interface(NetworkInterfaceId=interface)

    assert address == "172.20.4.4"
    assert chosen(ec2, network)[0] == "172.20.4.64"


def test_a_reservation_that_is_deleted_gives_its_addresses_back(ec2, network):
    kept = reserve(ec2, network, "172.20.4.0/26")
    ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=kept)

    assert chosen(ec2, network)[0] == "172.20.4.4"


def test_a_subnet_whose_addresses_are_all_reserved_gives_none(ec2, network):
    reserve(ec2, network, "172.20.4.0/24")

    with refused("InsufficientFreeAddressesInSubnet", network.subnet):
        chosen(ec2, network)


def test_reservations_do_not_overlap(ec2, network):
    reserve(ec2, network, "172.20.4.0/26")

    with refused("InvalidParameterValue", "172.20.4.32/27"):
        reserve(ec2, network, "172.20.4.32/27")


@pytest.mark.parametrize(
    ("cidr", "code"),
    [
        ("172.20.4.128/25", "CidrConflict"),
        ("172.16.0.0/15", "InvalidVpc.Range"),
        ("172.31.9.0/24", "InvalidVpc.Range"),
        ("192.168.1.0/24", "InvalidVpc.Range"),
        ("198.19.0.0/24", "InvalidVpc.Range"),
    ],
)
def test_a_range_that_does_not_go_with_those_of_the_vpc_is_refused(associate, cidr, code):
    with refused(code, cidr):
        associate(cidr)


def test_a_range_is_no_larger_than_a_route_that_is_there(ec2, network, launch, associate):
    interface = launch()["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2.create_route(
        RouteTableId=network.table,
        DestinationCidrBlock="172.20.5.0/24",
        NetworkInterfaceId=interface,
    )

    with refused("InvalidVpc.Range", "172.20.5.0/24"):
        associate("172.20.5.0/24")
    associate("172.20.5.0/25")


def test_a_vpc_has_five_ranges(associate):
    for number in range(5, 9):
        associate(f"172.20.{number}.0/24")

    with refused("CidrLimitExceeded"):
        associate("172.20.9.0/24")


def test_every_table_routes_within_a_range_that_is_added_until_it_is_given_back(
    ec2, network, associate
):
    def local():
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])
        return [
            sorted(
                route["DestinationCidrBlock"]
                for route in table["Routes"]
                if route.get("GatewayId") == "local"
            )
            for table in tables["RouteTables"]
        ]

    association = associate("172.20.5.0/24")
    subnet = ec2.create_subnet(VpcId=network.vpc, CidrBlock="172.20.5.0/24")["Subnet"]["SubnetId"]

    assert local() == [["172.20.4.0/24", "172.20.5.0/24"]] * 2
    with refused("InvalidCidrBlock.InUse", "has a subnet within CIDR block 172.20.5.0/24"):
        ec2.disassociate_vpc_cidr_block(AssociationId=association)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.disassociate_vpc_cidr_block(AssociationId=association)
    assert local() == [["172.20.4.0/24"]] * 2
    with refused("InvalidSubnet.Range", "172.20.5.0/24"):
        ec2.create_subnet(VpcId=network.vpc, CidrBlock="172.20.5.0/24")
    associate("172.20.5.0/24")
