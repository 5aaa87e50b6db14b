import json
from ipaddress import IPv4Address, IPv4Network

import conflist
import pytest
from machine import Node

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing, RoutingMode

ARTICLE = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
OTHER = AddressPlan(IPv4Network("172.20.4.0/22"), IPv4Network("10.64.0.0/12"), 26, 22, 22)
NODE = Node(ARTICLE, "eth0", IPv4Address("192.168.1.11"), 9001)
FLAT = Routing(mode=RoutingMode.L2)


def plugin(node, routing):
    """The bridge plugin's part of the conflist."""
    return json.loads(conflist.conflist(node, routing))["plugins"][0]


@pytest.mark.parametrize("mode", ["vpc-routes", "host-gw", "overlay"])
def test_the_conflist_is_as_the_golden_copy_in_every_routed_mode(golden, mode):
    golden("10-mynet.conflist", conflist.conflist(NODE, Routing(mode=RoutingMode(mode))))


def test_the_conflist_of_l2_is_as_the_golden_copy(golden):
    golden("10-mynet-l2.conflist", conflist.conflist(NODE, FLAT))


def test_the_conflist_follows_the_block_and_the_link():
    node = Node(OTHER, "ens5", IPv4Address("172.20.5.12"), 1500)

    found = plugin(node, Routing())

    assert found["mtu"] == 1450
    assert found["ipam"]["subnet"] == str(OTHER.block(IPv4Address("172.20.5.12")))


def test_in_l2_a_node_hands_out_nothing_but_its_own_block():
    address = IPv4Address("172.20.5.12")
    block = OTHER.block(address)

    ipam = json.loads(conflist.conflist(Node(OTHER, "ens5", address, 1500), FLAT))["plugins"][0][
        "ipam"
    ]

    assert ipam == {
        "type": "host-local",
        "subnet": "10.64.0.0/12",
        "gateway": str(block[1]),
        "rangeStart": str(block[2]),
        "rangeEnd": str(block[62]),
    }


def test_the_conflist_is_written_once_and_leaves_no_draft(tmp_path):
    changes = [conflist.keep_conflist(NODE, Routing(), tmp_path) for _ in range(2)]

    file = tmp_path / "10-mynet.conflist"
    assert changes == [f"wrote {file}", ""]
    assert {path: path.read_text() for path in tmp_path.iterdir()} == {
        file: conflist.conflist(NODE, Routing())
    }


def test_a_reader_of_the_conflist_never_sees_half_of_it(tmp_path):
    file = tmp_path / "10-mynet.conflist"
    file.write_text("old")
    with file.open() as reader:
        conflist.keep_conflist(NODE, Routing(), tmp_path)

        assert (reader.read(), file.read_text()) == ("old", conflist.conflist(NODE, Routing()))
