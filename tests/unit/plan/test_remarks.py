"""What is said of settings that are allowed, and what a live stack must not do."""

from __future__ import annotations

import pytest

from plan.remarks import refusal, remarks
from plan.routing import WORDS, FlannelBackend, Routing, RoutingMode
from plan.settings import Settings
from plan.switch import Deployed

LIVE = frozenset({"node-1"})
BY_VXLAN, BY_HOST = ("flannel", "flannel-direct"), "flannel-host-gw"


def settings(routing: Routing) -> Settings:
    return Settings(
        routing=routing.mode,
        cross_zone_only=routing.cross_zone_only,
        uplink=routing.uplink,
        flannel_backend=routing.flannel_backend,
        flannel_direct_routing=routing.flannel_direct,
    )


def refused(former: str | None, wanted: str, kept: frozenset[str] = LIVE) -> str | None:
    return refusal(settings(WORDS[wanted]), Deployed(routing=former, kept=kept))


@pytest.mark.parametrize("wanted", WORDS)
@pytest.mark.parametrize("former", WORDS)
def test_a_live_stack_goes_to_flannel_or_from_it_or_between_its_back_ends_never(former, wanted):
    kinds = [
        "by host" if word == BY_HOST else "by vxlan" if word in BY_VXLAN else "podnet"
        for word in (former, wanted)
    ]

    assert (refused(former, wanted) is not None) is (kinds[0] != kinds[1])


def test_the_refusal_names_the_reason_and_the_way():
    assert refused("overlay", "flannel") == (
        "podnet:routing cannot change from overlay to flannel while nodes live: the routes, the "
        "bridge's pods and the conflist would have two keepers, and pods made by one would hold "
        "addresses and routes that the other does not know. Deploy a new stack with flannel, move "
        "what runs there, and destroy this one; or set podnet:routing back"
    )


def test_another_back_end_is_refused_for_what_flannel_itself_does():
    assert refused("flannel", "flannel-host-gw") == (
        "podnet:flannelBackend cannot change while nodes live (from flannel to flannel-host-gw): "
        "Flannel's daemons take each other's leases only where all have one back end, so pods "
        "would lose each other until the last daemon is made anew. Deploy a new stack, or set "
        "podnet:flannelBackend back"
    )


def test_nothing_is_refused_where_nothing_is_known_to_live():
    assert refused(None, "flannel") is None
    assert refused("overlay", "flannel", kept=frozenset()) is None


def test_nothing_is_remarked_where_there_is_no_cluster():
    assert list(remarks(Settings(node_count=1))) == []


def test_the_back_end_of_these_tests_is_the_one_of_the_settings():
    assert settings(WORDS[BY_HOST]).flannel_backend is FlannelBackend.HOST_GW
    assert settings(WORDS[BY_HOST]).routing is RoutingMode.FLANNEL
