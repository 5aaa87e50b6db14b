"""What a preview says and forbids."""

from __future__ import annotations

from itertools import permutations

import pytest

from podnet.plan import firewall
from podnet.plan.deployed import Deployed
from podnet.plan.preview import (
    forbidden_transition,
    needs,
    remarks,
    route_summary,
    steps,
    too_many_routes,
    unknown_quota,
    warnings,
)
from podnet.plan.quota import RouteBudget
from podnet.plan.routing import VARIANTS, RoutingMode, Variant
from podnet.plan.settings import Settings

LIVE = frozenset({"node-1"})
FLANNEL_VXLAN, FLANNEL_HOST = ("flannel", "flannel-direct"), "flannel-host-gw"
L2 = Settings(routing=RoutingMode.L2, max_nodes=32)
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
        uplink=routing.uplink,
        flannel_backend=routing.flannel_backend,
        flannel_direct_routing=routing.flannel_direct,
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
        "  3. a wait of 30 s, until every running node has done so",
        "  4. removed last",
    ]


def test_routes_are_counted_for_every_node_and_zone():
    found = switch(OVERLAY, "vpc-routes")

    assert found["removed last"] == (
        "firewall rule pods (All traffic from pods), 6 routes of the VPC to pods"
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
    assert remark.text.endswith(": node-2")


def forbidden(before: str | None, after: str, reusable: frozenset[str] = LIVE) -> str | None:
    deployed = Deployed(routing=VARIANTS[before] if before else None, reusable=reusable)
    problem = forbidden_transition(settings(VARIANTS[after]), deployed)
    return problem.rule if problem else None


@pytest.mark.parametrize("after", VARIANTS)
@pytest.mark.parametrize("before", VARIANTS)
def test_live_nodes_go_neither_to_flannel_nor_from_it_nor_between_its_back_ends(before, after):
    kinds = [
        "host" if name == FLANNEL_HOST else "vxlan" if name in FLANNEL_VXLAN else "podnet"
        for name in (before, after)
    ]
    rule = None
    if kinds[0] != kinds[1]:
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


@pytest.mark.parametrize(("kind", "named"), [("t2.micro", 1), ("m4.large", 1), ("t3.small", 0)])
def test_a_type_whose_metadata_may_not_follow_a_switch_is_named(kind, named):
    found = [each for each in warnings(Settings(instance_type=kind)) if each.is_warning]

    assert [each.rule for each in found] == ["instance-type-xen"] * named
    assert all(kind in each.text for each in found)


def test_routes_are_summed_up_with_the_quota_and_the_headroom():
    summary = route_summary(RouteBudget.of(Settings(node_count=40, zones=3), 50))

    assert (summary.rule, summary.is_warning) == ("route-count", False)
    assert [word for word in summary.text.split() if word.isdigit()] == [
        "120", "3", "2", "42", "50", "8",
    ]  # fmt: skip


def test_an_ignored_or_unknown_quota_is_a_warning():
    ignored = route_summary(RouteBudget.of(Settings(node_count=60), 50), is_ignored=True)

    assert (ignored.rule, ignored.is_warning) == ("route-quota-ignored", True)
    assert (unknown_quota().rule, unknown_quota().is_warning) == ("route-quota-unknown", True)


def test_too_many_routes_are_refused_with_the_excess_and_how_many_nodes_fit():
    problem = too_many_routes(RouteBudget.of(Settings(node_count=60), 50))

    assert [word for word in problem.text.split() if word.isdigit()] == [
        "60", "60", "1", "2", "62", "50", "12", "48",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "zones", "modes"),
    [
        (60, 1, "host-gw or overlay, which need"),
        (60, 3, "overlay, which needs"),
        (32, 1, "host-gw or overlay or l2, which need"),
        (32, 2, "overlay or l2, which need"),
    ],
)
def test_too_many_routes_offer_only_modes_that_take_as_many_nodes_and_zones(nodes, zones, modes):
    problem = too_many_routes(RouteBudget.of(Settings(node_count=nodes, zones=zones), 10))

    assert problem.rule == "route-quota"
    assert f"or podnet:routing {modes} no routes of the VPC" in problem.text
