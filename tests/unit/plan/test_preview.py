"""What a preview says and forbids."""

from __future__ import annotations

from itertools import permutations

import pytest

from podnet.plan import firewall
from podnet.plan.cni import Cni
from podnet.plan.deployed import Deployed
from podnet.plan.launches import WAY_BACK
from podnet.plan.preview import (
    forbidden_transition,
    remarks,
    steps,
    warnings,
)
from podnet.plan.routing import VARIANTS, RoutingMode, Variant
from podnet.plan.settings import Settings
from podnet.plan.switch import needs

LIVE = frozenset({"node-1"})
FLANNEL_VXLAN, FLANNEL_HOST = ("flannel", "flannel-direct"), "flannel-host-gw"
L2 = Settings(routing=RoutingMode.L2, node_range_prefix=27)
OVERLAY = Settings(routing=RoutingMode.OVERLAY, node_count=3, zones=2)
every_pair = pytest.mark.parametrize(
    ("before", "after"),
    [pytest.param(*pair, id="-to-".join(pair)) for pair in permutations(VARIANTS, 2)],
)


def settings(variant: Variant) -> Settings:
    routing = variant.routing
    return Settings(
        node_count=3,
        routing=routing.mode,
        cross_zone_only=routing.cross_zone_only,
        encapsulation=routing.encapsulation,
        uplink=routing.uplink,
        flannel_backend=routing.flannel_backend,
        flannel_direct_routing=routing.flannel_direct,
        cni=Cni(routing.cni or "none"),
    )


def lines(wanted: Settings, **deployed: object) -> list[str]:
    return "\n".join(step.text for step in steps(wanted, Deployed(**deployed))).splitlines()


def switch(wanted: Settings, before: str | None, **deployed: object) -> dict[str, str]:
    """The numbered lines of a switch, each after its number, by what it begins with."""
    found = lines(
        wanted, routing=VARIANTS[before] if before else None, routing_differs=True, **deployed
    )
    return {
        head.split(". ")[-1]: tail for head, _, tail in (line.partition(": ") for line in found)
    }


def in_the_cloud(wanted: Settings) -> set[str]:
    """What a stack has for packets of pods, of its own rules and routes, by the full program."""
    common = firewall.ingress(wanted).keys() - {"nodes", "path-mtu"}
    return common | ({"routes"} if wanted.routes_in_vpc else set())


@every_pair
def test_what_is_added_and_removed_is_the_difference_of_rules_and_routes(before, after):
    old, new = settings(VARIANTS[before]), settings(VARIANTS[after])
    words = {**needs(old, VARIANTS[before]), **needs(new, VARIANTS[after])}

    def said(keys: set[str]) -> set[str]:
        return {words[key] for key in keys} or {"nothing"}

    found = switch(new, before)

    assert set(found["added first"].split(", ")) == said(in_the_cloud(new) - in_the_cloud(old))
    assert set(found["removed last"].split(", ")) == said(in_the_cloud(old) - in_the_cloud(new))


def test_direct_routing_of_flannel_adds_the_rule_for_pods_and_the_way_back_removes_it():
    there = switch(settings(VARIANTS["flannel-direct"]), "flannel")
    back = switch(settings(VARIANTS["flannel"]), "flannel-direct")

    assert (there["added first"], there["removed last"]) == (
        "firewall rule pods (All traffic from pods)",
        "nothing",
    )
    assert (back["added first"], back["removed last"]) == (
        "nothing",
        "firewall rule pods (All traffic from pods)",
    )


def test_every_variant_has_a_sentence_of_its_own_for_what_a_node_does():
    actions = {lines(settings(each), routing_differs=True)[2] for each in VARIANTS.values()}

    assert len({action.partition(") and ")[2] for action in actions}) == len(VARIANTS)


def test_a_first_deployment_and_one_that_switches_nothing_say_nothing():
    assert lines(OVERLAY) == []
    assert lines(OVERLAY, routing=VARIANTS["overlay"], reusable=LIVE) == []


def test_a_switch_is_previewed_in_the_order_in_which_it_happens():
    assert [
        line.partition(":")[0].partition(" (")[0]
        for line in lines(OVERLAY, routing=VARIANTS["vpc-routes"], routing_differs=True)
    ] == [
        "routing",
        "  1. added first",
        "  2. every node reads its tag podnet",
        (
            "  3. a wait until every running node says that it has done so; the deployment fails "
            "where none says so for 300 s, before anything is removed"
        ),
        "  4. removed last",
        (
            "  connections that hosts of the VPC other than nodes have opened to pods end, since "
            "the VPC's routes to pods go; those that pods have opened go on"
        ),
    ]


@every_pair
def test_what_ends_with_the_routes_of_the_vpc_is_said_where_they_go(before, after):
    found = switch(settings(VARIANTS[after]), before)

    assert any("opened to pods end" in line for line in found) is (
        before == "vpc-routes" and after != "vpc-routes"
    )


def test_routes_are_counted_for_every_node_and_zone():
    found = switch(OVERLAY, "vpc-routes")

    assert found["removed last"] == (
        "firewall rule pods (All traffic from pods), 12 routes of the VPC to pods"
    )


def test_from_an_unknown_routing_nothing_is_guessed():
    found = switch(OVERLAY, None)

    assert found["added first"] == "firewall rule vxlan-8472 (VXLAN between the nodes)"
    assert found["removed last"] == "nothing that is known of"
    assert switch(OVERLAY, None, stale_resources=("rule x",))["removed last"] == "rule x"


