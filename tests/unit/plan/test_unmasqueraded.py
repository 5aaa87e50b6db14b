"""Ranges in which pods are seen under their own addresses: what is refused, and what is said."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from itertools import product

import pytest

from podnet.plan import config
from podnet.plan.config import SettingsError
from podnet.plan.deployed import Deployed
from podnet.plan.parsing import LONGEST_VALUE
from podnet.plan.routing import (
    LARGEST_PORT,
    LARGEST_VNI,
    MOST_ZONES,
    VARIANTS,
    Routing,
    RoutingMode,
)
from podnet.plan.settings import Settings
from podnet.plan.unmasqueraded import forbidden, remarks
from podnet.plan.validation.unmasqueraded import MOST
from podnet.plan.vpc_routes import VpcRoute

FAR, FARTHER = IPv4Network("10.20.0.0/16"), IPv4Network("172.20.0.0/16")
SETTINGS = Settings(unmasqueraded_cidrs=(FAR,))


def load(*ranges, **more):
    own = {f"podnet:{name}": value for name, value in more.items()}
    return config.load({"podnet:unmasqueradedCidrs": json.dumps(ranges), **own})


@pytest.mark.parametrize(
    ("ranges", "more", "rule"),
    [
        (["10.1.200.0/24"], {}, "unmasqueraded-overlaps"),
        (["10.0.0.0/8"], {}, "unmasqueraded-overlaps"),
        (["10.97.0.0/16"], {"kubernetes": "kubeadm"}, "unmasqueraded-overlaps"),
        (["169.254.169.254/32"], {}, "unmasqueraded-unusable"),
        (["0.0.0.0/0"], {}, "unmasqueraded-unusable"),
        (["239.0.0.0/8"], {}, "unmasqueraded-unusable"),
        (["10.20.0.0/16", "10.20.0.0/16"], {}, "unmasqueraded-twice"),
        (["10.20.4.0/24", "10.20.0.0/16"], {}, "unmasqueraded-twice"),
        ([f"10.{each}.0.0/16" for each in range(20, 29)], {}, "unmasqueraded-too-many"),
        (["10.20.0.1/16"], {}, "cidr-host-bits"),
        (["fd00::/8"], {}, "cidr-ipv6"),
        (["10.20.0.0"], {}, "cidr-without-prefix"),
        ("10.20.0.0/16", {}, "cidrs-not-a-list"),
    ],
    ids=[
        "in the pod range",
        "around the pod range",
        "in the Services of a cluster",
        "the metadata service",
        "everything",
        "multicast",
        "twice",
        "one in the other",
        "nine",
        "host bits",
        "IPv6",
        "no prefix",
        "no list",
    ],
)
def test_such_ranges_are_refused(ranges, more, rule):
    with pytest.raises(SettingsError) as refused:
        load(*ranges, **more) if isinstance(ranges, list) else config.load(
            {"podnet:unmasqueradedCidrs": ranges}
        )

    assert rule in {problem.rule for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("ranges", "more"),
    [
        (["10.20.0.0/16", "10.21.0.0/16"], {}),
        (["192.168.1.128/25"], {}),
        (["192.168.0.0/16"], {"zones": "3"}),
        (["10.97.0.0/16"], {}),
        (["203.0.113.7/32"], {}),
        ([f"10.{each}.0.0/16" for each in range(20, 28)], {}),
    ],
    ids=[
        "two",
        "in the VPC",
        "around the VPC",
        "Services of no cluster",
        "one public host",
        "eight",
    ],
)
def test_such_ranges_are_taken(ranges, more):
    assert [*map(str, load(*ranges, **more).unmasqueraded_cidrs)] == ranges


def test_the_longest_tag_fits_into_a_value():
    ranges = tuple(IPv4Network(f"255.255.255.{200 + each}/32") for each in range(MOST))
    longest = max(
        len(
            Routing.parse(
                f"{name} zones={MOST_ZONES} unmasqueraded={'+'.join(map(str, ranges))} "
                f"vni={LARGEST_VNI} port={LARGEST_PORT} checksum=off"
            ).tag()
        )
        for name in VARIANTS
    )

    assert 220 < longest <= LONGEST_VALUE


def test_another_order_is_the_same_tag():
    tags = {
        Settings(unmasqueraded_cidrs=ranges).node_routing.tag()
        for ranges in ((FAR, FARTHER), (FARTHER, FAR))
    }

    assert tags == {"vpc-routes zones=1 unmasqueraded=10.20.0.0/16+172.20.0.0/16 vni=1 port=8472"}


def test_such_ranges_replace_no_node():
    assert SETTINGS.fingerprint == Settings().fingerprint


def found(*targets, destination="10.20.0.0/16", differs=True):
    """A stack with one route table for each of these targets of a range."""
    return Deployed(
        routing_differs=differs,
        tables={
            f"rtb-{number}": (
                VpcRoute(destination=IPv4Network("0.0.0.0/0"), target="igw-1"),
                VpcRoute(destination=IPv4Network(destination), target=target),
            )
            for number, target in enumerate(targets, start=1)
        },
    )


def rules(settings, deployed):
    return [remark.rule for remark in remarks(settings, deployed)]


@pytest.mark.parametrize("target", ["pcx-1", "vgw-1", "nat-1", "igw-2"])
def test_a_target_that_drops_them_is_refused_with_its_table_and_the_way_out(target):
    problem = forbidden(SETTINGS, found(target))

    assert problem is not None
    assert f"10.20.0.0/16 by rtb-1 to {target}, " in problem.text
    assert "transit gateway" in problem.text


def test_without_a_route_of_its_own_a_range_goes_to_the_internet_gateway_and_is_refused():
    problem = forbidden(SETTINGS, found("tgw-1", destination="10.21.0.0/16"))

    assert problem is not None
    assert "10.20.0.0/16 by rtb-1 to igw-1, an internet gateway" in problem.text


def test_one_of_two_tables_is_enough_to_refuse():
    problem = forbidden(SETTINGS, found("tgw-1", "pcx-1"))

    assert problem is not None
    assert "rtb-1" not in problem.text


@pytest.mark.parametrize("cidr", ["192.168.1.128/25", "192.168.2.0/24"])
def test_the_vpc_itself_carries_them_to_its_own_hosts(cidr):
    settings = Settings(unmasqueraded_cidrs=(IPv4Network(cidr),), zones=2)

    assert forbidden(settings, found("tgw-1", "tgw-1")) is None


def test_what_is_beyond_the_vpc_in_a_range_around_it_needs_a_route():
    problem = forbidden(
        Settings(unmasqueraded_cidrs=(IPv4Network("192.168.0.0/16"),)), found("tgw-1")
    )

    assert problem is not None
    assert "192.168.0.0/16 by rtb-1 to igw-1" in problem.text


@pytest.mark.parametrize("target", ["tgw-1", "eni-1"])
def test_what_carries_them_is_said_with_what_must_lead_back(target):
    deployed = found(target)
    (said,) = remarks(SETTINGS, deployed)

    assert forbidden(SETTINGS, deployed) is None
    assert (said.rule, said.is_warning) == ("unmasqueraded-way-back", False)
    assert "route 10.1.0.0/16 from there to this VPC" in said.text


def test_a_route_that_is_lost_later_is_a_warning_and_stops_no_other_change():
    deployed = found("pcx-1", differs=False)

    assert forbidden(SETTINGS, deployed) is None
    assert rules(SETTINGS, deployed) == ["unmasqueraded-now-dropped"]


def test_nothing_is_said_while_nothing_changes():
    assert rules(SETTINGS, found("tgw-1", differs=False)) == []


@pytest.mark.parametrize("deployed", [Deployed(), found("tgw-1", differs=False)])
def test_tables_that_are_still_to_be_made_have_no_route(deployed):
    settings = Settings(unmasqueraded_cidrs=(FAR,), zones=len(deployed.tables) + 1)

    assert forbidden(settings, deployed) is None
    assert rules(settings, deployed) == ["unmasqueraded-new-table"]


@pytest.mark.parametrize("mode", [mode for mode in RoutingMode if mode != "vpc-routes"])
def test_without_routes_of_the_vpc_somebody_else_must_lead_back(mode):
    settings = Settings(unmasqueraded_cidrs=(FAR,), routing=mode)

    assert rules(settings, found("tgw-1")) == ["unmasqueraded-no-way-back"]


@pytest.mark.parametrize(("target", "differs"), [*product(["pcx-1", "tgw-1"], [True, False])])
def test_without_such_ranges_nothing_is_said_or_refused(target, differs):
    deployed = found(target, differs=differs)

    assert forbidden(Settings(), deployed) is None
    assert rules(Settings(), deployed) == []
