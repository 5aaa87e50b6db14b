"""The table of quotas."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan.deployed import Deployed
from podnet.plan.instance_type import InstanceType
from podnet.plan.quotas import need, quota, vcpus
from podnet.plan.quotas.table import Usage, needs
from podnet.plan.settings import Settings

SMALL = InstanceType(name="t3.small", vcpus=2)


def rows(settings, deployed=None, usage=None):
    table = needs(settings, deployed or Deployed(), SMALL, usage or Usage())
    return {each.quota.code: each for each in table}


def test_every_node_has_a_route_in_the_table_of_every_zone():
    found = rows(Settings(node_count=40, zones=3))[quota.ROUTES.code]

    assert (found.after, found.peak) == (124, 124)


@pytest.mark.parametrize(
    ("settings", "built_in"),
    [
        pytest.param(Settings(), 2, id="one zone"),
        pytest.param(Settings(zones=3, node_count=(2, 0, 0)), 4, id="two ranges more"),
        pytest.param(
            Settings(
                zones=3,
                node_count=(2, 0, 0),
                vpc_cidr=IPv4Network("172.20.0.0/22"),
                subnet_prefix=24,
            ),
            2,
            id="a VPC that holds all zones",
        ),
    ],
)
def test_a_table_has_a_route_to_the_internet_and_one_for_each_range_of_the_vpc(settings, built_in):
    assert rows(settings)[quota.ROUTES.code].after == 2 + built_in


@given(st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 2000))
def test_what_is_left_is_how_many_more_just_fit(peak, elsewhere, more, limit):
    def left(count):
        row = need.Need(
            quota=quota.VPCS, after=1, peak=count, elsewhere=elsewhere, way_out="", about=()
        )
        return row.left(limit)

    assert (left(peak + more) >= 0) is (more <= left(peak))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("t3.small", "L-1216C47A"),
        ("m7i-flex.large", "L-1216C47A"),
        ("im4gn.large", "L-1216C47A"),
        ("hs1.8xlarge", "L-1216C47A"),
        ("d3en.xlarge", "L-1216C47A"),
        ("trn1.2xlarge", "L-2C3B7624"),
        ("inf2.xlarge", "L-1945791B"),
        ("dl1.24xlarge", "L-6E869C2A"),
        ("hpc7g.4xlarge", "L-F7808C92"),
        ("vt1.3xlarge", "L-DB2E81BA"),
        ("gr6.4xlarge", "L-DB2E81BA"),
        ("p5en.48xlarge", "L-417A185B"),
        ("f2.6xlarge", "L-74FC7D96"),
        ("x2iedn.xlarge", "L-7295265B"),
        ("u7i-6tb.112xlarge", "L-43DA4232"),
        ("u-6tb1.56xlarge", "L-43DA4232"),
    ],
)
def test_a_type_counts_in_the_quota_of_its_family(kind, code):
    assert vcpus.quota_of(kind).code == code


def test_a_type_without_a_quota_has_no_row():
    assert vcpus.quota_of("mac2.metal") is None
    assert vcpus.quota_of("?") is None
    assert not any(
        each.quota.service == "ec2"
        for kind in (InstanceType(name="mac2.metal", vcpus=12), InstanceType(name="t3.small"))
        for each in needs(Settings(), Deployed(), kind, Usage())
    )


def test_a_node_that_runs_already_takes_no_vcpus_more():
    deployed = Deployed(reusable=frozenset({"node-1"}), present=frozenset({"node-1"}))
    usage = Usage(vcpus={"i-1": 2, "i-9": 8, "i-old": 2}, nodes={"i-1": "node-1", "i-old": ""})
    found = rows(Settings(), deployed, usage)["L-1216C47A"]

    assert (found.after, found.peak, found.elsewhere) == (4, 6, 8)


def test_every_quota_that_service_quotas_has_stands_once():
    quotas = [each for each in vars(quota).values() if isinstance(each, quota.Quota)]
    quotas += dict.fromkeys(filter(None, vcpus.QUOTAS.values()))
    named = [(each.service, each.code) for each in quotas]

    assert len(named) == len({*named})
