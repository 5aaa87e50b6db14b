"""What a preview says of routes without a target, with the embedded engine and the real CLI."""

from __future__ import annotations

import logging

import pytest

pytestmark = pytest.mark.cli


def interface_of(ec2, node):
    found = ec2.describe_instances(
        Filters=[
            {"Name": "tag:podnet:node", "Values": [node]},
            {"Name": "instance-state-name", "Values": ["pending", "running"]},
        ]
    )["Reservations"]
    return found[0]["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"]


def table_with(ec2, **routes):
    """A route table of somebody else in the stack's VPC."""
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "tag-key", "Values": ["podnet:stack"]}])["Vpcs"]
    table = ec2.create_route_table(VpcId=vpcs[0]["VpcId"])["RouteTable"]["RouteTableId"]
    for target, destination in routes.items():
        ec2.create_route(
            RouteTableId=table, DestinationCidrBlock=destination, NetworkInterfaceId=target
        )
    return table


def own_table(ec2):
    found = ec2.describe_route_tables(
        Filters=[{"Name": "route.destination-cidr-block", "Values": ["10.1.1.0/24"]}]
    )["RouteTables"]
    return next(
        each["RouteTableId"]
        for each in found
        if any(tag["Key"] == "podnet:stack" for tag in each["Tags"])
    )


def test_routes_to_nodes_that_go_and_to_interfaces_that_are_gone_are_named(engine, ec2, caplog):
    engine().up()
    one, two = (interface_of(ec2, f"node-{number}") for number in (1, 2))
    table, own = table_with(ec2, **{one: "10.7.0.0/16", two: "10.8.0.0/16"}), own_table(ec2)
    caplog.set_level(logging.INFO, "podnet.program")

    def said(start, **config):
        caplog.clear()
        engine(**config).preview()
        found = [each.getMessage() for each in caplog.records if start in each.getMessage()]
        return [text.partition(": ")[2].partition(". ")[0] for text in found]

    stale, to_come = "stale routes to pods", "this deployment deletes network interfaces"

    assert said(to_come) == said(stale) == []
    assert said(to_come, nodeCount="1") == [f"10.8.0.0/16 to {two} of 192.168.1.12 in {table}"]
    assert said(to_come, podCidr="10.2.0.0/16") == [
        f"10.7.0.0/16 to {one} of node-1 in {table}, 10.8.0.0/16 to {two} of node-2 in {table}"
    ]

    ec2.create_route(RouteTableId=own, DestinationCidrBlock="10.1.9.0/24", NetworkInterfaceId=two)
    engine(nodeCount="1").up()

    assert said(stale, nodeCount="1") == [f"10.1.9.0/24 to {two} in {own}"]
    assert said(to_come, nodeCount="1") == []
