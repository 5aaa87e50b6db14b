from itertools import pairwise, permutations

import pytest

from lab.cli import kept, switching
from lab.cli.fabric import FabricKind, declare
from lab.drill import Losses, PairLosses
from lab.errors import LabError
from lab.home import Home
from plan.routing import Routing, RoutingMode


@pytest.fixture
def home(tmp_path):
    return Home.open(tmp_path)


@pytest.mark.parametrize("first", switching.LIVE)
@pytest.mark.parametrize("modes", [switching.LIVE, switching.LIVE[:2], switching.LIVE[:1]], ids=len)
def test_a_walk_takes_every_ordered_pair_once_and_ends_where_it_began(modes, first):
    if first not in modes:
        first = modes[0]

    walked = switching.route(modes, first)

    assert sorted(pairwise(walked)) == sorted(permutations(modes, 2))
    assert walked[0] == walked[-1] == first


def test_what_belongs_to_one_mode_alone_is_set_back_for_another():
    assert switching.chosen(RoutingMode.HOST_GW, {"podnet:maxNodes": "9"}) == {
        "podnet:routing": "host-gw",
        "podnet:crossZoneOnly": "false",
        "podnet:uplink": "vxlan",
        "podnet:maxNodes": "9",
    }
    assert "podnet:crossZoneOnly" not in switching.chosen(RoutingMode.OVERLAY, {})
    assert "podnet:uplink" not in switching.chosen(RoutingMode.L2, {})


def test_only_to_and_from_l2_pods_are_made_anew():
    flat, overlay = Routing(mode=RoutingMode.L2), Routing(mode=RoutingMode.OVERLAY)

    assert switching.needs_new_pods([overlay], flat)
    assert switching.needs_new_pods([flat], overlay)
    # An interrupted switch has left some nodes on each side.
    assert switching.needs_new_pods([flat, overlay], flat)
    assert not switching.needs_new_pods([flat], flat)
    assert not switching.needs_new_pods([overlay], Routing())


@pytest.mark.parametrize("numbers", [{"vni": 2}, {"port": 4789}], ids=["vni", "port"])
def test_other_numbers_make_devices_anew_where_a_node_sends_in_vxlan(numbers):
    native, overlay = Routing(mode=RoutingMode.HOST_GW), Routing(mode=RoutingMode.OVERLAY)
    flat = Routing(mode=RoutingMode.L2)
    other = Routing(mode=RoutingMode.OVERLAY, **numbers)

    assert switching.makes_devices_anew([overlay], other)
    assert switching.makes_devices_anew([native], other)
    assert switching.makes_devices_anew([other], native)
    assert switching.makes_devices_anew([flat], other)
    # An interrupted switch has left some nodes on each side.
    assert switching.makes_devices_anew([other, overlay], other)
    assert not switching.makes_devices_anew([Routing(**numbers)], native)
    assert not switching.makes_devices_anew([native, flat], overlay)


def test_a_kept_setting_holds_for_every_deployment_until_it_is_the_stacks_own(home):
    kept.keep(home, "lab", {"podnet:routing": "overlay", "podnet:nodeCount": "5"})
    kept.keep(home, "lab", {"podnet:nodeCount": "3"})

    assert kept.load(home, "lab") == {"podnet:routing": "overlay"}
    assert kept.settings(home, "lab").routing is RoutingMode.OVERLAY
    once = kept.settings(home, "lab", {"podnet:routing": "host-gw"})
    assert once.routing is RoutingMode.HOST_GW
    assert kept.load(home, "dev") == {}


def test_settings_that_cannot_work_are_one_error(home):
    with pytest.raises(LabError, match="routing host-gw takes 1 zone"):
        kept.settings(home, "lab", {"podnet:routing": "host-gw", "podnet:zones": "3"})


def test_plain_switches_are_declared_before_anything_is_deployed(home):
    declare(home, None)
    assert home.fabric == FabricKind.VPC
    declare(home, FabricKind.SWITCH)
    (home.directory / "engines").mkdir()

    assert home.fabric == FabricKind.SWITCH
    assert kept.over(home, "lab") == {"podnet:fabric": "switch"}
    declare(home, FabricKind.SWITCH)
    with pytest.raises(LabError, match="of kind switch already; `podnet down` first"):
        declare(home, FabricKind.VPC)


def test_losses_read_back_as_they_were_told():
    pair = PairLosses(
        source="one", target="two", sent=100, lost=2, outage=0.02, lost_at=(0.5, 0.51), broken=None
    )
    losses = Losses(pairs=(pair,), seconds=1.0)

    assert Losses.of_json(losses.to_json()) == losses
    assert (losses.lost, losses.none, losses.outage) == (2, False, 0.02)
    assert losses.worst() == [
        "one to two: 2 of 100 datagrams lost at 0.50 s, longest outage 20 ms, connection alive"
    ]
