"""Which nodes are outdated, and which routes unmanaged."""

from __future__ import annotations

from fnmatch import fnmatchcase
from ipaddress import IPv4Network
from types import SimpleNamespace

import pytest

from podnet.plan.deployed import VpcRoute, is_unmanaged, outdated, tag_patterns
from podnet.plan.routing import VARIANTS, Routing

TEMPLATE = SimpleNamespace(version="2", image_id="ami-2", instance_type="t3.small")
PODS, BLOCK = IPv4Network("10.1.0.0/16"), IPv4Network("10.1.1.0/24")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, ()),
        ({"version": "1"}, ("files",)),
        ({"image_id": "ami-1"}, ("image",)),
        ({"instance_type": "t3.nano"}, ("instance type",)),
        (
            {"version": "1", "image_id": "ami-1", "instance_type": "t3.nano"},
            ("files", "image", "instance type"),
        ),
    ],
    ids=["nothing", "files", "image", "instance type", "all"],
)
def test_a_node_is_outdated_in_what_differs_from_a_new_one(changes, what):
    record = SimpleNamespace(**{**vars(TEMPLATE), **changes})

    assert outdated(record, TEMPLATE) == what


@pytest.mark.parametrize(
    ("destination", "target", "blocks", "unmanaged"),
    [
        ("10.1.1.0/24", "eni-1", {BLOCK: ["eni-1"]}, False),
        ("10.1.1.0/24", "eni-9", {BLOCK: ["eni-1"]}, True),
        ("10.1.1.0/24", "eni-9", {BLOCK: None}, False),
        ("10.1.2.0/24", "eni-1", {BLOCK: None}, True),
        ("10.2.0.0/16", "eni-1", {BLOCK: None}, False),
        ("0.0.0.0/0", "igw-1", {BLOCK: None}, False),
    ],
    ids=[
        "to its node",
        "to another interface",
        "where interfaces are unknown",
        "to a block of no node",
        "outside the pod range",
        "to the internet",
    ],
)
def test_a_route_in_the_pod_range_is_unmanaged_unless_it_leads_to_the_node_of_its_block(
    destination, target, blocks, unmanaged
):
    route = VpcRoute(destination=IPv4Network(destination), target=target)

    assert is_unmanaged(route, PODS, blocks) is unmanaged


def test_tags_with_the_same_vxlan_fit_its_patterns_in_every_variant_and_others_do_not():
    patterns = tag_patterns(Routing(vni=7, port=4789))

    def fits(tag: str) -> bool:
        return any(fnmatchcase(tag, pattern) for pattern in patterns)

    for name in VARIANTS:
        for tail in ("", " checksum=off"):
            assert fits(f"{name} max=9 vni=7 port=4789{tail}")
            assert not fits(f"{name} max=9 vni=7 port=8472{tail}")
            assert not fits(f"{name} max=9 vni=77 port=4789{tail}")
