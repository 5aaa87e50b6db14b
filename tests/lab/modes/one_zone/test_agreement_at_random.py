"""The verifier and the lab's packets agree on VPCs with several faults at once."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.lab.modes.agreement import compare, switch

pytestmark = pytest.mark.lab

MODES = ("vpc-routes", "host-gw", "overlay")
NODES = [f"node-{number}" for number in range(1, 5)]
RANGES = st.one_of(
    st.builds(
        lambda first, length: f"10.1.{first}.0/{length}", st.integers(1, 4), st.integers(24, 31)
    ),
    st.sampled_from(["10.1.0.0/21", "10.1.2.0/23", "10.1.4.0/22"]),
    st.builds("192.168.1.{}/32".format, st.integers(11, 14)),
    st.sampled_from(["192.168.1.8/30", "192.168.1.12/30", "192.168.1.0/25"]),
)
RULES = st.tuples(
    RANGES, st.sampled_from([("-1", None), ("tcp", (0, 65535)), ("udp", (0, 65535))]), st.booleans()
).map(lambda found: ("rule", (found[0], *found[1]), {"egress": found[2]}))
ROUTES = st.tuples(
    RANGES.filter(lambda one: one.startswith("10.")), st.none() | st.sampled_from(NODES)
).map(lambda found: ("route", found, {}))
ROUTINGS = st.builds(
    lambda node, change: ("routing", (node,), change),
    st.sampled_from(NODES),
    st.sampled_from([{"vni": 40}, {"port": 4789}, {"mode": "overlay"}, {"mode": "host-gw"}]),
)
ONCE = [
    ("without_rules", ("pods", "vxlan"), {}),
    ("without_rules", ("nodes",), {}),
    ("without_rules", (), {"egress": True}),
    ("no_route", ("0.0.0.0/0",), {}),
    *(("check", (node,), {}) for node in NODES),
    *(("groups", (node,), {}) for node in NODES),
]


def thing(fault):
    """What a fault changes, which no two may at once."""
    name, words, more = fault
    return name, words if name in ("rule", "without_rules") else words[:1], more.get("egress")


FOUND = st.lists(
    st.one_of(RULES, ROUTES, ROUTINGS, st.sampled_from(ONCE)),
    min_size=1,
    max_size=5,
    unique_by=thing,
)


@pytest.fixture(scope="module")
def vpc_routes(lab):
    switch(lab, "vpc-routes")


@pytest.fixture(scope="module", params=MODES)
def mode(request, lab):
    switch(lab, request.param)


def agree(lab, found):
    _, on_paper, with_packets = compare(
        lab, lambda vpc: [getattr(vpc, name)(*words, **more) for name, words, more in found]
    )
    assert on_paper == with_packets, found


FEW = settings(max_examples=6, phases=[Phase.generate], derandomize=True, deadline=None)
MANY = settings(max_examples=60, deadline=None)


@FEW
@given(found=FOUND)
def test_they_agree_on_a_few_vpcs(lab, vpc_routes, found):
    agree(lab, found)


@pytest.mark.long
@MANY
@given(found=FOUND)
def test_they_agree_on_many_vpcs(lab, mode, found):
    agree(lab, found)
