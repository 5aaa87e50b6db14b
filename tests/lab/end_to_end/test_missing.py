"""A matrix counts the nodes and pods that must exist; what is missing fails, with its reason."""

import pytest

from podnet.lab.cloud import lifecycle
from podnet.lab.nodes.pods import Pods
from podnet.lab.stack.expected import expected_nodes, probe
from tests.refusals import refused

pytestmark = pytest.mark.lab
PAIRS = 6 * 5
RECORDS = "run/podnet/pods"


def matrix_of(lab):
    """The matrix as `podnet matrix` makes it."""
    nodes = lab.stack.nodes()
    wanted, pods = expected_nodes(lab.stack), lab.running.running(nodes)
    return probe(lab.stack, lab.running, wanted, nodes, pods)


def is_whole_again(lab):
    lab.up(nodeCount=2)
    verdict = matrix_of(lab)
    assert (verdict.pairs, verdict.passed, verdict.missing) == (PAIRS, PAIRS, {})
    assert {pod.name for pod in lab.pods} == {"pod-1a", "pod-1b", "pod-2a", "pod-2b"}


def test_a_stopped_node_fails_with_its_pods(lab):
    instance = lab.node("node-2").instance_id
    lab.ec2.stop_instances(InstanceIds=[instance])
    lifecycle.wait_until_applied(lab.home)

    stopped = matrix_of(lab)

    lab.ec2.start_instances(InstanceIds=[instance])
    assert (stopped.pairs, stopped.passed) == (PAIRS, 6)
    assert stopped.missing == dict.fromkeys(("node-2", "pod-2a", "pod-2b"), "node-2 is stopped")
    is_whole_again(lab)


@pytest.mark.parametrize("name", ["pod-1a", "pod-2b"])
def test_a_pod_that_was_removed_fails_until_up_starts_it(lab, name):
    node = lab.node(f"node-{name[4]}")
    Pods(node).remove(name)

    removed = matrix_of(lab)

    assert (removed.pairs, removed.passed) == (PAIRS, 20)
    assert removed.missing == {name: f"{name} does not run"}
    is_whole_again(lab)


BREAKAGES = {
    "no id yet": f"echo '{{}}' > /{RECORDS}/pod-1a.json",
    "no address yet": f'echo \'{{"id": "pod-1a-1"}}\' > /{RECORDS}/pod-1a.json',
    "no namespace": "ip netns delete pod-1a",
    "a container ended": "systemctl kill --signal=KILL podnet-pod-pod-1a-b.service",
}


@pytest.mark.parametrize("breakage", BREAKAGES.values(), ids=BREAKAGES)
def test_an_incomplete_pod_fails_until_up_starts_it_again(lab, breakage):
    lab.node("node-1").run("sh", "-c", breakage)

    assert matrix_of(lab).failed

    is_whole_again(lab)


def test_a_node_with_two_instances_is_refused(lab):
    tags = [{"Key": "podnet:node", "Value": "node-1"}]
    instance = lab.node("node-2").instance_id
    lab.ec2.create_tags(Resources=[instance], Tags=tags)
    try:
        with refused("node-twice"):
            matrix_of(lab)
    finally:
        tags[0]["Value"] = "node-2"
        lab.ec2.create_tags(Resources=[instance], Tags=tags)
