"""A network behind a host of the VPC, which sees pods under their own addresses."""

import re
import time

import pytest

from podnet.errors import UserError
from podnet.plan.routing import RoutingMode
from tests.lab.modes.checks import assigned
from tests.lab.modes.router import FAR, Router

pytestmark = pytest.mark.lab

RANGES = f'["{FAR}"]'
PATIENCE = 10


@pytest.fixture(scope="module")
def router(lab):
    lab.change(routing=RoutingMode.VPC_ROUTES)
    router = Router(lab)
    yield router
    lab.change(unmasqueradedCidrs="[]")
    router.delete()


def chosen(lab):
    """A pod on each of two nodes."""
    return [pod for pod in lab.pods if pod.name in ("pod-1a", "pod-2a")]


def expected(lab, address):
    return [(str(address(pod)), True) for pod in chosen(lab)]


def seen(lab, router, address):
    """What the host sees of these pods, as soon as it is what it should be."""
    deadline = time.monotonic() + PATIENCE
    while (found := [router.sees(pod) for pod in chosen(lab)]) != expected(lab, address):
        if time.monotonic() > deadline:
            break
    return found


def own(pod):
    return pod.address


def nodes(pod):
    return pod.node.address


def test_a_range_that_nothing_leads_to_is_refused_and_changes_nothing(lab, router):
    before = assigned(lab)

    with pytest.raises(UserError, match=re.escape(f"{FAR} by {router.table} to igw-")):
        lab.up(unmasqueradedCidrs=RANGES)
    assert assigned(lab) == before


def test_behind_a_router_pods_are_seen_as_they_are_and_answered_by_the_routes_of_the_vpc(
    lab, router
):
    router.add_route()
    masqueraded = seen(lab, router, nodes)
    boots = lab.boot_ids()
    lab.change(unmasqueradedCidrs=RANGES)

    assert masqueraded == expected(lab, nodes)
    assert seen(lab, router, own) == expected(lab, own)
    assert lab.boot_ids() == boots


def test_in_another_mode_the_router_must_know_the_way_back(lab, router):
    lab.change(routing=RoutingMode.OVERLAY, unmasqueradedCidrs=RANGES)
    lost = [router.sees(pod) for pod in chosen(lab)]
    for node in lab.nodes[:2]:
        router.ip(
            f"route add {lab.stack.settings().addresses.block(node.address)} via {node.address}"
        )

    assert lost == [None, None]
    assert seen(lab, router, own) == expected(lab, own)
    assert lab.red() == set()
