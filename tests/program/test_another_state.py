"""A VPC is not created beside one that another state has made for the same stack."""

from __future__ import annotations

import pulumi
import pytest

from podnet.components import network
from tests.refusals import refused

NODE = {"address": "192.168.1.11", "image": "ami-0123456789abcdef0"}


class Hook:
    """A hook that no engine knows."""

    def __init__(self, name, function, options):
        self.name, self.function, self.options = name, function, options


@pytest.fixture
def asked(monkeypatch):
    """What the hook of the VPC says, where these are there."""
    monkeypatch.setattr(pulumi, "ResourceHook", Hook)

    def ask(*vpcs):
        hook = network._only_vpc("network", vpcs)  # noqa: SLF001  # no engine calls it here
        assert hook.options.on_dry_run
        return hook.function(pulumi.ResourceHookArgs(urn="", id="", name="network", type=""))

    return ask


def test_a_vpc_beside_that_of_another_state_is_refused(asked):
    with refused("vpc-in-another-state") as caught:
        asked("vpc-2", "vpc-1")

    assert str(caught.value).startswith("vpc-1, vpc-2 has nodes with this stack's tag podnet:stack")


def test_the_first_vpc_is_created(asked):
    assert asked() is None


@pytest.fixture
def handed_over(monkeypatch):
    """The VPCs that the program hands to the hook."""
    seen = []
    hook = network._only_vpc  # noqa: SLF001  # where the program and the hook meet
    monkeypatch.setattr(network, "_only_vpc", lambda *args: seen.append(args[1]) or hook(*args))
    return seen


@pytest.mark.parametrize(
    ("nodes", "cidr", "expected"),
    [
        pytest.param([NODE], "192.168.1.0/24", {"vpc-1"}, id="nodes in the range"),
        pytest.param([NODE], "192.168.0.0/22", set(), id="the range is changed"),
        pytest.param([], "192.168.1.0/24", set(), id="no nodes, after a kill"),
    ],
)
def test_only_a_vpc_of_this_range_with_nodes_counts(cloud, handed_over, nodes, cidr, expected):
    cloud.holds(*nodes, settled=None, cidr=cidr).deploy()

    assert handed_over == [expected]


def test_the_vpc_bears_the_hook_and_nothing_else_does(cloud):
    cloud.deploy()

    bearers = {each.type for each in cloud.resources if "network-only-vpc" in each.creation_hooks}
    assert bearers == {"aws:ec2/vpc:Vpc"}
