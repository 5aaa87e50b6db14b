"""How a deployment waits for its cluster."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pytest
from pulumi.output import Unknown

from podnet.components import cluster_ready
from tests.program.conftest import KUBECONFIG

ROOT = "/podnet/organization/podnet/test/kubernetes"
CLUSTER = {"kubernetes": "kubeadm", "nodeCount": "3", "routing": "overlay"}
QUIET = {**CLUSTER, "apiCidrs": '["203.0.113.0/24"]'}


class Clock:
    """Time that passes only where the program sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += 1


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(cluster_ready, "monotonic", clock.monotonic)
    monkeypatch.setattr(cluster_ready, "sleep", clock.sleep)
    return clock


def answers(cloud, value: Callable[[str], str]):
    """Let the parameters below the stack's folder say this."""
    cloud.answers[cloud.PARAMETER] = lambda args: {
        "value": value(args["name"].removeprefix(f"{ROOT}/"))
    }
    return cloud


def reads(cloud):
    """The parameters that were read, in order."""
    return [
        args["name"].removeprefix(f"{ROOT}/")
        for token, args in cloud.calls
        if token == cloud.PARAMETER
    ]


def test_a_cluster_that_is_there_and_settled_is_waited_for_no_longer_than_a_look(cloud, clock):
    cloud.has_cluster(3).deploy(**QUIET)

    assert (clock.slept, reads(cloud)) == (0, ["kubeconfig", "settled"])
    assert cloud.said == []


def test_nothing_is_looked_at_before_nodes_are_tagged_and_created(cloud, clock):
    there = []

    def value(name):
        there.append({item.name for item in cloud.resources})
        return {"kubeconfig": KUBECONFIG, "settled": "3"}[name]

    answers(cloud, value).deploy(**QUIET)

    assert there[0] >= {
        "cluster-nodes",
        "cluster-kubeconfig",
        "nodes-a-node-1",
        "nodes-a-node-2",
        "nodes-a-node-3",
    }


def test_it_waits_for_the_cluster_then_for_its_size_and_says_so_every_few_seconds(cloud, clock):
    def value(name):
        if name == "kubeconfig":
            return "none" if clock.now < 1010 else KUBECONFIG
        return "0" if clock.now < 1020 else "3"

    answers(cloud, value).deploy(**QUIET)

    assert cloud.exports["kubeconfig"] == KUBECONFIG
    assert cloud.said == [
        (
            "info",
            (
                f"kubernetes: waiting, {seconds} of at most 900 s; node-1 has not created the "
                f"cluster: nothing is in {ROOT}/kubeconfig"
            ),
        )
        for seconds in (0, 6)
    ] + [
        (
            "info",
            (
                f"kubernetes: waiting, {seconds} of at most 900 s; the control plane has not "
                f"settled at 3 nodes: {ROOT}/settled says 0; nodes above that are drained first"
            ),
        )
        for seconds in (12, 18)
    ]


def test_a_stack_that_shrinks_waits_until_nodes_are_drained_before_the_engine_deletes_any(
    cloud, clock
):
    value = {"kubeconfig": KUBECONFIG, "settled": "3"}

    def answer(name):
        if clock.now >= 1030:
            value["settled"] = "2"
        return value[name]

    answers(cloud, answer).deploy(**{**QUIET, "nodeCount": "2"})

    assert cloud.inputs("Parameter")["cluster-nodes"]["value"] == "2"
    assert clock.now >= 1030
    assert cloud.said[0][1].endswith(
        f"the control plane has not settled at 2 nodes: {ROOT}/settled says 3; nodes above that "
        "are drained first"
    )


@pytest.mark.parametrize(
    ("value", "missing"),
    [
        (
            {"kubeconfig": "none"},
            f"node-1 has not created the cluster: nothing is in {ROOT}/kubeconfig",
        ),
        (
            {"kubeconfig": KUBECONFIG, "settled": "4"},
            f"the control plane has not settled at 3 nodes: {ROOT}/settled says 4",
        ),
    ],
    ids=["no cluster", "not drained"],
)
def test_a_wait_that_is_over_fails_and_says_where_to_look(cloud, clock, value, missing):
    with pytest.raises(pulumi.RunError) as caught:
        answers(cloud, value.__getitem__).deploy(**QUIET, clusterTimeoutSeconds="60")

    text = str(caught.value)
    assert text.startswith(missing)
    assert "podnet:clusterTimeoutSeconds (60 s) is over" in text
    assert "journalctl -u podnet-kubernetes -u podnet-control-plane" in text
    assert "the security group of the nodes" in text
    assert f"ssm:GetParameter and ssm:PutParameter below {ROOT}" in text
    assert KUBECONFIG not in text
    assert clock.now == 1060


def test_a_parameter_that_cannot_be_read_is_named_with_the_permission(cloud, clock):
    def denied(name):
        raise RuntimeError(f"AccessDeniedException on {name}")

    with pytest.raises(pulumi.RunError) as caught:
        answers(cloud, denied).deploy(**QUIET)

    text = str(caught.value)
    assert text.startswith(f"the parameter {ROOT}/kubeconfig cannot be read: ")
    assert "AccessDeniedException" in text
    assert "Whoever deploys needs ssm:GetParameter on it" in text
    assert clock.slept == 0


def test_a_preview_waits_for_nothing_and_does_not_know_what_is_not_there(cloud, clock):
    answers(cloud, lambda _: "none").deploy(**QUIET, dry_run=True)

    assert (clock.slept, cloud.said) == (0, [])
    assert isinstance(cloud.exports["kubeconfig"], Unknown)
    assert cloud.monitor.secret_exports >= {"kubeconfig"}


def test_a_preview_of_a_cluster_that_is_there_knows_how_to_reach_it(cloud, clock):
    answers(cloud, {"kubeconfig": KUBECONFIG, "settled": "9"}.__getitem__)
    cloud.deploy(**QUIET, dry_run=True)

    assert cloud.exports["kubeconfig"] == KUBECONFIG
    assert reads(cloud) == ["kubeconfig"]
