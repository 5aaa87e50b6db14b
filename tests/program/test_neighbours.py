"""Hosts of somebody else at addresses of the node ranges, found before anything is registered."""

import pulumi
import pytest

from tests.program.test_preview import VPC_ROUTES, node

NODES = (node(1, **{"podnet:routing": VPC_ROUTES}), node(2, **{"podnet:routing": VPC_ROUTES}))


def occupied(cloud):
    return [text for level, text in cloud.said if level == "warning" and "are no node's" in text]


def test_a_host_in_a_node_range_is_named_with_its_owner(cloud):
    cloud.holds(*NODES, settled=VPC_ROUTES, others={"192.168.1.30": "i-9"}).deploy()

    (said,) = occupied(cloud)
    assert "192.168.1.30 (eni-of-192.168.1.30, of i-9)" in said


@pytest.mark.parametrize("others", [{}, {"192.168.1.64": "i-9"}, {"192.168.2.30": "i-9"}])
def test_a_host_outside_the_node_ranges_is_of_no_concern(cloud, others):
    cloud.holds(*NODES, settled=VPC_ROUTES, others=others).deploy()

    assert occupied(cloud) == []


@pytest.mark.parametrize(
    ("settings", "address", "name"),
    [
        ({"nodeCount": "3"}, "192.168.1.13", "node-3"),
        ({"zones": "2", "nodeCount": "[2, 1]"}, "192.168.2.11", "node-65"),
    ],
)
def test_a_node_whose_address_somebody_has_stops_the_program(cloud, settings, address, name):
    cloud.holds(*NODES, settled=VPC_ROUTES, others={address: "i-9"})

    with pytest.raises(pulumi.RunError, match=f"{name} must be created at {address}.*of i-9"):
        cloud.deploy(**settings)
    assert cloud.resources == []


def test_the_stacks_own_nodes_are_nobody_else(cloud):
    cloud.holds(*NODES, settled=VPC_ROUTES, others={"192.168.1.11": "i-1", "192.168.1.12": "i-2"})
    cloud.deploy()

    assert occupied(cloud) == []
