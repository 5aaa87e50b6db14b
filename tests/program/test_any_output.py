"""Whatever a provider leaves out of a resource it made: the same plan, or one sentence."""

from __future__ import annotations

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podnet.plan.routing import RoutingMode
from tests.program.conftest import FakeCloud

MODES = [str(mode) for mode in RoutingMode if mode is not RoutingMode.FLANNEL]
CLUSTER = {
    "kubernetes": "kubeadm",
    "nodeCount": "2",
    "clusterTimeoutSeconds": "30",
    "flowLogs": "all",
}


class Sparing(FakeCloud):
    """A cloud that answers without some outputs, as the bridge leaves out what is null."""

    def __init__(self, left_out=()):
        super().__init__()
        self.left_out = frozenset(left_out)
        self.given: set[tuple[str, str]] = set()
        self.has_cluster(2)

    def new_resource(self, args):
        id_, outputs = super().new_resource(args)
        self.given |= {(args.typ, name) for name in outputs}
        return id_, {
            name: value for name, value in outputs.items() if (args.typ, name) not in self.left_out
        }


def planned(cloud, **config):
    """The types and names of what a deployment registers, or the sentence in which it ends."""
    try:
        cloud.deploy(**config)
    except pulumi.RunError as error:
        return str(error)
    return {(item.type, item.name) for item in cloud.resources}


def outputs():
    """Every output of every resource of a stack with a cluster."""
    cloud = Sparing()
    planned(cloud, **CLUSTER)
    return sorted(cloud.given)


EVERY = outputs()
TYPES = sorted({type_ for type_, _ in EVERY})


@pytest.fixture(scope="module")
def whole():
    """What a provider that leaves out nothing leads to, by mode and with a cluster."""
    return {mode: planned(Sparing(), routing=mode) for mode in MODES} | {
        "cluster": planned(Sparing(), **CLUSTER)
    }


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.rpartition(":")[2])
def test_all_outputs_of_a_type_may_be_absent(type_, whole):
    sparing = Sparing(each for each in EVERY if each[0] == type_)

    assert planned(sparing, **CLUSTER) == whole["cluster"]


@settings(max_examples=10, deadline=None)
@given(left_out=st.sets(st.sampled_from(EVERY)), mode=st.sampled_from(MODES))
def test_any_of_them_may_be_absent(whole, left_out, mode):
    assert planned(Sparing(left_out), routing=mode) == whole[mode]


def test_what_can_be_absent_is_what_a_cluster_consists_of():
    assert len(TYPES) >= 17
    assert ("aws:ec2/instance:Instance", "publicIp") in EVERY
