"""What the program says of a switch before it registers anything."""

from __future__ import annotations

import pytest

from tests.program.test_preview import OVERLAY, VPC_ROUTES, node


@pytest.mark.parametrize("dry_run", [True, False], ids=["preview", "up"])
def test_a_switch_is_previewed_before_anything_is_registered(cloud, dry_run):
    cloud.holds(node(1), node(2), settled=OVERLAY).deploy(routing="host-gw", dry_run=dry_run)
    ((loud, text),) = cloud.said

    assert loud == "info"
    assert text.splitlines()[0] == (
        "routing: overlay -> host-gw, while packets flow; no node is replaced or rebooted"
    )


def test_the_previous_routing_is_known_by_its_word_whatever_its_numbers(cloud):
    cloud.holds(node(1), node(2), settled="hybrid zones=1 vni=9 port=4789 checksum=off").deploy(
        routing="overlay"
    )

    assert cloud.said[0][1].startswith("routing: hybrid -> overlay, ")


@pytest.mark.parametrize(
    ("there", "removed"),
    [
        ({"rules": ["test-in-pods", "test-in-vxlan-8472"]}, "firewall rule sgr-test-in-pods"),
        ({"rules": ["test-in-vxlan-4789"]}, "firewall rule sgr-test-in-vxlan-4789"),
        ({"routes": {"10.1.1.0/24": "eni-1"}}, "1 routes of the VPC to pods"),
    ],
    ids=["the rule of native modes", "the rule of another port", "routes"],
)
def test_what_another_routing_left_is_previewed_as_a_switch(cloud, there, removed):
    cloud.holds(node(1), node(2), settled=OVERLAY, **there).deploy(routing="overlay")
    ((loud, text),) = cloud.said

    assert loud == "info"
    assert text.startswith("routing: what the nodes have -> overlay, while packets flow; ")
    assert text.splitlines()[-1] == f"  4. removed last: {removed}"


@pytest.mark.parametrize(
    ("told_and_settled", "settings", "lossy"),
    [
        ((OVERLAY, OVERLAY), {"routing": "overlay", "vni": "2"}, True),
        ((OVERLAY, OVERLAY), {"routing": "overlay", "vxlanPort": "4789"}, True),
        ((OVERLAY, OVERLAY), {"routing": "host-gw", "vni": "2"}, True),
        ((VPC_ROUTES, VPC_ROUTES), {"routing": "overlay", "vni": "2"}, True),
        ((VPC_ROUTES, VPC_ROUTES), {"routing": "host-gw", "vni": "2"}, False),
        ((OVERLAY, OVERLAY), {"routing": "host-gw"}, False),
        (("overlay zones=1 vni=2 port=8472", OVERLAY), {"routing": "overlay"}, True),
        (("overlay zones=1 vni=1 port=8472 checksum=off", OVERLAY), {"routing": "overlay"}, False),
    ],
    ids=[
        "vni",
        "port",
        "away from it",
        "to it",
        "both native",
        "the same numbers",
        "half done",
        "other numbers",
    ],
)
def test_a_switch_that_replaces_vxlan_devices_is_previewed_to_lose_packets(
    cloud, told_and_settled, settings, lossy
):
    tag, settled = told_and_settled
    nodes = [node(number, **{"podnet:routing": tag}) for number in (1, 2)]
    cloud.holds(*nodes, settled=settled).deploy(**settings)
    text = next(text for _, text in cloud.said if text.startswith("routing: "))

    assert (", with losses; " in text) is lossy
    assert (", while packets flow; " in text) is not lossy
    assert ("to lose none, change them while the stack is in vpc-routes or" in text) is lossy


@pytest.mark.parametrize("settings", [{}, {"routing": "overlay"}, {"routing": "host-gw"}])
def test_nodes_that_came_to_no_tag_yet_have_no_other_numbers(cloud, settings):
    nodes = [node(1), node(2)]
    for each in nodes:
        del each["podnet:routing"]
    cloud.holds(*nodes, settled=None).deploy(**settings)
    text = next(text for _, text in cloud.said if text.startswith("routing: "))

    assert ", while packets flow; " in text
    assert "vni or vxlanPort differ" not in text


def test_one_tagged_node_among_others_has_other_numbers(cloud):
    untagged = node(1)
    del untagged["podnet:routing"]
    other = node(2, **{"podnet:routing": "overlay zones=1 vni=7 port=8472"})
    cloud.holds(untagged, other, settled=None).deploy(routing="overlay")

    assert ", with losses; " in cloud.said[0][1]
