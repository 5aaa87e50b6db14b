"""What a deployment says it will do to nodes and their routing."""

from __future__ import annotations

import pytest

from plan.routing import WORDS, RoutingMode
from plan.settings import Settings
from plan.switch import NODES_DO, Deployed, tell

FLAT = Settings(routing=RoutingMode.L2, max_nodes=32)
OVERLAY = Settings(routing=RoutingMode.OVERLAY, node_count=3, zones=2)
RECREATED = (
    "  pods must be recreated, since their on-link range changes: those that are there keep the "
    "old one and reach no pod of the new one (`podnet switch` does it)"
)


def told(settings: Settings, **deployed: object) -> list[str]:
    return "\n".join(tell(settings, Deployed(**deployed))).splitlines()


def test_what_a_node_does_is_told_for_every_routing():
    assert NODES_DO.keys() == WORDS.keys()


def test_a_first_deployment_and_one_that_switches_nothing_say_nothing():
    assert told(OVERLAY) == []
    assert told(OVERLAY, routing="overlay", kept=frozenset({"node-1"})) == []


def test_a_switch_is_told_in_the_order_in_which_it_happens():
    assert "\n".join(told(OVERLAY, routing="vpc-routes", switches=True)) == (
        "routing: vpc-routes -> overlay, while packets flow; no node is replaced or rebooted\n"
        "  1. added first: firewall rule vxlan-8472 (VXLAN between the nodes)\n"
        "  2. every node reads its tag podnet:routing (overlay max=250 vni=1 port=8472) and routes "
        "every peer's pods through its VXLAN device\n"
        "  3. a wait of two polls, until every node that runs has done so\n"
        "  4. removed last: firewall rule pods (All traffic from pods), "
        "6 routes of the VPC to pods"
    )


def test_what_both_routings_need_is_neither_added_nor_removed():
    lines = told(Settings(routing=RoutingMode.HOST_GW), routing="vpc-routes", switches=True)

    assert lines[1] == "  1. added first: nothing"
    assert lines[4] == "  4. removed last: 2 routes of the VPC to pods"


def test_the_way_back_is_the_same_in_reverse():
    lines = told(Settings(), routing="overlay", switches=True)

    assert lines[1] == (
        "  1. added first: firewall rule pods (All traffic from pods), 2 routes of the VPC to pods"
    )
    assert lines[4] == "  4. removed last: firewall rule vxlan-8472 (VXLAN between the nodes)"


def test_a_switch_from_nobody_knows_what_is_told_without_a_guess():
    lines = told(OVERLAY, routing=None, switches=True)

    assert lines[0].startswith("routing: what the nodes have -> overlay, ")
    assert lines[1] == "  1. added first: firewall rule vxlan-8472 (VXLAN between the nodes)"
    assert lines[4] == "  4. removed last: nothing that is known of"


@pytest.mark.parametrize(
    ("settings", "former", "recreated"),
    [
        (FLAT, "overlay", True),
        (OVERLAY, "l2", True),
        (FLAT, "l2-ethernet", False),
        (OVERLAY, "host-gw", False),
        (FLAT, None, True),
        (OVERLAY, None, False),
    ],
    ids=["to l2", "from l2", "within l2", "neither", "to l2 from unknown", "from unknown"],
)
def test_pods_must_be_recreated_where_their_range_changes(settings, former, recreated):
    lines = told(settings, routing=former, switches=True)

    assert (lines[-1] == RECREATED) is recreated


def test_nodes_with_older_files_or_images_are_named_with_the_way_to_renew_them():
    older = {"node-1": ("files",), "node-2": ("files", "image")}

    (line,) = told(OVERLAY, kept=frozenset({"node-1", "node-2", "node-3"}), older=older)

    assert line == (
        "older than a node made now would be: node-1 (files), node-2 (files and image); they stay "
        "as they are, `podnet roll` makes them anew one at a time"
    )


def test_a_node_that_is_rolled_is_told_as_such_and_no_longer_as_older():
    rolling = Settings(node_count=3, roll=("node-2", "node-3"))

    assert told(rolling, kept=frozenset({"node-1", "node-2"}), older={"node-2": ("image",)}) == [
        "made anew with the files, image and instance type of now: node-2"
    ]
