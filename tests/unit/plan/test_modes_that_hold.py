"""Which routing modes hold as many nodes as are wanted."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan import validation
from podnet.plan.deployed import Deployed
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.quotas import modes, quota
from podnet.plan.quotas.table import routes
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings

ANYBODY = (IPv4Network("203.0.113.7/32"),)


@st.composite
def valid(draw):
    """Settings of vpc-routes that keep every rule."""
    zones = draw(st.integers(1, 3))
    subnet = draw(st.integers(22, 28))
    kubernetes = draw(st.sampled_from(Kubernetes))
    prefix = draw(st.integers(max(subnet, 21 + zones), 28))
    settings = Settings(
        vpc_cidr=IPv4Network("172.20.0.0/20"),
        subnet_prefix=subnet,
        pod_cidr=IPv4Network("10.0.0.0/14"),
        service_cidr=IPv4Network("192.168.128.0/20"),
        zones=zones,
        node_range_prefix=prefix,
        node_count=(1,) * zones,
        kubernetes=kubernetes,
        api_cidrs=ANYBODY if kubernetes is Kubernetes.KUBEADM else (),
    )
    most = settings.addresses.capacity
    counts = draw(st.tuples(st.integers(1, most), *[st.integers(0, most)] * (zones - 1)))
    return replace(settings, node_count=counts)


def found(settings, deployed=None, limit=quota.ROUTES.default):
    need = routes(settings, deployed or Deployed())
    return {one.mode: one for one in modes.holdings(settings, need, limit)}


def is_valid(settings):
    return not [*validation.problems(settings)]


def lines(settings, **more):
    said = modes.remark(settings, tuple(found(settings, **more).values()))
    return said.text.split("; that do not: ") if said else []


@given(valid(), st.integers(0, 600), st.integers(2, 1100))
def test_a_mode_holds_the_nodes_where_some_node_range_makes_its_settings_valid(
    settings, of_others, limit
):
    deployed = Deployed(routes_of_others=of_others)
    need = routes(settings, deployed)
    ranges = range(settings.addresses.subnet_prefix, 29)
    assert is_valid(settings)
    for mode, one in found(settings, deployed, limit).items():
        fitting = [
            prefix
            for prefix in ranges
            if is_valid(replace(settings, routing=mode, node_range_prefix=prefix))
        ]
        by_quota = mode is not RoutingMode.VPC_ROUTES or need.left(limit) >= 0

        assert (not one.lack) is (bool(fitting) and by_quota), mode
        if not one.lack and settings.node_range_prefix not in fitting:
            assert any(f"nodeRangePrefix {prefix}," in one.condition for prefix in fitting), mode


@given(valid(), st.integers(2, 1100))
def test_something_is_said_exactly_where_the_number_of_nodes_rules_a_mode_out(settings, limit):
    alone = replace(settings, node_count=(1,) + (0,) * (settings.zones - 1))
    ruled_out = {mode for mode, one in found(settings, limit=limit).items() if one.lack}
    anyway = {mode for mode, one in found(alone, limit=1100).items() if one.lack}

    assert bool(lines(settings, limit=limit)) is bool(ruled_out - anyway)


LARGE = Settings(
    vpc_cidr=IPv4Network("172.20.0.0/16"),
    subnet_prefix=22,
    node_range_prefix=22,
    pod_cidr=IPv4Network("10.0.0.0/14"),
    node_count=600,
)


def test_six_hundred_nodes_are_held_where_no_route_table_has_to():
    assert lines(LARGE) == [
        "routing modes that hold 600 nodes: host-gw, overlay",
        (
            "vpc-routes (needs 602 routes a table, 102 more than the 500 of the quota "
            "vpc/L-93826ACB, which AWS raises to 1,000 on request), l2 (takes 21 nodes at most)"
        ),
    ]


def test_a_raised_quota_lets_vpc_routes_hold_them():
    assert lines(LARGE, limit=602)[0].endswith(": vpc-routes, host-gw, overlay")
    assert (
        "needs 603 routes a table, 1 more than the 602"
        in (lines(LARGE, limit=602, deployed=Deployed(routes_of_others=1))[1])
    )


@pytest.mark.parametrize(
    ("settings", "l2"),
    [
        (Settings(node_count=21), "l2 (with podnet:nodeRangePrefix 27, which replaces every node)"),
        (Settings(node_count=21, node_range_prefix=27), "l2"),
        (Settings(node_count=22), "l2 (takes 21 nodes at most)"),
        (Settings(node_count=6, zones=2), "l2 (takes 5 nodes in a zone at most)"),
        (
            Settings(node_count=(5, 0, 0), zones=3),
            "l2 (with podnet:nodeRangePrefix 28, which replaces every node)",
        ),
    ],
    ids=["21", "21 in a short range", "22", "two zones", "three zones"],
)
def test_l2_holds_few_nodes_in_short_ranges(settings, l2):
    assert str(found(settings)[RoutingMode.L2]) == l2


def test_a_change_to_or_from_flannel_takes_new_nodes():
    cluster = Settings(kubernetes=Kubernetes.KUBEADM, api_cidrs=ANYBODY, node_range_prefix=28)
    with_flannel = replace(cluster, routing=RoutingMode.FLANNEL)

    def conditions(settings):
        return {str(mode): one.condition for mode, one in found(settings).items()}

    assert conditions(cluster) == {
        "vpc-routes": "",
        "host-gw": "",
        "overlay": "",
        "l2": "",
        "flannel": "not while nodes live",
    }
    assert conditions(with_flannel) == {
        **dict.fromkeys(("vpc-routes", "host-gw", "overlay", "l2"), "not while nodes live"),
        "flannel": "",
    }


def test_more_than_aws_grants_is_not_offered_as_a_raise():
    most, one_more = (lines(LARGE, deployed=Deployed(routes_of_others=n))[1] for n in (398, 399))

    assert ", which AWS raises to 1,000 on request" in most
    assert ", which AWS raises to no more than 1,000 on request" in one_more
