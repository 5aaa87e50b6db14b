"""A switch on moto whose node does not follow: it ends, and the next one goes on or back."""

from __future__ import annotations

import pytest

from podnet.lab.engines.embedded import EngineError
from tests.nodes import freezing
from tests.unit.lab.providers.aws.conftest import client
from tests.unit.lab.stack.watched import NEEDS, WAIT

pytestmark = pytest.mark.slow

LATE = r"1 of 1 nodes have not applied(.|\n)*node-1 \(i-"


@pytest.fixture
def frozen(endpoint, cluster):
    """A switch to overlay that its node does not follow; what it did, and what is there then."""
    cluster.switch("vpc-routes")
    with freezing(client(endpoint, "ssm"), "node-1"):
        with pytest.raises(EngineError, match=LATE):
            cluster.switch("overlay")
        yield list(cluster.provider.calls), cluster.provider.there()


def test_a_node_that_does_not_follow_ends_the_switch_before_anything_goes(frozen):
    calls, there = frozen

    assert there >= NEEDS["vpc-routes"] | NEEDS["overlay"]
    assert {verb for verb, _ in calls} == {"create", "update", WAIT[0]}
    assert calls[-1] == WAIT


def test_the_way_back_waits_for_nothing_that_the_node_has(frozen, cluster):
    cluster.ends_in("vpc-routes")


def test_the_next_switch_goes_on_once_the_node_follows(endpoint, cluster):
    cluster.switch("vpc-routes")
    with (
        freezing(client(endpoint, "ssm"), "node-1"),
        pytest.raises(EngineError, match=LATE),
    ):
        cluster.switch("overlay")
    calls = cluster.switch("overlay")

    assert calls[:2] == [WAIT, ("update", "Tag")]
    assert cluster.provider.there() == NEEDS["overlay"]
