"""A proof by classes says what a walk for every single pair says."""

from ipaddress import IPv4Network

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from podnet.plan.routing import RoutingMode
from tests.unit.verify.broken import Paper

NAMES = some.sampled_from(["node-1", "node-2", "node-33", "node-34"])
RULES = some.sampled_from(["nodes", "pods", "vxlan-8472", "all", "path-mtu"])
BLOCKS = some.sampled_from(["10.1.1.0/24", "10.1.2.0/24", "10.1.33.64/26", "10.1.0.0/16"])
TARGETS = some.sampled_from([None, "eni-gone", "the interface of node-2", "the internet gateway"])
MODES = [mode for mode in RoutingMode if mode is not RoutingMode.EXTERNAL]
"""Those whose packets podnet knows."""
RANGES = some.sampled_from(["10.1.2.0/24", "10.1.0.0/22", "192.168.1.12/32", "10.1.33.128/25"])

BREAKS = some.one_of(
    some.tuples(some.just("check"), NAMES),
    some.tuples(some.just("stopped"), NAMES),
    some.tuples(some.just("group"), NAMES),
    some.tuples(some.just("private"), NAMES),
    some.tuples(some.just("gone"), NAMES),
    some.tuples(some.just("host"), NAMES),
    some.tuples(some.just("mode"), NAMES, some.sampled_from(MODES)),
    some.tuples(some.just("vni"), NAMES),
    some.tuples(some.just("rule"), RULES),
    some.tuples(some.just("range"), RULES, RANGES),
    some.tuples(some.just("route"), BLOCKS, TARGETS),
)


def broken(paper, kind, *values):
    """The VPC with one more fault; the same where it has nothing to break in this way."""
    if kind == "rule":
        has_rule = any(rule.id == values[0] for rule in paper.world.security_groups[0].rules)
        return paper.without_rule(values[0]) if has_rule else paper
    ways = {
        "check": lambda name: paper.eni(name, source_dest_check=True),
        "stopped": paper.stopped,
        "group": lambda name: paper.eni(name, group_ids=()),
        "private": lambda name: paper.eni(name, public_address=None),
        "gone": paper.without,
        "host": paper.taken_by_a_host,
        "mode": lambda name, mode: paper.routed(name, mode=mode),
        "vni": lambda name: paper.routed(name, vni=77),
        "range": lambda key, peer: paper.rule(key, peer=IPv4Network(peer)),
        "route": paper.route,
    }
    return ways[kind](*values)


@example(
    mode=RoutingMode.OVERLAY,
    cross=False,
    faults=[("vni", "node-33"), ("range", "all", "192.168.1.12/32")],
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    mode=some.sampled_from([mode for mode in MODES if mode is not RoutingMode.HOST_GW]),
    cross=some.booleans(),
    faults=some.lists(BREAKS, max_size=3),
)
def test_a_class_is_treated_as_each_of_its_members(mode, cross, faults):
    only = cross and mode is RoutingMode.OVERLAY
    paper = Paper.of(
        zones=2, node_count=2, node_range_prefix=27, routing=mode, cross_zone_only=only
    )
    for fault in faults:
        paper = broken(paper, *fault)

    assert paper.failing() == paper.failing_each()
