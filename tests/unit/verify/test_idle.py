"""Which firewall rules serve nobody, of a plan and of what else is in its group."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import settings as with_profile
from hypothesis import strategies as st

from podnet.plan.cni import Cni
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.plan.unmanaged_rules import FoundRule
from podnet.verify import idle, planned
from podnet.verify.rules import uses_in
from podnet.world.model import SecurityRule

GROUP = "sg-nodes"
MODES = {
    "vpc-routes": {},
    "host-gw": {"routing": RoutingMode.HOST_GW},
    "overlay": {"routing": RoutingMode.OVERLAY},
    "l2": {"routing": RoutingMode.L2, "node_range_prefix": 28},
    "hybrid": {"routing": RoutingMode.OVERLAY, "cross_zone_only": True, "zones": 2},
    "three zones": {"zones": 3},
}
PODS, PORT = "10.1.0.0/16", {"protocol": "tcp", "from_port": 80, "to_port": 80}
every_mode = pytest.mark.parametrize(
    "settings", [Settings(**one) for one in MODES.values()], ids=MODES
)


def rule(peer, *, is_egress=False, protocol="-1", from_port=None, to_port=None):
    return FoundRule(
        id="sgr-1",
        group=GROUP,
        is_egress=is_egress,
        protocol=protocol,
        from_port=from_port,
        to_port=to_port,
        peer=peer,
    )


def in_full(settings, found):
    """Whether a rule serves a pair of the whole plan, in which it is as it was found."""
    made = planned.world(settings)
    (group,) = made.security_groups
    peer = planned.GROUP if found.peer == GROUP else IPv4Network(found.peer)
    added = SecurityRule(
        id=found.id,
        egress=found.is_egress,
        protocol=found.protocol,
        from_port=found.from_port,
        to_port=found.to_port,
        peer=peer,
    )
    made = replace(made, security_groups=(replace(group, rules=(*group.rules, added)),))
    uses = uses_in(made, made.vpcs[0], planned.nodes(settings))
    return any(use.pairs for use in uses if use.rule.id == found.id)


@st.composite
def own_ranges(draw, settings):
    """A range of pods or nodes that a rule may name, or the group."""
    nodes = planned.nodes(settings)
    blocks = [node.block for node in nodes] + [IPv4Network(node.own) for node in nodes]
    inside = draw(st.sampled_from([*blocks, *(node.plan.node_range(0) for node in nodes[:1])]))
    longer = draw(st.integers(inside.prefixlen, 32))
    first = int(inside[draw(st.integers(0, inside.num_addresses - 1))])
    part = IPv4Network((first >> (32 - longer) << (32 - longer), longer))
    return str(
        draw(st.sampled_from([part, settings.pod_cidr, GROUP, IPv4Network("10.1.200.0/24")]))
    )


@with_profile(deadline=None, max_examples=50)
@given(
    st.data(), st.sampled_from(sorted(MODES)), st.lists(st.integers(2, 3), min_size=3, max_size=3)
)
def test_a_sample_of_nodes_decides_what_the_whole_plan_does(data, mode, counts):
    settings = Settings(**MODES[mode])
    settings = replace(settings, node_count=tuple(counts[: settings.zones]))
    protocol, first, last = data.draw(
        st.sampled_from(
            [("-1", None, None), ("tcp", 0, 65535), ("udp", 8472, 8472), ("tcp", 80, 80)]
        )
    )
    found = rule(
        data.draw(own_ranges(settings)),
        is_egress=data.draw(st.booleans()),
        protocol=protocol,
        from_port=first,
        to_port=last,
    )

    assert (idle.idle(settings, [found]) == ()) is in_full(settings, found)


@every_mode
@pytest.mark.parametrize("count", [1, 3])
def test_no_rule_of_the_plan_itself_is_idle(settings, count):
    assert idle.remark(replace(settings, node_count=count), []) is None


def test_a_rule_of_the_plan_that_its_zones_do_not_need_is_named():
    hybrid = Settings(routing=RoutingMode.OVERLAY, cross_zone_only=True)

    assert idle.idle(hybrid, []) == ("vxlan-8472",)
    assert "in hybrid: vxlan-8472 (VXLAN between the nodes). They" in idle.remark(hybrid, []).text


@pytest.mark.parametrize(
    ("settings", "found", "serves"),
    [
        (MODES["vpc-routes"], rule(PODS), True),
        (MODES["overlay"], rule(PODS), False),
        (MODES["vpc-routes"], rule(PODS, **PORT), False),
        (MODES["overlay"], rule(GROUP), True),
        (MODES["vpc-routes"], rule("10.1.77.0/24"), False),
        (MODES["vpc-routes"], rule("10.1.2.128/25"), True),
        (MODES["vpc-routes"], rule("192.168.1.12/32"), True),
        (MODES["vpc-routes"], rule("192.168.1.40/32"), False),
    ],
    ids=[
        "pods in vpc-routes",
        "pods in an overlay",
        "a port inside another rule",
        "the group itself",
        "a block of nobody",
        "half a block",
        "a node",
        "a node's address that is nobody's",
    ],
)
def test_an_unmanaged_rule_is_named_where_it_serves_nobody(settings, found, serves):
    assert idle.idle(Settings(**settings), [found]) == (() if serves else ("sgr-1",))


@pytest.mark.parametrize(
    "peer", ["203.0.113.0/24", "192.168.1.200/32", "192.168.1.0/24", "sg-balancer", "pl-1", "::/0"]
)
def test_a_rule_for_others_is_never_named(peer):
    assert idle.idle(Settings(), [rule(peer, **PORT)]) == ()
    assert idle.idle(Settings(), [rule(peer, is_egress=True, **PORT)]) == ()


def test_a_rule_for_ssh_from_a_host_of_the_vpc_is_for_others():
    assert idle.idle(Settings(ssh_cidrs=(IPv4Network("192.168.1.200/32"),)), []) == ()
    assert idle.idle(Settings(ssh_cidrs=(IPv4Network("192.168.1.12/32"),)), []) == (
        "ssh-192.168.1.12-32",
    )


def test_verify_does_not_name_a_rule_for_a_group_without_a_node():
    made = planned.world(Settings())
    (group,) = made.security_groups
    balancer, own = (
        replace(group.rules[0], id=peer, peer=peer, protocol="tcp", from_port=80, to_port=80)
        for peer in ("sg-balancer", planned.GROUP)
    )
    made = replace(made, security_groups=(replace(group, rules=(*group.rules, balancer, own)),))
    uses = {use.rule.id: use for use in uses_in(made, made.vpcs[0], planned.nodes(Settings()))}

    assert (uses["sg-balancer"].is_for_others, uses["sg-balancer"].is_idle) == (True, False)
    assert (uses[planned.GROUP].is_for_others, uses[planned.GROUP].is_idle) == (False, True)


@pytest.mark.parametrize("cni", [Cni.CALICO, Cni.KUBE_ROUTER, Cni.CUSTOM])
@pytest.mark.parametrize("zones", [1, 2])
def test_where_another_cni_carries_pods_no_rule_is_said_to_serve_nobody(cni, zones):
    settings = Settings(routing=RoutingMode.EXTERNAL, cni=cni, zones=zones)

    assert idle.remark(settings, [rule(GROUP, **PORT)]) is None
