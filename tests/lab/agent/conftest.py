"""Fixtures of the agent's tests: one node, or several, on a switch in place of a VPC."""

import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from machines import Machine
from switch import Vpc, socket_in

POLL = 2


@pytest.fixture
def vpc():
    subject = Vpc()
    try:
        subject.build()
        yield subject
    finally:
        subject.delete()


@pytest.fixture
def machine(tmp_path, vpc):
    subject = Machine(tmp_path, vpc)
    subject.build()
    return subject


@pytest.fixture
def period(request):
    """Seconds from poll to poll where a module names others than the agent's, to be done sooner."""
    return getattr(request.module, "PERIOD", None)


@pytest.fixture
def running(machine, period):
    with machine.agent(period) as agent:
        agent.wait_until_ready()
        yield agent


@pytest.fixture
def machines(tmp_path, vpc):
    """Three nodes of the four in their tag."""
    nodes = [Machine(tmp_path, vpc, number) for number in (1, 2, 3)]
    for node in nodes:
        node.build()
    return nodes


@pytest.fixture
def started(machines):
    """Start agents on all nodes with one tag, and two pods on each."""
    with ExitStack() as stack:

        def start(tag):
            for node in machines:
                node.tag(tag)
            agents = [stack.enter_context(node.agent()) for node in machines]
            for agent in agents:
                agent.wait_until_ready()
            return agents

        yield start


@pytest.fixture
def eventually():
    """Wait for a condition as long as a poll and its work take on a busy machine."""

    def wait(condition, seconds=POLL + 4):
        deadline = time.monotonic() + seconds
        while not (holds := condition()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return holds

    return wait


@pytest.fixture
def two_polls(period):
    """Long enough for two polls to have come and gone."""
    return lambda: time.sleep(2 * (period or POLL) + 1)


@pytest.fixture
def pods(machine, running):
    """Two pods on the node, by their addresses."""
    return {pod.address: pod for pod in (machine.add_pod(2), machine.add_pod(3))}


@pytest.fixture
def source_seen():
    """Send a datagram between namespaces; returns the source its receiver saw, None if nothing."""

    def send(sender, receiver, destination, source=None):
        family = socket.AF_INET6 if ":" in destination else socket.AF_INET
        with socket_in(receiver, family) as incoming, socket_in(sender, family) as outgoing:
            incoming.bind((destination, 0))
            incoming.settimeout(0.7)
            if source:
                outgoing.bind((source, 0))
            outgoing.sendto(b"who am I?", incoming.getsockname())
            try:
                return incoming.recvfrom(64)[1][0]
            except TimeoutError:
                return None

    return send
