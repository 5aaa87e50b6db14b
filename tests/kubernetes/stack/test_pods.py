"""What pods of users ask for beyond what the matrix does: ports of their node, and storage."""

import json
from contextlib import ExitStack

import pytest

from podnet.lab.nodes.pods import HostPort
from tests.host_ports import Answers, seen_as
from tests.kubernetes.cluster import failing
from tests.kubernetes.served import pod, start

pytestmark = pytest.mark.kubernetes

TCP, UDP = HostPort(8080, 80, "tcp"), HostPort(8080, 80, "udp")
LOCALHOST = "127.0.0.1"


@pytest.fixture(autouse=True)
def _without_pods(stack):
    yield
    stack.kubectl("delete", "pod", "--namespace=default", "--all", "--timeout=60s")


def test_ports_of_a_node_lead_to_pods_by_address_and_protocol_until_those_go(stack):
    """As the conformance test of [sig-network] has it, HostPort, and who asks is seen."""
    mine, other = stack.node("node-2"), stack.node("node-3")
    far = next(each for each in stack.verification.pods if each.node.name == "node-3")
    by_tcp, by_udp, local = start(
        stack,
        pod("by-tcp", (mine.address, TCP), node="node-2"),
        pod("by-udp", (mine.address, UDP), node="node-2"),
        pod("local", (LOCALHOST, TCP), node="node-2"),
    )
    askers = {far.netns: str(far.address), other.netns: str(other.address)}
    with ExitStack() as serving:
        for each in (by_tcp, by_udp, local):
            serving.enter_context(Answers(each))
        seen = {
            (port.protocol, asker): seen_as(asker, mine.address, port)
            for port in (TCP, UDP)
            for asker in askers
        }
        at_home = [seen_as(mine.netns, mine.address, port) for port in (TCP, UDP)]
        locally = seen_as(mine.netns, LOCALHOST, TCP), seen_as(mine.netns, LOCALHOST, UDP)
        stack.kubectl("delete", "pod", "by-udp", "--timeout=60s")
        left = [seen_as(other.netns, mine.address, port) for port in (TCP, UDP)]

    assert seen == {
        (port.protocol, asker): address for port in (TCP, UDP) for asker, address in askers.items()
    }
    assert at_home == [str(mine.address)] * 2
    assert locally == ("10.1.2.1", None)
    assert left == [str(other.address), None]
    assert failing(stack.probe()) == []


def test_a_pod_that_asks_for_ephemeral_storage_runs_and_one_that_asks_too_much_does_not(stack):
    start(stack, pod("modest", storage="64Mi"))
    stack.kubectl("apply", "-f", "-", stdin=json.dumps(pod("greedy", storage="1Ei")))
    reason = stack.until(lambda: unscheduled(stack, "greedy"), "the scheduler has a reason")

    assert "Insufficient ephemeral-storage" in reason


def unscheduled(stack, name):
    conditions = stack.get("pod", name)["status"].get("conditions", [])
    return next((each["message"] for each in conditions if each["type"] == "PodScheduled"), "")
