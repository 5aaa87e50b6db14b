"""Where the drill of neighbours puts its hosts."""

from ipaddress import IPv4Address, IPv4Network

import pytest

from podnet.lab.drill.hosts import Place, beside
from podnet.plan.nodes import planned_nodes, planned_zones
from podnet.plan.settings import Settings
from tests.refusals import refused


@pytest.mark.parametrize(
    ("settings", "subnet", "node_range"),
    [
        (Settings(node_count=2), "192.168.1.254", "192.168.1.63"),
        (Settings(node_count=53), "192.168.1.254", "192.168.1.10"),
        (
            Settings(vpc_cidr=IPv4Network("10.0.0.0/16"), subnet_prefix=20, node_range_prefix=27),
            "10.0.15.254",
            "10.0.0.31",
        ),
    ],
    ids=["few nodes", "a full range", "a large subnet"],
)
def test_one_host_is_outside_of_the_node_range_and_one_in_it_where_no_node_is(
    settings, subnet, node_range
):
    found = beside(settings)

    assert found == {
        Place.SUBNET: IPv4Address(subnet),
        Place.NODE_RANGE: IPv4Address(node_range),
    }
    zone = planned_zones(settings)[0]
    assert found[Place.SUBNET] not in zone.nodes
    assert found[Place.NODE_RANGE] in zone.nodes
    assert found[Place.NODE_RANGE] not in {node.address for node in planned_nodes(settings)}


def test_a_subnet_that_is_all_nodes_has_no_neighbours():
    settings = Settings(vpc_cidr=IPv4Network("192.168.1.0/26"), node_range_prefix=26)

    with refused("drill-no-neighbours"):
        beside(settings)
