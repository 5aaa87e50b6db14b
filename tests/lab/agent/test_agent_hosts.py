"""Hosts of the VPC that are not nodes: whom they see, and flows of pods to them across a switch."""

import socket
from contextlib import ExitStack, closing
from ipaddress import IPv4Network

import pytest
from machines import Machine
from switch import socket_in

from podnet.plan.settings import Fabric, Settings

pytestmark = pytest.mark.lab

FIELDS = "zones=1 vni=1 port=8472"
SUBNET = Settings(
    vpc_cidr=IPv4Network("192.168.1.0/24"), node_range_prefix=28, fabric=Fabric.SWITCH
)
HOST = "192.168.1.100"
PATIENCE = 20
ROUND = ("host-gw", "overlay", "l2", "vpc-routes")
"""Modes after the first, vpc-routes; each sets other routes on a node than the one before."""


@pytest.fixture
def node(tmp_path, vpc):
    """A node whose subnet has space for others, and one of them at `HOST`."""
    subject = Machine(tmp_path, vpc, settings=SUBNET)
    subject.build()
    vpc.ip("address", "add", f"{HOST}/32", "dev", "eth0")
    return subject


@pytest.fixture
def flows(node, vpc):
    """Sockets of a pod and of the host that stay open: a pair for datagrams, and a connection."""
    with ExitStack() as stack, node.agent() as agent:
        agent.wait_until_ready()
        pod = node.add_pod(2)

        def opened(namespace, kind):
            made = stack.enter_context(closing(socket_in(namespace, kind=kind)))
            made.settimeout(3)
            return made

        ends = [opened(each, socket.SOCK_DGRAM) for each in (pod, vpc.namespace)]
        client, server = (opened(each, socket.SOCK_STREAM) for each in (pod, vpc.namespace))
        for each in (ends[1], server):
            each.bind((HOST, 0))
        server.listen()
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        stack.enter_context(closing(accepted))
        accepted.settimeout(3)
        yield ends, (client, accepted)


def answered(flows):
    """The address that the host sees of each flow, once its answer came back."""
    (asking, asked), (client, accepted) = flows
    asking.sendto(b"?", asked.getsockname())
    _, sender = asked.recvfrom(64)
    asked.sendto(b"!", sender)
    client.send(b"?")
    assert accepted.recv(64) == b"?"
    accepted.send(b"!")
    assert (asking.recv(64), client.recv(64)) == (b"!", b"!")
    return {sender[0], accepted.getpeername()[0]}


def test_flows_of_pods_to_hosts_live_through_every_switch(node, vpc, flows, eventually):
    seen = {"first": answered(flows)}
    # What vpc-routes alone has, and what the firewall of other modes refuses.
    vpc.forget_pods()
    vpc.refuse_pods()
    for mode in ROUND:
        before = routes(node)
        node.tag(f"{mode} {FIELDS}")
        assert eventually(lambda before=before: routes(node) != before, PATIENCE)
        seen[mode] = answered(flows)

    assert seen == {mode: {node.address} for mode in ("first", *ROUND)}


def routes(node):
    return node.routes(), node.routes("112")
