from itertools import pairwise, permutations

import pytest

from podnet.lab.operations import switching
from podnet.plan.routing import Routing, RoutingMode
from tests.refusals import refused


@pytest.mark.parametrize("first", switching.LIVE)
@pytest.mark.parametrize("modes", [switching.LIVE, switching.LIVE[:2], switching.LIVE[:1]], ids=len)
def test_a_tour_takes_every_ordered_pair_once_and_ends_where_it_began(modes, first):
    if first not in modes:
        first = modes[0]

    tour = switching.tour(modes, first)

    assert sorted(pairwise(tour)) == sorted(permutations(modes, 2))
    assert tour[0] == tour[-1] == first


def test_settings_of_one_mode_return_to_their_defaults_in_another():
    assert switching.overrides_for(RoutingMode.HOST_GW, {"podnet:nodeRangePrefix": "28"}) == {
        "podnet:routing": "host-gw",
        "podnet:crossZoneOnly": "false",
        "podnet:encapsulation": "vxlan",
        "podnet:uplink": "vxlan",
        "podnet:nodeRangePrefix": "28",
    }
    assert "podnet:crossZoneOnly" not in switching.overrides_for(RoutingMode.OVERLAY, {})
    assert "podnet:uplink" not in switching.overrides_for(RoutingMode.L2, {})


def test_pods_are_replaced_only_to_and_from_l2():
    flat, overlay = Routing(mode=RoutingMode.L2), Routing(mode=RoutingMode.OVERLAY)

    assert switching.needs_new_pods([overlay], flat)
    assert switching.needs_new_pods([flat], overlay)
    # An interrupted switch has left some nodes on each side.
    assert switching.needs_new_pods([flat, overlay], flat)
    assert not switching.needs_new_pods([flat], flat)
    assert not switching.needs_new_pods([overlay], Routing())


@pytest.mark.parametrize("numbers", [{"vni": 2}, {"port": 4789}], ids=["vni", "port"])
def test_other_numbers_replace_devices_where_a_node_sends_in_vxlan(numbers):
    native, overlay = Routing(mode=RoutingMode.HOST_GW), Routing(mode=RoutingMode.OVERLAY)
    flat = Routing(mode=RoutingMode.L2)
    other = Routing(mode=RoutingMode.OVERLAY, **numbers)

    assert switching.replaces_devices([overlay], other)
    assert switching.replaces_devices([native], other)
    assert switching.replaces_devices([other], native)
    assert switching.replaces_devices([flat], other)
    # An interrupted switch has left some nodes on each side.
    assert switching.replaces_devices([other, overlay], other)
    assert not switching.replaces_devices([Routing(**numbers)], native)
    assert not switching.replaces_devices([native, flat], overlay)


def test_a_tag_that_cannot_be_read_is_taken_for_the_routing_that_nodes_start_with():
    assert switching.parse_or_default("overlay").mode is RoutingMode.OVERLAY
    assert switching.parse_or_default("none") == Routing()


@pytest.mark.parametrize(
    ("config", "variant"),
    [
        ({"podnet:routing": "l2"}, "l2"),
        ({"podnet:routing": "overlay", "podnet:crossZoneOnly": "true"}, "hybrid"),
    ],
    ids=["l2", "hybrid"],
)
def test_a_drill_refuses_a_stack_in_none_of_its_modes_and_names_what_it_has(
    stack_named, config, variant
):
    stack = stack_named("lab")
    stack.save(config)

    with refused("drill-mode") as caught:
        next(switching.drill(stack))
    assert f"is in {variant};" in str(caught.value)