@pytest.mark.parametrize(
    ("wanted", "before", "is_recreated"),
    [
        (L2, "overlay", True),
        (OVERLAY, "l2", True),
        (L2, "l2-ethernet", False),
        (OVERLAY, "host-gw", False),
        (L2, None, True),
        (OVERLAY, None, False),
    ],
    ids=["to l2", "from l2", "within l2", "neither", "to l2 from unknown", "from unknown"],
)
def test_pods_must_be_recreated_where_their_range_changes(wanted, before, is_recreated):
    found = switch(wanted, before)

    assert any(line.startswith("  pods must be recreated") for line in found) is is_recreated


@pytest.mark.parametrize(
    ("before", "after", "is_lossy"),
    [
        ("overlay", "vpc-routes", True),
        ("vpc-routes", "overlay", True),
        ("overlay", "overlay", True),
        ("vpc-routes", "host-gw", False),
        (None, "host-gw", True),
    ],
)
def test_other_vxlan_numbers_lose_packets_where_vxlan_is_used_before_or_after(
    before, after, is_lossy
):
    found = switch(settings(VARIANTS[after]), before, vxlan_differs=True)

    assert ("with losses" in found["routing"]) is is_lossy
    assert any(line.startswith("  packets between nodes") for line in found) is is_lossy


@pytest.mark.parametrize(
    ("before", "after", "differs", "is_lossy"),
    [
        ("overlay-gre", "overlay-gre", {"vxlan_differs": True}, False),
        ("overlay-gre", "host-gw", {"vxlan_differs": True}, False),
        ("overlay-gre", "overlay", {"vxlan_differs": True}, True),
        ("overlay-gre", "hybrid-gre", {"vxlan_differs": True, "vni_differs": True}, True),
        ("vpc-routes", "overlay-gre", {"vxlan_differs": True, "vni_differs": True}, True),
        ("vpc-routes", "host-gw", {"vxlan_differs": True, "vni_differs": True}, False),
    ],
)
def test_another_port_loses_nothing_of_gre_and_another_key_does(before, after, differs, is_lossy):
    found = switch(settings(VARIANTS[after]), before, **differs)

    assert ("with losses" in found["routing"]) is is_lossy


def test_without_other_vxlan_numbers_nothing_is_lost():
    assert "while packets flow" in switch(OVERLAY, "vpc-routes")["routing"]


def test_outdated_nodes_are_named_with_what_is_outdated():
    outdated = {"node-1": ("files",), "node-2": ("files", "image")}

    (remark,) = steps(OVERLAY, Deployed(reusable=LIVE, outdated=outdated))

    assert remark.rule == "nodes-outdated"
    assert "node-1 (files), node-2 (files and image);" in remark.text


def test_a_rolled_node_is_previewed_as_replaced_and_no_longer_as_outdated():
    rolling = Settings(node_count=3, roll=("node-2", "node-3"))
    reusable = frozenset({"node-1", "node-2"})

    (remark,) = steps(rolling, Deployed(reusable=reusable, outdated={"node-2": ("image",)}))

    assert remark.rule == "nodes-rolled"
    assert ": node-2. Each is deleted first" in remark.text
    assert remark.text.endswith(WAY_BACK)


def test_a_node_that_a_failed_roll_lost_is_previewed_as_created_with_the_way_back():
    (remark,) = steps(Settings(instance_type="t3.large"), Deployed(absent=("node-2",)))

    assert remark.rule == "nodes-absent"
    assert ": node-2, with instance type t3.large. Where EC2 refuses it" in remark.text


def forbidden(before: str | None, after: str, reusable: frozenset[str] = LIVE) -> str | None:
    deployed = Deployed(routing=VARIANTS[before] if before else None, reusable=reusable)
    problem = forbidden_transition(settings(VARIANTS[after]), deployed)
    return problem.rule if problem else None


@pytest.mark.parametrize("after", VARIANTS)
@pytest.mark.parametrize("before", VARIANTS)
def test_live_nodes_go_neither_to_another_program_nor_from_it_nor_between_its_back_ends(
    before, after
):
    kinds = [
        "host" if name == FLANNEL_HOST else "vxlan" if name in FLANNEL_VXLAN else "podnet"
        for name in (before, after)
    ]
    rule = None
    if before != after and "external" in f"{before} {after}":
        rule = "external-live-switch"
    elif kinds[0] != kinds[1]:
        rule = "flannel-live-switch" if "podnet" in kinds else "flannel-backend-live-switch"

    assert forbidden(before, after) == rule


def test_nothing_is_forbidden_where_no_node_is_known_to_live():
    assert forbidden(None, "flannel") is None
    assert forbidden("overlay", "flannel", reusable=frozenset()) is None


def test_unmanaged_routes_are_a_warning():
    (remark,) = remarks(Settings(), Deployed(unmanaged_routes=("10.1.9.0/24 to eni-9 in rtb-1",)))

    assert (remark.rule, remark.is_warning) == ("routes-unmanaged", True)
    assert "10.1.9.0/24 to eni-9 in rtb-1" in remark.text


def test_without_a_cluster_no_settings_are_warned_of():
    assert list(warnings(Settings(node_count=1))) == []
