"""The commands that links and addresses need, by what the kernel has."""

import sys
from ipaddress import IPv4Address, IPv4Network

import later
import links
import pytest
import renamed
from machine import Node

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing, RoutingMode

PLAN = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
NODE = Node(PLAN, "eth0", IPv4Address("192.168.1.11"), 9001)
GRE = ["podnet2"]


def vxlan(name, vni, learning, **other):
    """A VXLAN device as `ip -d` lists it."""
    data = {"id": vni, "local": "192.168.1.11", "port": 8472, "learning": learning}
    link = {"mtu": 8951, "flags": ["UP"], "address": "02:50:c0:a8:01:0b"}
    return {"ifname": name, "linkinfo": {"info_kind": "vxlan", "info_data": data}, **link, **other}


@pytest.fixture
def found():
    """All links of a node, as they must be."""
    bridge = {"mtu": 8951, "flags": ["UP"], "address": "02:51:c0:a8:01:0b"}
    return {
        "podnet0": vxlan("podnet0", 1, learning=False),
        "podnet1": vxlan(
            "podnet1", 2, learning=True, master="kube-bridge", address="fe:00:00:00:00:01"
        ),
        "kube-bridge": {"linkinfo": {"info_kind": "bridge"}, **bridge},
        "podnet2": gre("podnet2", "0.0.0.1"),
    }


def gre(name, key):
    """A device of GRE as `ip -d` lists it."""
    data = {"remote": "any", "local": "192.168.1.11", "ttl": 64, "ikey": key, "okey": key}
    return {
        "ifname": name,
        "mtu": 8951,
        "flags": ["NOARP", "UP"],
        "address": "192.168.1.11",
        "linkinfo": {"info_kind": "gre", "info_data": data},
    }


def test_nothing_is_changed_where_the_kernel_has_everything(found):
    assert links.link_commands(found, NODE, Routing(), GRE) == []


def test_a_port_that_left_the_bridge_is_put_back(found):
    del found["podnet1"]["master"]

    assert links.link_commands(found, NODE, Routing(), GRE) == [
        "link set podnet1 master kube-bridge"
    ]


def test_the_port_uses_the_next_network_identifier_and_learns(found):
    del found["podnet1"]

    assert links.link_commands(found, NODE, Routing(vni=7), [])[-4:] == [
        "link add podnet1 mtu 8951 type vxlan id 8 local 192.168.1.11 dstport 8472 learning",
        "link set podnet1 addrgenmode none",
        "link set podnet1 up",
        "link set podnet1 master kube-bridge",
    ]


NEW_GRE = [
    "link add podnet2 mtu 8951 type gre local 192.168.1.11 key 1 ttl 64",
    "link set podnet2 addrgenmode none",
    "link set podnet2 up",
]


def test_gre_has_the_network_identifier_for_its_key_and_the_nodes_address(found):
    del found["podnet2"]

    assert links.link_commands(found, NODE, Routing(), GRE) == NEW_GRE


@pytest.mark.parametrize("other", [{"key": "0.0.0.7"}, {"kind": "gretap"}])
def test_a_device_of_gre_that_cannot_be_changed_is_made_again(found, other):
    info = found["podnet2"]["linkinfo"]
    info["info_data"]["ikey"] = other.get("key", "0.0.0.1")
    info["info_kind"] = other.get("kind", "gre")

    assert links.link_commands(found, NODE, Routing(), GRE) == ["link delete podnet2", *NEW_GRE]


def test_no_device_of_gre_is_asked_of_a_kernel_without_it(found):
    del found["podnet2"]

    assert links.link_commands(found, NODE, Routing(), []) == []


@pytest.mark.parametrize(("is_made", "has"), [(True, True), (False, False)])
def test_whether_a_kernel_has_gre_is_tried_with_a_device_that_goes_again(monkeypatch, is_made, has):
    asked = []

    def batch(program, commands):
        asked.append((program, commands))
        if not is_made:
            raise OSError("Error: Unknown device type.")

    monkeypatch.setattr(links, "exists", lambda _: False)
    monkeypatch.setattr(links, "ip_batch", batch)

    assert links.has_gre() is has
    assert asked == [("ip", ["link add podnet-gre type gre key 1", "link delete podnet-gre"])]


def test_a_kernel_that_has_the_device_is_not_tried(monkeypatch):
    monkeypatch.setattr(links, "exists", lambda name: name == "podnet2")
    monkeypatch.setattr(links, "ip_batch", lambda *_: pytest.fail("tried"))

    assert links.has_gre()


@pytest.mark.parametrize(
    ("found", "commands"),
    [
        (["10.1.1.1/24"], []),
        ([], ["address add 10.1.1.1/24 dev kube-bridge"]),
        (
            ["10.1.1.1/16"],
            [
                "address add 10.1.1.1/24 dev kube-bridge",
                "address delete 10.1.1.1/16 dev kube-bridge",
            ],
        ),
    ],
    ids=["in place", "missing", "another prefix"],
)
def test_a_link_keeps_one_address_and_is_never_without(found, commands):
    assert links.address_commands("kube-bridge", found, "10.1.1.1/24") == commands


@pytest.mark.parametrize(("mode", "flood"), [("l2", "on"), ("overlay", "off")])
def test_the_bridge_floods_its_vxlan_port_in_mode_l2_only(mode, flood):
    ports = [{"ifname": "podnet1", "flood": None}]

    options = f"flood {flood} mcast_flood {flood} bcast_flood {flood} neigh_suppress on"
    assert links.port_commands(ports, Routing(mode=RoutingMode(mode))) == [
        f"link set dev podnet1 {options}"
    ]


@pytest.mark.parametrize("name", ["podnet0", "podnet1", "podnet2", "kube-bridge"])
def test_a_link_that_was_renamed_gets_its_name_back(found, name):
    found["odd"] = found.pop(name)

    assert renamed.rename_commands(found, NODE, Routing()) == [
        "link set odd down",
        f"link set odd name {name}",
    ]


def test_a_renamed_link_is_left_alone_where_another_has_its_name(found):
    found["odd"] = dict(found["podnet0"])

    assert renamed.rename_commands(found, NODE, Routing()) == []


def test_devices_of_flannel_and_bridges_of_others_keep_their_names(found):
    flannel = vxlan("flannel.1", 1, learning=False, address="5e:00:00:00:00:01")
    docker = {"address": "02:42:00:00:00:01", "linkinfo": {"info_kind": "bridge"}}
    eth = {"address": "02:50:c0:a8:01:0b"}
    other = gre("office", "0.0.0.9")

    assert (
        renamed.rename_commands(
            {"flannel.1": flannel, "docker0": docker, "ens6": eth, "office": other}, NODE, Routing()
        )
        == []
    )


def test_the_uplink_of_a_plain_switch_is_named_where_its_file_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "uplink", None)
    routing = Routing.parse("l2-ethernet zones=1 vni=1 port=8472")

    with pytest.raises(LookupError, match=r"this node lacks uplink.py$"):
        later.keep_uplink(NODE, routing)

    assert later.keep_uplink(NODE, Routing()) == ""
