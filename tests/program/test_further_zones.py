"""Zones: their ranges, and what their number leaves alone."""

from __future__ import annotations

from dataclasses import replace


def without(urns, item):
    """A resource that does not wait for these; what is last in a switch waits for every node."""
    return replace(item, depends_on=item.depends_on - urns)


def test_further_zones_add_ranges_subnets_and_nodes_and_change_nothing_that_is_there(make_cloud):
    one = make_cloud().deploy(nodeCount="2")
    three = make_cloud().deploy(nodeCount="2", zones="3")
    new = three.urns() - one.urns()
    of_instances = [item for item in three.sorted() if item.name.startswith("nodes-a-")]

    assert one.urns() <= three.urns()
    assert [without(new, item) for item in of_instances] == [
        item for item in one.sorted() if item.name.startswith("nodes-a-")
    ]
    assert {
        name: (item["vpcId"], item["cidrBlock"])
        for name, item in three.inputs("VpcIpv4CidrBlockAssociation").items()
    } == {
        "network-b": ("network-id", "192.168.2.0/24"),
        "network-c": ("network-id", "192.168.3.0/24"),
    }
    subnets = {item.name: item for item in three.of("Subnet")}
    ranges = {item.name: item.urn for item in three.of("VpcIpv4CidrBlockAssociation")}
    for name, urn in ranges.items():
        assert urn in subnets[name].depends_on


def test_the_node_range_of_each_zone_is_reserved(cloud):
    cloud.deploy(zones="2", nodeRangePrefix="27")

    assert {
        name: (item["subnetId"], item["cidrBlock"], item["reservationType"])
        for name, item in cloud.inputs("SubnetCidrReservation").items()
    } == {
        "network-a": ("network-a-id", "192.168.1.0/27", "explicit"),
        "network-b": ("network-b-id", "192.168.2.0/27", "explicit"),
    }
    reserved = {item.urn for item in cloud.of("SubnetCidrReservation")}
    assert [reserved - item.depends_on for item in cloud.of("Instance")] == [set()] * 4
