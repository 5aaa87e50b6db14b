"""Routes without a target, and those that lose it by a deployment, found at preview."""

from __future__ import annotations

import pytest

from tests.program.test_preview import VPC_ROUTES, node

NATIVE = {"podnet:routing": VPC_ROUTES}
ROUTES = {"10.1.1.0/24": "eni-1", "10.1.2.0/24": "eni-2", "10.1.3.0/24": "eni-3"}


def stack(cloud, *numbers, **there):
    nodes = [node(each, **NATIVE) for each in numbers or (1, 2, 3)]
    return cloud.holds(*nodes, settled=VPC_ROUTES, **{"routes": ROUTES, **there})


def warned(cloud, start):
    return [
        text.partition(": ")[2].partition(". ")[0]
        for loud, text in cloud.said
        if loud == "warning" and text.startswith(start)
    ]


def stale(cloud):
    return warned(cloud, "stale routes to pods")


def to_come(cloud):
    return warned(cloud, "this deployment deletes network interfaces")


def lookups(cloud, token, name):
    return [
        one["values"]
        for asked, args in cloud.calls
        if asked == token
        for one in args.get("filters") or []
        if one["name"] == name
    ]


def test_a_stack_whose_routes_lead_to_its_nodes_has_neither(cloud):
    stack(cloud).deploy(nodeCount="3")

    assert (stale(cloud), to_come(cloud)) == ([], [])
    assert lookups(cloud, cloud.INTERFACES, "network-interface-id") == [["eni-1", "eni-2", "eni-3"]]
    assert lookups(cloud, cloud.TABLES, "vpc-id") == []


def test_a_route_whose_interface_is_gone_is_stale_whoever_made_it(cloud):
    routes = {**ROUTES, "10.1.9.0/24": "eni-9", "10.9.0.0/16": "eni-8", "10.1.7.0/24": "pcx-1"}
    stack(cloud, routes=routes, gone=["eni-2", "eni-9", "eni-8"]).deploy(nodeCount="3")

    assert stale(cloud) == ["10.1.2.0/24 to eni-2 in rtb-1, 10.1.9.0/24 to eni-9 in rtb-1"]


def test_more_interfaces_than_a_filter_takes_are_asked_for_in_several(cloud):
    routes = {f"10.1.{number}.0/24": f"eni-x{number:03}" for number in range(1, 202)}
    stack(cloud, routes=routes, gone=["eni-x201"]).deploy(nodeCount="3")

    assert [len(each) for each in lookups(cloud, cloud.INTERFACES, "network-interface-id")] == [
        200,
        1,
    ]
    assert stale(cloud) == ["10.1.201.0/24 to eni-x201 in rtb-1"]


def test_podnets_own_routes_to_nodes_that_go_are_its_own_affair(cloud):
    stack(cloud).deploy(nodeCount="2")

    assert to_come(cloud) == []


OTHER = {"rtb-8": {"10.1.3.0/24": "eni-3", "10.1.1.0/24": "eni-1"}, "rtb-9": {"0.0.0.0/0": "nat-1"}}


def test_routes_to_a_node_that_goes_become_blackholes_in_every_table_of_the_vpc(cloud):
    routes = {**ROUTES, "10.9.0.0/16": "eni-3", "10.1.3.128/25": "eni-3", "10.8.0.0/16": "eni-1"}
    stack(cloud, routes=routes, other_tables=OTHER).deploy(nodeCount="2")

    (said,) = to_come(cloud)
    assert said == (
        "10.1.3.128/25 to eni-3 of 192.168.1.13 in rtb-1, 10.9.0.0/16 to eni-3 of 192.168.1.13 in "
        "rtb-1, 10.1.3.0/24 to eni-3 of 192.168.1.13 in rtb-8"
    )
    assert stale(cloud) == []


def test_a_node_that_is_rolled_gets_another_interface(cloud):
    stack(cloud, other_tables=OTHER).deploy(nodeCount="3", roll='["node-3"]')

    assert to_come(cloud) == ["10.1.3.0/24 to eni-3 of node-3 in rtb-8"]


def test_so_does_one_that_other_settings_replace(cloud):
    stack(cloud, other_tables=OTHER).deploy(nodeCount="3", podCidr="10.2.0.0/16")

    assert to_come(cloud) == [
        "10.1.1.0/24 to eni-1 of node-1 in rtb-8, 10.1.3.0/24 to eni-3 of node-3 in rtb-8"
    ]


def test_routes_of_a_cloud_controller_to_a_node_that_goes_are_not_podnets(cloud):
    overlay = "overlay zones=1 vni=1 port=8472"
    nodes = [node(each) for each in (1, 2, 3)]
    cloud.holds(*nodes, settled=overlay, routes=ROUTES, has_pod_routes=False)
    cloud.deploy(routing="overlay", nodeCount="2")

    assert to_come(cloud) == ["10.1.3.0/24 to eni-3 of 192.168.1.13 in rtb-1"]


def test_so_are_those_to_a_node_that_other_settings_replace(cloud):
    nodes = [node(1, **NATIVE)]
    cloud.holds(*nodes, settled=VPC_ROUTES, routes=ROUTES, has_pod_routes=False)
    cloud.deploy(routing="overlay", nodeCount="1", podCidr="10.2.0.0/16")

    assert to_come(cloud) == ["10.1.1.0/24 to eni-1 of node-1 in rtb-1"]


def test_routes_of_a_zone_that_goes_go_with_its_table(cloud):
    routes = {**ROUTES, "10.9.0.0/16": "eni-3"}
    stack(cloud, routes=routes, zone_of_table="b", other_tables=OTHER).deploy(nodeCount="2")

    assert to_come(cloud) == ["10.1.3.0/24 to eni-3 of 192.168.1.13 in rtb-8"]


def test_where_the_vpc_goes_as_well_nothing_is_asked(cloud):
    stack(cloud, other_tables=OTHER).deploy(nodeCount="2", vpcCidr="192.168.2.0/24")

    assert to_come(cloud) == []
    assert lookups(cloud, cloud.TABLES, "vpc-id") == []


@pytest.mark.parametrize("output", ["privateIps", "ids"])
def test_a_look_up_that_leaves_something_out_stops_nothing(cloud, output):
    stack(cloud, other_tables=OTHER)
    for token in (cloud.INTERFACE, cloud.INTERFACES):
        given = cloud.answers[token]
        cloud.answers[token] = lambda args, given=given: {
            name: value for name, value in given(args).items() if name != output
        }
    cloud.deploy(nodeCount="2")

    unnamed = ["10.1.3.0/24 to eni-3 of a node in rtb-8"]
    assert to_come(cloud) == (unnamed if output == "privateIps" else [])
    assert len(cloud.of("Instance")) == 2
