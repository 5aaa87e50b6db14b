import pytest

from podnet.lab.engines.report import Step, Summary
from podnet.lab.operations import rolling
from podnet.lab.stack.lab_stack import LabStack
from podnet.lab.stack.pods import BarePods, ClusterPods
from tests.refusals import refused


def rolled(stack, monkeypatch, pods, *named):
    monkeypatch.setattr(LabStack, "pods", lambda _: pods)
    outdated = {"node-1": ["files"], "node-2": ["image"]}
    return rolling.without_control_plane(stack, outdated, named)


def test_a_roll_leaves_the_control_plane_as_it_is_and_says_so(
    stack_named, home, monkeypatch, capsys
):
    stack, pods = stack_named("kubernetes"), ClusterPods(home, None)

    assert rolled(stack, monkeypatch, pods) == {"node-2": ["image"]}
    assert "node-1 is outdated too" in capsys.readouterr().out
    with refused("roll-control-plane"):
        rolled(stack, monkeypatch, pods, "node-1")


def test_where_there_is_no_cluster_every_node_is_rolled(stack_named, home, monkeypatch):
    stack = stack_named("lab")

    assert set(rolled(stack, monkeypatch, BarePods(home), "node-1")) == {"node-1", "node-2"}


@pytest.mark.parametrize(
    ("op", "kind", "name", "replaces"),
    [
        ("replace", "aws:ec2/instance:Instance", "nodes-node-3", True),
        ("update", "aws:ec2/instance:Instance", "nodes-node-3", False),
        ("replace", "aws:ec2/instance:Instance", "nodes-node-13", False),
        ("replace", "aws:ec2/route:Route", "pod-routes-a-node-3", False),
    ],
    ids=["it", "not replaced", "another node", "no node"],
)
def test_a_node_leaves_its_cluster_only_for_a_deployment_that_replaces_it(op, kind, name, replaces):
    summary = Summary(steps=(Step(op, "urn", kind, name),), counts={}, outputs={}, seconds=0.0)

    assert rolling._replaces(summary, "node-3") is replaces  # noqa: SLF001  # pure
